"""Earlier versions in a real window: kept by themselves and by hand, compared, and brought back whole or in part."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.end2end.open_page import OpenPage, wait_saved
from writer.document.provenance import Author
from writer.document.versions.version_store import Reason, Version
from writer.ui.main_window import MainWindow

LONG_MS = 60_000
NOVEL = "".join(f"Chapter {n}. " + "It was a dark and stormy night. " * 20 + "\n" for n in range(1, 31))


def versions(window: MainWindow, qtbot: QtBot) -> tuple[Version, ...]:
    qtbot.waitUntil(lambda: not window.manuscripts.errands.is_busy, timeout=LONG_MS)
    return window.manuscripts.desk.versions.list(window.files.manuscript.key)


def reasons(window: MainWindow, qtbot: QtBot) -> list[Reason]:
    return [version.reason for version in versions(window, qtbot)]


def test_a_whole_book_deleted_and_saved_is_one_click_away_in_a_later_session(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "novel.txt"
    path.write_text(NOVEL)
    window = open_page(path)
    window.files.document.replace(len(NOVEL), len(NOVEL), "The end.", Author.MODEL, "g")
    window.editor.selectAll()
    QTest.keyClick(window.editor, Qt.Key.Key_Backspace)
    assert "words went at once" in window.notices.message
    window.files.save()
    wait_saved(window, qtbot)
    assert path.read_text() == ""
    window.close()
    again = open_page(path)
    again.rail.open("versions")
    lost = next(v for v in versions(again, qtbot) if v.reason is Reason.LARGE_DELETION)
    again.versions_panel.restore_requested.emit(lost)
    qtbot.waitUntil(lambda: again.files.document.text == NOVEL + "The end.", timeout=LONG_MS)
    assert [span.author for span in again.files.document.spans()] == [Author.HUMAN, Author.MODEL]
    again.editor.undo()
    assert again.files.document.text == ""
    again.editor.undo()
    assert again.files.document.text == NOVEL + "The end.", "undo has outlived the window"


def test_versions_are_kept_at_saves_by_hand_and_before_the_model_writes(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("one")
    window = open_page(path)
    assert reasons(window, qtbot) == [Reason.OTHER_PROGRAM]
    QTest.keyClicks(window.editor, "two ")
    window.files.save()
    wait_saved(window, qtbot)
    QTest.keyClicks(window.editor, "three ")
    window.versions_panel.keep_requested.emit("Before the twist")
    QTest.keyClicks(window.editor, "four ")
    window.manuscripts.versions.before_generation()
    QTest.keyClicks(window.editor, "five ")
    window.manuscripts.versions.before_generation()
    found = versions(window, qtbot)
    assert [v.reason for v in found] == [Reason.GENERATION, Reason.BY_HAND, Reason.SAVE, Reason.OTHER_PROGRAM]
    assert found[1].name == "Before the twist"
    assert found[1].time <= window.manuscripts.desk.now()


def test_the_panel_shows_renames_and_deletes(open_page: OpenPage, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "story.txt"
    path.write_text("one")
    window = open_page(path)
    window.rail.open("versions")
    (first,) = versions(window, qtbot)
    panel = window.versions_panel
    qtbot.waitUntil(lambda: len(panel._rows) == 1, timeout=LONG_MS)
    panel.rename_requested.emit(first, "The first")
    assert versions(window, qtbot)[0].name == "The first"
    panel.delete_requested.emit(versions(window, qtbot)[0])
    assert versions(window, qtbot) == ()
    qtbot.waitUntil(lambda: not panel._rows, timeout=LONG_MS)


def test_a_part_of_a_version_is_brought_back_with_its_authors(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("first\nsecond\nthird\nfourth\n")
    window = open_page(path)
    document = window.files.document
    document.replace(12, 12, " by the model", Author.MODEL, "g")
    window.manuscripts.versions.keep("whole")
    version = versions(window, qtbot)[0]
    document.replace(0, 5, "1st")
    document.replace(document.text.index("second"), document.text.index("third"), "")
    window.manuscripts.versions.compare(version)
    page = window.pages.comparison
    qtbot.waitUntil(lambda: window.pages.currentWidget() is page, timeout=LONG_MS)
    second = next(
        number
        for number, row in enumerate(window.manuscripts.versions._rows)
        if row.old is not None and row.old.start == len("first\n")
    )
    page.rows_restored.emit((second,))
    assert document.text == "1st\nsecond by the model\nthird\nfourth\n"
    authors = [(document.slice(span.start, span.end), span.author) for span in document.spans()]
    assert authors[1] == (" by the model", Author.MODEL)
    qtbot.waitUntil(
        lambda: (
            not any(
                row.changed and row.old is not None and row.old.start == len("first\n")
                for row in window.manuscripts.versions._rows
            )
        ),
        timeout=LONG_MS,
    )
    assert page.findChildren(QPushButton)
    page.closed.emit()
    assert window.pages.is_text_shown
    window.editor.undo()
    assert document.text == "1st\nthird\nfourth\n"
