"""Power cuts at every moment of a save: the file is whole, and what was called saved is there."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.document.disk_simulator import RecordingOps, State
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import save_text
from writer.document.files.staged_file import is_staged_for, replace_file
from writer.document.files.text_file import fingerprint
from writer.errors import WriterError


class NoSwap(RecordingOps):
    """As on systems that exchange no names: the old file gets a second one."""

    def swap(self, path: Path, other: Path) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))


class OneName(NoSwap):
    """As on disks that give a file one name only."""

    def link(self, path: Path, other: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


class NoSync(RecordingOps):
    """Forgets what makes a file's content safe."""

    def sync(self, descriptor: int) -> None:
        pass


class NoFolderSync(RecordingOps):
    """Forgets what makes names safe."""

    def sync_folder(self, folder: Path) -> None:
        pass


def refuse_folder_sync(disk: type[RecordingOps]) -> type[RecordingOps]:
    class Refusing(disk):  # type: ignore[valid-type,misc]
        def sync_folder(self, folder: Path) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    return Refusing


OLD = ("The old text. " * 100).encode()
SIZES = {"empty": 0, "a byte": 1, "a block less one": 4_095, "a block": 4_096, "a block and one": 4_097}
Save = Callable[[Path, RecordingOps], object]


def text_of(n_bytes: int) -> str:
    return ("The new text, another one. " * (n_bytes // 20 + 1))[:n_bytes]


def save(path: Path, ops: FileOps, text: str, *, in_place: bool = False) -> None:
    expected = fingerprint(path, FileOps()) if path.exists() else None
    rescue = path.parent.parent / "state" / "rescue"
    save_text(path, text, TextFormat(), ops, expected=expected, rescue=rescue, in_place=in_place)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    (tmp_path / "stories").mkdir()
    return tmp_path / "stories" / "story.txt"


def wrong_states(path: Path, ops: RecordingOps, old: bytes | None, new: bytes) -> list[State]:
    """Those after any of the calls in which the file is neither the old nor the new one, and those after the end in
    which it is not the new one."""
    wrong = []
    for n in range(len(ops.events) + 1):
        allowed = (new,) if n == len(ops.events) else (old, new)
        wrong += [state for state in ops.states(n) if state.get(path) not in allowed]
    return wrong


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("disk", [RecordingOps, NoSwap, OneName])
@pytest.mark.parametrize("old", [OLD, None], ids=["replaced", "new"])
def test_d09_a_power_cut_leaves_the_old_or_the_new_file(
    size: int, disk: type[RecordingOps], old: bytes | None, path: Path
) -> None:
    if old is not None:
        path.write_bytes(old)
    ops = disk(path.parents[1])
    save(path, ops, text_of(size))
    assert not wrong_states(path, ops, old, text_of(size).encode())
    assert path.read_bytes() == text_of(size).encode()


@pytest.mark.parametrize("old", [OLD, None], ids=["replaced", "new"])
def test_d09_d15_many_short_writes_are_as_safe_as_one(old: bytes | None, path: Path) -> None:
    class Slicing(RecordingOps):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            return super().write(descriptor, data[:1_000])

    if old is not None:
        path.write_bytes(old)
    ops = Slicing(path.parents[1])
    save(path, ops, text_of(4_097))
    assert len(ops.events) > 8
    assert not wrong_states(path, ops, old, text_of(4_097).encode())


def test_d09_other_files_are_not_touched_and_only_staged_ones_are_left(path: Path) -> None:
    path.write_bytes(OLD)
    other = path.with_name("other.txt")
    other.write_bytes(b"other")
    ops = RecordingOps(path.parents[1])
    save(path, ops, "new")
    for n in range(len(ops.events) + 1):
        for state in ops.states(n):
            assert state.pop(other) == b"other"
            assert all(found == path or is_staged_for(found.name, path) for found in state)


@pytest.mark.parametrize("old", [OLD, None], ids=["replaced", "new"])
def test_d09_without_a_sync_the_simulator_finds_empty_and_zeroed_files(old: bytes | None, path: Path) -> None:
    if old is not None:
        path.write_bytes(old)
    ops = NoSync(path.parents[1])
    save(path, ops, "new text")
    found = {state.get(path) for state in wrong_states(path, ops, old, b"new text")}
    assert {b"", bytes(8), b"new " + bytes(4), b"new "} <= found


@pytest.mark.parametrize("old", [OLD, None], ids=["replaced", "new"])
def test_d09_without_a_sync_of_the_folder_the_simulator_finds_a_save_that_is_lost(
    old: bytes | None, path: Path
) -> None:
    if old is not None:
        path.write_bytes(old)
    ops = NoFolderSync(path.parents[1])
    save(path, ops, "new text")
    assert {state.get(path) for state in wrong_states(path, ops, old, b"new text")} == {old}


@pytest.mark.parametrize("disk", [NoSync, NoFolderSync])
def test_d09_the_simulator_finds_a_plain_replacement_without_syncs(disk: type[RecordingOps], path: Path) -> None:
    path.write_bytes(OLD)
    ops = disk(path.parents[1])
    replace_file(path, b"new", ops)
    assert wrong_states(path, ops, OLD, b"new")
    safe = RecordingOps(path.parents[1])
    replace_file(path, b"newer", safe)
    assert not wrong_states(path, safe, b"new", b"newer")


@pytest.mark.parametrize("disk", [RecordingOps, NoSwap, OneName])
@pytest.mark.parametrize("old", [OLD, None], ids=["replaced", "new"])
def test_d09_d14_a_save_that_failed_at_its_end_leaves_the_old_or_the_new_file(
    disk: type[RecordingOps], old: bytes | None, path: Path
) -> None:
    if old is not None:
        path.write_bytes(old)
    ops = refuse_folder_sync(disk)(path.parents[1])
    with pytest.raises(WriterError, match="reports an error"):
        save(path, ops, "new text")
    for n in range(len(ops.events) + 1):
        assert {state.get(path) for state in ops.states(n)} <= {old, b"new text"}


# -- in place ----------------------------------------------------------------------------------------------------------


def unsafe_states(path: Path, ops: RecordingOps, new: bytes) -> list[State]:
    """Those in which neither the file is whole nor a copy of the new text is."""
    return [
        state
        for n in range(len(ops.events) + 1)
        for state in ops.states(n)
        if state.get(path) not in (OLD, new)
        and new not in [content for found, content in state.items() if found.parent.name == "rescue"]
    ]


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("has_folder", [False, True])
def test_d09_d17_a_power_cut_while_writing_in_place_leaves_a_whole_copy(
    size: int, has_folder: bool, path: Path
) -> None:
    path.write_bytes(OLD)
    if has_folder:
        (path.parents[1] / "state" / "rescue").mkdir()
    ops = RecordingOps(path.parents[1])
    new = text_of(size).encode()
    save(path, ops, text_of(size), in_place=True)
    assert not unsafe_states(path, ops, new)
    assert {state.get(path) for state in ops.states(len(ops.events))} == {new}
    damaged = [state for n in range(len(ops.events)) for state in ops.states(n) if state[path] not in (OLD, new)]
    assert damaged or not size


@pytest.mark.parametrize("disk", [NoSync, NoFolderSync])
def test_d09_d17_the_simulator_finds_a_copy_that_is_not_synced(disk: type[RecordingOps], path: Path) -> None:
    path.write_bytes(OLD)
    ops = disk(path.parents[1])
    save(path, ops, "new text", in_place=True)
    assert unsafe_states(path, ops, b"new text")
