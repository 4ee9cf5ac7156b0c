"""The versions' panel: what each row says, what it asks for, and how it stays quick with many of them."""

import dataclasses
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from writer.document.versions.version_store import Reason, Version
from writer.ui.version_row import VersionRow
from writer.ui.versions_panel import VersionsPanel

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
NOW = datetime(2025, 3, 5, 15, 0, tzinfo=timezone(timedelta(hours=2)))


def version(
    sequence: int, age_hours: float = 0, reason: Reason = Reason.SAVE, name: str = "", n_words: int = 100
) -> Version:
    return Version("key", sequence, f"{sequence:064}", NOW - timedelta(hours=age_hours), reason, name, 0, n_words)


FEW = (
    version(5, 0.5, n_words=1_412),
    version(4, 1, Reason.LARGE_DELETION, n_words=1_100),
    version(3, 20, Reason.BY_HAND, "The long ending", n_words=1_101),
    version(2, 21, n_words=1_101),
    version(1, 50, n_words=1),
)


def many(number: int) -> tuple[Version, ...]:
    return tuple(version(number - place, place / 2) for place in range(number))


@pytest.fixture
def panel(qtbot: QtBot) -> VersionsPanel:
    panel = VersionsPanel()
    qtbot.addWidget(panel)
    panel.resize(319, 600)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.activateWindow()
    return panel


def settle() -> None:
    for _ in range(3):  # a layout within a layout is arranged in several rounds
        QApplication.processEvents()


def column(panel: VersionsPanel) -> list[QWidget]:
    """What is seen, from the top down."""
    settle()
    area = panel.findChild(QScrollArea)
    assert isinstance(area, QScrollArea)
    found = [child for child in area.widget().children() if isinstance(child, QWidget) and child.isVisible()]
    return sorted(found, key=lambda child: child.y())


def rows(panel: VersionsPanel) -> list[VersionRow]:
    return [child for child in column(panel) if isinstance(child, VersionRow)]


def listed(panel: VersionsPanel) -> list[str | int]:
    """Days, and sequences of versions."""
    days_and_rows = [child for child in column(panel) if isinstance(child, VersionRow) or child.objectName() == "day"]
    return [child.text() if isinstance(child, QLabel) else child.version.sequence for child in days_and_rows]


def text(row: VersionRow, name: str) -> str:
    found = row.findChild(QLabel, name)
    assert isinstance(found, QLabel)
    assert found.textFormat() == Qt.TextFormat.PlainText
    return found.text()


def button(widget: QWidget, name: str) -> QPushButton:
    found = [child for child in widget.findChildren(QPushButton, name) if child.isVisible()]
    assert len(found) == 1
    return found[0]


def name_field(row: VersionRow) -> QLineEdit:
    [found] = [field for field in row.findChildren(QLineEdit, "versionName") if field.isVisible()]
    return found


def entry(row: VersionRow, name: str) -> QAction:
    return next(action for action in row.more.menu().actions() if action.text().startswith(name))


# -- what is shown -------------------------------------------------------------------------------------------------


def test_versions_stand_below_their_days_newest_first(panel: VersionsPanel) -> None:
    panel.set_versions(FEW, NOW)
    assert listed(panel) == ["Today", 5, 4, "Yesterday", 3, 2, "Monday, 3 March", 1]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.SAVE, "Saved"),
        (Reason.LARGE_DELETION, "Before a large deletion"),
        (Reason.GENERATION, "Before the model wrote"),
        (Reason.BY_HAND, "Kept by you"),
        (Reason.RESTORE, "Before going back"),
        (Reason.OTHER_PROGRAM, "As it was on the disk"),
    ],
)
def test_reasons_are_in_a_writers_words(panel: VersionsPanel, reason: Reason, words: str) -> None:
    panel.set_versions((version(2, 0, reason), version(1, 1, reason, "<b>Mine</b>")), NOW)
    first, second = rows(panel)
    assert text(first, "versionTitle") == words
    assert text(second, "versionTitle") == f"{words}: <b>Mine</b>"


def test_words_and_the_difference_to_the_version_before(panel: VersionsPanel) -> None:
    panel.set_versions(FEW, NOW)
    assert [text(row, "versionFigures") for row in rows(panel)] == [
        "1,412 words · +312 words",
        "1,100 words · −1 word",
        "1,101 words · as many as before",
        "1,101 words · +1,100 words",
        "1 word",
    ]
    assert [text(row, "versionTime") for row in rows(panel)] == ["14:30", "14:00", "19:00", "18:00", "13:00"]


def test_the_empty_list_teaches(panel: VersionsPanel) -> None:
    panel.set_versions((), NOW)
    lesson = panel.findChild(QLabel, "noVersions")
    assert lesson.isVisible()
    assert "at every save" in lesson.text()
    panel.set_versions(FEW, NOW)
    assert not lesson.isVisible()


def test_rows_stay_the_same_while_versions_come_and_go(panel: VersionsPanel) -> None:
    panel.set_versions(FEW, NOW)
    before = rows(panel)
    panel.set_versions((version(6, 0, n_words=1_500), *FEW[:1], *FEW[2:]), NOW)
    assert rows(panel)[1:] == [before[0], *before[2:]]
    assert listed(panel) == ["Today", 6, 5, "Yesterday", 3, 2, "Monday, 3 March", 1]
    assert text(before[0], "versionFigures") == "1,412 words · +311 words"


def test_what_was_set_before_the_panel_was_seen_is_there_when_it_is(qtbot: QtBot) -> None:
    panel = VersionsPanel()
    qtbot.addWidget(panel)
    panel.set_versions(FEW, NOW)
    assert not panel.findChildren(VersionRow)
    panel.show()
    assert len(rows(panel)) == len(FEW)


def test_rows_do_not_overlap(panel: VersionsPanel) -> None:
    panel.set_versions((version(3, 0, Reason.BY_HAND, "A name so long that it takes three lines " * 3), *FEW[3:]), NOW)
    entry(rows(panel)[1], "Delete").trigger()
    shown = column(panel)
    for above, below in pairwise(shown):
        assert above.y() + above.height() <= below.y()
        if above.hasHeightForWidth():
            assert above.height() >= above.heightForWidth(above.width())


def test_buttons_say_which_version_they_mean(panel: VersionsPanel) -> None:
    panel.set_versions(FEW, NOW)
    assert rows(panel)[0].compare.accessibleName() == "Compare: Today 14:30, Saved"
    assert rows(panel)[2].more.accessibleName() == "More: Yesterday 19:00, Kept by you: The long ending"


# -- many ----------------------------------------------------------------------------------------------------------


def test_of_many_versions_the_newest_are_shown_and_older_ones_on_demand(panel: VersionsPanel, qtbot: QtBot) -> None:
    panel.set_versions(many(2_000), NOW)
    assert len(rows(panel)) == 50
    older = button(panel, "older")
    assert older.text() == "Show older: 1,950 more"
    older.click()
    shown = rows(panel)
    assert [row.version.sequence for row in shown] == list(range(2_000, 1_900, -1))
    assert shown[50].compare.hasFocus()
    panel.set_versions(many(60), NOW)
    assert len(rows(panel)) == 60
    assert not older.isVisible()


def test_another_document_begins_with_few_again(panel: VersionsPanel) -> None:
    panel.set_versions(many(200), NOW)
    button(panel, "older").click()
    panel.set_versions(tuple(dataclasses.replace(one, key="other") for one in many(200)), NOW)
    assert len(rows(panel)) == 50


# -- what it asks for ----------------------------------------------------------------------------------------------


def test_keeping_a_version(panel: VersionsPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.keep_requested) as asked:
        qtbot.mouseClick(button(panel, "keep"), LEFT)
    assert asked.args == [""]
    field = panel.findChild(QLineEdit, "keepName")
    field.setFocus()
    qtbot.keyClicks(field, " Before the storm ")
    with qtbot.waitSignal(panel.keep_requested) as asked:
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert asked.args == ["Before the storm"]
    assert field.text() == ""


def test_comparing_and_going_back(panel: VersionsPanel, qtbot: QtBot) -> None:
    panel.set_versions(FEW, NOW)
    row = rows(panel)[1]
    for name, signal in (("compare", panel.compare_requested), ("restore", panel.restore_requested)):
        with qtbot.waitSignal(signal) as asked:
            qtbot.mouseClick(button(row, name), LEFT)
        assert asked.args == [FEW[1]]


def test_renaming_in_the_row(panel: VersionsPanel, qtbot: QtBot) -> None:
    panel.set_versions(FEW, NOW)
    row = rows(panel)[2]
    entry(row, "Rename").trigger()
    field = name_field(row)
    assert field.text() == "The long ending"
    assert field.hasFocus()
    assert not row.compare.isVisible()
    qtbot.keyClicks(field, "Short")  # replaces what is selected
    with qtbot.waitSignal(panel.rename_requested) as asked:
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert asked.args == [FEW[2], "Short"]
    assert row.compare.isVisible()
    renamed = dataclasses.replace(FEW[2], name="Short")
    panel.set_versions((*FEW[:2], renamed, *FEW[3:]), NOW)
    assert rows(panel)[2] is row
    assert text(row, "versionTitle") == "Kept by you: Short"
    entry(row, "Rename").trigger()
    name_field(row).clear()
    with qtbot.waitSignal(panel.rename_requested) as asked:
        qtbot.mouseClick(button(row, "rename"), LEFT)
    assert asked.args == [renamed, ""]


def test_deleting_takes_a_second_press_in_the_row(panel: VersionsPanel, qtbot: QtBot) -> None:
    panel.set_versions(FEW, NOW)
    row = rows(panel)[1]
    with qtbot.assertNotEmitted(panel.delete_requested):
        entry(row, "Delete").trigger()
    assert text(row, "deleteWords").startswith("Delete this version?")
    assert button(row, "deleteNo").hasFocus()
    with qtbot.waitSignal(panel.delete_requested) as asked:
        qtbot.mouseClick(button(row, "deleteYes"), LEFT)
    assert asked.args == [FEW[1]]
    panel.set_versions((FEW[0], *FEW[2:]), NOW)
    assert rows(panel)[1].more.hasFocus()  # the one that stands in its place


def test_the_last_row_that_goes_passes_the_focus_upwards(panel: VersionsPanel) -> None:
    panel.set_versions(FEW, NOW)
    rows(panel)[-1].more.setFocus()
    panel.set_versions(FEW[:-1], NOW)
    assert rows(panel)[-1].more.hasFocus()
    panel.set_versions((), NOW)
    assert button(panel, "keep").hasFocus()


@pytest.mark.parametrize("command", ["Rename", "Delete"])
def test_esc_or_keep_it_leaves_everything(panel: VersionsPanel, qtbot: QtBot, command: str) -> None:
    panel.set_versions(FEW, NOW)
    row = rows(panel)[1]
    with qtbot.assertNotEmitted(panel.rename_requested), qtbot.assertNotEmitted(panel.delete_requested):
        entry(row, command).trigger()
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
        assert row.compare.isVisible()
        assert row.more.hasFocus()
        entry(row, command).trigger()
        qtbot.mouseClick(button(row, "keep" if command == "Rename" else "deleteNo"), LEFT)
    assert row.compare.isVisible()


def test_a_question_about_deleting_is_closed_unanswered_when_the_panel_is_left(panel: VersionsPanel) -> None:
    panel.set_versions(FEW, NOW)
    row = rows(panel)[1]
    entry(row, "Delete").trigger()
    panel.hide()
    panel.show()
    assert row.compare.isVisible()
    entry(row, "Rename").trigger()
    panel.hide()
    panel.show()
    assert name_field(row).isVisible(), "what was typed there is not lost"


def test_a_question_stays_while_others_come(panel: VersionsPanel) -> None:
    panel.set_versions(FEW, NOW)
    row = rows(panel)[1]
    entry(row, "Rename").trigger()
    panel.set_versions((version(6), *FEW), NOW)
    assert name_field(row).hasFocus()


def test_the_tab_key_goes_from_row_to_row(panel: VersionsPanel, qtbot: QtBot) -> None:
    panel.set_versions(FEW, NOW)
    panel.set_versions((version(6), *FEW), NOW)
    panel.findChild(QLineEdit, "keepName").setFocus()
    first, second = rows(panel)[:2]
    expected = [button(panel, "keep"), first.compare, first.restore, first.more, second.compare]
    for stop in expected:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is stop
