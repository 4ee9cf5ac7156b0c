"""Configurations and tokenizers beside a foreign graph that do harm or belong to another one: refused in one sentence.

Names carry the ids of the fault matrix."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.models import exported
from tests.models.imported.cases import check_refused, check_sentence
from writer.errors import WriterError
from writer.models import child
from writer.models.child import import_in_child
from writer.models.imported import ImportRequest, import_model, trial
from writer.models.store import ModelStore


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"vocab_size": 50257}, "graph knows 400 tokens, and its configuration 50257"),
        ({"max_position_embeddings": 512}, "cannot read the 511 tokens"),
        ({"max_position_embeddings": 16}, "15 tokens at a time"),
        ({"max_position_embeddings": "many"}, "not a whole number"),
        ({"num_attention_heads": -3}, "makes no network"),
    ],
)
def test_m11_a_configuration_of_another_model_is_refused(
    changes: dict[str, Any], match: str, folder: Path, store: ModelStore
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    check_refused(folder, store, match)


def test_m11_a_tokenizer_of_another_model_is_refused(folder: Path, store: ModelStore) -> None:
    values = json.loads((folder / "tokenizer.json").read_text())
    values["model"]["vocab"] |= {f"more{i}": exported.N_VOCAB + i for i in range(10)}
    (folder / "tokenizer.json").write_text(json.dumps(values))
    check_refused(folder, store, "tokenizer has 410 tokens, but the model knows only 400")


# -- M16: the tokenizer's file -------------------------------------------------------------------------------------


def _with_pattern(folder: Path, pattern: str) -> None:
    values = json.loads((folder / "tokenizer.json").read_text())
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    plain = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    values["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, plain]}
    (folder / "tokenizer.json").write_text(json.dumps(values))


@pytest.mark.parametrize("pattern", [r"(a|a)+$", r"(\w+\s?)*;", r"([0-9]+)+x"])
def test_m16_a_regular_expression_that_explodes_is_refused(pattern: str, folder: Path, store: ModelStore) -> None:
    _with_pattern(folder, pattern)
    with pytest.raises(WriterError, match="cannot cope with this text") as refusal:
        list(import_in_child(ImportRequest(folder, "opt", exported.GATE_TEXT), store))
    check_sentence(refusal.value)


@pytest.mark.parametrize(("n_doublings", "match"), [(13, "takes far too long"), (40, "probably damaged|far too long")])
def test_m16_a_tokenizer_that_eats_time_or_memory_is_ended(
    n_doublings: int, match: str, folder: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = json.loads((folder / "tokenizer.json").read_text())
    double = {"type": "Replace", "pattern": {"String": "e"}, "content": "ee"}
    values["normalizer"] = {"type": "Sequence", "normalizers": [double] * n_doublings}
    (folder / "tokenizer.json").write_text(json.dumps(values))
    monkeypatch.setattr(child, "_import", _import_in_a_hurry)
    with pytest.raises(WriterError, match=match) as refusal:
        list(import_in_child(ImportRequest(folder, "opt", exported.GATE_TEXT), store))
    check_sentence(refusal.value)


def _import_in_a_hurry(request: ImportRequest, store: ModelStore) -> Any:
    child._silence()
    trial.TRIAL_S = 1.0
    return import_model(request, store)


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda v: v.update(normalizer={"type": "Lowercase"}), "does not keep the text"),
        (lambda v: v.update(decoder={"type": "WordPiece", "prefix": "##", "cleanup": True}), "joins tokens in a way"),
        (lambda v: v.update(decoder=None), "joins tokens in a way"),
        (lambda v: v["model"].update(merges=[["zz", "yy"]]), "tokenizer is damaged|cannot cope"),
        (lambda v: v.update(model={"type": "Nobody"}), "tokenizer is damaged"),
    ],
)
def test_m17_tokenizers_that_cannot_serve_are_refused(
    edit: Callable[[dict[str, Any]], Any], match: str, folder: Path, store: ModelStore
) -> None:
    values = json.loads((folder / "tokenizer.json").read_text())
    edit(values)
    (folder / "tokenizer.json").write_text(json.dumps(values))
    check_refused(folder, store, match)
