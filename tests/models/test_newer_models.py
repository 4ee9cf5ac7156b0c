"""Models that a newer Writer has built: told as that, never read, and nothing is put in their place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.models import own_entry
from tests.models.hub.cases import recorded_connections
from writer.errors import WriterError
from writer.models.build import BuildFinished, BuildRequest, build_model
from writer.models.catalog import CatalogEntry
from writer.models.download import HubSettings
from writer.models.install import InstallRequest, install
from writer.models.loaded import LoadedModel
from writer.models.manifest import MANIFEST_NAME, NewerModelError
from writer.models.precision import Precision
from writer.models.shelf import read_shelf
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:20_000]
SENTENCE = "A newer Writer built the model own, and this one cannot read it."


@pytest.fixture
def weights(write_gguf: Any, tiny_llama: Any, tmp_path: Path) -> Path:
    path: Path = write_gguf(tmp_path / "tiny.gguf", tiny_llama)
    return path


@pytest.fixture
def store(writer_home: Path) -> ModelStore:
    return ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models)


@pytest.fixture
def entry(weights: Path, writer_home: Path) -> CatalogEntry:
    return own_entry.entry(writer_home, weights)


def build(store: ModelStore, weights: Path) -> Path:
    """The folder of a model built here."""
    *_, finished = build_model(BuildRequest(weights, "own", (Precision.INT8,), GATE_TEXT), store)
    assert isinstance(finished, BuildFinished)
    return finished.model.folder


def change(folder: Path, changes: Callable[[dict[str, Any]], object]) -> bytes:
    path = folder / MANIFEST_NAME
    values = json.loads(path.read_text(encoding="utf-8"))
    changes(values)
    path.write_text(json.dumps(values), encoding="utf-8")
    return path.read_bytes()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_p03_a_newer_model_is_refused_and_nothing_takes_its_place(
    store: ModelStore, weights: Path, entry: CatalogEntry
) -> None:
    folder = build(store, weights)
    change(folder, lambda values: values.update(format_version=2, forms=[{"kind": "int3"}]))
    before = contents(folder)
    with pytest.raises(NewerModelError) as told:
        store.get("own")
    assert (told.value.message, told.value.hint) == (SENTENCE, "Update Writer.")
    assert store.list() == []
    [item] = read_shelf({}, store)
    assert (item.problem, item.remedy, item.is_from_newer, item.is_installed) == (
        SENTENCE,
        "Update Writer.",
        True,
        True,
    )
    with recorded_connections() as connections, pytest.raises(NewerModelError):
        list(install(InstallRequest(entry, GATE_TEXT), store, HubSettings("https://127.0.0.1:9")))
    assert connections == [], "it is refused before the download, not after it"
    with pytest.raises(NewerModelError):
        list(build_model(BuildRequest(weights, "own", (Precision.INT8,), GATE_TEXT), store))
    assert contents(folder) == before
    assert [path.name for path in store.models_dir.iterdir() if not path.name.startswith(".")] == ["own"]
    store.remove("own")  # the user's own word
    assert not folder.exists()


def test_p03_fields_that_a_newer_writer_has_added_are_passed_over(store: ModelStore, weights: Path) -> None:
    folder = build(store, weights)
    before = store.get("own").manifest

    def add(values: dict[str, Any]) -> None:
        values["mood"] = "calm"
        values["precisions"]["int8"]["prefill_tps"] = 400.0
        next(iter(values["source_files"].values()))["etag"] = "abc"

    change(folder, add)
    assert store.get("own").manifest == before
    LoadedModel.load(store.get("own"))


@pytest.mark.parametrize("version", [0, "2", None, 1.5])
def test_a_format_that_is_no_number_is_damage(store: ModelStore, weights: Path, version: object) -> None:
    folder = build(store, weights)
    change(folder, lambda values: values.update(format_version=version))
    with pytest.raises(WriterError, match="is damaged"):
        store.get("own")
