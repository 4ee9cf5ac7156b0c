"""Model files made to do harm: a refusal in one sentence, in little time and memory, and nothing of theirs is run.

Ids are those of group M of the fault matrix, as far as it concerns what reads a stranger's files: here pipes
and devices, values, pickles, archives and names. M01 to M04, M06, M07, M09, M10 and M20 are about the graphs in our own
store. Single refusals of each format stand in `test_checkpoint_*.py`.
"""

import io
import os
import pickle
import resource
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.models.hostile.making import (
    Probe,
    assert_cheap,
    gpt2_xl,
    raw_safetensors,
    write_json,
)
from writer.engine.untrusted_file import read_capped
from writer.errors import WriterError
from writer.models.build import BuildRequest, build_model
from writer.models.checkpoint import open_checkpoint
from writer.models.checkpoint.gguf_header import read_gguf_header
from writer.models.precision import Precision
from writer.models.store import ModelStore
from writer.paths import resources_dir

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:20_000]


# -- M05: pipes and devices


def to_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def to_device(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [to_pipe, to_device])
def test_m05_a_pipe_or_device_is_never_waited_for(
    make: Callable[[Path], None], folder: Path, probe: Probe, tmp_path: Path
) -> None:
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    names = ["config.json", "README.md", "generation_config.json", "model.safetensors", "tokenizer.json"]
    paths = []
    for name in names:
        paths.append(tmp_path / f"with-{name}")
        paths[-1].mkdir()
        for file in folder.iterdir():
            (paths[-1] / file.name).write_bytes(file.read_bytes())
        make(paths[-1] / name)
    make(tmp_path / "model.gguf")
    make(tmp_path / "model.bin")
    (tmp_path / "ggufs").mkdir()
    make(tmp_path / "ggufs" / "model.gguf")
    outcomes = probe(*paths, tmp_path / "model.gguf", tmp_path / "model.bin", tmp_path / "ggufs")
    assert_cheap(outcomes)
    words = dict(zip([*names, "gguf", "bin", "ggufs"], (outcome.words for outcome in outcomes), strict=True))
    for name in ("config.json", "gguf", "bin", "ggufs"):
        assert "is no ordinary file" in words[name], name
    assert "holds no model.safetensors" in words["model.safetensors"]
    assert words["README.md"] == "opened"


@pytest.mark.parametrize("make", [to_pipe, to_device])
def test_m05_nor_among_a_tokenizers_files(make: Callable[[Path], None], probe: Probe, tmp_path: Path) -> None:
    names = ["vocab.json", "merges.txt", "tokenizer.json"]
    for name in names:
        (tmp_path / name).mkdir()
        for each in ("vocab.json", "merges.txt"):
            (tmp_path / name / each).write_text("{}")
        make(tmp_path / name / name)
    gpt2 = probe(tmp_path / "vocab.json", tmp_path / "merges.txt", reader="vocab")
    saved = probe(tmp_path / "tokenizer.json", reader="saved")
    for name, outcome in zip(names, [*gpt2, *saved], strict=True):
        assert f"{name} is no ordinary file" in outcome.words
        assert_cheap([outcome])


def test_m05_links_to_files_are_followed_as_in_hugging_faces_cache(folder: Path, tmp_path: Path) -> None:
    linked = tmp_path / "snapshot"
    linked.mkdir()
    for file in folder.iterdir():
        (linked / file.name).symlink_to(file)
    checkpoint = open_checkpoint(linked)
    assert checkpoint.tensor("ln_f.bias").shape == (64,)


def test_m05_a_file_that_grows_while_it_is_read_is_capped(tmp_path: Path) -> None:
    """The system's own files say that they are empty and are not."""
    assert Path("/proc/self/status").stat().st_size == 0
    with pytest.raises(WriterError, match="far larger"):
        read_capped(Path("/proc/self/status"), 100)


# -- M12: values that are no numbers


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_m12_safetensors_of_no_numbers(value: float, dtype: torch.dtype, folder: Path) -> None:
    file = folder / "model.safetensors"
    tensors = {name: tensor.to(dtype) for name, tensor in load_file(file).items()}
    tensors["transformer.ln_f.bias"][63] = value
    save_file(tensors, file)
    checkpoint = open_checkpoint(folder)
    with pytest.raises(WriterError, match=r"ln_f\.bias holds values that are not numbers"):
        checkpoint.tensor("ln_f.bias")


@pytest.mark.parametrize("scale", [b"\x00\x7c", b"\x00\xfe"])  # infinity, not a number
def test_m12_gguf_blocks_of_no_numbers(scale: bytes, write_gguf: Any, tiny_gpt2: Any, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", tiny_gpt2, "Q8_0")
    place = read_gguf_header(path).tensors["blk.0.ffn_up.weight"]
    data = bytearray(path.read_bytes())
    data[place.offset_bytes : place.offset_bytes + 2] = scale
    path.write_bytes(data)
    with pytest.raises(WriterError, match="not numbers"):
        open_checkpoint(path).tensor("h.0.mlp.c_fc.weight")


def test_m12_is_never_installed(folder: Path, tmp_path: Path) -> None:
    file = folder / "model.safetensors"
    tensors = load_file(file)
    tensors["transformer.h.1.mlp.c_fc.weight"][5, 5] = float("nan")
    save_file(tensors, file)
    store = ModelStore(tmp_path / "store")
    with pytest.raises(WriterError, match="not numbers"):
        list(build_model(BuildRequest(folder, "nan", (Precision.INT8,), GATE_TEXT), store))
    assert store.list() == []


# -- M13: pickles


class Touch:
    """A pickle of this makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def pickles(folder: Path) -> dict[str, bytes]:
    """By the way they were made."""
    touch = Touch(folder / "taken-over")
    made = {f"protocol {n}": pickle.dumps(touch, protocol=n) for n in (2, 3, 4, 5)}
    for is_zip in (True, False):
        stream = io.BytesIO()
        torch.save({"a": torch.zeros(2)}, stream, _use_new_zipfile_serialization=is_zip)
        made[f"torch, zip: {is_zip}"] = stream.getvalue()
    return made


def test_m13_pickles_are_never_loaded_whatever_they_are_called(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.unlink()
    for how, data in pickles(folder).items():
        for name in ("pytorch_model.bin", "model.safetensors", "model.gguf", "weights"):
            file = folder / name
            file.write_bytes(data)
            for path in [file] if name in ("model.gguf", "weights") else [file, folder]:
                print(how, path)
                with pytest.raises(WriterError, match=rf"{name} is a pickle file.*never loaded"):
                    open_checkpoint(path)
            file.unlink()
    assert not (folder / "taken-over").exists()


def test_m13_a_header_as_long_as_a_pickle_begins_is_read(folder: Path) -> None:
    """The first bytes of a safetensors file are a length."""
    file = folder / "model.safetensors"
    data = file.read_bytes()
    header_bytes = int.from_bytes(data[:8], "little")
    for long_bytes in (0x10280, 0x10480):
        raw_safetensors(file, data[8 : 8 + header_bytes].ljust(long_bytes), data[8 + header_bytes :])
        assert file.read_bytes()[:2] in (b"\x80\x02", b"\x80\x04")
        assert open_checkpoint(folder).config.n_layer == 2


# -- M19, M21 to M23


def test_m19_templates_are_never_rendered(
    folder: Path, tokenizer_json: dict[str, Any], write_gguf: Any, tiny_gpt2: Any, probe: Probe, tmp_path: Path
) -> None:
    mark = tmp_path / "rendered"
    template = "{{ cycler.__init__.__globals__.os.system('touch " + str(mark) + "') }}"
    write_json(folder / "tokenizer.json", tokenizer_json | {"chat_template": template})
    write_json(folder / "tokenizer_config.json", {"chat_template": template})
    (folder / "chat_template.jinja").write_text(template)
    gguf = write_gguf(tmp_path / "m.gguf", tiny_gpt2, fields={"tokenizer.chat_template": template})
    for outcome in probe(folder, gguf):
        assert outcome.words == "opened"
        assert not outcome.imported_jinja
    assert not mark.exists()


def archives(folder: Path) -> dict[str, bytes]:
    (folder / "inside").mkdir()
    (folder / "inside" / "config.json").write_text("{}")
    made = {}
    for suffix, mode in ((".tar", "w:"), (".tar.gz", "w:gz"), (".tar.bz2", "w:bz2"), (".tar.xz", "w:xz")):
        with tarfile.open(folder / f"m{suffix}", mode) as tar:
            tar.add(folder / "inside", "../../outside")
        made[suffix] = (folder / f"m{suffix}").read_bytes()
    with zipfile.ZipFile(folder / "m.zip", "w") as archive:
        archive.writestr("../../outside", "x")
    made[".zip"] = (folder / "m.zip").read_bytes()
    made["empty.zip"] = b"PK\x05\x06" + bytes(18)
    made[".7z"] = b"7z\xbc\xaf\x27\x1c" + bytes(26)
    made[".zst"] = b"\x28\xb5\x2f\xfd" + bytes(26)
    return made


def test_m21_archives_are_not_unpacked_and_not_called_pickles(folder: Path, tmp_path: Path) -> None:
    for suffix, data in archives(tmp_path).items():
        for path in (tmp_path / f"bundle{suffix}", tmp_path / "model.gguf", folder / "model.safetensors"):
            path.write_bytes(data)
            with pytest.raises(
                WriterError, match=rf"{path.name} is an archive, which Writer does not unpack"
            ) as refused:
                open_checkpoint(path)
            assert "Unpack it" in refused.value.hint
    assert not (tmp_path.parent / "outside").exists()


def test_m22_too_little_memory_is_no_damage(folder: Path, probe: Probe, tmp_path: Path) -> None:
    """Whoever reads in a process of its own (`child.py`) tells of it as what it is."""
    (outcome,) = probe(gpt2_xl(tmp_path), most_bytes=2 << 30)
    assert outcome.words.startswith("MemoryError")
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY, "the limit was the child's"


@pytest.mark.parametrize(
    "name",
    [
        "../model.safetensors",
        "sub/model.safetensors",
        "/etc/passwd",
        "..\\model.safetensors",
        "C:model.safetensors",
        "model.safetensors:stream.safetensors",
        "CON.safetensors",
        "nul.safetensors",
        "Com1.x.safetensors",
        "gpj\u202esrosnetefas.safetensors",
        "mоdel.safetensors",
        ".hidden.safetensors",
        "a b.safetensors",
        "a\n.safetensors",
        "a\0.safetensors",
        "a.safetensors\n",
        "\ud800.safetensors",
        "x" * 300 + ".safetensors",
        "model.bin",
    ],
)
def test_m23_names_of_parts_are_of_a_list_of_allowed_characters(name: str, folder: Path) -> None:
    whole = (folder / "model.safetensors").rename(folder / "whole.safetensors")
    if "/" not in name and "\0" not in name and "\ud800" not in name and len(name) < 200:
        (folder / name).symlink_to(whole)  # it could be read
    write_json(folder / "model.safetensors.index.json", {"weight_map": {"wte.weight": name}})
    with pytest.raises(WriterError, match="is no name of a part") as refused:
        open_checkpoint(folder)
    assert refused.value.message.isprintable()


def test_m23_the_names_that_hugging_face_gives_are_allowed(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    index = {"weight_map": {"wte.weight": "model-00001-of-00001.safetensors"}}
    write_json(folder / "model.safetensors.index.json", index)
    assert open_checkpoint(folder).config.n_layer == 2


def test_m23_what_a_file_calls_its_licence_cannot_steer_a_terminal(folder: Path) -> None:
    (folder / "README.md").write_text(f"---\nlicense: mit\x1b[2J\u202e{'x' * 3000}\n---\n")
    licence = open_checkpoint(folder).licence
    assert licence.isprintable()
    assert licence.startswith("mit[2Jx")
    assert len(licence) <= 100
