"""What another program does to the file is noticed before it is overwritten, and never lost."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.document.faulty_ops import InterposedOps, RefusingOps, files_in
from writer.document.files import save_target, saving
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import FileChanged, FileDeleted, Saved, save_text
from writer.document.files.text_file import Fingerprint, fingerprint
from writer.errors import WriterError

OURS, THEIRS, NEW = b"ours, as it was opened", b"theirs, from elsewhere", b"ours, edited"
DISKS = {"exchanging": set(), "linking": {"swap"}, "one name a file": {"swap", "link"}}


class Disk(InterposedOps):
    """Without some calls; another program comes right before the first call of the kind `moment`."""

    def __init__(self, without: set[str], moment: str = "", meddle: Callable[[], object] | None = None) -> None:
        self._without, self._moment, self._meddle = without, moment, meddle

    def around(self, name: str, call: Callable[..., object], *arguments: object) -> object:
        if name == self._moment and self._meddle:
            meddle, self._meddle = self._meddle, None
            meddle()
        if name in self._without:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        return call(*arguments)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_bytes(OURS)
    return path


@pytest.fixture(params=DISKS)
def without(request: pytest.FixtureRequest) -> set[str]:
    return DISKS[request.param]


def write_into(path: Path) -> None:
    """Theirs, of the same size, into the file itself, its time set back."""
    info = path.stat()
    with path.open("r+b") as file:
        file.write(THEIRS)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def put_over(path: Path) -> None:
    """Theirs, as a file of its own, renamed over ours: as sync clients do it."""
    other = path.with_name("theirs")
    other.write_bytes(THEIRS)
    other.replace(path)


def save(path: Path, ops: FileOps, expected: Fingerprint | None, *, overwrite: bool = False) -> Saved:
    rescue = path.parent / "rescue"
    return save_text(path, NEW.decode(), TextFormat(), ops, expected=expected, rescue=rescue, overwrite=overwrite)


# -- changed before the save -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [write_into, put_over])
def test_d25_d26_d29_a_changed_file_is_not_overwritten(
    change: Callable[[Path], None], without: set[str], path: Path
) -> None:
    expected = fingerprint(path, FileOps())
    change(path)
    if change is write_into:
        info = path.stat()
        assert (info.st_size, info.st_mtime_ns, info.st_ino) == (expected.size, expected.mtime_ns, expected.inode)
    with pytest.raises(FileChanged, match=r"^Another program has changed story\.txt\."):
        save(path, Disk(without), expected)
    assert files_in(path.parent) == {"story.txt": THEIRS}


def test_d25_the_writer_may_overwrite_it_and_gets_theirs_as_well(without: set[str], path: Path) -> None:
    expected = fingerprint(path, FileOps())
    put_over(path)
    saved = save(path, Disk(without), expected, overwrite=True)
    assert saved.displaced == THEIRS
    assert files_in(path.parent) == {"story.txt": NEW}
    assert saved.fingerprint == fingerprint(path, FileOps())


def test_d24_the_same_content_in_another_file_is_no_change(without: set[str], path: Path) -> None:
    expected = fingerprint(path, FileOps())
    path.with_name("copy").write_bytes(OURS)
    path.with_name("copy").replace(path)
    assert save(path, Disk(without), expected).displaced is None
    assert path.read_bytes() == NEW


def test_d24_what_is_to_be_saved_may_stand_there_already(without: set[str], path: Path) -> None:
    expected = fingerprint(path, FileOps())
    path.write_bytes(NEW)
    assert save(path, Disk(without), expected).displaced is None


def test_d28_a_deleted_file_is_made_again_only_after_asking(without: set[str], path: Path) -> None:
    expected = fingerprint(path, FileOps())
    path.unlink()
    with pytest.raises(FileDeleted, match=r"^story\.txt is no longer there"):
        save(path, Disk(without), expected)
    assert files_in(path.parent) == {}
    assert save(path, Disk(without), None).displaced is None
    assert path.read_bytes() == NEW


def test_d28_a_folder_that_was_moved_is_said_to_be_missing(path: Path) -> None:
    expected = fingerprint(path, FileOps())
    path.parent.rename(path.parent.with_name("moved"))
    with pytest.raises(FileDeleted):
        save(path, FileOps(), expected)
    with pytest.raises(WriterError, match="no such file or folder"):
        save(path, FileOps(), None)


def test_a_file_that_nobody_knew_of_is_replaced_only_after_asking(without: set[str], path: Path) -> None:
    with pytest.raises(FileChanged, match=r"^There is a file called story\.txt already\."):
        save(path, Disk(without), None)
    assert path.read_bytes() == OURS
    assert save(path, Disk(without), None, overwrite=True).displaced == OURS
    assert files_in(path.parent) == {"story.txt": NEW}


def test_what_is_too_large_for_a_text_is_not_kept(
    without: set[str], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save_target, "MAX_FILE_BYTES", len(OURS) - 1)
    assert save(path, Disk(without), None, overwrite=True).displaced is None


def test_what_is_too_large_for_a_text_is_not_copied(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ops = RefusingOps({"swap": errno.ENOTSUP, "link": errno.ENOTSUP})
    save(path, ops, None, overwrite=True)
    assert ops.calls.count("create") == 2
    path.write_bytes(OURS)
    monkeypatch.setattr(saving, "MAX_FILE_BYTES", len(OURS) - 1)
    save(path, ops, None, overwrite=True)
    assert ops.calls.count("create") == 3


# -- changed during the save -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["create", "sync", "names"])
@pytest.mark.parametrize("change", [write_into, put_over])
def test_d27_a_change_while_the_text_is_written_stops_the_save(
    moment: str, change: Callable[[Path], None], without: set[str], path: Path
) -> None:
    with pytest.raises(FileChanged):
        save(path, Disk(without, moment, lambda: change(path)), fingerprint(path, FileOps()))
    assert files_in(path.parent) == {"story.txt": THEIRS}


@pytest.mark.parametrize("change", [write_into, put_over])
def test_d27_d29_a_change_after_the_last_check_is_given_back(change: Callable[[Path], None], path: Path) -> None:
    saved = save(path, Disk(set(), "swap", lambda: change(path)), fingerprint(path, FileOps()))
    assert saved.displaced == THEIRS
    assert files_in(path.parent) == {"story.txt": NEW}
    assert saved.fingerprint == fingerprint(path, FileOps())


def test_d27_a_change_after_the_last_check_is_given_back_from_the_second_name(path: Path) -> None:
    disk = Disk({"swap"}, "replace_at_once", lambda: write_into(path))
    assert save(path, disk, fingerprint(path, FileOps())).displaced == THEIRS
    assert files_in(path.parent) == {"story.txt": NEW}


@pytest.mark.parametrize("change", [write_into, put_over])
def test_d27_a_change_while_the_second_name_is_made_stops_the_save(change: Callable[[Path], None], path: Path) -> None:
    with pytest.raises(FileChanged):
        save(path, Disk({"swap"}, "link", lambda: change(path)), fingerprint(path, FileOps()))
    assert files_in(path.parent) == {"story.txt": THEIRS}


def test_d27_a_change_that_the_writer_overwrites_unknowingly_is_given_back(without: set[str], path: Path) -> None:
    disk = Disk(without, "names", lambda: put_over(path))
    assert save(path, disk, fingerprint(path, FileOps()), overwrite=True).displaced == THEIRS


@pytest.mark.parametrize("moment", ["create", "sync", "names", "link"])
def test_d27_a_file_that_comes_meanwhile_is_not_overwritten_by_a_new_one(moment: str, path: Path) -> None:
    path.unlink()
    with pytest.raises(FileChanged, match="already"):
        save(path, Disk(set(), moment, lambda: path.write_bytes(THEIRS)), None)
    assert files_in(path.parent) == {"story.txt": THEIRS}


def test_d27_a_file_that_comes_meanwhile_and_may_be_overwritten_is_given_back(path: Path) -> None:
    path.unlink()
    disk = Disk(set(), "link", lambda: path.write_bytes(THEIRS))
    assert save(path, disk, None, overwrite=True).displaced == THEIRS
    assert files_in(path.parent) == {"story.txt": NEW}


@pytest.mark.parametrize("moment", ["create", "sync", "names"])
def test_d28_a_file_that_is_deleted_meanwhile_stops_the_save(moment: str, without: set[str], path: Path) -> None:
    with pytest.raises(FileDeleted):
        save(path, Disk(without, moment, path.unlink), fingerprint(path, FileOps()))
    assert files_in(path.parent) == {}


def test_d28_a_file_that_is_deleted_in_the_last_moment_stops_the_save(path: Path) -> None:
    with pytest.raises(FileDeleted):
        save(path, Disk(set(), "swap", path.unlink), fingerprint(path, FileOps()))
    assert files_in(path.parent) == {}


def test_d29_what_failed_at_its_end_takes_nothing_from_another_program(path: Path) -> None:
    disk = Disk({"sync_folder"}, "sync_folder", lambda: put_over(path))
    with pytest.raises(WriterError):
        save(path, disk, fingerprint(path, FileOps()))
    assert path.read_bytes() == THEIRS
