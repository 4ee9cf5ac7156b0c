"""Disks that are full, gone, or fail in the middle, and processes that end there: no take is lost."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.document.child import is_killed_in_child
from tests.document.disk_simulator import RecordingOps
from tests.document.faulty_ops import DeadlyOps, FailingOps, RefusingOps, SlicingOps, files_in
from tests.document.takes.kept import KEY, A, B, C, file_of, loaded
from writer.document.files.file_ops import FileOps
from writer.document.takes.take_lines import TakesRead, change_line, take_lines
from writer.document.takes.take_record import Fate, TakeRecord
from writer.document.takes.take_store import TakeStore
from writer.errors import WriterError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "takes"


ACTS: dict[str, Callable[[TakeStore], None]] = {
    "add": lambda store: store.add(KEY, [C]),
    "fate": lambda store: store.set_fates(KEY, {"a": Fate.ACCEPTED}),
    "pin": lambda store: store.set_pinned(KEY, "b", True),
    "erase": lambda store: store.erase(KEY, "a"),
    "erase all": lambda store: store.erase_all(KEY),
}
AFTER = {
    "add": [A, B, C],
    "fate": [replace(A, fate=Fate.ACCEPTED), B],
    "pin": [A, replace(B, is_pinned=True)],
    "erase": [B],
    "erase all": [],
}


def test_d12_a_full_disk_is_told_and_nothing_is_lost_once_there_is_room(folder: Path) -> None:
    TakeStore(folder, FileOps()).add(KEY, [A, B])
    before = file_of(folder).read_bytes()
    ops = FullAfter()
    store = TakeStore(folder, ops)
    writing = [act for name, act in ACTS.items() if name != "erase all"]
    for act in writing:
        with pytest.raises(WriterError, match="No space left on device") as refused:
            act(store)
        assert str(folder) in refused.value.hint
        assert file_of(folder).read_bytes() == before, "no torn line stays"
    ops.is_full = False
    for act in writing[:-1]:
        act(store)
    assert loaded(folder) == [replace(A, fate=Fate.ACCEPTED), replace(B, is_pinned=True), C]
    store.erase(KEY, "a")
    ops.is_full = True
    store.erase_all(KEY)  # needs no room
    assert loaded(folder) == []


class FullAfter(FileOps):
    """Takes half of what is written, and says that there is no room."""

    is_full = True

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self.is_full:
            super().write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(descriptor, data)


class Stuck(FullAfter):
    """... and cannot even be cut short again."""

    def truncate(self, descriptor: int, length: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_d12_a_line_that_stays_torn_is_no_harm_to_the_next(folder: Path) -> None:
    TakeStore(folder, FileOps()).add(KEY, [A, B])
    ops = Stuck()
    store = TakeStore(folder, ops)
    with pytest.raises(WriterError):
        store.add(KEY, [C])
    assert loaded(folder) == [A, B]
    ops.is_full = False
    store.add(KEY, [C])
    assert loaded(folder) == [A, B, C]


def test_d15_a_disk_that_takes_a_byte_at_a_time_has_all_in_the_end(folder: Path) -> None:
    store = TakeStore(folder, SlicingOps(1))
    store.add(KEY, [A])
    store.add(KEY, [B])
    assert loaded(folder) == [A, B]


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("name", ACTS)
def test_d11_d14_d16_any_failing_call_is_told_and_may_be_tried_again(
    name: str, code: int, is_there: bool, folder: Path
) -> None:
    old, after = ([A, B], AFTER[name]) if is_there else ([], [C] if name == "add" else [])
    for n in range(100):
        for path in folder.glob("*"):
            path.unlink()
        if is_there:
            TakeStore(folder, FileOps()).add(KEY, old)
        ops = FailingOps(n, code)
        store = TakeStore(folder, ops)
        try:
            ACTS[name](store)
        except WriterError:
            assert loaded(folder) in (old, after)
            ACTS[name](store)
        assert loaded(folder) == after
        if len(ops.calls) <= n:
            break
    assert n >= (6 if after else 1)


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("name", ACTS)
def test_d01_d10_a_kill_at_any_call_leaves_what_was_kept_before(name: str, is_there: bool, folder: Path) -> None:
    old, after = ([A, B], AFTER[name]) if is_there else ([], [C] if name == "add" else [])
    outcomes = set()
    for n in range(100):
        for path in folder.glob("*.takes"):
            path.unlink()
        if is_there:
            TakeStore(folder, FileOps()).add(KEY, old)
        if not is_killed_in_child(lambda n=n: ACTS[name](TakeStore(folder, DeadlyOps(n)))):
            break
        assert loaded(folder) in (old, after)
        outcomes.add(loaded(folder) == after)
        ACTS[name](TakeStore(folder, FileOps()))
        assert loaded(folder) == after
    assert loaded(folder) == after
    if old != after:
        assert outcomes == {True, False}


def test_d01_a_kill_at_any_call_of_writing_anew_loses_nothing_and_leaves_nothing(folder: Path) -> None:
    wasteful(folder)
    wasted = file_of(folder).read_bytes()
    for n in range(100):
        file_of(folder).write_bytes(wasted)
        killed = is_killed_in_child(lambda n=n: TakeStore(folder, DeadlyOps(n)).load(KEY))
        assert loaded(folder) == [replace(A, is_pinned=True), B]
        if not killed:
            break
    assert n > 6
    wasteful(folder)
    TakeStore(folder, FileOps()).load(KEY)
    assert [path.name for path in folder.iterdir() if path.name != ".lock"] == [f"{KEY}.takes"]


def test_d14_after_a_failed_sync_the_file_is_written_whole(folder: Path) -> None:
    TakeStore(folder, FileOps()).add(KEY, [A])
    ops = RefusingOps({"sync_data": errno.EIO})
    store = TakeStore(folder, ops)
    with pytest.raises(WriterError):
        store.add(KEY, [B])
    ops.calls.clear()
    store.add(KEY, [C])
    assert "sync_data" not in ops.calls
    assert ops.calls.index("sync") < ops.calls.index("replace_at_once") < ops.calls.index("sync_folder")
    assert loaded(folder) == [A, B, C]


def test_d14_a_file_that_is_gone_after_a_failed_sync_is_made_again(folder: Path) -> None:
    TakeStore(folder, FileOps()).add(KEY, [A])
    store = TakeStore(folder, RefusingOps({"sync_data": errno.EIO}))
    with pytest.raises(WriterError):
        store.add(KEY, [B])
    file_of(folder).unlink()
    store.add(KEY, [C])
    assert loaded(folder) == [C]


def test_d09_what_was_kept_survives_a_power_cut_at_any_later_moment(tmp_path: Path) -> None:
    folder, ops = tmp_path / "takes", RecordingOps(tmp_path)
    store, kept = TakeStore(folder, ops), [(0, 0)]
    accepted = replace(A, fate=Fate.ACCEPTED)
    steps: list[tuple[Callable[[], None], str, list[TakeRecord]]] = [
        (lambda: None, KEY, []),
        (lambda: store.add(KEY, [A]), KEY, [A]),
        (lambda: store.add(KEY, [B]), KEY, [A, B]),
        (lambda: store.set_fates(KEY, {"a": Fate.ACCEPTED}), KEY, [accepted, B]),
        (lambda: store.move(KEY, "story"), "story", [accepted, B]),
        (lambda: store.add("story", [C]), "story", [accepted, B, C]),
        (lambda: store.add("other", [C]), "story", [accepted, B, C]),
        (lambda: store.move("other", "story"), "story", [accepted, B, C]),
    ]
    for number, (step, _, _) in enumerate(steps):
        step()
        kept.append((len(ops.events), number))
    for n in range(len(ops.events) + 1):
        least = max(number for n_events, number in kept if n_events <= n)
        for state in ops.states(n):
            assert any(
                TakesRead.of(state.get(file_of(folder, key), b"")).records() == records
                for _, key, records in steps[least : least + 2]
            )


def test_d14_a_file_whose_sync_failed_is_written_whole_also_under_a_new_name(folder: Path) -> None:
    TakeStore(folder, FileOps()).add(KEY, [A])
    ops = RefusingOps({"sync_data": errno.EIO})
    store = TakeStore(folder, ops)
    with pytest.raises(WriterError):
        store.add(KEY, [B])
    ops.calls.clear()
    store.move(KEY, "story")
    assert "sync" in ops.calls
    assert loaded(folder, "story") == [A, B]


def test_d56_a_disk_that_is_gone_is_told_also_when_reading(folder: Path) -> None:
    TakeStore(folder, FileOps()).add(KEY, [A])
    gone = TakeStore(folder, FailingOps(0, errno.ENODEV, for_ever=True))
    acts: list[Callable[[TakeStore], object]] = [lambda store: store.load(KEY), *ACTS.values()]
    for act in acts:
        with pytest.raises(WriterError, match="No such device"):
            act(gone)
    assert loaded(folder) == [A]


@pytest.mark.parametrize("is_new", [False, True])
def test_a_kill_at_any_call_of_a_move_loses_no_take(is_new: bool, folder: Path) -> None:
    for n in range(100):
        for path in folder.glob("*.takes"):
            path.unlink()
        TakeStore(folder, FileOps()).add(KEY, [A, B])
        if not is_new:
            TakeStore(folder, FileOps()).add("story", [C])
        killed = is_killed_in_child(lambda n=n: TakeStore(folder, DeadlyOps(n)).move(KEY, "story"))
        found = {record.id for record in [*loaded(folder), *loaded(folder, "story")]}
        assert found >= {"a", "b"} | (set() if is_new else {"c"})
        TakeStore(folder, FileOps()).move(KEY, "story")
        assert [record.id for record in loaded(folder, "story")] == (["a", "b"] if is_new else ["c", "a", "b"])
        assert loaded(folder) == []
        if not killed:
            break
    assert n > 4


def wasteful(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    changes = b"".join(change_line("a", {"is_pinned": number % 2 == 0}) for number in range(1_501))
    file_of(folder).write_bytes(take_lines([A, B]) + changes)


def test_d11_reading_succeeds_though_no_room_can_be_made(folder: Path) -> None:
    wasteful(folder)
    before = files_in(folder)[f"{KEY}.takes"]
    refused = RefusingOps({"create": errno.ENOSPC})
    assert TakeStore(folder, refused).load(KEY) == [replace(A, is_pinned=True), B]
    assert files_in(folder)[f"{KEY}.takes"] == before
    assert TakeStore(folder, FileOps()).load(KEY) == [replace(A, is_pinned=True), B]
    assert len(files_in(folder)[f"{KEY}.takes"]) < len(before) / 10
