"""Models that Writer comes with: read in place, never written to, hidden by those of the user's own."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.models import own_entry
from tests.models.hub_server import Hub, serving
from writer.errors import WriterError
from writer.models.build import BuildFinished
from writer.models.catalog import CatalogEntry
from writer.models.child import install_in_child
from writer.models.download import HubSettings
from writer.models.install import InstallRequest, discard_download
from writer.models.loaded import LoadedModel
from writer.models.manifest import MANIFEST_NAME
from writer.models.precision import Precision
from writer.models.shelf import ShelfItem, read_shelf
from writer.models.sources import Purpose, begin, sweep
from writer.models.store import InstalledModel, ModelStore
from writer.paths import resources_dir

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:20_000]
AGAIN = "Install Writer again."
Stamp = tuple[str, int, int, int]


@pytest.fixture
def shipped(poem_home: Path, tmp_path: Path) -> Path:
    """The poem's model, in a folder that nobody may write to."""
    folder = tmp_path / "usr" / "models"
    shutil.copytree(poem_home / "data" / "models" / "poem", folder / "poem")
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return folder


@pytest.fixture
def store(shipped: Path, tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "home" / "models", shipped)


def stamps(folder: Path) -> list[Stamp]:
    """What changes with anything that is written, renamed or locked there. Who tests as root is refused nothing."""
    stats = [(str(path), path.stat()) for path in sorted((folder, *folder.rglob("*")))]
    return [(name, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns) for name, stat in stats]


def rewrite(path: Path, data: bytes) -> None:
    """As an upgrade does: another file under the same name."""
    fresh = path.with_name("fresh")
    fresh.write_bytes(data)
    path.parent.chmod(0o755)
    fresh.replace(path)


def flipped(path: Path) -> bytes:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    return bytes(data)


def own_copy(store: ModelStore, shipped: Path) -> Path:
    return Path(shutil.copytree(shipped / "poem", store.models_dir / "poem"))


def on_shelf(store: ModelStore) -> ShelfItem:
    [item] = read_shelf({}, store)
    return item


def test_a_fresh_machine_has_it_at_once_and_nothing_is_made_for_it(store: ModelStore, shipped: Path) -> None:
    before = stamps(shipped)
    [model] = store.list()
    assert (model.id, model.is_shipped, model.folder) == ("poem", True, shipped / "poem")
    assert store.get("poem") == store.preferred() == model
    assert store.damaged() == ()
    model.verify()
    LoadedModel.load(model, device="cpu")
    item = on_shelf(store)
    assert (item.is_ready, item.is_shipped, item.hides_shipped) == (True, True, False)
    sweep(store)
    discard_download("poem", store)
    assert not store.models_dir.parent.exists()
    assert stamps(shipped) == before


def test_it_is_not_removed(store: ModelStore, shipped: Path) -> None:
    before = stamps(shipped)
    with pytest.raises(WriterError, match="poem is a part of Writer and cannot be removed by itself") as told:
        store.remove("poem")
    assert told.value.hint == "It goes when Writer is uninstalled."
    assert stamps(shipped) == before
    with pytest.raises(WriterError, match=r"No model pome is installed\. Did you mean poem"):
        store.remove("pome")


@pytest.mark.parametrize("is_damaged", [False, True])
def test_one_of_the_users_own_stands_before_it_until_it_is_removed(
    store: ModelStore, shipped: Path, is_damaged: bool
) -> None:
    folder, before = own_copy(store, shipped), stamps(shipped)
    if is_damaged:
        rewrite(folder / MANIFEST_NAME, b"{")
    assert [model.folder for model in store.list()] == ([] if is_damaged else [folder])
    assert store.damaged() == (("poem",) if is_damaged else ())
    preferred = store.preferred("poem")
    assert preferred is not None
    assert preferred.is_shipped == is_damaged  # there is one to write with
    item = on_shelf(store)
    assert (item.is_ready, item.is_shipped, item.hides_shipped) == (not is_damaged, False, True)
    store.remove("poem")
    assert [model.folder for model in store.list()] == [shipped / "poem"]
    assert stamps(shipped) == before


@pytest.mark.parametrize("name", ["int8.onnx", "int8.onnx.data", "tokenizer.json"])
def test_a_damaged_one_is_told_with_a_hint_that_fits(store: ModelStore, shipped: Path, name: str) -> None:
    rewrite(shipped / "poem" / name, flipped(shipped / "poem" / name))
    before = stamps(shipped)
    assert on_shelf(store).is_ready  # nobody has looked at its bytes yet
    with pytest.raises(WriterError, match=f"{name} has changed") as told:
        LoadedModel.load(store.get("poem"), device="cpu")
    assert told.value.hint == AGAIN
    item = on_shelf(store)
    assert (item.is_ready, item.is_shipped, item.remedy) == (False, True, AGAIN)
    assert stamps(shipped) == before


@pytest.mark.parametrize("damage", [b"{", None], ids=["description cut short", "no description"])
def test_one_without_a_description_is_told_so_too(store: ModelStore, shipped: Path, damage: bytes | None) -> None:
    manifest = shipped / "poem" / MANIFEST_NAME
    rewrite(manifest, damage or b"")
    if damage is None:
        manifest.unlink()
    assert (store.list(), store.damaged(), store.preferred()) == ([], ("poem",), None)
    with pytest.raises(WriterError, match="its description cannot be read") as told:
        store.get("poem")
    assert told.value.hint == AGAIN
    item = on_shelf(store)
    assert (item.is_installed, item.is_ready, item.is_shipped, item.remedy) == (True, False, True, AGAIN)


def test_a_folder_that_cannot_be_read_counts_as_none(
    store: ModelStore, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_copy(store, shipped)
    look = Path.iterdir

    def iterdir(path: Path) -> object:
        if path == shipped:
            raise PermissionError(13, "Permission denied")
        return look(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert [model.is_shipped for model in store.list()] == [False]


def test_the_bytes_of_a_newer_writer_are_no_damage(store: ModelStore, shipped: Path) -> None:
    """What was found out about those before does not count against them."""
    folder = shipped / "poem"
    good, manifest = (folder / "int8.onnx.data").read_bytes(), json.loads((folder / MANIFEST_NAME).read_text())
    rewrite(folder / "int8.onnx.data", flipped(folder / "int8.onnx.data"))
    with pytest.raises(WriterError, match="has changed"):
        store.get("poem").verify()
    assert not on_shelf(store).is_ready
    rewrite(folder / "int8.onnx.data", good)
    rewrite(folder / MANIFEST_NAME, json.dumps(manifest | {"title": "The newer poem"}).encode())
    item = on_shelf(store)
    assert (item.title, item.is_ready) == ("The newer poem", True)
    LoadedModel.load(store.get("poem"), device="cpu")


def test_speed_measured_where_writer_was_packed_is_not_told_as_this_machines(store: ModelStore, shipped: Path) -> None:
    values = json.loads((shipped / "poem" / MANIFEST_NAME).read_text())
    assert values["precisions"]["int8"]["decode_tps"] > 0
    record = store.get("poem").manifest.precisions["int8"]
    assert record.decode_tps == 0
    own_copy(store, shipped)
    assert store.get("poem").manifest.precisions["int8"] == replace(
        record, decode_tps=values["precisions"]["int8"]["decode_tps"]
    )


# -- further forms -------------------------------------------------------------------------------------------------


@pytest.fixture
def hub(poem_home: Path) -> Iterator[Hub]:
    hub = Hub()
    checkpoint = poem_home / "checkpoint"
    hub.add(
        own_entry.REPOSITORY,
        own_entry.REVISION,
        {name: checkpoint / name for name in ("config.json", "model.safetensors")},
    )
    yield from serving(hub)


@pytest.fixture
def entry(poem_home: Path, writer_home: Path) -> CatalogEntry:
    return own_entry.entry(
        writer_home,
        poem_home / "checkpoint" / "model.safetensors",
        id="poem",
        source={"files": [{"name": "config.json"}, {"name": "model.safetensors"}]},
    )


def get(entry: CatalogEntry, store: ModelStore, hub: Hub, *forms: Precision) -> InstalledModel:
    request = InstallRequest(entry, GATE_TEXT, "", forms, resources_dir() / "gpt2-tokenizer")
    *_, finished = install_in_child(request, store, HubSettings(hub.url))
    assert isinstance(finished, BuildFinished)
    return finished.model


def test_what_came_with_writer_is_not_got(entry: CatalogEntry, store: ModelStore, hub: Hub) -> None:
    assert get(entry, store, hub).is_shipped
    assert get(entry, store, hub, Precision.INT8).is_shipped
    assert not hub.sent_bytes
    assert not store.has_own("poem")


def test_a_further_form_makes_a_whole_model_of_the_users_own(
    entry: CatalogEntry, store: ModelStore, hub: Hub, shipped: Path
) -> None:
    before = stamps(shipped)
    model = get(entry, store, hub, Precision.INT4)
    assert (model.is_shipped, model.folder) == (False, store.models_dir / "poem")
    assert (set(model.manifest.precisions), model.default_precision) == ({"int8", "int4"}, Precision.INT8)
    model.verify()
    shared = {os.stat(path).st_ino for path in (shipped / "poem").iterdir()}
    assert not shared & {path.stat().st_ino for path in model.folder.iterdir()}, "an upgrade may write into its files"
    LoadedModel.load(model, Precision.INT4, device="cpu")
    assert get(entry, store, hub, Precision.FP32).default_precision is Precision.INT8
    store.remove("poem")
    assert store.get("poem").is_shipped
    assert stamps(shipped) == before


def test_a_damaged_one_can_be_got_as_the_users_own(
    entry: CatalogEntry, store: ModelStore, hub: Hub, shipped: Path
) -> None:
    rewrite(shipped / "poem" / "int8.onnx.data", flipped(shipped / "poem" / "int8.onnx.data"))
    with pytest.raises(WriterError, match="has changed"):
        store.get("poem").verify()
    model = get(entry, store, hub)
    assert not model.is_shipped
    LoadedModel.load(model, device="cpu")
    assert on_shelf(store).is_ready


def test_files_fetched_for_the_users_own_are_kept_for_the_next_run(store: ModelStore) -> None:
    """The form is there, but not because of these files."""
    folder = begin(store, "poem", Purpose((Precision.INT8,)))
    (folder / "model.safetensors.part").write_bytes(b"1")
    sweep(store)
    assert (folder / "model.safetensors.part").is_file()
