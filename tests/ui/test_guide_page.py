"""The guide: what is shipped is shown, leads nowhere, and closes."""

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QPushButton, QTextBrowser
from pytestqt.qtbot import QtBot

from writer.document.drafts.draft_journal import SYNC_AFTER_S
from writer.document.drafts.recovery import KEPT_IN_TRASH
from writer.document.drafts.unwritten import WRITE_AFTER_S
from writer.document.files.text_file import MAX_FILE_BYTES
from writer.paths import resources_dir
from writer.ui import autosave
from writer.ui.files import VERSION_PAUSE
from writer.ui.guide_page import GuidePage, WhatsNewPage

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

SECTIONS = (
    "Begin",
    "Let the model go on",
    "While you write",
    "What the model keeps in mind",
    "Your text is safe",
    "Versions",
    "Who wrote what",
    "Keys",
    "Where things are kept",
)


@pytest.fixture
def page(qtbot: QtBot) -> GuidePage:
    page = GuidePage()
    qtbot.addWidget(page)
    page.resize(900, 700)
    with qtbot.waitExposed(page):
        page.show()
    return page


def text_of(page: GuidePage) -> QTextBrowser:
    found = page.findChild(QTextBrowser, "guide")
    assert isinstance(found, QTextBrowser)
    return found


def headings(page: GuidePage) -> list[str]:
    block, found = text_of(page).document().begin(), []
    while block.isValid():
        if block.blockFormat().headingLevel() == 2:
            found.append(block.text())
        block = block.next()
    return found


def test_every_section_is_there_as_a_heading(page: GuidePage) -> None:
    assert tuple(headings(page)) == SECTIONS
    assert "**" not in text_of(page).toPlainText()


@pytest.mark.parametrize(
    "promise",
    [
        "within 1 second, also when you never pause",
        "Every 5 seconds the disk is made to confirm it",
        "either the old file or the new one",
        '"Saved" is shown only after the disk has confirmed it',
        "never overwritten unless you say so",
        "only after a save that was checked, or when you throw it away yourself",
        "for 30 days",
        "10 seconds after your last change, and every 60 seconds while you go on",
        "up to 1,000 versions and 200 MB",
        "more than 64 MB",
        "opens for reading only",
        "all of the last day stay, then one an hour for a week, one a day for three months, and one a week after that",
        "story.txt.writer.json",
    ],
)
def test_the_promises_stand_in_plain_words(page: GuidePage, promise: str) -> None:
    assert promise in text_of(page).toPlainText()


def test_every_key_of_the_table_is_one(page: GuidePage) -> None:
    cursor = text_of(page).textCursor()
    block, table = text_of(page).document().begin(), None
    while block.isValid() and table is None:
        cursor.setPosition(block.position())
        table = cursor.currentTable()
        block = block.next()
    assert table is not None
    keys = [table.cellAt(row, 0).firstCursorPosition().block().text() for row in range(1, table.rows())]
    assert len(keys) > 8
    for key in (part for entry in keys for part in re.split(" and | to ", entry)):
        assert QKeySequence(key).toString() == key


@pytest.mark.parametrize("width", [480, 900, 1500])
def test_the_column_stays_in_the_middle(page: GuidePage, qtbot: QtBot, width: int) -> None:
    page.resize(width, 700)
    QApplication.processEvents()
    view = text_of(page)
    left = view.viewport().x()
    right = view.width() - view.viewport().geometry().right() - 1
    assert abs(right - left - view.verticalScrollBar().width()) <= 1
    assert view.viewport().width() <= 622
    assert left >= 24
    qtbot.waitUntil(lambda: view.horizontalScrollBar().maximum() == 0)  # the text is laid out anew bit by bit


def test_links_lead_nowhere_outside(page: GuidePage) -> None:
    assert not text_of(page).openLinks()
    assert "](http" not in text_of(page).toMarkdown()


def test_esc_and_back_close_it(page: GuidePage, qtbot: QtBot) -> None:
    page.activateWindow()
    page.setFocus()
    assert QApplication.focusWidget() is text_of(page)
    with qtbot.waitSignal(page.closed):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    with qtbot.waitSignal(page.closed):
        qtbot.mouseClick(page.findChild(QPushButton, "back"), Qt.MouseButton.LeftButton)


def test_the_guides_figures_are_the_programs() -> None:
    guide = (resources_dir() / "guide" / "guide.md").read_text(encoding="utf-8")
    assert WRITE_AFTER_S < 1
    for figure in (
        "on the disk within 1 second",
        f"Every {SYNC_AFTER_S:.0f} seconds the disk is made to confirm it",
        f"{autosave.PAUSE_S} seconds after your last change, and every {autosave.LONGEST_S} seconds",
        f"in the trash of the recovery folder for {KEPT_IN_TRASH.days} days",
        f"Texts of more than {MAX_FILE_BYTES // 2**20} MB are neither opened nor saved",
        f"every {('five', 'ten')[VERSION_PAUSE.seconds // 600]} minutes while it saves by itself",
    ):
        assert figure in guide, figure


def test_what_is_new_is_read_when_it_is_first_seen(qtbot: QtBot) -> None:
    page = WhatsNewPage()
    qtbot.addWidget(page)
    assert page.text.toPlainText() == "", "a start does not wait for a page that nobody may look at"
    with qtbot.waitExposed(page):
        page.show()
    text = page.text.toPlainText()
    assert "Writing with the model" in text
    assert "**" not in text
    assert not page.text.openLinks()
