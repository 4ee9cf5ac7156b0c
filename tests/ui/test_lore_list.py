"""The list of lore entries: what each row says, and how entries are added, edited and removed in their place."""

import dataclasses

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from writer.assist.context_notes import LoreEntry
from writer.ui.lore_list import LoreList, LoreRow
from writer.ui.scroll_column import ScrollColumn

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

ANNIE = LoreEntry("1", "Annie", ("Annie",), "Annie limps.")
TOWER = LoreEntry("2", "", ("tower", "lamp"), "Red & white.", priority=5)
STORMS = LoreEntry("3", "<b>Storms</b>", ("storm(s",), "They blow.", is_regex=True)
ENTRIES = (ANNIE, TOWER, STORMS)


@pytest.fixture
def column(qtbot: QtBot) -> ScrollColumn:
    column = ScrollColumn()
    qtbot.addWidget(column)
    column.resize(319, 900)
    with qtbot.waitExposed(column):
        column.show()
    column.activateWindow()
    return column


@pytest.fixture
def lore(column: ScrollColumn) -> LoreList:
    lore = LoreList()
    column.column.addWidget(lore)
    column.column.addStretch(1)
    settle()
    return lore


@pytest.fixture
def emitted(lore: LoreList) -> list[tuple[LoreEntry, ...]]:
    told: list[tuple[LoreEntry, ...]] = []
    lore.entries_changed.connect(lambda: told.append(lore.entries))
    return told


def find(parent: QWidget, name: str) -> QWidget:
    [found] = [child for child in parent.findChildren(QWidget, name) if child.isVisible()]
    return found


def rows(lore: LoreList) -> list[LoreRow]:
    return sorted((row for row in lore.findChildren(LoreRow) if row.isVisible()), key=lambda row: row.y())


def settle() -> None:
    for _ in range(60):  # a few rows come in each round
        QApplication.processEvents()


def label(parent: QWidget, name: str) -> str:
    found = find(parent, name)
    assert isinstance(found, QLabel)
    assert found.textFormat() == Qt.TextFormat.PlainText
    return found.text()


def press(qtbot: QtBot, button: QWidget) -> None:
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)


def test_what_a_row_says(lore: LoreList) -> None:
    lore.set_entries(ENTRIES)
    settle()
    annie, tower, storms = rows(lore)
    assert label(annie, "loreRowTitle") == "Annie"
    assert label(tower, "loreRowTitle") == "tower, lamp"  # for want of a title
    assert label(storms, "loreRowTitle") == "<b>Storms</b>"
    assert label(storms, "loreRowFault") == "A parenthesis is not closed."


def test_an_entry_is_added_and_told(lore: LoreList, qtbot: QtBot, emitted: list[tuple[LoreEntry, ...]]) -> None:
    lore.set_entries(ENTRIES)
    press(qtbot, find(lore, "loreAdd"))
    assert QApplication.focusWidget() is find(lore, "loreTitle")
    assert lore.entries == ENTRIES, "an empty entry is none"
    qtbot.keyClicks(find(lore, "loreTitle"), "Gulls")
    qtbot.keyClicks(find(lore, "loreKeys"), "gull, gulls")
    qtbot.keyClicks(find(lore, "loreText"), "They cry.")
    qtbot.keyClick(find(lore, "loreText"), Qt.Key.Key_Escape)
    added = emitted[-1][0]
    assert (added.title, added.keys, added.text) == ("Gulls", ("gull", "gulls"), "They cry.")
    assert emitted[-1][1:] == ENTRIES
    assert len({entry.id for entry in emitted[-1]}) == 4
    settle()
    assert QApplication.focusWidget() is rows(lore)[0].edit


def test_a_new_entry_stays_open_when_notes_come_back(lore: LoreList, qtbot: QtBot) -> None:
    lore.set_entries(ENTRIES)
    press(qtbot, find(lore, "loreAdd"))
    lore.set_entries(ENTRIES)  # as a pin is taken off while the fields are empty
    qtbot.keyClicks(find(lore, "loreTitle"), "Gulls")
    assert [entry.title for entry in lore.entries] == ["Gulls", *(entry.title for entry in ENTRIES)]


def test_an_entry_that_stays_empty_is_gone_when_it_is_closed(
    lore: LoreList, qtbot: QtBot, emitted: list[tuple[LoreEntry, ...]]
) -> None:
    press(qtbot, find(lore, "loreAdd"))
    assert len(rows(lore)) == 1
    qtbot.keyClick(find(lore, "loreTitle"), Qt.Key.Key_Escape)
    assert rows(lore) == []
    assert emitted == []
    assert find(lore, "noLore").isVisible()
    assert QApplication.focusWidget() is find(lore, "loreAdd")


def test_an_entry_is_edited_in_its_place(lore: LoreList, qtbot: QtBot, emitted: list[tuple[LoreEntry, ...]]) -> None:
    lore.set_entries(ENTRIES)
    settle()
    tower = rows(lore)[1]
    press(qtbot, tower.edit)
    qtbot.keyClicks(find(tower, "loreTitle"), "Tower")
    assert emitted[-1] == (ANNIE, dataclasses.replace(TOWER, title="Tower"), STORMS)
    lore.set_entries(emitted[-1])  # as the document tells it back
    assert QApplication.focusWidget() is find(tower, "loreTitle")
    qtbot.keyClicks(find(tower, "loreTitle"), "s")
    press(qtbot, find(tower, "loreDone"))
    assert label(tower, "loreRowTitle") == "Towers"
    assert QApplication.focusWidget() is tower.edit


def test_an_entry_can_rest(lore: LoreList, qtbot: QtBot, emitted: list[tuple[LoreEntry, ...]]) -> None:
    lore.set_entries(ENTRIES)
    settle()
    press(qtbot, find(rows(lore)[0], "loreEnabled"))
    assert emitted[-1] == (dataclasses.replace(ANNIE, enabled=False), TOWER, STORMS)


@pytest.mark.parametrize("answer", ["loreYes", "loreNo"])
def test_removing_asks_first(lore: LoreList, qtbot: QtBot, emitted: list[tuple[LoreEntry, ...]], answer: str) -> None:
    lore.set_entries(ENTRIES)
    settle()
    tower = rows(lore)[1]
    press(qtbot, find(tower, "loreRemove"))
    assert lore.entries == ENTRIES
    assert QApplication.focusWidget() is find(tower, "loreNo")
    press(qtbot, find(tower, answer))
    settle()
    if answer == "loreYes":
        assert emitted[-1] == (ANNIE, STORMS)
        assert QApplication.focusWidget() is rows(lore)[1].edit
    else:
        assert emitted == []
        assert QApplication.focusWidget() is find(tower, "loreRemove")


def test_a_thousand_entries_are_shown_in_portions(lore: LoreList, qtbot: QtBot) -> None:
    entries = tuple(LoreEntry(str(n), f"Entry {n}", ("key",), "Text.") for n in range(1_000))
    lore.set_entries(entries)
    assert len(lore.findChildren(LoreRow)) < 5, "a document with much lore must not hold up the window"
    settle()
    assert len(lore.findChildren(LoreRow)) == 40
    assert lore.entries == entries
    press(qtbot, find(lore, "loreMore"))
    settle()
    assert [row.entry for row in rows(lore)] == list(entries[:80])
    assert QApplication.focusWidget() is rows(lore)[40].edit
