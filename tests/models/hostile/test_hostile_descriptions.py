"""Configurations and tokenizers made to do harm: M11 and M15 to M18 of the fault matrix."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from tests.models.hostile.making import Probe, assert_cheap, edit, text, write_json
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.errors import WriterError
from writer.models.build import BuildFinished, BuildRequest, build_model
from writer.models.checkpoint import open_checkpoint
from writer.models.precision import Precision
from writer.models.store import ModelStore
from writer.paths import resources_dir

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:20_000]
CAPPED_MB = 150.0  # for files that may be as large as tokenizers are


# -- M11: files that do not belong together


def test_m11_a_larger_tokenizer_than_the_model(folder: Path, tokenizer_json: dict[str, Any]) -> None:
    vocabulary = tokenizer_json["model"]["vocab"]
    vocabulary |= {f"word{i}": i for i in range(len(vocabulary), 321)}
    write_json(folder / "tokenizer.json", tokenizer_json)
    with pytest.raises(WriterError, match="has 321 tokens, but the model knows only 320"):
        open_checkpoint(folder)


def test_m11_other_architectures_and_shapes(folder: Path, write_gguf: Any, tiny_gpt2: Any, tmp_path: Path) -> None:
    config = folder / "config.json"
    for changes, sentence in (
        ({"model_type": "gpt_neox"}, "this one is gpt_neox"),
        ({"model_type": "bad\x1b[2J\u202e" + "x" * 1000}, r"this one is bad\[2Jx{1,60}\. "),
        ({"model_type": "llama"}, "damaged"),
        ({"model_type": "gpt2", "vocab_size": 50257}, r"needs \(50257, 64\)"),
        ({"vocab_size": 320, "n_positions": 1024}, r"needs \(1024, 64\)"),
    ):
        edit(config, **changes)
        with pytest.raises(WriterError, match=sentence):
            open_checkpoint(folder)
    path = write_gguf(tmp_path / "m.gguf", tiny_gpt2)
    path.write_bytes(path.read_bytes().replace(text(b"gpt2"), text(b"bert"), 1))
    with pytest.raises(WriterError, match="bert"):
        open_checkpoint(path)


def shaped(folder: Path, n_vocab: int, n_ctx: int) -> Path:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=n_vocab, n_positions=n_ctx, n_embd=64, n_layer=1, n_head=2))
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("n_vocab", "n_ctx", "sentence"),
    [
        (320, 1, "reads 1 tokens"),
        (320, 31, "reads 31 tokens"),
        (20, 64, "knows 20 tokens"),
        (255, 64, "text takes 256"),
    ],
)
def test_m11_too_small_to_write_with(n_vocab: int, n_ctx: int, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(WriterError, match=sentence):
        open_checkpoint(shaped(tmp_path / "small", n_vocab, n_ctx))


def test_m11_the_smallest_that_is_read_can_be_built(byte_vocabulary: dict[str, int], tmp_path: Path) -> None:
    source = shaped(tmp_path / "small", 256, 32)
    characters = [token for token in byte_vocabulary if len(token) == 1]
    write_json(source / "vocab.json", {token: i for i, token in enumerate(characters)})
    (source / "merges.txt").write_text("#version: 0.2\n")
    request = BuildRequest(source, "small", (Precision.INT8, Precision.INT4), GATE_TEXT)
    *_, last = build_model(request, ModelStore(tmp_path / "store"))
    assert isinstance(last, BuildFinished)


# -- M15: config.json


def test_m15_what_others_would_run_is_ignored(folder: Path) -> None:
    (folder / "evil.py").write_text(f"from pathlib import Path\nPath({str(folder / 'taken-over')!r}).touch()\n")
    before = open_checkpoint(folder).config
    edit(
        folder / "config.json",
        auto_map={"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil--repo.Model"},
        _attn_implementation_internal="../evil",
        _attn_implementation="evil/kernels:run",
        trust_remote_code=True,
        custom_pipelines={"evil": {"impl": "evil.Run"}},
    )
    assert open_checkpoint(folder).config == before
    assert "evil" not in sys.modules
    assert not (folder / "taken-over").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("n_layer", 1e9),
        ("n_layer", -2),
        ("n_layer", True),
        ("n_embd", 2**62),
        ("n_head", 10**4000),
        ("vocab_size", float("nan")),
        ("n_positions", float("inf")),
        ("layer_norm_epsilon", float("nan")),
        ("layer_norm_epsilon", -1e-5),
        ("layer_norm_epsilon", 10**400),
        ("eos_token_id", {"id": 1}),
        ("model_type", {"a": 1}),
        ("activation_function", ["gelu_new"]),
    ],
)
def test_m15_values_out_of_range(key: str, value: object, folder: Path) -> None:
    edit(folder / "config.json", **{key: value})
    with pytest.raises(WriterError) as refused:
        open_checkpoint(folder)
    assert len(refused.value.message) < 400


def test_m15_a_thousand_million_layers_cost_nothing(folder: Path, probe: Probe) -> None:
    edit(folder / "config.json", n_layer=10**9)
    (outcome,) = probe(folder, most_bytes=3 << 30)
    assert "makes no network" in outcome.words
    assert_cheap([outcome])


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":' * 150_000,
        b"[" * 1_000_000,
        b'{"n_embd":' + b"9" * 10**6 + b"}",
        b"",
        b"[]",
        b"\xff\xfe{",
        b"{" + bytes(9),
    ],
)
def test_m15_what_is_no_configuration(content: bytes, folder: Path) -> None:
    (folder / "config.json").write_bytes(content)
    with pytest.raises(WriterError, match=r"config\.json is damaged"):
        open_checkpoint(folder)


def test_m15_more_than_a_megabyte_is_not_read(folder: Path, probe: Probe) -> None:
    config = folder / "config.json"
    config.write_bytes(config.read_bytes().ljust(2**20))
    assert open_checkpoint(folder).config.n_layer == 2
    config.write_bytes(config.read_bytes() + b" ")
    with pytest.raises(WriterError, match=r"config\.json is far larger"):
        open_checkpoint(folder)
    os.truncate(config, 2**30)
    (outcome,) = probe(folder)
    assert "far larger" in outcome.words
    assert_cheap([outcome], most_mb=5)


# -- M16 to M18: tokenizers

SLOW_REGEX = {"Regex": "(a+)+$"}


@pytest.mark.parametrize(
    "changes",
    [
        {"pre_tokenizer": {"type": "Split", "pattern": SLOW_REGEX, "behavior": "Isolated"}},
        {
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [{"type": "Split", "pattern": SLOW_REGEX}, {"type": "ByteLevel", "use_regex": True}],
            }
        },
        {"normalizer": {"type": "Replace", "pattern": SLOW_REGEX, "content": "b"}},
        {"normalizer": {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": SLOW_REGEX}]}},
    ],
)
def test_m16_a_tokenizer_with_a_regex_of_its_own_is_refused(
    changes: dict[str, Any], folder: Path, tokenizer_json: dict[str, Any]
) -> None:
    write_json(folder / "tokenizer.json", tokenizer_json | changes)
    with pytest.raises(WriterError, match="Writer cannot run this model"):
        open_checkpoint(folder)


def test_m16_a_regex_anywhere_else_is_never_taken(folder: Path, tokenizer_json: dict[str, Any]) -> None:
    honest = open_checkpoint(folder).tokenizer
    tokenizer_json["pre_tokenizer"]["pretokenizers"][1] |= {"pattern": SLOW_REGEX, "regex": "(a+)+$"}
    tokenizer_json["post_processor"] = {"type": "Split", "pattern": SLOW_REGEX}
    tokenizer_json["decoder"] = {"type": "Replace", "pattern": SLOW_REGEX, "content": ""}
    tokenizer_json["added_tokens"][0] |= {"normalized": True, "pattern": SLOW_REGEX}
    tokenizer_json["model"] |= {"pattern": SLOW_REGEX}
    write_json(folder / "tokenizer.json", tokenizer_json)
    assert open_checkpoint(folder).tokenizer == honest


NO_TOKENIZERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "merge of unknown parts": lambda t: t["model"]["merges"].append("q zz"),
    "merge without a product": lambda t: t["model"]["merges"].append("q z"),
    "merge of a special token": lambda t: (
        t["model"]["merges"].append("<|im_end|> t"),
        t["model"]["vocab"].update({"<|im_end|>t": 300}),
    ),
    "merge of nothing": lambda t: t["model"]["merges"].append(["", "t"]),
    "merge of numbers": lambda t: t["model"]["merges"].append([1, 2]),
    "half a surrogate": lambda t: t["model"]["vocab"].update({"\ud800": 300}),
    "an id twice": lambda t: t["model"]["vocab"].update({"zz": 7}),
    "a special id twice": lambda t: t["added_tokens"].append({"id": 7, "content": "<x>", "special": True}),
    "a negative id": lambda t: t["model"]["vocab"].update({"zz": -1}),
    "an id out of bounds": lambda t: t["model"]["vocab"].update({"zz": 2**40}),
    "a byte is missing": lambda t: t["model"]["vocab"].pop("é"),
    "no bytes": lambda t: t["model"].update(vocab={"<|endoftext|>": 0, "the": 1}, merges=[]),
    "a byte that is special": lambda t: (
        t["model"]["vocab"].pop("!"),
        t["added_tokens"].append({"id": 300, "content": "!!", "special": True}),
    ),
}


@pytest.mark.parametrize("how", NO_TOKENIZERS)
def test_m17_a_vocabulary_that_would_fail_later_is_refused(
    how: str, folder: Path, tokenizer_json: dict[str, Any]
) -> None:
    NO_TOKENIZERS[how](tokenizer_json)
    write_json(folder / "tokenizer.json", tokenizer_json)
    with pytest.raises(WriterError, match="tokenizer"):
        open_checkpoint(folder)


def test_m17_missing_bytes_are_refused_in_every_form(
    folder: Path, byte_vocabulary: dict[str, int], write_gguf: Any, tiny_gpt2: Any, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "m.gguf", tiny_gpt2)
    path.write_bytes(path.read_bytes().replace(text("é".encode()), text("éé".encode())[:8] + "éé".encode()))
    (folder / "tokenizer.json").unlink()
    write_json(folder / "vocab.json", {token: i for token, i in byte_vocabulary.items() if token != "é"})
    (folder / "merges.txt").write_text("")
    for source in (path, folder):
        with pytest.raises(WriterError, match="it lacks 1 of the bytes"):
            open_checkpoint(source)


def test_m17_bytes_that_no_text_needs_may_be_missing(byte_vocabulary: dict[str, int]) -> None:
    """SmolLM2's own vocabulary has no byte 4 (a control character) and no byte 241 (planes without characters)."""
    missing = {chr(256 + 4), chr(241)}
    vocabulary = {token: i for token, i in byte_vocabulary.items() if token not in missing}
    tokenizer = Tokenizer(TokenizerSpec.from_vocabulary(vocabulary, [], "smollm", []))
    for sample in ("Å é 中文 👩‍🚀 \ue000 \u200d\ufeff\u00a0", "\t\r\n ~", "".join(map(chr, range(0xA0, 0x250)))):
        assert tokenizer.decode(tokenizer.encode(sample)) == sample


def test_m18_ten_million_entries_and_a_gigabyte(
    folder: Path, byte_vocabulary: dict[str, int], probe: Probe, tmp_path: Path
) -> None:
    entries = b'{"a":1' + b',"a":1' * 10_000_000 + b"}"
    (folder / "tokenizer.json").write_bytes(b'{"model":{"vocab":' + entries + b"}}")
    (many,) = probe(folder)
    os.truncate(folder / "tokenizer.json", 2**30)
    (large,) = probe(folder)
    assert "tokenizer.json is damaged" in many.words
    assert "tokenizer.json is far larger" in large.words
    for name, files in {
        "entries": (entries, b""),
        "merges": (json.dumps(byte_vocabulary).encode(), b"t h\n" * 10_000_000),
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "vocab.json").write_bytes(files[0])
        (tmp_path / name / "merges.txt").write_bytes(files[1])
    vocabularies = probe(tmp_path / "entries", tmp_path / "merges", reader="vocab")
    assert all("cannot be read" in outcome.words for outcome in vocabularies), vocabularies
    os.truncate(tmp_path / "entries" / "vocab.json", 2**30)
    os.truncate(tmp_path / "merges" / "merges.txt", 2**30)
    giants = probe(tmp_path / "entries", tmp_path / "merges", reader="vocab")
    assert all("far larger" in outcome.words for outcome in giants), giants
    assert_cheap([many, *vocabularies], most_mb=CAPPED_MB)
    assert_cheap([large, *giants], most_mb=5)


def test_m18_more_tokens_than_any_vocabulary_has() -> None:
    with pytest.raises(WriterError, match="damaged"):
        TokenizerSpec.from_vocabulary({f"{i}": i for i in range(2**20 + 1)}, [], "gpt2", [])
