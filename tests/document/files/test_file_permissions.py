"""A file that takes the place of another is for the same people, as far as its owner may say so."""

import errno
import os
import stat
import struct
from pathlib import Path

import pytest

from tests.document.child import NOBODY, folder_for, run_in_child
from tests.document.faulty_ops import RefusingOps, files_in
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import Saved, save_text
from writer.document.files.text_file import fingerprint

ACCESS = "system.posix_acl_access"
ANOTHER = 12_345
DISKS = {"exchanging": set(), "linking": {"swap"}, "one name a file": {"swap", "link"}}


def access_list(named_user: int) -> bytes:
    """Owner: read and write; one more user and the group: read; others: nothing. As in <linux/posix_acl_xattr.h>."""
    entries = [(0x01, 6, -1), (0x02, 4, named_user), (0x04, 4, -1), (0x10, 4, -1), (0x20, 0, -1)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)


def save(path: Path, ops: FileOps | None = None, text: str = "new") -> Saved:
    ops = ops or FileOps()
    return save_text(path, text, TextFormat(), ops, expected=fingerprint(path, FileOps()), rescue=path.parent)


@pytest.fixture(params=DISKS)
def ops(request: pytest.FixtureRequest) -> FileOps:
    return RefusingOps(dict.fromkeys(DISKS[request.param], errno.ENOTSUP))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text("old")
    return path


def set_attribute(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"the disk of {path.parent} keeps no {name} ({error}); a lost one is tested without a disk")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o777])
def test_d20_the_mode_is_kept(mode: int, path: Path, ops: FileOps) -> None:
    path.chmod(mode)
    assert save(path, ops).notices == ()
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_that_new_files_have(mask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        save_text(tmp_path / "new.txt", "new", TextFormat(), FileOps(), expected=None, rescue=tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == mode


def test_the_new_text_is_never_for_more_people_than_the_old_one(path: Path) -> None:
    path.chmod(0o600)
    modes: list[int] = []

    class Watching(FileOps):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            return super().write(descriptor, data)

    before = os.umask(0)
    try:
        save(path, Watching())
    finally:
        os.umask(before)
    assert modes == [0o600]


def test_d20_attributes_and_access_lists_are_kept(path: Path, ops: FileOps) -> None:
    set_attribute(path, "user.tag", b"red")
    set_attribute(path, ACCESS, access_list(ANOTHER))
    mode = path.stat().st_mode
    assert save(path, ops).notices == ()
    assert os.getxattr(path, "user.tag") == b"red"
    assert os.getxattr(path, ACCESS) == access_list(ANOTHER)
    assert path.stat().st_mode == mode


def test_d20_an_access_list_that_the_folder_gives_new_files_is_not_taken(path: Path, ops: FileOps) -> None:
    path.chmod(0o640)
    set_attribute(path.parent, "system.posix_acl_default", access_list(ANOTHER))
    assert save(path, ops).notices == ()
    assert ACCESS not in os.listxattr(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["user.tag", ACCESS])
def test_d20_an_attribute_that_cannot_be_kept_is_told(name: str, path: Path) -> None:
    class Forgetting(FileOps):
        def attributes(self, of: Path) -> dict[str, bytes]:
            return {name: b"?"} if of == path else {}

        def set_attribute(self, descriptor: int, attribute: str, value: bytes) -> None:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    assert save(path, Forgetting()).notices == ("story.txt lost its access list or other attributes.",)


def test_a_label_that_the_system_sets_itself_is_not_missed(path: Path) -> None:
    class Labelled(FileOps):
        def attributes(self, of: Path) -> dict[str, bytes]:
            return {"security.selinux": str(of).encode()}

        def set_attribute(self, descriptor: int, attribute: str, value: bytes) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    assert save(path, Labelled()).notices == ()


def test_a_disk_without_attributes_is_no_matter(path: Path) -> None:
    assert save(path, RefusingOps({"attributes": errno.ENOTSUP})).notices == ()


def test_d20_other_names_keep_the_old_text_and_that_is_told_once(path: Path) -> None:
    for refused in (set(), {"swap"}):
        ops = RefusingOps(dict.fromkeys(refused, errno.ENOTSUP))
        other = path.with_name("other.txt")
        other.unlink(missing_ok=True)
        os.link(path, other)
        old = path.read_text()
        saved = save(path, ops, text=f"new {refused}")
        assert saved.notices == ("story.txt had other names (hard links), which keep the old text.",)
        assert (path.read_text(), other.read_text()) == (f"new {refused}", old)
        assert save(path, ops).notices == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away; what another user sees is tested below")
def test_d20_root_keeps_owner_and_group(path: Path, ops: FileOps) -> None:
    os.chown(path, ANOTHER, ANOTHER + 1)
    path.chmod(0o664)
    assert save(path, ops).notices == ()
    info = path.stat()
    assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (ANOTHER, ANOTHER + 1, 0o664)


def refuse_owner(of_user: bool) -> type[FileOps]:
    """File calls by someone who may not set the user, or the group, of a file that seems to be another's."""

    class Other(FileOps):
        def set_owner(self, descriptor: int, user: int, group: int) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        def stat(self, path: Path) -> os.stat_result:
            info = super().stat(path)
            values = list(info)
            if path.name == "story.txt":
                values[4 if of_user else 5] += 1
            return os.stat_result(values, {"st_mtime_ns": info.st_mtime_ns, "st_ctime_ns": info.st_ctime_ns})

    return Other


@pytest.mark.parametrize(
    ("of_user", "mode", "kept", "notice"),
    [
        (True, 0o4664, 0o664, "story.txt belongs to you now."),
        (False, 0o664, 0o604, "story.txt belongs to another group now."),
        (False, 0o640, 0o600, "story.txt belongs to another group now."),
    ],
)
def test_d20_an_owner_that_cannot_be_kept_is_told_and_gives_no_rights_to_others(
    of_user: bool, mode: int, kept: int, notice: str, path: Path
) -> None:
    path.chmod(mode)
    assert save(path, refuse_owner(of_user)()).notices == (notice,)
    assert stat.S_IMODE(path.stat().st_mode) == kept


@pytest.mark.skipif(os.geteuid() != 0, reason="a file of another user takes root; a refused change of owner is tested")
def test_d20_a_file_of_another_user_that_may_be_written_is_ours_after_saving() -> None:
    with folder_for(NOBODY) as folder:
        path = folder / "story.txt"
        path.write_text("old")
        path.chmod(0o666)
        first, second = run_in_child(lambda: (save(path).notices, save(path).notices), user=NOBODY)
        assert first == ("story.txt belongs to you now.", "story.txt belongs to another group now.")
        assert second == ()
        assert path.stat().st_uid == NOBODY
        assert files_in(folder) == {"story.txt": b"new"}
