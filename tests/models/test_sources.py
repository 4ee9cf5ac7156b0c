"""What models are built from: what it is for is known after any end of the process, and nothing is left for ever."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.run_writer import writer
from tests.models import own_entry
from tests.models.hub_server import Hub, serving
from writer.errors import WriterError
from writer.models.download import HubSettings
from writer.models.library import Library
from writer.models.precision import Precision
from writer.models.shelf import ShelfItem
from writer.models.sources import Purpose, begin, begun_as, sweep
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

WEIGHTS = "model.safetensors"


@pytest.fixture
def store(writer_home: Path) -> ModelStore:
    return ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models)


def test_a_purpose_is_written_whole_or_not_at_all(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Purpose((Precision.INT8,), keep=True)
    folder = begin(store, "own", kept)

    def torn(path: Path, text: str, encoding: str = "") -> int:
        with path.open("w", encoding=encoding) as file:
            file.write(text[: len(text) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", torn)
    with pytest.raises(OSError, match="No space"):
        begin(store, "own", Purpose((Precision.INT4,)))
    assert Purpose.read(folder) == kept


def test_files_that_are_kept_are_kept_whoever_uses_them(store: ModelStore) -> None:
    begin(store, "own", Purpose((Precision.INT8,), keep=True))
    folder = begin(store, "own", Purpose((), repository="someone/tiny"))
    assert Purpose.read(folder) == Purpose((), keep=True, repository="someone/tiny")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"precisions": ["int9"], "keep": true}', '{"precisions": 3}'])
def test_what_is_no_purpose_is_none(store: ModelStore, text: str) -> None:
    folder = begin(store, "own", Purpose(()))
    (folder / ".purpose.json").write_text(text)
    assert Purpose.read(folder) is None
    sweep(store)
    assert folder.is_dir()  # it may be what somebody wants to keep


# -- a repository that is imported ---------------------------------------------------------------------------------


@pytest.fixture
def hub(poem_home: Path) -> Iterator[Hub]:
    checkpoint = poem_home / "checkpoint"
    hub = Hub()
    hub.add(own_entry.REPOSITORY, own_entry.REVISION, {name: checkpoint / name for name in ("config.json", WEIGHTS)})
    hub.bytes_per_s = (checkpoint / WEIGHTS).stat().st_size / 5
    yield from serving(hub)


def open_library(store: ModelStore, writer_home: Path, hub: Hub) -> Library:
    own = user_paths({"WRITER_HOME": str(writer_home)}).own_catalog
    return Library(store, resources_dir(), own, HubSettings(hub.url))


def fetch_some(library: Library, hub: Hub, more_bytes: int = 200_000) -> None:
    """Of the repository, and then give up, as a process does that is killed."""
    until = hub.sent_bytes[WEIGHTS] + more_bytes
    with closing(library.add_repository(own_entry.REPOSITORY)) as events:  # type: ignore[type-var]
        next(event for event in events if hub.sent_bytes[WEIGHTS] > until)


def begun(library: Library) -> list[ShelfItem]:
    return [item for item in library.shelf() if item.is_begun]


def test_an_abandoned_import_is_on_the_shelf_goes_on_and_can_be_discarded(
    store: ModelStore, writer_home: Path, hub: Hub
) -> None:
    fetch_some(open_library(store, writer_home, hub), hub)
    library = open_library(store, writer_home, hub)
    [item] = begun(library)
    assert (item.id, item.title, item.repository) == ("tiny", own_entry.REPOSITORY, own_entry.REPOSITORY)
    assert not item.is_installed
    part = store.source_folder("tiny") / own_entry.REVISION / f"{WEIGHTS}.part"
    n_before = part.stat().st_size
    assert n_before > 50_000
    assert n_before <= item.begun_bytes < 2 * n_before
    fetch_some(library, hub)
    assert part.stat().st_size > n_before
    ranges = [headers["range"] for server, _, headers in hub.requests if server == "cdn" and "range" in headers]
    assert ranges[-1] == f"bytes={n_before}-"
    assert [item.id for item in begun(library)] == ["tiny"]
    assert begun_as(store, own_entry.REPOSITORY) == "tiny"

    shown = writer("models", "list", home=writer_home).stdout
    [line] = [line for line in shown.splitlines() if line.startswith("tiny ")]
    assert f"writer models import {own_entry.REPOSITORY} --id tiny goes on" in line
    rows = json.loads(writer("models", "list", "--json", home=writer_home).stdout)
    [row] = [row for row in rows if row["id"] == "tiny"]
    assert (row["installed"], row["fetched_bytes"] > n_before) == (False, True)
    removed = writer("models", "remove", "tiny", home=writer_home)
    assert (removed.returncode, removed.stdout) == (0, "Removed tiny.\n")
    assert store.source_folders() == ()
    assert begun(library) == []


def test_a_repository_that_is_not_there_leaves_nothing(store: ModelStore, writer_home: Path, hub: Hub) -> None:
    with pytest.raises(WriterError, match="does not have nothing"):
        list(open_library(store, writer_home, hub).add_repository("someone/nothing"))
    assert store.source_folders() == ()


@pytest.mark.parametrize(("source", "has_served"), [(own_entry.REPOSITORY, True), ("someone/else", False)])
def test_what_a_kill_after_the_import_has_left_is_swept(
    store: ModelStore, poem_home: Path, source: str, has_served: bool
) -> None:
    """And not what is being fetched to take the place of another model of that id."""
    folder = begin(store, "poem", Purpose((), repository=own_entry.REPOSITORY))
    (folder / WEIGHTS).write_bytes(b"1")
    sweep(store)
    assert (folder / WEIGHTS).is_file()
    model = shutil.copytree(poem_home / "data" / "models" / "poem", store.models_dir / "poem")
    values = json.loads((model / "manifest.json").read_text())
    values["source"] = f"huggingface.co {source} at {own_entry.REVISION}"
    (model / "manifest.json").write_text(json.dumps(values))
    sweep(store)
    assert folder.exists() == (not has_served)
