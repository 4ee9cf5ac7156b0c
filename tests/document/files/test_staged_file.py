"""A file's new content beside it: complete before it takes the place, gone when it does not."""

import errno
import os
import secrets
import stat
from pathlib import Path

import pytest

from tests.document.child import is_killed_in_child
from tests.document.faulty_ops import (
    CountingOps,
    DeadlyOps,
    FailingOps,
    MeddlingOps,
    RefusingOps,
    SlicingOps,
    files_in,
)
from writer.document.files.file_ops import FileOps
from writer.document.files.staged_file import StagedFile, is_staged, is_staged_for, replace_file, staged_path

OLD, NEW = b"old text", b"new text, which is longer"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_bytes(OLD)
    return path


def test_the_content_is_synced_before_the_rename_and_the_folder_after_it(target: Path) -> None:
    ops = CountingOps()
    replace_file(target, NEW, ops)
    assert target.read_bytes() == NEW
    assert ops.calls == ["create", "write", "sync", "close", "replace_at_once", "sync_folder"]


def test_the_mode_is_private_unless_another_is_given(target: Path) -> None:
    replace_file(target, NEW, FileOps())
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    before = os.umask(0)
    try:
        replace_file(target, NEW, FileOps(), 0o640)
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("n", range(6))
@pytest.mark.parametrize("for_ever", [False, True])
def test_d14_a_failure_at_any_call_leaves_one_whole_file(n: int, for_ever: bool, target: Path) -> None:
    ops = FailingOps(n, for_ever=for_ever)
    with pytest.raises(OSError, match="rror"):
        replace_file(target, NEW, ops)
    assert target.read_bytes() == (NEW if ops.calls[n] == "sync_folder" else OLD)
    left = [name for name in files_in(target.parent) if name != "story.txt"]
    assert all(map(is_staged, left))
    assert not left or for_ever


def test_d14_a_sync_that_failed_is_not_tried_again(target: Path) -> None:
    ops = RefusingOps({"sync": errno.EIO})
    with pytest.raises(OSError, match="rror"):
        replace_file(target, NEW, ops)
    assert ops.calls.count("sync") == 1


@pytest.mark.parametrize("n", range(6))
def test_d01_d08_a_kill_at_any_call_leaves_one_whole_file(n: int, target: Path) -> None:
    assert is_killed_in_child(lambda: replace_file(target, NEW, DeadlyOps(n)))
    assert target.read_bytes() == (NEW if n == 5 else OLD)
    assert [name for name in files_in(target.parent) if not is_staged_for(name, target)] == ["story.txt"]


def test_d15_short_writes_are_continued(target: Path) -> None:
    replace_file(target, NEW, SlicingOps(1))
    assert target.read_bytes() == NEW


@pytest.mark.parametrize(
    "name",
    [
        b"s",
        b"x" * 255,
        "é".encode() * 127,
        "😀".encode() * 63,
        b"\xff\xfe.txt",
        b"two\nlines",
        b"-rf",
        b".hidden",
        b"[a-z]*",
    ],
    ids=["one", "255", "two-byte", "four-byte", "no UTF-8", "newline", "option", "hidden", "pattern"],
)
def test_d22_the_staged_name_fits_beside_any_name(name: bytes, tmp_path: Path) -> None:
    target = tmp_path / os.fsdecode(name)
    target.write_bytes(OLD)
    staged = StagedFile(target, NEW, FileOps())
    assert staged.path.parent == tmp_path
    assert len(os.fsencode(staged.path.name)) <= 255
    assert is_staged(staged.path.name)
    assert is_staged_for(staged.path.name, target)
    staged.put_in_place()
    assert os.listdir(os.fsencode(tmp_path)) == [name]
    assert target.read_bytes() == NEW


def test_a_staged_name_belongs_to_one_target(tmp_path: Path) -> None:
    name = staged_path(tmp_path / "story.txt").name
    assert not is_staged_for(name, tmp_path / "story.tx")
    assert not is_staged_for(name, tmp_path / "story.txt.writer.json")
    assert not is_staged_for("story.txt", tmp_path / "story.txt")
    assert not is_staged("story.writer-tmp")


def test_d23_a_name_that_is_taken_is_left_alone(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = ["00000000", "00000000", "11111111"]
    monkeypatch.setattr(secrets, "token_hex", lambda n: tokens.pop(0))
    theirs = staged_path(target)
    theirs.write_bytes(b"theirs")
    replace_file(target, NEW, FileOps())
    assert files_in(target.parent) == {"story.txt": NEW, theirs.name: b"theirs"}


def test_d23_a_name_that_is_always_taken_is_an_error(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda n: "00000000")
    theirs = staged_path(target)
    theirs.symlink_to(target.parent / "elsewhere")
    with pytest.raises(FileExistsError):
        replace_file(target, NEW, FileOps())
    assert files_in(target.parent) == {"story.txt": OLD}


def test_an_interruption_leaves_nothing_behind(target: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    for name in ("write", "sync", "replace_at_once"):
        with pytest.raises(KeyboardInterrupt):
            replace_file(target, NEW, MeddlingOps(name, interrupt))
        assert files_in(target.parent) == {"story.txt": OLD}
