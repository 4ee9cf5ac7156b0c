import codecs
import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.document.storage import MAX_FILE_BYTES, Files, TextFormat, load_text, save_text
from writer.errors import WriterError

LINES = st.lists(st.sampled_from(["\n", "\r\n", "\r", "word", "é", "😀", "\u2028", "\u00a0", "\t", "\x0b", " "]))


@given(
    parts=LINES,
    encoding=st.sampled_from(
        [
            ("utf-8", b""),
            ("utf-8", codecs.BOM_UTF8),
            ("utf-16-le", codecs.BOM_UTF16_LE),
            ("utf-16-be", codecs.BOM_UTF16_BE),
        ]
    ),
)
def test_open_and_save_give_the_same_bytes(parts: list[str], encoding: tuple[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    data = encoding[1] + "".join(parts).encode(encoding[0])
    path.write_bytes(data)
    loaded = load_text(path)
    assert save_text(path, loaded.text, loaded.format) == loaded.format
    assert path.read_bytes() == data


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_of_one_kind_are_plain_inside_and_kept_outside(newline: str, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_bytes(f"one{newline}two".encode())
    loaded = load_text(path)
    assert loaded.text == "one\ntwo"
    save_text(path, loaded.text + "\nthree", loaded.format)
    assert path.read_bytes() == f"one{newline}two{newline}three".encode()


def test_an_old_encoding_is_kept_while_it_can_hold_the_text(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_bytes("caf\xe9 \u201cquoted\u201d".encode("cp1252"))
    loaded = load_text(path)
    assert loaded.text == "café “quoted”"
    assert save_text(path, loaded.text, loaded.format).encoding == "cp1252"
    assert path.read_bytes() == "caf\xe9 \u201cquoted\u201d".encode("cp1252")
    assert save_text(path, loaded.text + "😀", loaded.format) == TextFormat("utf-8", b"", "\n")
    assert path.read_text(encoding="utf-8") == "café “quoted”😀"


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\x7fELF\x02\x01\x01\0", bytes(range(256)), b"text\0text", b"\xff\xfe\x41"],
)
def test_binary_files_are_refused_in_words(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    with pytest.raises(WriterError, match=r"picture\.png is not a text file"):
        load_text(path)
    assert path.read_bytes() == data


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(WriterError, match="no such file"):
        load_text(tmp_path / "missing.txt")
    with pytest.raises(WriterError, match="is a folder"):
        load_text(tmp_path)
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(WriterError, match="more than the 64 MB"):
        load_text(huge)


class FailingFiles(Files):
    """Counts calls, and fails at the n-th as a full disk would; later calls work."""

    def __init__(self, fail_at: int) -> None:
        self.calls: list[str] = []
        self.fail_at = fail_at

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name.startswith("_") or name in ("calls", "fail_at"):
            return value

        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) - 1 == self.fail_at:
                if name == "write":
                    value(arguments[0], arguments[1][:3])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return value(*arguments)

        return call


def test_a_failure_at_any_call_leaves_the_old_or_the_new_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    counting = FailingFiles(-1)
    save_text(path, "old", TextFormat(), counting)
    assert counting.calls == ["create_beside", "copy_mode", "write", "sync", "close", "rename", "sync_folder"]
    for n, name in enumerate(counting.calls):
        path.write_text("old")
        with pytest.raises(WriterError, match="the disk is full"):
            save_text(path, "new and longer", TextFormat(), FailingFiles(n))
        assert path.read_text() == ("new and longer" if name == "sync_folder" else "old"), name
        assert [p.name for p in tmp_path.iterdir()] == ["story.txt"], name


def test_links_are_followed_and_permissions_kept(tmp_path: Path) -> None:
    target, link = tmp_path / "real.txt", tmp_path / "link.txt"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    save_text(link, "new", TextFormat())
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_half_characters_do_not_keep_a_text_from_being_saved(tmp_path: Path) -> None:
    save_text(tmp_path / "a.txt", "a\ud83d b", TextFormat())
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "a\ufffd b"
