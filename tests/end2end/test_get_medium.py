"""`writer models get gpt2-medium` from an empty folder to a streamed continuation, killed with -9 at any moment.

The hub of these tests serves other weights under the catalogue's own repository and revision: a small GPT-2 with the
real vocabulary that knows a poem, and, in the long series, one of medium's exact shape.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.benchmarks.medium import hugging_face_folder
from tests.models.hub_server import Hub, serving
from writer.models.catalog import DEFAULT_MODEL, HubSource, find_entry, load_catalog
from writer.models.manifest import file_record
from writer.models.store import InstalledModel, ModelStore
from writer.paths import resources_dir, user_paths

ENTRY = find_entry(load_catalog(resources_dir() / "models.toml"), DEFAULT_MODEL)
WEIGHTS = "model.safetensors"
BYTES_PER_S = 15_000_000  # the small model takes more than a second
UNDERWAY_BYTES = 1 << 19  # what a kill catches between two syncs and on the line, early in a download
ORPHAN_S = 5.0
POLL_S = 0.01
TIMEOUT_S = 600


class Getting:
    """One run of the command, in a session of its own."""

    def __init__(self, hub: Hub, home: Path) -> None:
        self._log = home.with_name(f"{home.name}.log")
        without_proxy = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        environ = without_proxy | {"WRITER_HOME": str(home), "HF_ENDPOINT": hub.url, "HF_HOME": str(home / "hf")}
        command = [sys.executable, "-m", "writer", "models", "get", DEFAULT_MODEL]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log, env=environ, start_new_session=True
            )

    def lines(self) -> list[str]:
        return self._log.read_text(encoding="utf-8").splitlines()

    def stages(self) -> list[str]:
        """What it has told of since the last byte of the weights arrived."""
        lines = self.lines()
        checks = [i for i, line in enumerate(lines) if line.startswith(f"Checking {WEIGHTS}")]
        return lines[checks[0] :] if checks else []

    def until(self, is_so: Callable[[], bool]) -> None:
        """Or until it has ended."""
        deadline = time.monotonic() + TIMEOUT_S
        while not is_so() and self.process.poll() is None:
            assert time.monotonic() < deadline, self.lines()
            time.sleep(POLL_S)

    def until_stage(self, n_before: int, seconds: float) -> None:
        """Some seconds after the stage that `n_before` others precede has begun, but not beyond its end."""
        self.until(lambda: len(self.stages()) > n_before)
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end or len(self.stages()) > n_before + 1)

    def kill(self, *, is_whole_group: bool) -> int:
        """As a power failure does, or this process alone, with whom it has started left to find out; returns what it
        ended with."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL) if is_whole_group else self.process.kill()
        return self.process.wait()

    def finish(self) -> None:
        self.until(lambda: False)
        assert self.process.wait() == 0, self.lines()


@contextlib.contextmanager
def serving_weights(folder: Path, bytes_per_s: float) -> Iterator[Hub]:
    assert isinstance(ENTRY.source, HubSource)
    hub = Hub(bytes_per_s=bytes_per_s)
    names = [file.name for file in ENTRY.source.files]
    hub.add(ENTRY.source.repository, ENTRY.source.revision, {name: folder / name for name in names})
    yield from serving(hub)


@pytest.fixture
def hub(poem_home: Path) -> Iterator[Hub]:
    with serving_weights(poem_home / "checkpoint", BYTES_PER_S) as hub:
        yield hub


def store_of(home: Path) -> ModelStore:
    return ModelStore(user_paths({"WRITER_HOME": str(home)}).models)


def check_whole(home: Path, hub: Hub) -> InstalledModel:
    """Installed, every byte right, built from what the hub served, and nothing else left."""
    store = store_of(home)
    model = store.get(DEFAULT_MODEL)
    model.verify()
    assert model.manifest.source_files[WEIGHTS] == file_record(served(hub))
    assert {path.name for path in store.models_dir.iterdir()} == {".locks", DEFAULT_MODEL}
    return model


def check_nothing_half(home: Path, hub: Hub) -> None:
    """What bears its final name is whole, at any moment."""
    store = store_of(home)
    for model in store.list():
        model.verify()
    assert store.damaged() == ()
    weights = store.source_folder(DEFAULT_MODEL) / WEIGHTS
    assert not weights.exists() or file_record(weights) == file_record(served(hub))


def served(hub: Hub) -> Path:
    (files,) = hub.repositories.values()
    return files[WEIGHTS].path


def arrived_bytes(home: Path) -> int:
    folder = store_of(home).source_folder(DEFAULT_MODEL)
    return sum(path.stat().st_size for path in (folder / WEIGHTS, folder / f"{WEIGHTS}.part") if path.is_file())


def seconds_until_free(home: Path) -> float:
    """How long whoever a killed parent had started keeps the next one waiting."""
    lock, began = store_of(home).lock(DEFAULT_MODEL), time.monotonic()
    assert lock.take(ORPHAN_S)
    lock.release()
    return time.monotonic() - began


def generated(home: Path, prompt: str, *options: str) -> list[str]:
    """The pieces that a continuation arrives in."""
    command = [sys.executable, "-m", "writer", "generate", prompt, *options]
    environ = os.environ | {"WRITER_HOME": str(home)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as process:
        assert process.stdout is not None
        pieces = []
        while piece := os.read(process.stdout.fileno(), 4096):
            pieces.append(piece.decode())
    assert process.returncode == 0
    return pieces


# -- undisturbed ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody killed.

    began_s -- when each stage began, and when the last ended, counted from the last byte of the weights"""

    home: Path
    sent_bytes: int
    began_s: tuple[float, ...]

    def place(self, share: float) -> tuple[int, float]:
        """(stages before, seconds into the next) of a moment, given as a share of the whole."""
        moment_s = share * self.began_s[-1]
        n_before = sum(began_s <= moment_s for began_s in self.began_s) - 1
        return n_before, moment_s - self.began_s[n_before]


@pytest.fixture(scope="module")
def undisturbed(poem_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    with serving_weights(poem_home / "checkpoint", BYTES_PER_S) as hub:
        run, began_s = Getting(hub, home), []
        while run.process.poll() is None:
            began_s += [time.monotonic()] * (len(run.stages()) - len(began_s))
            time.sleep(POLL_S)
        run.finish()
        check_whole(home, hub)
        began_s.append(time.monotonic())
        return Undisturbed(home, hub.sent_bytes[WEIGHTS], tuple(moment_s - began_s[0] for moment_s in began_s))


def test_from_an_empty_folder_to_a_streamed_continuation(undisturbed: Undisturbed, poem: str, poem_home: Path) -> None:
    assert undisturbed.sent_bytes == (poem_home / "checkpoint" / WEIGHTS).stat().st_size
    first_line = poem.partition("\n")[0]
    pieces = generated(undisturbed.home, first_line, "--temperature", "0", "--top-p", "1", "--max-new-tokens", "100")
    assert "".join(pieces).rstrip("\n") == poem.removeprefix(first_line).rstrip("\n")
    assert len(pieces) > 10


# -- killed --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """`share` is of the bytes in a download, of the time in what follows it."""

    is_download: bool
    share: float
    is_whole_group: bool

    def __str__(self) -> str:
        stage, who = ("download" if self.is_download else "build"), ("all" if self.is_whole_group else "parent")
        return f"{stage}-{self.share:.2f}-{who}"


def random_moments(n_each: int) -> list[Moment]:
    """One in each stretch of the download and of what follows, the whole group and the parent alone in turn."""
    rng = random.Random(9)
    return [
        Moment(is_download, (i + rng.random()) / n_each, i % 2 == (0 if is_download else 1))
        for is_download in (True, False)
        for i in range(n_each)
    ]


MOMENTS = random_moments(10)
SAMPLE = (MOMENTS[6], MOMENTS[13], MOMENTS[18])


@pytest.mark.parametrize(
    "moment",
    [pytest.param(moment, id=str(moment), marks=[] if moment in SAMPLE else [pytest.mark.long]) for moment in MOMENTS],
)
def test_n19_killed_at_a_random_moment_it_completes_and_goes_on_where_it_was(
    moment: Moment, undisturbed: Undisturbed, hub: Hub, tmp_path: Path
) -> None:
    home, size = tmp_path / "home", served(hub).stat().st_size
    run = Getting(hub, home)
    if moment.is_download:
        run.until(lambda: arrived_bytes(home) >= moment.share * size)
    else:
        run.until_stage(*undisturbed.place(moment.share))
    code = run.kill(is_whole_group=moment.is_whole_group)
    assert code == -signal.SIGKILL or moment.share > 0.9, "only in its last moments may it be quicker"
    check_nothing_half(home, hub)
    seconds_until_free(home)
    here, sent = arrived_bytes(home), hub.settled_bytes(WEIGHTS)
    Getting(hub, home).finish()
    check_whole(home, hub)
    if not moment.is_download:
        assert hub.sent_bytes[WEIGHTS] == size
        return
    reused = size - (hub.sent_bytes[WEIGHTS] - sent)
    assert reused >= here - max(here // 10, UNDERWAY_BYTES)


def test_who_lost_its_parent_ends_soon(hub: Hub, tmp_path: Path) -> None:
    hub.bytes_per_s = 500_000  # the download alone would take it half a minute
    run = Getting(hub, tmp_path / "home")
    run.until(lambda: hub.sent_bytes[WEIGHTS] > 0)
    assert run.kill(is_whole_group=False) == -signal.SIGKILL
    seconds_until_free(tmp_path / "home")


@pytest.mark.long
def test_n19_medium_itself_completes_after_kills_in_every_stage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one folder: each run goes on from where the last was killed."""
    home, rng = tmp_path / "home", random.Random(5)
    with serving_weights(hugging_face_folder(tmp_path), 0) as hub:
        size, here, waits_s = served(hub).stat().st_size, [], []
        for i in range(10):
            run = Getting(hub, home)
            if i < 5:
                aim = (i + rng.random()) / 5 * size
                run.until(lambda aim=aim: arrived_bytes(home) >= aim)
            else:
                run.until_stage(i - 5, rng.uniform(0.1, 4))
            assert run.kill(is_whole_group=i % 2 == 0) == -signal.SIGKILL
            if i % 2:
                waits_s.append(seconds_until_free(home))
            here += [arrived_bytes(home)]
            check_nothing_half(home, hub)
        Getting(hub, home).finish()
        model, sent = check_whole(home, hub), hub.sent_bytes[WEIGHTS]
    assert model.manifest.parameters == ENTRY.parameters
    assert sent - size <= 0.1 * sum(here[:5])
    assert "".join(generated(home, "The sea", "--max-new-tokens", "8", "--min-new-tokens", "8")).strip()
    with capsys.disabled():
        waits = ", ".join(f"{seconds:.1f}" for seconds in waits_s)
        print(f"\n{sent:,} bytes served for a file of {size:,} after {len(here)} kills; orphans ended in {waits} s")
