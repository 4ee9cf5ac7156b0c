"""Fuzzing of everything that reads a stranger's model: a refusal in one sentence or a model that can be read, and
nothing else, within bounds of time and memory. A sample that is always the same in `make test`, ten times as much
with `--long`."""

import contextlib
import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import GPT2LMHeadModel

from tests.models.hostile.making import write_json
from writer.engine.tokenizer import Tokenizer
from writer.errors import WriterError
from writer.models.checkpoint import open_checkpoint

# Of the processor's time, which a busy machine does not stretch; collecting the garbage of a long series takes one.
MOST_S, MOST_MB = 3.0, 50.0
LONGEST_MESSAGE = 600


@contextlib.contextmanager
def bounded(path: Path) -> Iterator[None]:
    """A WriterError may come out, if it can be shown as it is; nothing else, and not at any cost."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what is held now
    before, began = status_mb("VmRSS"), time.process_time()
    try:
        yield
    except WriterError as error:
        words = str(error).replace(str(path), "PATH")
        assert words.isprintable()
        assert len(words) < LONGEST_MESSAGE
    assert time.process_time() - began < MOST_S
    assert status_mb("VmHWM") - before < MOST_MB


def status_mb(key: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def read_whole(path: Path) -> None:
    """What a build would do with it, up to the first product."""
    with bounded(path):
        checkpoint = open_checkpoint(path)
        if checkpoint.tokenizer is not None:
            tokenizer = Tokenizer(checkpoint.tokenizer)
            tokenizer.decode(tokenizer.encode("The lighthouse, 1984: café 中\x04"))
        for name in ("wte.weight", "wpe.weight", "ln_f.bias", "h.1.mlp.c_proj.weight"):
            checkpoint.tensor(name)


# -- bytes

NUMBERS = [0, 1, 8, 0x7F, 0xFF, 2**31, 2**32 - 1, 2**32, 2**40, 2**62, 2**63, 2**64 - 1]
PIECES = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.sampled_from([struct.pack("<Q", number) for number in NUMBERS]),
    st.sampled_from([struct.pack("<I", number) for number in [*range(14), *NUMBERS[3:7]]]),
    st.sampled_from(
        [b'"', b"{", b"}", b"[", b"]", b",", b":", b"-1", b"1e999", b"NaN", b"null", b"\\ud800", b"\n", b" "]
    ),
)
EDITS = st.lists(
    st.tuples(st.sampled_from(["write", "insert", "remove", "repeat", "cut"]), st.floats(0, 1), PIECES),
    min_size=1,
    max_size=4,
)


def edited(data: bytes, edits: list[tuple[str, float, bytes]], within: int) -> bytes:
    """`data` with changes among its first `within` bytes."""
    for kind, share, piece in edits:
        at = int(share * min(within, len(data)))
        if kind == "write":
            data = data[:at] + piece + data[at + len(piece) :]
        elif kind == "insert":
            data = data[:at] + piece + data[at:]
        elif kind == "remove":
            data = data[:at] + data[at + len(piece) :]
        elif kind == "repeat":
            data = data[:at] + data[at : at + 16 * len(piece)] + data[at:]
        else:
            data = data[: at + len(piece)]
    return data


@pytest.fixture(scope="session")
def safetensors_bytes(tiny_gpt2: GPT2LMHeadModel, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("fuzz-safetensors")
    tiny_gpt2.save_pretrained(path)
    return (path / "model.safetensors").read_bytes()


@pytest.fixture(scope="session")
def gguf_bytes(tiny_gpt2: GPT2LMHeadModel, write_gguf: Any, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path: Path = write_gguf(tmp_path_factory.mktemp("fuzz-gguf") / "m.gguf", tiny_gpt2, "Q8_0")
    return path.read_bytes()


@given(edits=EDITS)
def test_m08_m14_safetensors_headers_with_changed_bytes(
    edits: list[tuple[str, float, bytes]], safetensors_bytes: bytes, folder: Path
) -> None:
    header_bytes = int.from_bytes(safetensors_bytes[:8], "little")
    (folder / "model.safetensors").write_bytes(edited(safetensors_bytes, edits, 8 + header_bytes))
    read_whole(folder)


@given(edits=EDITS)
def test_m08_m14_gguf_headers_with_changed_bytes(
    edits: list[tuple[str, float, bytes]], gguf_bytes: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "m.gguf"
    header_bytes = gguf_bytes.index(b"blk.1.ffn_down.bias") + 100
    path.write_bytes(edited(gguf_bytes, edits, header_bytes))
    read_whole(path)


@given(name=st.sampled_from(["tokenizer.json", "vocab.json", "merges.txt", "config.json"]), edits=EDITS)
def test_m15_m17_descriptions_with_changed_bytes(
    name: str,
    edits: list[tuple[str, float, bytes]],
    folder: Path,
    tokenizer_json: dict[str, Any],
    byte_vocabulary: dict[str, int],
    byte_merges: list[str],
) -> None:
    contents = described(folder, tokenizer_json, byte_vocabulary, byte_merges, name != "tokenizer.json")
    (folder / name).write_bytes(edited(contents[name], edits, len(contents[name])))
    read_whole(folder)
    (folder / name).write_bytes(contents[name])


def described(
    folder: Path, tokenizer_json: dict[str, Any], vocabulary: dict[str, int], merges: list[str], two_files: bool
) -> dict[str, bytes]:
    """Writes the folder's tokenizer in one of its two forms; returns the contents of all descriptions."""
    contents = {
        "tokenizer.json": json.dumps(tokenizer_json).encode(),
        "vocab.json": json.dumps(vocabulary, ensure_ascii=False).encode(),
        "merges.txt": "\n".join(["#version: 0.2", *merges]).encode(),
        "config.json": (folder / "config.json").read_bytes(),
    }
    for name in ("tokenizer.json", "vocab.json", "merges.txt"):
        (folder / name).unlink(missing_ok=True)
        if two_files == (name != "tokenizer.json"):
            (folder / name).write_bytes(contents[name])
    return contents


# -- values in their places

ODD_NUMBERS = st.sampled_from([-1, 0, 1, 7, 2**20, 2**31, 2**63, 2**64, 10**300, -(10**300), 10**4000, 1e9, 0.5, 1e308])
ODD_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        ODD_NUMBERS,
        st.sampled_from(
            [float("nan"), float("inf"), "", "\ud800", "\x1b[2J", "é" * 5000, "t h", "<|endoftext|>", "F32"]
        ),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["type", "id", "content", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
CHANGES = st.lists(st.tuples(st.lists(st.integers(0, 400), max_size=6), ODD_VALUES), min_size=1, max_size=3)


def changed(values: Any, steps: list[int], value: Any) -> Any:
    """`values` with the one that `steps` lead to replaced or left out; a step is the number of a branch."""
    if not steps or not isinstance(values, dict | list) or not values:
        return value
    keys = list(values) if isinstance(values, dict) else list(range(len(values)))
    key = keys[steps[0] % len(keys)]
    copy = values.copy()
    if len(steps) > 1 and steps[-1] % 7 == 0 and not isinstance(copy[key], dict | list):
        del copy[key]
    else:
        copy[key] = changed(copy[key], steps[1:], value)
    return copy


@given(changes=CHANGES)
def test_m08_m14_safetensors_headers_with_odd_values(
    changes: list[tuple[list[int], Any]], safetensors_bytes: bytes, folder: Path
) -> None:
    header_bytes = int.from_bytes(safetensors_bytes[:8], "little")
    header = json.loads(safetensors_bytes[8 : 8 + header_bytes])
    for steps, value in changes:
        header = changed(header, steps, value)
    new = json.dumps(header).encode()
    data = safetensors_bytes[8 + header_bytes :]
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(new)) + new + data)
    read_whole(folder)


@given(changes=CHANGES)
def test_m15_configurations_with_odd_values(changes: list[tuple[list[int], Any]], folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    spoilt = config
    for steps, value in changes:
        spoilt = changed(spoilt, steps, value)
    write_json(folder / "config.json", spoilt)
    read_whole(folder)
    write_json(folder / "config.json", config)


@given(changes=CHANGES)
def test_m16_m17_tokenizers_with_odd_values(
    changes: list[tuple[list[int], Any]], folder: Path, tokenizer_json: dict[str, Any]
) -> None:
    spoilt: Any = tokenizer_json
    for steps, value in changes:
        spoilt = changed(spoilt, steps, value)
    write_json(folder / "tokenizer.json", spoilt)
    read_whole(folder)


@given(
    tokens=st.lists(st.text(alphabet="ab!Ġ<>", min_size=1, max_size=4), max_size=8),
    merges=st.lists(st.lists(st.text(alphabet="ab!Ġ<>", max_size=3), min_size=1, max_size=3).map(" ".join), max_size=6),
    special=st.lists(st.text(alphabet="ab!Ġ<>", min_size=1, max_size=4), max_size=4),
)
def test_m17_merges_and_special_tokens_of_any_kind(
    tokens: list[str], merges: list[str], special: list[str], folder: Path, tokenizer_json: dict[str, Any]
) -> None:
    """Many of these are valid: none may make the library panic."""
    vocabulary = tokenizer_json["model"]["vocab"]
    products = [merge.replace(" ", "") for merge in merges]
    for token in [*tokens, *special, *products]:
        vocabulary = {**vocabulary, token: vocabulary.get(token, len(vocabulary))}
    added = [{"id": vocabulary[token], "content": token, "special": True} for token in special]
    model = {**tokenizer_json["model"], "vocab": vocabulary, "merges": merges}
    write_json(folder / "tokenizer.json", {**tokenizer_json, "model": model, "added_tokens": added})
    read_whole(folder)
