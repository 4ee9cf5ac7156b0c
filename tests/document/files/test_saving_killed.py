"""Saves that are killed at any moment, by SIGKILL: the file is the old or the new one, and the next save cleans up."""

import errno
import itertools
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.document.child import is_killed_in_child
from tests.document.faulty_ops import DeadlyOps, FailingOps, files_in
from tests.document.kill_at_syscall import Syscall, kill_at, run_traced, usual_calls, why_not
from writer.document.files import saving
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import save_text
from writer.document.files.staged_file import is_staged_for
from writer.document.files.text_file import fingerprint
from writer.errors import WriterError

OLD = b"The old text.\n" * 500
SIZES = [0, 1, 4_095, 4_096, 4_097]
DISKS = {"exchanging": {}, "linking": {"swap"}, "one name a file": {"swap", "link"}}


class Disk(DeadlyOps):
    """Without some calls, and with several writes for all but the shortest texts."""

    def __init__(self, without: set[str], longest_write: int, dies_at: int = -1) -> None:
        super().__init__(dies_at)
        self._without, self._longest_write = without, longest_write

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        return super().write(descriptor, data[: self._longest_write])

    def swap(self, path: Path, other: Path) -> None:
        if "swap" in self._without:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        super().swap(path, other)

    def link(self, path: Path, other: Path) -> None:
        if "link" in self._without:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        super().link(path, other)


class Scene:
    """A file with the old text, or none, and one save of the new text in a process that does not live long."""

    def __init__(self, path: Path, size: int, old: bytes | None, without: set[str]) -> None:
        self.path, self.old, self._without = path, old, without
        self.new = (b"Another text, the new one. " * (size // 20 + 1))[:size]

    def prepare(self) -> None:
        for name in files_in(self.path.parent):
            (self.path.parent / name).unlink()
        if self.old is not None:
            self.path.write_bytes(self.old)

    def save(self, ops: FileOps | None = None) -> None:
        expected = fingerprint(self.path, FileOps()) if self.path.exists() else None
        rescue = self.path.parent / "rescue"
        save_text(self.path, self.new.decode(), TextFormat(), ops or self.disk(), expected=expected, rescue=rescue)

    def disk(self, dies_at: int = -1) -> Disk:
        return Disk(self._without, max(len(self.new) // 3 + 1, 1_000), dies_at)

    def what_stands(self) -> bytes | None:
        """What the file holds after a kill; the rest is as it should be."""
        assert all(name == "story.txt" or is_staged_for(name, self.path) for name in files_in(self.path.parent))
        found = self.path.read_bytes() if self.path.exists() else None
        assert found in (self.old, self.new)
        return found

    def the_next_save_cleans_up(self) -> None:
        self.save()
        assert files_in(self.path.parent) == {"story.txt": self.new}


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Scene]:
    monkeypatch.setattr(saving, "_STALE_AFTER_NS", -1)  # the next save comes at once

    def make(size: int, old: bytes | None, without: set[str]) -> Scene:
        return Scene(tmp_path / "story.txt", size, old, without)

    return make


def whole(test: Callable[..., None]) -> Callable[..., None]:
    cases = [*itertools.product(SIZES, [OLD, None], DISKS), *((5_000_000, old, "exchanging") for old in (OLD, None))]
    return pytest.mark.long(pytest.mark.parametrize(("size", "old", "disk"), cases)(test))


# -- at every file call ------------------------------------------------------------------------------------------------


def kill_at_any_file_call(scene: Scene) -> None:
    scene.prepare()
    counting = scene.disk()
    scene.save(counting)
    calls = list(counting.calls)
    assert {"create", "sync", "sync_folder", "remove"} <= set(calls)
    found = []
    for n in range(len(calls)):
        scene.prepare()
        assert is_killed_in_child(lambda n=n: scene.save(scene.disk(n)))
        found.append(scene.what_stands())
        scene.the_next_save_cleans_up()
    if scene.old != scene.new:
        first_new = found.index(scene.new)
        assert found == [scene.old] * first_new + [scene.new] * (len(calls) - first_new)
        assert "sync" in calls[:first_new]


@pytest.mark.parametrize(
    ("size", "old", "disk"),
    [
        (4_096, OLD, "exchanging"),
        (0, OLD, "linking"),
        (4_095, OLD, "one name a file"),
        (4_097, None, "exchanging"),
        (1, None, "one name a file"),
    ],
)
def test_d01_d08_a_kill_at_any_file_call(size: int, old: bytes | None, disk: str, scene: Callable[..., Scene]) -> None:
    kill_at_any_file_call(scene(size, old, set(DISKS[disk])))


@whole
def test_d01_d08_a_kill_at_any_file_call_whole(
    size: int, old: bytes | None, disk: str, scene: Callable[..., Scene]
) -> None:
    kill_at_any_file_call(scene(size, old, set(DISKS[disk])))


def test_d01_what_killed_saves_left_goes_after_a_save_that_worked_and_nothing_else_does(
    scene: Callable[..., Scene],
) -> None:
    told = scene(5, OLD, set())
    told.prepare()
    folder = told.path.parent
    stale = folder / ".story.txt.0123abcd.writer-tmp"
    others = [".other.txt.0123abcd.writer-tmp", ".story.txt.swp", ".story.txt.word.writer-tmp", "story.txt.bak"]
    for path in (stale, *(folder / name for name in others)):
        path.write_bytes(b"?")
    for n in range(100):
        for name in set(files_in(folder)) - {stale.name, *others, "story.txt"}:
            (folder / name).unlink()
        ops = FailingOps(n, errno.EIO, for_ever=True)
        try:
            told.save(ops)
            if len(ops.calls) <= n:
                break
            stale.write_bytes(b"?")
        except WriterError:
            assert stale.exists()
            told.path.write_bytes(OLD)
    assert n > 20
    assert sorted(files_in(folder)) == sorted([*others, "story.txt"])


def test_d01_what_a_save_at_work_has_staged_is_left_alone(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = scene(5, OLD, set())
    monkeypatch.undo()
    told.prepare()
    staged = told.path.with_name(".story.txt.0123abcd.writer-tmp")
    staged.write_bytes(b"?")
    told.save()
    assert staged.exists()


# -- at every system call ----------------------------------------------------------------------------------------------


def kill_at_any_system_call(scene: Scene) -> None:
    if why_not():
        pytest.skip(why_not())
    calls = usual_calls(scene.save, scene.prepare)
    assert scene.path.read_bytes() == scene.new
    check_order(calls, scene.path, len(scene.new))
    found = []
    for place in range(len(calls)):
        kill_at(scene.save, scene.prepare, calls, place)
        found.append(scene.what_stands())
    scene.the_next_save_cleans_up()
    if scene.old != scene.new:
        first_new = found.index(scene.new)
        assert found == [scene.old] * first_new + [scene.new] * (len(calls) - first_new)
        assert re.match("rename|link", calls[first_new - 1].name)


def check_order(calls: list[Syscall], path: Path, size: int) -> None:
    """Written, the file synced, named, the folder synced: in this order, and each did work."""
    lines = [call.line for call in calls]
    created = next(n for n, line in enumerate(lines) if "O_CREAT|O_EXCL" in line)
    synced = [n for n, line in enumerate(lines) if re.match(r"fsync\(\d+\) += 0$", line)]
    named = [n for n, line in enumerate(lines) if re.match("(rename|link)", line) and f'"{path}"' in line]
    wrote = [n for n, call in enumerate(calls) if call.name == "write"]
    folder_opened = max(n for n, line in enumerate(lines[: synced[-1]]) if f'"{path.parent}", O_RDONLY' in line)
    assert created < synced[0] < named[-1] < folder_opened < synced[-1]
    assert all(created < n < named[-1] for n in wrote)
    assert not size or wrote[0] < synced[0]
    assert lines[named[-1]].endswith("= 0")


@pytest.mark.parametrize(("size", "old", "disk"), [(4_096, OLD, "exchanging"), (1, None, "linking")])
def test_d01_d08_a_kill_at_any_system_call(
    size: int, old: bytes | None, disk: str, scene: Callable[..., Scene]
) -> None:
    kill_at_any_system_call(scene(size, old, set(DISKS[disk])))


@whole
def test_d01_d08_a_kill_at_any_system_call_whole(
    size: int, old: bytes | None, disk: str, scene: Callable[..., Scene]
) -> None:
    kill_at_any_system_call(scene(size, old, set(DISKS[disk])))


@pytest.mark.parametrize("when", [1, 2], ids=["file", "folder"])
@pytest.mark.parametrize("old", [OLD, None], ids=["replaced", "new"])
def test_d14_a_sync_that_the_system_refuses_fails_the_save_and_is_not_tried_again(
    when: int, old: bytes | None, scene: Callable[..., Scene]
) -> None:
    if why_not():
        pytest.skip(why_not())
    told = scene(4_096, old, set())
    told.prepare()
    code, calls = run_traced(told.save, f"fsync:error=EIO:when={when}")
    assert code == 1
    assert [call.line.endswith("(INJECTED)") for call in calls if call.name == "fsync"] == [False] * (when - 1) + [True]
    assert files_in(told.path.parent) == ({} if old is None else {"story.txt": old})
