"""Journals that were given up are removed when they can be, and never another process's."""

import errno
import os
from pathlib import Path

import pytest

from writer.document.drafts.journal import journal_name
from writer.document.drafts.journal_file import JournalFile
from writer.document.drafts.strays import Strays
from writer.document.files.file_ops import FileOps


class NoRemoving(FileOps):
    refuses = True

    def remove(self, path: Path) -> None:
        if self.refuses and path.suffix == ".journal":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().remove(path)


def test_one_that_could_not_be_removed_goes_later(tmp_path: Path) -> None:
    ops = NoRemoving()
    strays, file = Strays(ops), JournalFile(tmp_path, "ab", 1, b"one\n", ops)
    strays.give_up(file)
    strays.remove(None)
    assert file.path.exists()
    ops.refuses = False
    strays.remove(None)
    assert not file.path.exists()
    file.path.write_bytes(b"another\n")
    strays.remove(None)
    assert file.path.exists(), "once it is gone, what gets its name is no stray"


@pytest.mark.parametrize("own_id", ["ab", "cd", ""])
def test_what_another_has_taken_up_stays(own_id: str, tmp_path: Path) -> None:
    """A lock of this process counts as any: only the holder of the stray's own lock may remove it."""
    strays = Strays(FileOps())
    own = (
        JournalFile(tmp_path / "own" if own_id == "ab" else tmp_path, own_id, 1, b"one\n", FileOps())
        if own_id
        else None
    )
    other = JournalFile(tmp_path, "ab", 2, b"two\n", FileOps())
    strays.suspect(other.path)
    strays.remove(own)
    assert other.path.exists()
    other.close()
    strays.remove(own)
    assert not other.path.exists()


def test_the_drafts_own_stray_goes_while_it_is_written(tmp_path: Path) -> None:
    strays, own = Strays(FileOps()), JournalFile(tmp_path, "ab", 2, b"two\n", FileOps())
    stray = tmp_path / journal_name(1, "ab")
    stray.write_bytes(b"one\n")
    strays.suspect(stray)
    strays.suspect(own.path)
    strays.clear(own.path)
    strays.remove(own)
    assert (stray.exists(), own.path.exists()) == (False, True)
    own.close()


def test_one_that_never_came_to_be_is_forgotten(tmp_path: Path) -> None:
    strays, path = Strays(FileOps()), tmp_path / journal_name(1, "ab")
    strays.suspect(path)
    strays.remove(None)
    path.write_bytes(b"one\n")
    strays.remove(None)
    assert path.exists()
