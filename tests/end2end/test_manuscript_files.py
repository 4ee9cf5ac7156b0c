"""A manuscript in a real window, and what becomes of its file: saved, refused, changed, gone, open elsewhere."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.end2end.open_page import FailingOps, OpenPage, press_notice, wait_saved
from writer.document.files.document_lock import DocumentLock, Taken
from writer.document.files.file_ops import FileOps
from writer.document.files.process import Process
from writer.document.provenance import Author
from writer.document.versions.version_store import Reason, document_key
from writer.ui.main_window import MainWindow
from writer.ui.mirror import displayed

LONG_MS = 60_000


def type_text(window: MainWindow, text: str) -> None:
    QTest.keyClicks(window.editor, text)


def state_shown(window: MainWindow) -> str:
    return window.status._saving.text()


@pytest.mark.parametrize(
    "data",
    [
        "a\u00a0b\u202fc\u2028d\u2029e\u200df\u0301 \u05d0\u05d1 \U0001f469\u200d\U0001f680\n".encode(),
        b"one\r\ntwo\r\n",
        b"one\rtwo\rthree",
        b"one\r\ntwo\nthree\r",
        b"\xef\xbb\xbfwith a mark",
        "\ufeffwide \u00a0 ".encode("utf-16-le"),
        b"caf\xe9 \x93quoted\x94",
        b"",
    ],
)
def test_d41_d42_opened_and_saved_through_the_page_is_byte_for_byte_the_same(
    data: bytes, open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_bytes(data)
    window = open_page(path)
    before = path.stat().st_ino
    window.files.save()
    wait_saved(window, qtbot)
    assert path.read_bytes() == data
    assert path.stat().st_ino != before or not data, "it was saved"
    type_text(window, "x")
    window.editor.undo()
    window.files.save()
    wait_saved(window, qtbot)
    assert path.read_bytes() == data


def test_a_text_gets_a_file_and_is_shown_as_saved_only_then(open_page: OpenPage, tmp_path: Path, qtbot: QtBot) -> None:
    window = open_page(None)
    assert state_shown(window) == ""
    type_text(window, "Once upon a time")
    assert state_shown(window) == "Draft"
    path = tmp_path / "story.txt"
    window.files.save_to(path)
    assert state_shown(window) == "Saving…"
    wait_saved(window, qtbot)
    assert path.read_text() == "Once upon a time"
    assert state_shown(window) == "Saved"
    assert window.windowTitle() == "story.txt[*] — Writer"
    assert not window.isWindowModified()
    type_text(window, "!")
    assert state_shown(window) == "Edited"
    assert window.isWindowModified()


def test_edits_during_a_save_are_neither_lost_nor_called_saved(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("one ")
    window = open_page(path)
    type_text(window, "two ")
    window.files.save()
    type_text(window, "three ")
    window.files.save()
    wait_saved(window, qtbot)
    assert path.read_text() == "two three one "
    assert not window.files.document.modified
    assert not window.notices.message


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_d11_d16_a_save_that_fails_leaves_the_file_says_why_and_is_tried_again(
    number: int, open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    ops = FailingOps(tmp_path, number)
    window = open_page(path, ops)
    type_text(window, "new ")
    ops.fails = True
    window.files.save()
    qtbot.waitUntil(lambda: bool(window.notices.message), timeout=LONG_MS)
    assert "story.txt" in window.notices.message
    assert window.notices.action_buttons[0].text() == "Save as…"
    assert path.read_text() == "old"
    assert window.files.document.modified
    assert state_shown(window) == "Edited"
    assert window.manuscripts.autosave.next_s is not None
    window.notices.dismiss()
    window.manuscripts.autosave.save_now()
    qtbot.waitUntil(lambda: not window.files.is_saving, timeout=LONG_MS)
    assert not window.notices.message, "the same failure is not told at every attempt"
    ops.fails = False
    window.manuscripts.autosave.save_now()
    wait_saved(window, qtbot)
    assert path.read_text() == "new old"


def test_d12_closing_asks_when_neither_the_file_nor_the_journal_takes_the_text(
    open_page: OpenPage, tmp_path: Path, writer_home: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    ops = FailingOps(Path("/"), errno.ENOSPC)
    window = open_page(path, ops)
    ops.fails = True
    type_text(window, "new ")
    qtbot.waitUntil(lambda: "would be lost in a crash" in window.notices.message, timeout=LONG_MS)
    qtbot.waitUntil(lambda: state_shown(window) == "Unsafe", timeout=LONG_MS)
    window.close()
    assert window.isVisible()
    assert window.files.document.text == "new old"
    while "in this window only" not in window.notices.message:
        assert window.notices.message
        window.notices.dismiss()
    ops.fails = False
    type_text(window, "! ")
    qtbot.waitUntil(lambda: state_shown(window) != "Unsafe", timeout=LONG_MS)
    window.close()
    assert not window.isVisible()
    assert path.read_text() == "new ! old"


def test_d24_an_unchanged_text_follows_its_file_and_undo_returns(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("Mine was here.")
    window = open_page(path)
    path.write_text("Theirs is here.")
    qtbot.waitUntil(lambda: window.files.document.text == "Theirs is here.", timeout=LONG_MS)
    assert not window.files.document.modified
    assert "changed by another program" in window.notices.message
    window.editor.undo()
    assert window.files.document.text == "Mine was here."
    assert window.files.document.modified


def test_d25_a_changed_text_waits_for_the_writers_choice(open_page: OpenPage, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    window = open_page(path)
    type_text(window, "mine ")
    path.write_text("theirs")
    qtbot.waitUntil(lambda: "Another program has changed story.txt" in window.notices.message, timeout=LONG_MS)
    assert [button.text() for button in window.notices.action_buttons] == ["Compare", "Keep mine", "Take theirs"]
    window.manuscripts.autosave.save_now()
    window.files.secure(lambda: None)
    assert not window.files.is_saving
    assert path.read_text() == "theirs"
    press_notice(window, "Compare")
    qtbot.waitUntil(lambda: window.pages.currentWidget() is window.pages.comparison, timeout=LONG_MS)
    window.pages.show_text()
    window.files.overwrite()
    wait_saved(window, qtbot)
    assert path.read_text() == "mine old"
    kept = window.manuscripts.desk.versions
    versions = kept.list(document_key(path))
    assert "theirs" in [kept.read(v).text for v in versions if v.reason is Reason.OTHER_PROGRAM]
    assert not window.notices.message


def test_d25_taking_theirs_is_one_undo_away_from_mine(open_page: OpenPage, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    window = open_page(path)
    type_text(window, "mine ")
    path.write_text("theirs")
    qtbot.waitUntil(lambda: "Another program" in window.notices.message, timeout=LONG_MS)
    press_notice(window, "Take theirs")
    qtbot.waitUntil(lambda: window.files.document.text == "theirs", timeout=LONG_MS)
    assert not window.files.document.modified
    window.editor.undo()
    assert window.files.document.text == "mine old"


def test_d26_same_size_and_time_but_other_content_is_seen_at_the_save(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    window = open_page(path)
    window.manuscripts.outside.blockSignals(True)
    window.manuscripts.outside._watcher.blockSignals(True)
    type_text(window, "mine ")
    info = path.stat()
    with path.open("r+") as file:
        file.write("new")
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    window.files.save()
    qtbot.waitUntil(lambda: "Another program" in window.notices.message, timeout=LONG_MS)
    assert path.read_text() == "new"
    assert window.files.document.text == "mine old"


def test_d28_a_file_that_is_gone_is_made_again_only_when_asked_for(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    window = open_page(path)
    path.unlink()
    qtbot.waitUntil(lambda: "no longer on the disk" in window.notices.message, timeout=LONG_MS)
    type_text(window, "new ")
    window.manuscripts.autosave.save_now()
    assert not window.files.is_saving
    window.files.save()
    qtbot.waitUntil(lambda: not window.files.is_saving, timeout=LONG_MS)
    assert not path.exists()
    press_notice(window, "Save it again")
    wait_saved(window, qtbot)
    assert path.read_text() == "new old"


def test_d29_a_file_replaced_by_another_is_watched_on(open_page: OpenPage, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "story.txt"
    path.write_text("one")
    window = open_page(path)
    for text in ("two", "three"):
        arriving = tmp_path / "arriving"
        arriving.write_text(text)
        arriving.replace(path)
        qtbot.waitUntil(lambda text=text: window.files.document.text == text, timeout=LONG_MS)


def test_d30_what_another_process_has_open_is_for_reading_until_it_is_taken_over(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("shared")
    hold = f"""
import sys
from datetime import UTC, datetime
from pathlib import Path
from writer.document.files.document_lock import DocumentLock
from writer.document.files.file_ops import FileOps
from writer.document.files.process import Process
DocumentLock.take(Path({str(path)!r}), FileOps(), Process.current(), datetime.now(UTC), Path({str(tmp_path)!r}))
print("held", flush=True)
sys.stdin.read()
"""
    other = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        window = open_page(path)
        assert str(other.pid) in window.notices.message
        assert window.editor.isReadOnly()
        type_text(window, "x")
        window.writing.continue_at_caret()
        assert window.files.document.text == "shared"
        assert state_shown(window) == "Read-only"
        press_notice(window, "Open it here")
        qtbot.waitUntil(lambda: not window.editor.isReadOnly(), timeout=LONG_MS)
        type_text(window, "x")
        assert window.files.document.text == "xshared"
    finally:
        other.communicate()


def test_closing_the_window_frees_the_file(open_page: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("text")
    window = open_page(path)
    window.close()
    me, now = Process.current(), window.manuscripts.desk.now()
    taken = DocumentLock.take(path, FileOps(), me, now, tmp_path)
    assert isinstance(taken, Taken)
    taken.lock.release()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["story.txt"]


def test_d37_d39_what_cannot_be_decoded_is_for_reading_and_another_encoding_can_be_chosen(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "story.txt"
    data = "прописью и словами".encode("koi8-r")
    path.write_bytes(data)
    monkeypatch.setattr("writer.ui.files.QInputDialog.getItem", lambda *_, **__: ("KOI8-R (Cyrillic)", True))
    window = open_page(path)
    press_notice(window, "Choose the encoding…")
    qtbot.waitUntil(lambda: window.files.document.text == "прописью и словами", timeout=LONG_MS)
    type_text(window, "x")
    window.files.save()
    wait_saved(window, qtbot)
    assert path.read_bytes() == b"x" + data


def test_d40_a_character_without_a_place_in_the_encoding_is_named_and_the_file_stays(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_bytes(b"caf\xe9\n")
    window = open_page(path)
    window.editor.set_caret(5)
    window.editor.insertPlainText("ab\u4e16")
    window.files.save()
    qtbot.waitUntil(lambda: "line 2, column 3" in window.notices.message, timeout=LONG_MS)
    assert path.read_bytes() == b"caf\xe9\n"
    window.editor.set_caret(0)
    press_notice(window, "Show it")
    assert window.editor.caret == 7
    window.files.save()
    qtbot.waitUntil(lambda: "line 2, column 3" in window.notices.message, timeout=LONG_MS)
    press_notice(window, "Save as UTF-8")
    wait_saved(window, qtbot)
    assert path.read_text(encoding="utf-8") == "café\nab\u4e16"


def test_d43_half_a_character_from_the_clipboard_is_replaced_and_told(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_page(None)
    data = QMimeData()
    data.setData("text/plain", "a\ud83db".encode("utf-8", "surrogatepass"))
    window.editor.insertFromMimeData(data)
    pasted = window.files.document.text
    assert set(pasted) == {"a", "b", "\ufffd"}
    assert "could not be read" in window.notices.message
    window.files.save_to(tmp_path / "story.txt")
    wait_saved(window, qtbot)
    assert (tmp_path / "story.txt").read_text(encoding="utf-8") == pasted


@pytest.mark.long
@pytest.mark.alone
def test_d35_fifty_megabytes_open_within_five_seconds_and_an_edit_is_saved(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "novels.txt"
    data = b"It was a dark and stormy night; the rain fell in torrents.\n" * 850_000
    path.write_bytes(data)
    began_s = time.monotonic()
    window = open_page(None)
    window.open_file(path)
    qtbot.waitUntil(lambda: window.files.path == path, timeout=60_000)
    took_s = time.monotonic() - began_s
    assert state_shown(window).startswith("Opening…")
    type_text(window, "x")
    window.files.save()
    qtbot.waitUntil(lambda: window.editor.filled == 1, timeout=60_000)
    print(f"{len(data) / 1e6:.0f} MB opened in {took_s:.1f} s, all in the page in {time.monotonic() - began_s:.1f} s")
    qtbot.waitUntil(lambda: not window.files.is_saving, timeout=60_000)
    assert path.read_bytes() == b"x" + data
    assert window.editor.document().toRawText() == displayed(window.files.document.text)
    assert state_shown(window) == "Saved"
    assert took_s < 5


def test_d36_a_line_too_long_to_edit_is_shown_in_pieces_and_its_file_stays(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "one-line.txt"
    data = b"word " * 1_000_000
    path.write_bytes(data)
    window = open_page(path)
    assert "a line of 5,000,000 characters" in window.notices.message
    assert window.editor.isReadOnly()
    assert window.files.document.text.replace("\n", "").encode() == data
    window.files.save()
    window.close()
    assert path.read_bytes() == data


def test_d36_a_line_too_long_to_edit_is_not_pasted(open_page: OpenPage) -> None:
    window = open_page(None)
    data = QMimeData()
    data.setText("word " * 200_000)
    window.editor.insertFromMimeData(data)
    assert window.files.document.text == ""
    assert "more than 500,000 characters" in window.notices.message


def test_a_file_that_another_program_made_into_no_text_leaves_the_page_as_it_was(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("mine")
    window = open_page(path)
    path.write_bytes(b"\x7fELF\0\0\0" * 20)
    qtbot.waitUntil(lambda: "what is no text" in window.notices.message, timeout=LONG_MS)
    assert window.files.document.text == "mine"
    QTest.keyClicks(window.editor, "x")
    window.close()
    assert path.read_bytes() == b"\x7fELF\0\0\0" * 20


def test_d53_a_save_while_the_model_writes_holds_one_moment_of_the_text(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("Once ")
    window = open_page(path)
    document = window.files.document
    document.begin_group("Continue", Author.MODEL)
    for number in range(40):
        document.replace(len(document), len(document), f"{number} ", Author.MODEL, "g")
        if number == 20:
            window.files.save()
        qtbot.wait(2)
    wait_saved(window, qtbot)
    document.end_group()
    saved = path.read_text()
    assert document.text.startswith(saved)
    assert saved.endswith("20 ")
    assert document.modified
    window.editor.undo()
    assert document.text == "Once "


def test_save_as_leaves_the_former_file_and_brings_versions_and_authorship_along(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    first, second = tmp_path / "one.txt", tmp_path / "two.txt"
    first.write_text("one")
    second.write_text("was here")
    window = open_page(first)
    window.files.document.replace(3, 3, " by the model", Author.MODEL, "g")
    window.files.save()
    wait_saved(window, qtbot)
    type_text(window, "x")
    window.files.save_to(second)
    wait_saved(window, qtbot)
    assert (first.read_text(), second.read_text()) == ("one by the model", "xone by the model")
    assert window.files.path == second
    store = window.manuscripts.desk.versions
    texts = [store.read(version).text for version in store.list(document_key(second))]
    assert {"one by the model", "was here", "xone by the model"} <= set(texts)
    window.files.open_path(second)
    qtbot.waitUntil(lambda: not window.manuscripts.errands.is_busy, timeout=LONG_MS)
    spans = [(span.author, span.start, span.end) for span in window.files.document.spans()]
    assert spans == [(Author.HUMAN, 0, 4), (Author.MODEL, 4, 17)]
    assert window.files.document.undo_label, "undo outlives closing and opening"
    window.editor.undo()
    assert window.files.document.text == "one by the model"


class NoNewFiles(FileOps):
    """As where a folder may not be written in, but the file may. Writing into the file itself goes wrong when told."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._open = folder, set[int]()
        self.is_broken = False

    def create(self, path: Path, mode: int = 0o600) -> int:
        if path.parent == self._folder:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return super().create(path, mode)

    def open_to_overwrite(self, path: Path) -> int:
        descriptor = super().open_to_overwrite(path)
        self._open.add(descriptor)
        return descriptor

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self.is_broken and descriptor in self._open:
            os.write(descriptor, data[:3])
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().write(descriptor, data)

    def close(self, descriptor: int) -> None:
        self._open.discard(descriptor)
        super().close(descriptor)


def in_protected_folder(tmp_path: Path) -> tuple[Path, NoNewFiles]:
    path = tmp_path / "protected" / "story.txt"
    path.parent.mkdir()
    path.write_text("Once upon a time")
    return path, NoNewFiles(path.parent)


def test_d17_a_folder_that_takes_no_new_file_leaves_the_choice_to_the_writer(
    open_page: OpenPage, tmp_path: Path, writer_home: Path, qtbot: QtBot
) -> None:
    path, ops = in_protected_folder(tmp_path)
    before = path.stat()
    window = open_page(path, ops)
    type_text(window, "Hm. ")
    window.files.save()
    qtbot.waitUntil(lambda: bool(window.notices.message), timeout=LONG_MS)
    assert path.read_text() == "Once upon a time", "nothing is done unasked"
    assert [button.text() for button in window.notices.action_buttons] == ["Save as…", "Write into the file"]
    assert state_shown(window) == "Edited"
    press_notice(window, "Write into the file")
    wait_saved(window, qtbot)
    assert path.read_text() == "Hm. Once upon a time"
    assert path.stat().st_ino == before.st_ino
    assert state_shown(window) == "Saved"
    assert not list(writer_home.rglob("*story.txt")), "no copy is left"
    type_text(window, "!")
    window.files.save()
    qtbot.waitUntil(lambda: bool(window.notices.message), timeout=LONG_MS)
    assert path.read_text() == "Hm. Once upon a time", "the next save asks again"


def test_d17_what_could_not_be_written_to_its_end_is_found_among_the_drafts(
    open_page: OpenPage, tmp_path: Path, writer_home: Path, qtbot: QtBot
) -> None:
    path, ops = in_protected_folder(tmp_path)
    window = open_page(path, ops)
    type_text(window, "Hm. ")
    window.files.save()
    qtbot.waitUntil(lambda: bool(window.notices.message), timeout=LONG_MS)
    ops.is_broken = True
    press_notice(window, "Write into the file")
    qtbot.waitUntil(lambda: "may be damaged" in window.notices.message, timeout=LONG_MS)
    (copy,) = writer_home.rglob("rescued-*story.txt")
    assert copy.read_text() == "Hm. Once upon a time"

    page = window.pages.recovery
    window.manuscripts.drafts.show()
    qtbot.waitUntil(lambda: "Hm. Once upon a time" in page._preview.toPlainText(), timeout=LONG_MS)
    (card,) = page._draft_cards()
    assert card.found.is_copy
    assert "story.txt" in card.accessibleName()
    assert "while the file was being written" in card.accessibleName()
    window.files.document.undo()
    window.files.document.mark_saved()
    page.open.click()
    qtbot.waitUntil(lambda: window.files.path is None, timeout=LONG_MS)
    assert window.files.document.text == "Hm. Once upon a time"
    assert window.files.document.modified
    assert window.manuscripts.safekeeping.sync()
    assert not copy.exists(), "it is in the trash: a journal has it"
