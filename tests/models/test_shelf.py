"""What is here and what can be got, side by side."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from writer.errors import WriterError
from writer.models.catalog import CatalogEntry, load_catalog
from writer.models.shelf import ShelfItem, read_shelf, shelf_item
from writer.models.store import ModelStore
from writer.paths import resources_dir

CATALOG = load_catalog(resources_dir() / "models.toml")
Harm = Callable[[Path], object]


@pytest.fixture
def store(poem_home: Path, tmp_path: Path) -> ModelStore:
    """With the poem's model in it."""
    shutil.copytree(poem_home / "data" / "models", tmp_path / "models")
    return ModelStore(tmp_path / "models")


def on_shelf(store: ModelStore, model_id: str, catalog: dict[str, CatalogEntry] = CATALOG) -> ShelfItem:
    return next(item for item in read_shelf(catalog, store) if item.id == model_id)


def fetch(store: ModelStore, model_id: str, name: str) -> None:
    folder = store.source_folder(model_id)
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"1")


def test_the_catalogue_in_its_order_and_then_ones_own(store: ModelStore) -> None:
    (store.models_dir / "broken").mkdir()
    assert [item.id for item in read_shelf(CATALOG, store)] == [*CATALOG, "broken", "poem"]


def test_a_fresh_machine_offers_the_catalogue(tmp_path: Path) -> None:
    items = read_shelf(CATALOG, ModelStore(tmp_path / "none"))
    assert [item.entry for item in items] == list(CATALOG.values())
    assert not any(item.is_installed or item.is_ready or item.is_begun or item.problem for item in items)
    assert [item.title for item in items] == [entry.title for entry in CATALOG.values()]


def test_a_model_of_ones_own(store: ModelStore) -> None:
    item = on_shelf(store, "poem")
    assert (item.entry, item.title, item.problem) == (None, "poem", "")
    assert item.is_installed
    assert item.is_ready
    assert item == shelf_item(store.get("poem"))


@pytest.mark.parametrize(
    ("harm", "is_described"),
    [
        (lambda folder: (folder / "manifest.json").write_text("{"), False),
        (lambda folder: (folder / "manifest.json").unlink(), False),
        (lambda folder: (folder / "int8.onnx").unlink(), True),
        (lambda folder: (folder / "int8.onnx.data").write_bytes(b"short"), True),
    ],
    ids=["description cut short", "no description", "no graph", "weights cut short"],
)
def test_a_damaged_model_stays_on_the_shelf_and_says_so(store: ModelStore, harm: Harm, is_described: bool) -> None:
    harm(store.models_dir / "poem")
    item = on_shelf(store, "poem")
    assert item.problem.startswith("The model poem is damaged (")
    assert (item.model is not None) == is_described
    assert item.title == "poem"
    assert item.is_installed
    assert not item.is_ready


def test_what_is_begun(store: ModelStore) -> None:
    assert not on_shelf(store, "gpt2").is_begun
    fetch(store, "gpt2", ".purpose.json")
    assert not on_shelf(store, "gpt2").is_begun  # nothing of it has arrived yet
    (store.source_folder("gpt2") / "model.safetensors.part").write_bytes(b"1")
    assert on_shelf(store, "gpt2").is_begun
    assert not on_shelf(store, "gpt2").is_installed


def test_the_kept_source_of_a_sound_model_is_nothing_begun(store: ModelStore) -> None:
    fetch(store, "poem", "model.safetensors")
    assert not on_shelf(store, "poem").is_begun
    (store.models_dir / "poem" / "int8.onnx").unlink()
    assert on_shelf(store, "poem").is_begun


def test_a_catalogued_model_that_is_here_has_its_entry_too(store: ModelStore) -> None:
    (store.models_dir / "gpt2").mkdir()
    item = on_shelf(store, "gpt2")
    assert item.entry is CATALOG["gpt2"]
    assert item.problem
    assert item.title == CATALOG["gpt2"].title


@pytest.mark.parametrize("below", ["", ".sources"], ids=["models", "downloads"])
def test_a_folder_that_cannot_be_read_is_told_in_one_sentence(
    store: ModelStore, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(store, "gpt2", "model.safetensors.part")
    refused = store.models_dir / below if below else store.models_dir
    look = Path.iterdir

    def iterdir(path: Path) -> object:
        if path == refused or path.parent == refused != store.models_dir:
            raise PermissionError(13, "Permission denied")
        return look(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)  # who tests as root is refused nothing
    with pytest.raises(WriterError, match=r"The models folder .* cannot be used \(Permission denied\)\."):
        read_shelf(CATALOG, store)
