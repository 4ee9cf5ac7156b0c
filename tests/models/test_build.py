"""Checkpoint to installed model, all or nothing."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from writer.errors import WriterError
from writer.models import gate
from writer.models.build import BuildFinished, BuildProgress, BuildRequest, build_model
from writer.models.precision import Precision
from writer.models.store import InstalledModel, ModelStore
from writer.paths import resources_dir

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:20_000]


@pytest.fixture
def source(write_gguf: Any, tiny_llama: Any, tmp_path: Path) -> Path:
    path: Path = write_gguf(tmp_path / "tiny.gguf", tiny_llama)
    return path


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def built(
    source: Path, store: ModelStore, precision: Precision = Precision.INT8, model_id: str = "tiny"
) -> InstalledModel:
    events = list(build_model(BuildRequest(source, model_id, (precision,), GATE_TEXT), store))
    assert all(isinstance(event, BuildProgress) for event in events[:-1])
    assert isinstance(events[-1], BuildFinished)
    return events[-1].model


def left_over(store: ModelStore) -> list[str]:
    """Everything in the models folder but the locks, which are empty files that stay."""
    return [str(path) for path in store.models_dir.rglob("*") if ".locks" not in path.parts]


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.INT8, Precision.INT4])
def test_the_manifest_says_where_it_came_from_and_what_it_lost(
    precision: Precision, source: Path, store: ModelStore
) -> None:
    model = built(source, store, precision)
    manifest = store.get("tiny").manifest
    assert manifest == model.manifest
    assert len(manifest.source_files["tiny.gguf"].sha256) == 64
    record = manifest.precisions[precision]
    assert record.n_gate_tokens >= 3000
    assert record.perplexity > 1
    assert record.perplexity_fp32 > 1
    assert model.graph().exists()


def test_int8_that_loses_too_much_gives_way_to_blocks_and_says_so(
    source: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "ACCEPTED_INT8_LOSS", -1.0)
    model = built(source, store)
    assert model.manifest.default_precision is Precision.INT8_BLOCKS
    assert {"int8", "int8-blocks"} <= set(model.manifest.precisions)
    assert "8-bit blocks" in model.manifest.note
    assert model.graph().name == "int8-blocks.onnx"


@pytest.mark.parametrize("n_events", [0, 1, 4, 9])
def test_giving_up_leaves_nothing(n_events: int, source: Path, store: ModelStore) -> None:
    events = build_model(BuildRequest(source, "tiny", (Precision.INT8,), GATE_TEXT), store)
    for _ in range(n_events):
        next(events)
    events.close()  # type: ignore[attr-defined]
    assert left_over(store) == []
    assert store.list() == []
    built(source, store)


def test_a_failed_rebuild_keeps_the_model_there_was(source: Path, store: ModelStore, tmp_path: Path) -> None:
    before = built(source, store).manifest
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(source.read_bytes()[:-5000])
    with pytest.raises(WriterError):
        built(cut, store)
    assert store.get("tiny").manifest == before


def test_no_free_disk_is_told_before_anything_is_written(
    source: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(source.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(WriterError, match="free disk space"):
        built(source, store)
    assert left_over(store) == []


def test_names_that_would_leave_the_folder_are_refused(source: Path, store: ModelStore) -> None:
    for name in ("../outside", "a/b", "", ".hidden"):
        with pytest.raises(WriterError):
            built(source, store, model_id=name)
    assert left_over(store) == []


def test_an_unknown_model_is_answered_with_the_nearest(source: Path, store: ModelStore) -> None:
    built(source, store)
    with pytest.raises(WriterError, match="tiny"):
        store.get("tinny")
    store.remove("tiny")
    assert store.list() == []
    with pytest.raises(WriterError):
        store.remove("tiny")


def test_a_model_that_lost_a_file_is_told(source: Path, store: ModelStore) -> None:
    model = built(source, store)
    model.graph().unlink()
    with pytest.raises(WriterError):
        store.get("tiny").graph()


def test_a_further_precision_stands_beside_the_one_there_was(source: Path, store: ModelStore) -> None:
    first = built(source, store).manifest
    request = BuildRequest(source, "tiny", (Precision.INT4,), GATE_TEXT, add=True)
    *_, finished = build_model(request, store)
    assert isinstance(finished, BuildFinished)
    manifest = finished.model.manifest
    assert manifest.default_precision is Precision.INT8
    assert manifest.precisions["int8"] == first.precisions["int8"]
    assert manifest.precisions["int4"].perplexity_fp32 == first.precisions["int8"].perplexity_fp32
    finished.model.verify()


def test_a_further_precision_of_other_weights_is_refused(
    source: Path, store: ModelStore, write_gguf: Any, tiny_gpt2: Any, tmp_path: Path
) -> None:
    before = built(source, store).manifest
    other = write_gguf(tmp_path / "other.gguf", tiny_gpt2)
    with pytest.raises(WriterError, match="other files"):
        list(build_model(BuildRequest(other, "tiny", (Precision.INT4,), GATE_TEXT, add=True), store))
    assert store.get("tiny").manifest == before


def test_what_a_form_needs_and_gives_is_measured(source: Path, store: ModelStore) -> None:
    manifest = built(source, store).manifest
    assert manifest.parameters == 320 * 64 * 2 + 64 + 2 * (2 * 64 * 128 + 2 * 64 * 64 + 3 * 64 * 96 + 2 * 64)
    assert manifest.precisions["int8"].decode_tps > 1
    assert manifest.precisions["int8"].memory_bytes < 200e6
