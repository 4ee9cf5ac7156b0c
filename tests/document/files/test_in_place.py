"""Writing into the file itself, where nothing else is possible: a whole copy is somewhere at every moment."""

import errno
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.document.child import is_killed_in_child
from tests.document.faulty_ops import CountingOps, DeadlyOps, FailingOps, MeddlingOps, SlicingOps, files_in
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import FileChanged, FileDeleted, Saved, save_text
from writer.document.files.text_file import Fingerprint, fingerprint
from writer.errors import WriterError

OLD = b"The old text.\n" * 300
NEW = {"longer": b"The new text, another one.\n" * 300, "shorter": b"New.\n", "empty": b""}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "stories").mkdir()
    path = tmp_path / "stories" / "story.txt"
    path.write_bytes(OLD)
    return path


@pytest.fixture(params=NEW)
def new(request: pytest.FixtureRequest) -> bytes:
    return NEW[request.param]


def save(
    path: Path, data: bytes, ops: FileOps | None = None, expected: Fingerprint | None = None, *, overwrite: bool = False
) -> Saved:
    return save_text(
        path,
        data.decode(),
        TextFormat(),
        ops or FileOps(),
        expected=expected or fingerprint(path, FileOps()),
        rescue=rescue_of(path),
        overwrite=overwrite,
        in_place=True,
    )


def rescue_of(path: Path) -> Path:
    return path.parents[1] / "state" / "rescue"


def copies(path: Path) -> list[bytes]:
    return list(files_in(rescue_of(path)).values())


def prepare(path: Path) -> None:
    path.write_bytes(OLD)
    shutil.rmtree(rescue_of(path).parent, ignore_errors=True)


# -- without faults ----------------------------------------------------------------------------------------------------


def test_d17_the_file_itself_is_written_and_the_copy_goes(new: bytes, path: Path) -> None:
    other = path.with_name("other.txt")
    os.link(path, other)
    path.chmod(0o640)
    inode = path.stat().st_ino
    saved = save(path, new, SlicingOps(1_000))
    assert saved == Saved(fingerprint(path, FileOps()), TextFormat())
    assert path.stat().st_ino == inode
    assert path.read_bytes() == other.read_bytes() == new
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert copies(path) == []
    assert sorted(files_in(path.parent)) == ["other.txt", "story.txt"]


def test_d17_the_copy_is_complete_private_and_synced_before_the_file_is_touched(path: Path) -> None:
    new, seen = NEW["longer"], []

    def look() -> None:
        (copy,) = rescue_of(path).iterdir()
        seen.append((copy.read_bytes(), stat.S_IMODE(copy.stat().st_mode), stat.S_IMODE(copy.parent.stat().st_mode)))

    save(path, new, MeddlingOps("open_to_overwrite", look))
    assert seen == [(new, 0o600, 0o700)]
    counting = CountingOps()
    save(path, OLD, counting)
    before = counting.calls[: counting.calls.index("open_to_overwrite")]
    assert [name for name in before if name in ("sync", "sync_folder")] == ["sync", "sync_folder"]


def test_d17_a_file_that_is_missing_is_made_in_the_usual_way(path: Path) -> None:
    path.unlink()
    saved = save_text(
        path, "new", TextFormat(), FileOps(), expected=None, rescue=rescue_of(path), overwrite=True, in_place=True
    )
    assert saved.fingerprint == fingerprint(path, FileOps())
    assert files_in(path.parents[1]) == {"stories/story.txt": b"new"}


def test_d22_the_name_of_the_copy_fits(tmp_path: Path) -> None:
    (tmp_path / "stories").mkdir()
    for name in (b"x" * 255, "😀".encode() * 63, b"\xff\n.txt"):
        path = tmp_path / "stories" / os.fsdecode(name)
        path.write_bytes(OLD)
        save(path, b"new")
        assert path.read_bytes() == b"new"


# -- other programs ----------------------------------------------------------------------------------------------------


def test_d25_d28_a_changed_or_deleted_file_is_not_written(path: Path) -> None:
    expected = fingerprint(path, FileOps())
    path.write_bytes(b"theirs")
    with pytest.raises(FileChanged):
        save(path, b"new", expected=expected)
    assert path.read_bytes() == b"theirs"
    assert save(path, b"new", expected=expected, overwrite=True).displaced == b"theirs"
    path.unlink()
    with pytest.raises(FileDeleted):
        save(path, b"new", expected=expected)
    assert files_in(path.parents[1]) == {}


@pytest.mark.parametrize("moment", ["create", "sync", "sync_folder"])
def test_d27_a_change_while_the_copy_is_written_stops_the_save(moment: str, path: Path) -> None:
    with pytest.raises(FileChanged):
        save(path, b"new", MeddlingOps(moment, lambda: path.write_bytes(b"theirs")))
    assert files_in(path.parents[1]) == {"stories/story.txt": b"theirs"}


# -- faults ------------------------------------------------------------------------------------------------------------


def at_each_call(path: Path, new: bytes, act: Callable[[int], None]) -> int:
    """`act` on a fresh file for each call of a save; how many there are."""
    counting = CountingOps()
    save(path, new, counting)
    for n in range(len(counting.calls)):
        prepare(path)
        act(n)
    return len(counting.calls)


def test_d17_a_kill_at_any_call_leaves_the_file_or_the_copy_whole(new: bytes, path: Path) -> None:
    damaged = []

    def kill(n: int) -> None:
        expected = fingerprint(path, FileOps())
        assert is_killed_in_child(lambda: save(path, new, DeadlyOps(n), expected))
        if path.read_bytes() not in (OLD, new):
            damaged.append(n)
            assert new in copies(path)

    assert at_each_call(path, new, kill) > 20
    assert damaged or not new


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_d11_d14_d17_a_failure_at_any_call_leaves_the_old_file(code: int, new: bytes, path: Path) -> None:
    failed = []

    def fail(n: int) -> None:
        ops = FailingOps(n, code)
        try:
            save(path, new, ops, fingerprint(path, FileOps()))
        except WriterError:
            failed.append(n)
            assert path.read_bytes() == OLD
        else:
            assert path.read_bytes() == new
        assert copies(path) == [] or ops.calls[n] == "remove"

    assert at_each_call(path, new, fail) == len(failed) + 1  # that the copy cannot be removed is no failure


def test_d14_d17_a_disk_that_dies_while_the_file_is_written_leaves_the_copy_and_names_it(path: Path) -> None:
    new, told = NEW["longer"], []

    def fail(n: int) -> None:
        try:
            save(path, new, FailingOps(n, for_ever=True), fingerprint(path, FileOps()))
        except WriterError as error:
            if path.read_bytes() not in (OLD, new):
                (copy,) = rescue_of(path).iterdir()
                told.append((str(error), copy))
        assert path.read_bytes() in (OLD, new) or new in copies(path)

    at_each_call(path, new, fail)
    assert told
    for message, copy in told:
        assert message == (
            f"story.txt could not be written to its end and may be damaged. The whole text is in {copy}."
        )


def test_d17_a_disk_that_stores_something_else_leaves_the_copy(path: Path) -> None:
    class Lying(CountingOps):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            wrong = "open_to_overwrite" in self.calls
            return super().write(descriptor, bytes(len(data)) if wrong else data)

    with pytest.raises(WriterError, match=r"may be damaged\. The whole text is in "):
        save(path, b"new", Lying(), fingerprint(path, FileOps()))
    assert copies(path) == [b"new"]


def test_d17_an_interruption_while_the_file_is_written_leaves_the_copy(path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save(path, b"new", MeddlingOps("truncate", interrupt))
    assert path.read_bytes() not in (OLD, b"new")
    assert copies(path) == [b"new"]


def test_d17_a_copy_that_cannot_be_read_again_stops_the_save(path: Path) -> None:
    class Lying(FileOps):
        def read(self, of: Path) -> bytes:
            return b"?" if of.parent == rescue_of(path) else super().read(of)

    with pytest.raises(WriterError, match="reports an error"):
        save(path, b"new", Lying())
    assert path.read_bytes() == OLD


def test_d51_a_rescue_folder_that_cannot_be_made_stops_the_save(path: Path) -> None:
    rescue_of(path).parent.write_bytes(b"a file in the way")
    with pytest.raises(WriterError, match=r"^Cannot save story\.txt"):
        save(path, b"new")
    assert path.read_bytes() == OLD
