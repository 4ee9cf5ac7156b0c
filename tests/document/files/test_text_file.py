"""Opening a file, and noticing what becomes of it."""

import hashlib
import os
import shutil
import socket
from pathlib import Path

import pytest

from tests.document.child import NOBODY, folder_for, run_in_child
from tests.document.faulty_ops import CountingOps, MeddlingOps
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.text_file import (
    MAX_FILE_BYTES,
    FileState,
    OpenedFile,
    compare,
    fingerprint,
    holds,
    open_text,
)
from writer.errors import WriterError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_bytes(b"Once upon\r\na time")
    return path


def rewrite_unseen(path: Path, data: bytes) -> None:
    """Into the file itself, with its old time set back."""
    info = path.stat()
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


# -- opening -----------------------------------------------------------------------------------------------------------


def test_a_text_is_opened_with_its_format_and_fingerprint(path: Path) -> None:
    info = path.stat()
    opened = open_text(path, FileOps())
    assert opened == OpenedFile(path, "Once upon\na time", TextFormat(newline="\r\n"), opened.fingerprint)
    found = opened.fingerprint
    assert (found.size, found.mtime_ns, found.inode) == (17, info.st_mtime_ns, info.st_ino)
    assert found == fingerprint(path, FileOps())
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_d33_a_file_behind_links_is_opened_under_its_own_path(path: Path) -> None:
    link, folder = path.with_name("link.txt"), path.with_name("folder")
    link.symlink_to("story.txt")
    folder.symlink_to(path.parent)
    assert open_text(link, FileOps()).path == open_text(folder / "link.txt", FileOps()).path == path


def test_d37_d39_what_is_known_of_the_encoding_is_passed_on(path: Path) -> None:
    path.write_bytes("Größe".encode("cp1252"))
    assert "Windows-1252" in open_text(path, FileOps()).notice
    chosen = open_text(path, FileOps(), "mac-roman")
    assert (chosen.notice, chosen.text) == ("", "Grˆﬂe")
    path.write_bytes(b"\0\1\2\3")
    assert (
        open_text(path, FileOps()).read_only == "story.txt is not a text file, so it can be read here, but not saved."
    )


def test_what_cannot_be_opened_says_why(path: Path) -> None:
    with pytest.raises(WriterError, match=r"^Cannot open missing\.txt: there is no such file or folder\."):
        open_text(path.with_name("missing.txt"), FileOps())
    with pytest.raises(WriterError, match="there is no such file or folder"):
        open_text(path / "below a file", FileOps())
    with path.open("r+b") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(WriterError, match="more than the 64 MB"):
        open_text(path, FileOps())


def test_d21_only_files_are_opened(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for refused in (pipe, link, tmp_path / "socket", Path("/dev/full"), Path("/dev/null")):
            ops = CountingOps()
            with pytest.raises(WriterError, match=rf"^{refused.name} is a device or a pipe, not a file"):
                open_text(refused, ops)
            assert "read" not in ops.calls
    with pytest.raises(WriterError, match="is a folder"):
        open_text(tmp_path, FileOps())


def test_d19_links_in_a_circle_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(WriterError, match=r"^Cannot open a: its links lead in a circle\."):
        open_text(tmp_path / "a", FileOps())


def test_d22_any_name_can_be_opened_and_shown(tmp_path: Path) -> None:
    for name in (b"\xff\xfe.txt", b"two\nlines.txt", b"x" * 255):
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(b"\0\1\2\3")
        shown = open_text(path, FileOps()).read_only
        assert shown.encode("utf-8")
        assert "\n" not in shown


def test_d18_a_file_that_may_not_be_read_or_written_says_so() -> None:
    with folder_for(NOBODY) as folder:
        path = folder / "story.txt"
        path.write_text("text")

        def opened() -> tuple[str, str]:
            try:
                return open_text(path, FileOps()).notice, ""
            except WriterError as error:
                return "", str(error)

        path.chmod(0o444)
        assert run_in_child(opened, user=NOBODY)[0].startswith("story.txt is write-protected")
        path.chmod(0o000)
        if os.geteuid() == 0 or not os.access(path, os.R_OK):
            assert "Cannot open story.txt: you may not." in run_in_child(opened, user=NOBODY)[1]


def test_d29_a_file_that_is_replaced_while_it_is_read_is_read_again(path: Path) -> None:
    def replace() -> None:
        path.with_name("new").write_bytes(b"quite another text")
        path.with_name("new").replace(path)

    opened = open_text(path, MeddlingOps("read", replace))
    assert opened.text == "quite another text"
    assert opened.fingerprint == fingerprint(path, FileOps())


# -- comparing ---------------------------------------------------------------------------------------------------------


def test_d24_a_file_that_was_not_touched_is_unchanged_without_reading_it(path: Path) -> None:
    known = fingerprint(path, FileOps())
    ops = CountingOps()
    assert compare(path, known, ops) == FileState.UNCHANGED
    assert ops.calls == ["stat"]


@pytest.mark.parametrize("data", [b"Once upon\r\na TIME", b"longer: Once upon\r\na time", b""])
def test_d24_d25_another_content_is_a_change(data: bytes, path: Path) -> None:
    known = fingerprint(path, FileOps())
    path.write_bytes(data)
    os.utime(path, ns=(1, known.mtime_ns + 1))
    assert compare(path, known, FileOps()) == FileState.CHANGED
    assert compare(path, known, FileOps(), thorough=True) == FileState.CHANGED


def test_d26_the_same_size_time_and_inode_do_not_hide_a_change_from_a_thorough_look(path: Path) -> None:
    known = fingerprint(path, FileOps())
    rewrite_unseen(path, b"Once UPON")
    info = path.stat()
    assert (info.st_size, info.st_mtime_ns, info.st_ino) == (known.size, known.mtime_ns, known.inode)
    assert compare(path, known, FileOps(), thorough=True) == FileState.CHANGED
    assert not holds(path, known, FileOps())


def test_d29_the_same_content_in_another_file_is_no_change(path: Path) -> None:
    known = fingerprint(path, FileOps())
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)
    assert path.stat().st_ino != known.inode
    assert compare(path, known, FileOps()) == FileState.UNCHANGED
    os.utime(path, ns=(0, 0))
    assert compare(path, known, FileOps()) == FileState.UNCHANGED


def test_d28_a_file_that_is_gone_is_deleted(path: Path) -> None:
    known = fingerprint(path, FileOps())
    path.rename(path.with_name("moved.txt"))
    assert compare(path, known, FileOps()) == FileState.DELETED
    path.symlink_to(path.with_name("nowhere"))
    assert compare(path, known, FileOps()) == FileState.DELETED
    assert compare(path.with_name("moved.txt") / "below", known, FileOps()) == FileState.DELETED


def test_d28_a_file_that_vanishes_while_it_is_compared_is_deleted(path: Path) -> None:
    known = fingerprint(path, FileOps())
    assert compare(path, known, MeddlingOps("read", path.unlink), thorough=True) == FileState.DELETED


def test_d29_a_folder_or_a_pipe_in_its_place_is_a_change(path: Path) -> None:
    known = fingerprint(path, FileOps())
    path.unlink()
    path.mkdir()
    assert compare(path, known, FileOps()) == FileState.CHANGED
    path.rmdir()
    os.mkfifo(path)
    assert compare(path, known, FileOps(), thorough=True) == FileState.CHANGED
