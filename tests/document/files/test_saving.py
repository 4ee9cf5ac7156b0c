"""Saving: what is on the disk afterwards, and what it says."""

import codecs
import errno
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.document.faulty_ops import CountingOps, RefusingOps, SlicingOps, files_in
from writer.document.files.encoding import TextFormat, UnencodableCharacter
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import FileChanged, Saved, save_text
from writer.document.files.text_file import fingerprint, open_text
from writer.errors import WriterError

DISKS = {"exchanging": set(), "linking": {"swap"}, "one name a file": {"swap", "link"}}


def save(path: Path, text: str, form: TextFormat | None = None, ops: FileOps | None = None) -> Saved:
    """Over what the file holds now."""
    expected = fingerprint(path, FileOps()) if path.exists() else None
    rescue = path.parent / "rescue"
    return save_text(path, text, form or TextFormat(), ops or FileOps(), expected=expected, rescue=rescue)


@pytest.fixture(params=DISKS)
def ops(request: pytest.FixtureRequest) -> FileOps:
    """Each kind of disk."""
    return RefusingOps(dict.fromkeys(DISKS[request.param], errno.ENOTSUP))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "story.txt"


# -- how much ----------------------------------------------------------------------------------------------------------


def test_what_is_saved_can_be_opened_again_and_the_writer_is_warned_before_it_is_too_much(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("saving", "text_file"):
        monkeypatch.setattr(f"writer.document.files.{module}.MAX_FILE_BYTES", 10 * 2**20)
    line = "x" * 1023 + "\n"
    assert save(path, line * 9 * 2**10).notices == ()
    (warning,) = save(path, line * 10 * 2**10).notices
    assert warning == "story.txt has 10 MB: beyond 10 MB Writer can neither save nor open it."
    assert not open_text(path, FileOps()).read_only
    counting = CountingOps()
    with pytest.raises(WriterError, match="would have 11 MB, more than the 10 MB") as refused:
        save(path, line * 10 * 2**10 + "x", ops=counting)
    assert refused.value.hint
    assert counting.calls == []
    assert path.stat().st_size == 10 * 2**20


# -- what is saved -----------------------------------------------------------------------------------------------------


def test_a_new_file_is_made_and_replaced(path: Path, ops: FileOps) -> None:
    first = save(path, "one\n", ops=ops)
    assert path.read_bytes() == b"one\n"
    assert first == Saved(fingerprint(path, FileOps()), TextFormat())
    second = save_text(path, "two\n", TextFormat(), ops, expected=first.fingerprint, rescue=path.parent)
    assert files_in(path.parent) == {"story.txt": b"two\n"}
    assert second == Saved(fingerprint(path, FileOps()), TextFormat())


@given(data=st.binary(max_size=300), bom=st.sampled_from([b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE]))
def test_d41_d42_open_and_save_give_the_same_bytes(data: bytes, bom: bytes, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_bytes(bom + data)
    opened = open_text(path, FileOps())
    if not opened.read_only:
        save_text(path, opened.text, opened.format, FileOps(), expected=opened.fingerprint, rescue=tmp_path)
        assert path.read_bytes() == bom + data
        assert open_text(path, FileOps()).text == opened.text


@given(text=st.text(max_size=100), bom=st.sampled_from([b"", codecs.BOM_UTF8]))
def test_d42_any_text_is_the_same_when_opened_again(text: str, bom: bytes, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    if "\0" in text or (text.startswith("\ufeff") and not bom):
        return
    form = TextFormat("utf-8", bom, "" if "\r" in text else "\n")
    save(path, text, form)
    opened = open_text(path, FileOps())
    stored = opened.text if opened.format.newline == "" else opened.text.replace("\n", opened.format.newline)
    assert stored == text


def test_d40_a_character_without_a_code_leaves_the_file_as_it_is(path: Path) -> None:
    path.write_bytes("Größe".encode("cp1252"))
    counting = CountingOps()
    with pytest.raises(UnencodableCharacter, match=r"“😀” in line 2, column 3") as caught:
        save(path, "Größe\nab😀", TextFormat("cp1252"), counting)
    assert (caught.value.line, caught.value.column) == (2, 3)
    assert counting.calls == []
    assert files_in(path.parent) == {"story.txt": "Größe".encode("cp1252")}
    assert save(path, "Größe\nab😀").format == TextFormat()
    assert path.read_text(encoding="utf-8") == "Größe\nab😀"


@pytest.mark.parametrize(
    ("text", "stored", "notice"),
    [
        ("a\ud83d b", "a\ufffd b", "1 broken character became \ufffd."),
        ("\ude00\ud83d", "\ufffd\ufffd", "2 broken characters became \ufffd."),
        ("\ud83d\ude00", "😀", None),
    ],
)
def test_d43_half_characters_do_not_keep_a_text_from_being_saved(
    text: str, stored: str, notice: str | None, path: Path
) -> None:
    assert save(path, text).notices == ((notice,) if notice else ())
    assert path.read_text(encoding="utf-8") == stored


# -- where it is saved -------------------------------------------------------------------------------------------------


def test_d19_a_link_is_followed_and_stays(path: Path, ops: FileOps) -> None:
    link, chain = path.with_name("link.txt"), path.with_name("chain.txt")
    link.symlink_to("story.txt")
    chain.symlink_to(link)
    path.write_text("old")
    save(chain, "new", ops=ops)
    assert chain.is_symlink()
    assert link.is_symlink()
    assert not path.is_symlink()
    assert path.read_text() == "new"


def test_d19_a_link_to_nowhere_makes_its_file(path: Path, ops: FileOps) -> None:
    link = path.with_name("link.txt")
    link.symlink_to("story.txt")
    save(link, "new", ops=ops)
    assert link.is_symlink()
    assert path.read_text() == "new"
    link.unlink()
    link.symlink_to("no folder/story.txt")
    with pytest.raises(WriterError, match=r"^Cannot save link\.txt: there is no such file or folder\."):
        save(link, "new", ops=ops)
    assert link.is_symlink()


@pytest.mark.parametrize("in_place", [False, True])
def test_d19_links_in_a_circle_are_an_error_and_stay(in_place: bool, path: Path) -> None:
    other = path.with_name("other.txt")
    path.symlink_to(other)
    other.symlink_to(path)
    with pytest.raises(WriterError, match="its links lead in a circle"):
        save_text(
            path, "new", TextFormat(), FileOps(), expected=None, rescue=path.parent, overwrite=True, in_place=in_place
        )
    assert path.is_symlink()
    assert other.is_symlink()


@pytest.mark.parametrize("in_place", [False, True])
def test_d21_only_files_are_written(in_place: bool, tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for refused in (pipe, folder, tmp_path / "socket", Path("/dev/full"), Path("/dev/null")):
            counting = CountingOps()
            with pytest.raises(WriterError, match=r"is a folder|is a device or a pipe, not a file"):
                save_text(
                    refused,
                    "new",
                    TextFormat(),
                    counting,
                    expected=None,
                    rescue=tmp_path / "rescue",
                    overwrite=True,
                    in_place=in_place,
                )
            assert not {"create", "open_to_overwrite", "read", "swap"} & set(counting.calls)
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe", "socket"]


@pytest.mark.parametrize("name", [b"x" * 255, b"\xff\xfe.txt", b"two\nlines.txt", b"-rf", b"...", "é".encode() * 127])
def test_d22_any_name_that_the_disk_takes_is_saved(name: bytes, tmp_path: Path, ops: FileOps) -> None:
    path = tmp_path / os.fsdecode(name)
    save(path, "one", ops=ops)
    save(path, "two", ops=ops)
    assert os.listdir(os.fsencode(tmp_path)) == [name]
    assert path.read_text() == "two"


def test_d22_a_name_that_is_too_long_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(WriterError, match="the name is too long"):
        save_text(tmp_path / ("x" * 256), "", TextFormat(), FileOps(), expected=None, rescue=tmp_path)
    assert files_in(tmp_path) == {}


def test_d22_an_odd_name_is_shown_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"two\nlines\xff.txt")
    path.write_text("old")
    with pytest.raises(FileChanged) as caught:
        save_text(path, "new", TextFormat(), FileOps(), expected=None, rescue=tmp_path)
    assert "two\ufffdlines\ufffd.txt" in caught.value.message


# -- how it goes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 4_095, 4_097])
def test_d15_short_writes_are_continued(size: int, path: Path) -> None:
    save(path, "x" * size, ops=SlicingOps(1))
    assert path.read_bytes() == b"x" * size


def many_saves(path: Path, n: int, ops: FileOps) -> None:
    before = os.listdir("/proc/self/fd")
    saved = save(path, "first")
    for i in range(n):
        saved = save_text(path, f"text {i}", TextFormat(), ops, expected=saved.fingerprint, rescue=path.parent)
        assert not saved.notices
    assert files_in(path.parent) == {"story.txt": f"text {n - 1}".encode()}
    assert os.listdir("/proc/self/fd") == before


def test_d57_two_hundred_saves_leave_one_file_and_no_descriptor(path: Path, ops: FileOps) -> None:
    many_saves(path, 200, ops)


@pytest.mark.long
def test_d57_ten_thousand_saves_leave_one_file_and_no_descriptor(path: Path, ops: FileOps) -> None:
    many_saves(path, 10_000, ops)
