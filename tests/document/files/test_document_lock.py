import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.document.child import NOBODY, folder_for, is_killed_in_child, run_in_child
from tests.document.faulty_ops import DeadlyOps, FailingOps, MeddlingOps, RefusingOps, files_in
from tests.document.lock_holder import LockHolder
from writer.document.files.document_lock import DocumentLock, HeldBy, Taken
from writer.document.files.file_ops import FileOps
from writer.document.files.process import Process

OPS = FileOps()
ME = Process.current()
NOW = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)


@pytest.fixture
def story(tmp_path: Path) -> Path:
    folder = tmp_path / "stories"
    folder.mkdir()
    path = folder / "story.txt"
    path.write_text("Once.")
    return path


@pytest.fixture
def fallback(tmp_path: Path) -> Path:
    return tmp_path / "state" / "locks"


@pytest.fixture(scope="module")
def other() -> Iterator[LockHolder]:
    """Another process that runs."""
    with LockHolder() as holder:
        yield holder


@pytest.fixture(scope="module")
def running(other: LockHolder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a lock file of that process says."""
    folder = tmp_path_factory.mktemp("running")
    assert other.take(folder / "story.txt", folder) == "taken"
    values: dict[str, Any] = json.loads((folder / ".story.txt.writer-lock").read_bytes())
    assert other.ask("release") == "released"
    return values


def lock_file(path: Path) -> Path:
    return path.with_name(f".{path.name}.writer-lock")


def put(path: Path, values: dict[str, Any]) -> None:
    lock_file(path).write_text(json.dumps(values))


def take(path: Path, fallback: Path, ops: FileOps = OPS, me: Process = ME) -> Taken | HeldBy:
    return DocumentLock.take(path, ops, me, NOW, fallback)


def taken(answer: Taken | HeldBy) -> DocumentLock:
    assert isinstance(answer, Taken), answer
    return answer.lock


def held(answer: Taken | HeldBy) -> HeldBy:
    assert isinstance(answer, HeldBy), answer
    return answer


# -- one window after the other ----------------------------------------------------------------------------------


def test_a_lock_stands_beside_the_manuscript_until_it_is_released(story: Path, fallback: Path) -> None:
    answer = take(story, fallback)
    assert isinstance(answer, Taken)
    assert answer.notice == ""
    values = json.loads(lock_file(story).read_bytes())
    assert values.pop("token")
    assert values == {"format": 1, "since": "2026-05-01T10:30:00+00:00", **ME.to_json()}
    assert answer.lock.still_mine()
    answer.lock.release()
    assert not answer.lock.still_mine()
    assert [path.name for path in story.parent.iterdir()] == ["story.txt"]
    assert not fallback.exists()
    answer.lock.release()
    taken(take(story, fallback))


def test_the_same_process_may_take_it_anew_and_the_newer_lock_holds(story: Path, fallback: Path) -> None:
    first = taken(take(story, fallback))
    second = taken(take(story, fallback))
    assert (first.still_mine(), second.still_mine()) == (False, True)
    first.release()
    assert second.still_mine()
    assert lock_file(story).exists()


def test_only_our_own_lock_is_released(story: Path, fallback: Path, running: dict[str, Any]) -> None:
    lock = taken(take(story, fallback))
    put(story, running)
    assert not lock.still_mine()
    lock.release()
    assert json.loads(lock_file(story).read_bytes()) == running


def test_a_lock_file_that_vanished_is_put_back(story: Path, fallback: Path, other: LockHolder) -> None:
    lock = taken(take(story, fallback))
    lock_file(story).unlink()
    assert lock.still_mine()
    assert other.take(story, fallback) == f"held by {os.getpid()}"
    lock.release()


# -- two processes -----------------------------------------------------------------------------------------------


def test_d30_the_second_of_two_processes_hears_who_has_it_open(story: Path, fallback: Path, other: LockHolder) -> None:
    assert other.take(story, fallback) == "taken"
    answer = held(take(story, fallback))
    assert (answer.pid, answer.host, answer.may_be_stale) == (other.pid, ME.host, False)
    assert answer.description.startswith("story.txt is open in another window of Writer: process ")
    assert str(other.pid) in answer.description
    assert ME.host in answer.description
    assert ", since 20" in answer.description
    other.ask("release")
    lock = taken(take(story, fallback))
    assert other.take(story, fallback) == f"held by {os.getpid()}"
    lock.release()


def test_d30_taken_over_by_the_users_word_the_first_hears_of_it(story: Path, fallback: Path, other: LockHolder) -> None:
    assert other.take(story, fallback) == "taken"
    lock = taken(held(take(story, fallback)).take_over())
    assert lock.still_mine()
    assert other.ask("check") == "False"
    other.ask("release")
    assert lock.still_mine()
    assert sorted(path.name for path in story.parent.iterdir()) == [lock_file(story).name, "story.txt"]


def test_a_take_over_of_one_holder_is_none_of_the_next(
    story: Path, fallback: Path, other: LockHolder, running: dict[str, Any]
) -> None:
    put(story, running | {"host": "elsewhere"})
    question = held(take(story, fallback))
    put(story, running)
    answer = held(question.take_over())
    assert (answer.pid, answer.may_be_stale) == (other.pid, False)
    assert json.loads(lock_file(story).read_bytes()) == running


def test_d33_through_a_link_and_by_its_own_name_it_is_one_lock(
    story: Path, fallback: Path, other: LockHolder, tmp_path: Path
) -> None:
    link, linked_folder = tmp_path / "link.txt", tmp_path / "linked"
    link.symlink_to(story)
    linked_folder.symlink_to(story.parent, target_is_directory=True)
    assert other.take(link, fallback) == "taken"
    assert lock_file(story).exists()
    for name in (story, linked_folder / "story.txt", story.parent / ".." / "stories" / "story.txt"):
        assert held(take(name, fallback)).pid == other.pid
    other.ask("release")
    assert not lock_file(story).exists()


@pytest.mark.parametrize("state", ["free", "stale"])
def test_d30_of_two_that_take_it_at_the_same_moment_exactly_one_gets_it(
    state: str, story: Path, fallback: Path, other: LockHolder, running: dict[str, Any]
) -> None:
    race(40, story, fallback, other, running | {"started": 1} if state == "stale" else None)


@pytest.mark.long
@pytest.mark.parametrize("state", ["free", "stale"])
def test_d30_of_two_that_take_it_at_the_same_moment_a_thousand_times(
    state: str, story: Path, fallback: Path, other: LockHolder, running: dict[str, Any]
) -> None:
    race(1_000, story, fallback, other, running | {"started": 1} if state == "stale" else None)


def race(n_rounds: int, story: Path, fallback: Path, other: LockHolder, stale: dict[str, Any] | None) -> None:
    with LockHolder() as second:
        for _ in range(n_rounds):
            if stale is not None:
                put(story, stale)
            at = time.monotonic() + 0.002
            for holder in (other, second):
                holder.say(f"take {at} {fallback} {story}")
            answers = [other.hear(), second.hear()]
            assert sorted(answers) in ([f"held by {holder.pid}", "taken"] for holder in (other, second))
            assert [holder.ask("release") for holder in (other, second)] == ["released"] * 2
            assert [path.name for path in story.parent.iterdir()] == ["story.txt"]


def test_who_comes_in_the_middle_of_a_take_over_waits_for_its_end(
    story: Path, fallback: Path, other: LockHolder, running: dict[str, Any]
) -> None:
    put(story, running | {"started": 1})

    def come() -> None:
        other.say(f"take 0 {fallback} {story}")
        time.sleep(0.3)

    lock = taken(take(story, fallback, MeddlingOps("replace_at_once", come)))
    assert other.hear() == f"held by {os.getpid()}"
    assert lock.still_mine()


@pytest.mark.parametrize("has_links", [True, False])
def test_where_nothing_makes_others_wait_one_that_came_first_keeps_it(
    has_links: bool, story: Path, fallback: Path, other: LockHolder, running: dict[str, Any]
) -> None:
    """Right before the stale lock is moved away, another process has put its own there."""
    put(story, running | {"started": 1})

    class Meddling(MeddlingOps):
        def link(self, path: Path, other: Path) -> None:
            if not has_links:
                raise OSError(errno.EPERM, "no links on this disk")
            super().link(path, other)

    answer = held(take(story, fallback, Meddling("replace_at_once", lambda: put(story, running))))
    assert answer.pid == other.pid
    assert json.loads(lock_file(story).read_bytes()) == running
    assert len(list(story.parent.iterdir())) == 2


def test_a_lock_being_written_is_waited_for(
    story: Path, fallback: Path, other: LockHolder, running: dict[str, Any]
) -> None:
    lock_file(story).touch()

    class Waiting(FileOps):
        def pause(self, seconds: float) -> None:
            put(story, running)

    assert held(take(story, fallback, Waiting())).pid == other.pid


class FakeClock(FileOps):
    """Waits without waiting."""

    time = 0.0

    def monotonic(self) -> float:
        return self.time

    def pause(self, seconds: float) -> None:
        self.time += seconds


def test_a_folder_locked_by_another_program_for_ever_hinders_nobody(story: Path, fallback: Path) -> None:
    descriptor = os.open(story.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        clock = FakeClock()
        taken(take(story, fallback, clock)).release()
        assert 1 < clock.time < 5
    finally:
        os.close(descriptor)


# -- stale locks -------------------------------------------------------------------------------------------------


def test_d31_the_lock_of_a_killed_process_is_taken_over(story: Path, fallback: Path) -> None:
    with LockHolder() as holder:
        assert holder.take(story, fallback) == "taken"
        assert held(take(story, fallback)).pid == holder.pid
        holder.kill()
        holder.process.stdout.read()  # its end of the pipe is closed, it waits to be reaped
        deadline = time.monotonic() + 60
        while isinstance(take(story, fallback), HeldBy) and time.monotonic() < deadline:
            time.sleep(0.01)
        lock = taken(take(story, fallback))
        assert holder.process.returncode is None  # a zombie
        lock.release()
        put(story, {"pid": holder.pid, **{k: v for k, v in ME.to_json().items() if k != "pid"}})
    taken(take(story, fallback))


@pytest.mark.parametrize(
    "changed",
    [{"started": 12.0}, {"boot": "an earlier one"}, {"boot": "an earlier one", "namespace": "pid:[1]"}],
    ids=["pid reused", "earlier boot", "a container before this boot"],
)
def test_d31_a_lock_of_a_process_that_is_no_more_is_taken_over(
    changed: dict[str, Any], story: Path, fallback: Path, running: dict[str, Any]
) -> None:
    put(story, running)
    held(take(story, fallback))
    put(story, running | changed)
    lock = taken(take(story, fallback))
    assert json.loads(lock_file(story).read_bytes())["pid"] == os.getpid()
    assert lock.still_mine()


@pytest.mark.parametrize("changed", [{"host": "elsewhere"}, {"machine": "another"}, {"namespace": "pid:[1]"}], ids=str)
def test_d31_a_lock_that_cannot_be_judged_from_here_asks(
    changed: dict[str, Any], story: Path, fallback: Path, running: dict[str, Any]
) -> None:
    put(story, running | changed | {"pid": 4_000_000_000, "user": "anna"})
    answer = held(take(story, fallback))
    assert (answer.pid, answer.may_be_stale) == (4_000_000_000, True)
    assert answer.host == changed.get("host", ME.host)
    assert answer.description.startswith(
        "story.txt was opened elsewhere and may still be open there: process 4000000000"
    )
    assert "of anna on" in answer.description
    assert json.loads(lock_file(story).read_bytes())["pid"] == 4_000_000_000
    assert taken(answer.take_over()).still_mine()


# -- damaged locks -----------------------------------------------------------------------------------------------

SENSELESS = [
    b"",
    b"{",
    b"4711",
    b"[" * 50_000,
    b"\x00" * 100,
    b'{"pid": 1}' + b" " * 20_000,
    b'{"pid": "1", "started": 1, "host": "h"}',
    b'{"pid": -1, "started": 1, "host": "h"}',
    b'{"pid": true, "started": 1, "host": "h"}',
    b'{"pid": 99999999999999999999999999, "started": 1, "host": "h"}',
    b'{"pid": 1, "started": NaN, "host": "h"}',
    b'{"pid": 1, "started": 1' + b"0" * 400 + b', "host": "h"}',
    b'{"pid": 1, "started": 1, "host": 5}',
]


@pytest.mark.parametrize("data", SENSELESS, ids=range(len(SENSELESS)))
def test_d32_a_lock_without_sense_asks_and_can_be_taken_over(data: bytes, story: Path, fallback: Path) -> None:
    lock_file(story).write_bytes(data)
    answer = held(take(story, fallback, FakeClock()))
    assert (answer.pid, answer.host, answer.may_be_stale) == (None, "", True)
    assert answer.description == ("A lock file of story.txt cannot be read: another window of Writer may have it open.")
    assert lock_file(story).read_bytes() == data
    assert taken(answer.take_over()).still_mine()
    assert len(list(story.parent.iterdir())) == 2


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling link", "link in a circle"])
def test_d32_something_else_in_its_place_does_not_refuse_for_ever(kind: str, story: Path, fallback: Path) -> None:
    place = lock_file(story)
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("nowhere" if kind == "dangling link" else place)
    answer = take(story, fallback, FakeClock())
    if isinstance(answer, HeldBy):
        assert (answer.pid, answer.may_be_stale) == (None, True)
        answer = answer.take_over()
    assert isinstance(answer, Taken)
    assert answer.notice == ""
    assert answer.lock.still_mine()
    assert place.is_dir() == (kind == "folder")


def test_d32_a_lock_that_may_not_be_read_asks() -> None:
    with folder_for(NOBODY) as folder:
        story, fallback = folder / "story.txt", folder / "locks"
        lock_file(story).write_text("{}")
        lock_file(story).chmod(0o000)

        def work() -> tuple[int | None, bool, bool]:
            answer = held(take(story, fallback, me=Process.current()))
            return answer.pid, answer.may_be_stale, taken(answer.take_over()).still_mine()

        assert run_in_child(work, user=NOBODY) == (None, True, True)


def test_what_a_lock_says_is_shown_on_one_short_line(story: Path, fallback: Path, running: dict[str, Any]) -> None:
    put(story, running | {"host": "<b>\n\u202e\x1b[1m" + "h" * 5_000, "user": "u\n" * 2_000, "since": "\n" * 100})
    answer = held(take(story, fallback))
    assert answer.description.isprintable()
    assert len(answer.description) < 300
    assert len(answer.host) <= 60


# -- folders and disks -------------------------------------------------------------------------------------------


def test_a_folder_that_takes_no_file_has_its_lock_elsewhere(other: LockHolder) -> None:
    with folder_for(NOBODY) as folder:
        story, fallback = folder / "stories" / "story.txt", folder / "state" / "locks"
        story.parent.mkdir()
        story.write_text("Once.")
        story.parent.chmod(0o555)
        os.chown(folder, NOBODY, NOBODY) if os.geteuid() == 0 else None

        def work() -> tuple[str, bool, list[str], int | None, list[str]]:
            answer = take(story, fallback, me=Process.current())
            lock = taken(answer)
            files = list(files_in(folder))
            second = run_in_child(lambda: held(take(story, fallback, me=Process.current())).pid)
            is_mine = lock.still_mine()
            lock.release()
            return answer.notice if isinstance(answer, Taken) else "", is_mine, files, second, list(files_in(folder))

        notice, is_mine, files, second, left = run_in_child(work, user=NOBODY)
        assert (notice, is_mine, left) == ("", True, ["stories/story.txt"])
        assert second is not None
        assert [name.startswith("state/locks/") for name in files] == [True, False]
        story.parent.chmod(0o755)


def test_a_lock_elsewhere_counts_for_who_may_write_beside_the_manuscript(
    story: Path, fallback: Path, other: LockHolder
) -> None:
    def refuse() -> None:
        raise PermissionError(errno.EACCES, "no")

    lock = taken(take(story, fallback, MeddlingOps("create", refuse)))
    assert list(files_in(story.parent)) == ["story.txt"]
    assert len(list(fallback.iterdir())) == 1
    assert other.take(story, fallback) == f"held by {os.getpid()}"
    assert lock.still_mine()
    assert other.ask(f"force 0 {fallback} {story}") == "taken"
    assert not lock.still_mine()
    assert lock_file(story).exists()
    assert list(fallback.iterdir()) == []
    assert other.ask("check") == "True"
    other.ask("release")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_d11_d16_no_place_for_a_lock_hinders_nobody(code: int, story: Path, fallback: Path) -> None:
    answer = take(story, fallback, RefusingOps({"write": code, "make_folder": code}))
    assert isinstance(answer, Taken)
    assert answer.notice == (
        f"Other windows cannot see that story.txt is open here: no lock file could be written ({os.strerror(code)})."
    )
    assert answer.lock.still_mine()
    answer.lock.release()
    assert list(files_in(story.parent)) == ["story.txt"]


def test_d51_a_file_in_the_place_of_the_folder_for_locks(story: Path, fallback: Path) -> None:
    fallback.parent.mkdir()
    fallback.write_text("a file")
    answer = take(story, fallback)
    assert isinstance(answer, Taken)
    assert answer.notice == ""
    answer.lock.release()
    lock_file(story).mkdir()
    nowhere = held(take(story, fallback)).take_over()
    assert isinstance(nowhere, Taken)
    assert "no lock file could be written" in nowhere.notice


def test_d56_a_disk_that_is_gone_takes_the_lock_from_nobody(story: Path, fallback: Path) -> None:
    class Gone(FileOps):
        is_gone = False

        def stat(self, path: Path) -> os.stat_result:
            if self.is_gone:
                raise OSError(errno.EIO, "gone")
            return super().stat(path)

    ops = Gone()
    lock = taken(take(story, fallback, ops))
    ops.is_gone = True
    assert lock.still_mine()
    lock.release()


def test_d22_a_manuscript_in_the_folder_for_locks_and_names_of_any_kind(fallback: Path) -> None:
    fallback.mkdir(parents=True)
    for name in ("story.txt", "n" * 255, "two\nlines", os.fsdecode(b"\xff.txt")):
        clock = FakeClock()
        lock = taken(take(fallback / name, fallback, clock))
        assert lock.still_mine()
        lock.release()
        assert clock.time == 0  # it does not wait for itself
    assert list(fallback.iterdir()) == []


@pytest.mark.parametrize("state", ["free", "stale"])
def test_any_failing_call_ends_with_a_lock_or_a_word(
    state: str, story: Path, fallback: Path, running: dict[str, Any]
) -> None:
    for n in range(200):
        for path in (lock_file(story), *(fallback.iterdir() if fallback.exists() else ())):
            path.unlink(missing_ok=True)
        if state == "stale":
            put(story, running | {"started": 1})
        ops = FailingOps(n)
        answer = take(story, fallback, ops)
        if isinstance(answer, HeldBy):
            assert answer.may_be_stale  # it could not be read
            answer = answer.take_over()
        lock = taken(answer)
        assert lock.still_mine()
        lock.release()
        if len(ops.calls) <= n:
            break
    assert 5 < n < 199


@pytest.mark.parametrize("state", ["free", "stale"])
def test_a_kill_at_any_call_of_taking_and_releasing_leaves_it_to_be_had(
    state: str, story: Path, fallback: Path, running: dict[str, Any]
) -> None:
    def work(n: int) -> None:
        taken(take(story, fallback, DeadlyOps(n), Process.current())).release()

    for n in range(200):
        if state == "stale":
            put(story, running | {"started": 1})
        is_killed = is_killed_in_child(lambda n=n: work(n))
        answer = take(story, fallback, FakeClock())
        if isinstance(answer, HeldBy):
            assert (answer.pid, answer.may_be_stale) == (None, True)  # half written
            answer = answer.take_over()
        taken(answer).release()
        if not is_killed:
            break
    assert 5 < n < 199


def test_two_of_one_number_on_two_computers_of_one_name_are_told_apart(story: Path, fallback: Path) -> None:
    taken(take(story, fallback))
    there = replace(ME, machine="another")
    assert held(take(story, fallback, me=there)).may_be_stale
