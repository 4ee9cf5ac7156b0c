"""What the next start shows: the text that no file holds, where the writer left off, and no crash twice."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.end2end.open_page import OpenPage, press_notice, wait_saved
from writer.document.drafts.recovery import list_drafts, recover
from writer.document.files.file_ops import FileOps
from writer.document.provenance import Author
from writer.ui.main_window import MainWindow

LONG_MS = 60_000
LEFT = Qt.MouseButton.LeftButton


def crash(window: MainWindow, qtbot: QtBot) -> None:
    """As a kill leaves it: the journal is on the disk, and nobody holds it any more."""
    assert window.manuscripts.safekeeping.sync()
    state = window._paths.state
    kept = state.with_name("state-of-the-crash")
    shutil.copytree(state, kept)
    window.files.document.mark_saved()
    window.close()
    shutil.rmtree(state)
    kept.rename(state)


def restore(window: MainWindow, qtbot: QtBot) -> None:
    window.session.restore(window.open_welcome)
    qtbot.waitUntil(lambda: not window.manuscripts.errands.is_busy, timeout=LONG_MS)


def test_d45_a_text_without_a_file_is_offered_after_a_crash_and_taken_up_with_its_undo(
    open_page: OpenPage, qtbot: QtBot, writer_home: Path
) -> None:
    window = open_page(None)
    window.session.restore(window.files.new)
    qtbot.waitUntil(lambda: not window.manuscripts.errands.is_busy, timeout=LONG_MS)
    QTest.keyClicks(window.editor, "Once upon ")
    window.files.document.replace(10, 10, "a time", Author.MODEL, "g")
    crash(window, qtbot)
    again = open_page(None)
    restore(again, qtbot)
    page = again.pages.recovery
    assert again.pages.currentWidget() is page
    qtbot.waitUntil(lambda: "Once upon a time" in page._preview.toPlainText(), timeout=LONG_MS)
    QTest.mouseClick(page.open, LEFT)
    qtbot.waitUntil(lambda: again.files.document.text == "Once upon a time", timeout=LONG_MS)
    assert again.pages.is_text_shown
    assert [span.author for span in again.files.document.spans()] == [Author.HUMAN, Author.MODEL]
    assert again.files.document.modified
    again.editor.undo()
    assert again.files.document.text == "Once upon "

    def in_use() -> list[bool]:
        return [draft.in_use for draft in list_drafts([writer_home / "state" / "recovery"], FileOps())]

    qtbot.waitUntil(lambda: in_use() == [True], timeout=LONG_MS)  # kept anew, and once


def test_leaving_with_unsaved_text_asks_nothing_and_the_next_start_goes_on_with_it(
    open_page: OpenPage, qtbot: QtBot
) -> None:
    window = open_page(None)
    restore(window, qtbot)
    window.files.new()
    QTest.keyClicks(window.editor, "Not saved yet")
    window.close()
    assert not window.isVisible()
    again = open_page(None)
    restore(again, qtbot)
    qtbot.waitUntil(lambda: again.files.document.text == "Not saved yet", timeout=LONG_MS)
    assert again.pages.is_text_shown
    assert again.editor.caret == len("Not saved yet")
    QTest.keyClicks(again.editor, "!")
    assert again.files.document.text == "Not saved yet!"


def test_the_file_caret_and_panel_of_the_last_session_come_back(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("line\n" * 400)
    window = open_page(path)
    window.editor.set_caret(1000)
    window.editor.set_top(950)
    window.rail.open("versions")
    window.close()
    again = open_page(None)
    restore(again, qtbot)
    assert again.files.path == path
    assert again.editor.caret == 1000
    assert again.editor.top == 950
    assert again.rail.current == "versions"
    assert again.session.recent[0] == path


def test_unsaved_edits_of_a_file_are_saved_on_leaving_or_kept_where_that_is_off(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    window = open_page(path)
    QTest.keyClicks(window.editor, "new ")
    window.close()
    assert path.read_text() == "new old"
    window = open_page(path)
    window.set_autosave(False)
    QTest.keyClicks(window.editor, "newer ")
    window.close()
    assert path.read_text() == "new old"
    again = open_page(None)
    restore(again, qtbot)
    qtbot.waitUntil(lambda: again.files.document.text == "newer new old", timeout=LONG_MS)
    assert again.files.path == path
    assert again.files.document.modified
    again.files.save()
    wait_saved(again, qtbot)
    assert path.read_text() == "newer new old"


def test_a_file_with_unsaved_changes_from_before_says_so_when_it_is_opened(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    window = open_page(path)
    window.set_autosave(False)
    QTest.keyClicks(window.editor, "new ")
    window.files.new()
    qtbot.waitUntil(lambda: window.files.path is None, timeout=LONG_MS)
    assert "story.txt has changes that are not saved" in window.notices.message
    window.open_file(path)
    qtbot.waitUntil(lambda: "never saved" in window.notices.message, timeout=LONG_MS)
    assert window.files.document.text == "old"
    press_notice(window, "Take them up")
    qtbot.waitUntil(lambda: window.files.document.text == "new old", timeout=LONG_MS)


def test_d46_a_file_changed_since_the_crash_and_the_draft_are_both_kept(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    window = open_page(path)
    window.session.starting_on(path)
    qtbot.waitUntil(lambda: not window.manuscripts.errands.is_busy, timeout=LONG_MS)
    QTest.keyClicks(window.editor, "mine ")
    crash(window, qtbot)
    path.write_text("theirs")
    again = open_page(None)
    restore(again, qtbot)
    QTest.mouseClick(again.pages.recovery.open, LEFT)
    qtbot.waitUntil(lambda: again.files.document.text == "mine old", timeout=LONG_MS)
    assert again.files.path is None
    assert "was changed after these edits" in again.notices.message
    assert path.read_text() == "theirs"
    again.close()
    assert path.read_text() == "theirs"


def test_d49_d50_after_three_starts_that_failed_nothing_is_opened_by_itself(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    window = open_page(path)
    QTest.keyClicks(window.editor, "mine ")
    crash(window, qtbot)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    again = open_page(None)
    again.session._file._note([ended.pid] * 3)
    restore(again, qtbot)
    assert again.files.path is None
    assert again.pages.currentWidget() is again.pages.recovery
    assert "did not start well" in again.notices.message
    page = again.pages.recovery
    QTest.mouseClick(page.open, LEFT)
    qtbot.waitUntil(lambda: again.files.document.text == "mine old", timeout=LONG_MS)


def test_throwing_a_draft_away_takes_two_clicks_and_it_stays_in_the_trash(
    open_page: OpenPage, qtbot: QtBot, writer_home: Path
) -> None:
    window = open_page(None)
    QTest.keyClicks(window.editor, "Not worth keeping")
    crash(window, qtbot)
    again = open_page(None)
    again.manuscripts.drafts.show()
    qtbot.waitUntil(lambda: again.pages.currentWidget() is again.pages.recovery, timeout=LONG_MS)
    page = again.pages.recovery
    recovery = writer_home / "state" / "recovery"
    QTest.mouseClick(page.throw, LEFT)
    assert list(recovery.glob("*.journal"))
    qtbot.wait(QApplication.doubleClickInterval() + 50)
    QTest.mouseClick(page.throw, LEFT)
    qtbot.waitUntil(lambda: not list(recovery.glob("*.journal")), timeout=LONG_MS)
    assert list((recovery / "trash").glob("*.journal"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_d54_told_to_end_the_program_puts_everything_on_the_disk_and_asks_nothing(
    number: signal.Signals, heard_signals: None, tmp_path: Path
) -> None:
    script = Path(__file__).with_name("type_in_window.py")
    root = script.parents[2]
    home = tmp_path / "home"
    environ = os.environ | {"WRITER_HOME": str(home), "PYTHONPATH": str(root), "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen(
        [sys.executable, str(script), "keys", "5"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    )
    assert process.stdout is not None
    n_told = 0
    while n_told < 60:
        n_told = int(process.stdout.readline())
    process.send_signal(number)
    rest, errors = process.communicate(timeout=60)
    n_told = int(rest.split()[-1]) if rest.split() else n_told
    assert process.returncode == 0, errors.decode()
    (draft,) = list_drafts([home / "state" / "recovery"], FileOps())
    assert len(recover(draft, FileOps()).text) == n_told


def test_a_terminal_that_closes_ends_no_program_that_was_told_to_outlive_it(tmp_path: Path) -> None:
    script = Path(__file__).with_name("type_in_window.py")
    environ = os.environ | {
        "WRITER_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(script.parents[2]),
        "QT_QPA_PLATFORM": "offscreen",
    }
    command = ["nohup", sys.executable, str(script), "keys", "5"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    )
    assert process.stdout is not None
    while int(process.stdout.readline()) < 20:
        pass
    process.send_signal(signal.SIGHUP)
    n_after = [int(process.stdout.readline()) for _ in range(100)][-1]
    assert n_after >= 120, "it types on"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
