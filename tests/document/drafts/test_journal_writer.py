"""The journal's own thread: what it must never do to the thread that writes, and what survives a kill."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.document.draft_bench import NOON, journals
from tests.document.faulty_ops import files_in
from writer.document.change import Change
from writer.document.document import Document
from writer.document.drafts.journal import Draft
from writer.document.drafts.journal_notice import JournalNotice, JournalStatus
from writer.document.drafts.journal_writer import JournalWriter
from writer.document.drafts.recovery import list_drafts, recover
from writer.document.files.file_ops import FileOps
from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Author, Run

Notify = Callable[[JournalNotice], None]


class HangingOps(FileOps):
    """While `hangs` is set each write waits, as on a network drive that is gone."""

    def __init__(self) -> None:
        self.hangs, self.released = threading.Event(), threading.Event()

    def create(self, path: Path, mode: int = 0o600) -> int:
        if self.hangs.is_set():
            self.released.wait(60)
        return super().create(path, mode)


class FailingOnce(FileOps):
    """The first call of `create` fails with `error`."""

    def __init__(self, error: BaseException) -> None:
        self._errors = [error]

    def create(self, path: Path, mode: int = 0o600) -> int:
        if self._errors:
            raise self._errors.pop()
        return super().create(path, mode)


@contextmanager
def writing(
    folder: Path, ops: FileOps | None = None, notify: Notify = lambda _: None
) -> Iterator[tuple[Document, JournalWriter]]:
    document = Document("Once")
    journal = JournalWriter(folder, ops or FileOps(), monotonic=time.monotonic, now=lambda: NOON, notify=notify)
    journal.begin(Draft("ab12", "Night"), document.text, document.runs())
    document.subscribe(journal.record)
    try:
        yield document, journal
    finally:
        journal.close(keep=True, timeout_s=60)
    wait_for(lambda: not [thread for thread in threading.enumerate() if thread.name == "journal"])


def recovered_text(folder: Path) -> str:
    return recover(list_drafts([folder], FileOps())[0], FileOps()).text


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_edits_reach_the_disk_by_themselves(tmp_path: Path) -> None:
    with writing(tmp_path) as (document, journal):
        journal.record_generation(GenerationRecord("g1", "starter"))
        document.replace(4, 4, " upon", Author.MODEL, "g1")
        document.replace(9, 9, " a time")
        journal.record_caret(2)
        wait_for(lambda: journals(tmp_path))
        assert recovered_text(tmp_path) == "Once upon a time"
        assert list_drafts([tmp_path], FileOps())[0].in_use
    recovered = recover(list_drafts([tmp_path], FileOps())[0], FileOps())
    assert list(recovered.runs) == document.runs()
    assert recovered.generations == (GenerationRecord("g1", "starter"),)
    assert recovered.caret == 2


def test_closing_ends_the_thread_and_keeps_or_not(tmp_path: Path) -> None:
    with writing(tmp_path) as (document, journal):
        document.replace(0, 0, "x")
        assert journal.close(keep=False)
        assert list_drafts([tmp_path], FileOps()) == []
        document.replace(0, 0, "y")  # nobody listens any more
        assert journal.sync_now()
        assert journal.close(keep=True)


def test_a_save_told_by_another_thread(tmp_path: Path) -> None:
    with writing(tmp_path) as (document, journal):
        document.replace(4, 4, " upon")
        mark = journal.mark()
        document.replace(9, 9, " a time")
        thread = threading.Thread(target=journal.saved, args=(mark, Draft("ab12", "story.txt")))
        thread.start()
        thread.join()
        assert journal.sync_now()
        recovered = recover(list_drafts([tmp_path], FileOps())[0], FileOps())
        assert (recovered.base_text, recovered.text) == ("Once upon", "Once upon a time")
        journal.saved(journal.mark(), Draft("ab12", "story.txt"))
        assert journal.sync_now()
        assert files_in(tmp_path) == {}


@pytest.mark.alone
def test_d54_all_is_synced_within_two_seconds_when_the_session_ends(tmp_path: Path) -> None:
    """In the best of a few attempts: what else the machine does is not to be measured."""
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        with writing(folder) as (document, journal):
            for _ in range(2000):
                document.replace(0, 0, "word ")
            if journal.sync_now(timeout_s=2.0):
                assert recovered_text(folder) == document.text
                return
    pytest.fail("not once within two seconds")


def test_d56_a_disk_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    ops = HangingOps()
    ops.hangs.set()
    with writing(tmp_path, ops) as (document, journal):
        document.replace(0, 0, "x")
        began = time.monotonic()
        assert not journal.sync_now(timeout_s=0.2)
        for _ in range(5000):
            document.replace(0, 0, "y")
        mark = journal.mark()
        journal.saved(mark - 1, Draft("ab12"))
        assert not journal.close(keep=True, timeout_s=0.2)
        assert time.monotonic() - began < 20  # the disk would have hung on for ever
        ops.hangs.clear()
        ops.released.set()
        wait_for(lambda: not [thread for thread in threading.enumerate() if thread.name == "journal"])
    assert recovered_text(tmp_path) == document.text, "what was recorded before the end is written after all"


@pytest.mark.alone
def test_recording_takes_microseconds(tmp_path: Path) -> None:
    """In the best of many short bursts: what else the machine does is not to be measured."""
    change = Change(0, "", "x", Author.HUMAN, None, (), (Run(1, Author.HUMAN),))
    with writing(tmp_path) as (_, journal):
        times = []
        for _ in range(200):
            began = time.perf_counter()
            for _ in range(20):
                journal.record(change)
            times.append((time.perf_counter() - began) / 20)
    assert min(times) < 20e-6


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("a mistake of ours"), OSError(28, "No space left")])
def test_whatever_goes_wrong_the_thread_goes_on(tmp_path: Path, error: BaseException) -> None:
    told: list[JournalNotice] = []

    def notify(notice: JournalNotice) -> None:
        told.append(notice)
        raise RuntimeError("Signal source has been deleted")

    with writing(tmp_path, FailingOnce(error), notify) as (document, journal):
        document.replace(0, 0, "x")
        wait_for(lambda: told)
        assert told[0].status is JournalStatus.NOT_KEPT
        document.replace(0, 0, "y")
        assert journal.sync_now()
        assert recovered_text(tmp_path) == "yxOnce"
        wait_for(lambda: told[-1].status is JournalStatus.KEPT)


def test_a_mistake_while_it_syncs_is_answered_at_once(tmp_path: Path) -> None:
    with writing(tmp_path, FailingOnce(RuntimeError("a mistake of ours"))) as (document, journal):
        document.replace(0, 0, "x")
        began = time.monotonic()
        assert not journal.sync_now(timeout_s=60)
        assert time.monotonic() - began < 30
        assert journal.sync_now()


def test_a_change_that_cannot_be_followed_is_told_and_the_document_never_hears_of_it(tmp_path: Path) -> None:
    told: list[JournalNotice] = []
    with writing(tmp_path, notify=told.append) as (document, journal):
        document.replace(0, 0, "x")
        assert journal.sync_now()
        journal.record(Change(99, "y", "", Author.HUMAN))
        document.replace(0, 0, "z")
        assert not journal.sync_now()
        assert [notice.status for notice in told] == [JournalStatus.NOT_KEPT]
        assert recovered_text(tmp_path) == "xOnce"


# -- a process that is killed ------------------------------------------------------------------------------------------

_TYPIST = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from writer.document.document import Document
from writer.document.files.file_ops import FileOps
from writer.document.drafts.journal import Draft
from writer.document.drafts.journal_writer import JournalWriter

document = Document()
journal = JournalWriter(
    Path(sys.argv[1]), FileOps(), monotonic=time.monotonic, now=lambda: datetime.now(UTC), notify=print
)
journal.begin(Draft("ab12"), "", [])
document.subscribe(journal.record)
for n in range(10**9):
    document.replace(len(document), len(document), f"{n}\\n")
    print(n, flush=True)
    time.sleep(float(sys.argv[2]))
"""


def _kill_a_typist(folder: Path, pause: float, after: float) -> bool:
    """A child types a number a line and tells each; it is killed. Whether all is found that was told a second before:
    what is found has no gap."""
    child = subprocess.Popen(
        [sys.executable, "-c", _TYPIST, str(folder), str(pause)], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert child.stdout is not None
    told: list[tuple[float, int]] = []

    def listen() -> None:
        assert child.stdout is not None
        told.extend((time.monotonic(), int(line)) for line in child.stdout)

    listener = threading.Thread(target=listen)
    wait_for(lambda: child.stdout is not None and child.stdout.readable())
    listener.start()
    wait_for(lambda: told)
    time.sleep(after)
    killed_at = time.monotonic()
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    listener.join()
    child.stdout.close()
    drafts = list_drafts([folder], FileOps())
    text = recover(drafts[0], FileOps()).text if drafts else ""
    n_found = text.count("\n")
    assert text == "".join(f"{n}\n" for n in range(n_found))
    n_expected = sum(at < killed_at - 1.0 for at, _ in told)
    assert all(draft.recoverable for draft in drafts)
    return n_found >= n_expected


def _check_the_promise(folder: Path, pause: float, after: float) -> None:
    """In one of a few attempts, as above."""
    assert any(_kill_a_typist(folder / str(attempt), pause, after) for attempt in range(4))


@pytest.mark.alone
def test_d44_d45_a_kill_takes_less_than_a_second_of_typing_that_never_pauses(tmp_path: Path) -> None:
    chance = random.Random(44)
    for n, pause in enumerate((0.001, 0.0, 0.15)):
        _check_the_promise(tmp_path / str(n), pause, after=1.5 + chance.random())


@pytest.mark.alone
@pytest.mark.long
def test_d44_a_kill_at_any_moment_takes_less_than_a_second(tmp_path: Path) -> None:
    chance = random.Random(45)
    for n in range(20):
        pause, after = chance.choice([0.0, 0.001, 0.02, 0.3]), chance.uniform(0.1, 5)
        _check_the_promise(tmp_path / str(n), pause, after)
