"""The context panel edits exactly one ContextNotes, and tells it shortly after."""

import dataclasses
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QProgressBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from writer.assist.context_notes import ContextNotes, LoreEntry, Pin
from writer.ui.context_panel import ContextPanel
from writer.ui.growing_field import GrowingField
from writer.ui.lore_list import LoreRow

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
ANNIE = LoreEntry("1", "Annie", ("Annie",), "Annie limps.")
TOWER = LoreEntry("2", "", ("tower", "lamp"), "Red & white.", priority=5)
STORMS = LoreEntry("3", "<b>Storms</b>", ("storm(s",), "They blow.", is_regex=True)
PINS = (Pin("It was the third\nnight. " + "And so on. " * 30, "before"), Pin("<i>Never</i> ask."), Pin("The end."))
NOTES = ContextNotes("A lighthouse, 1911.", "The storm comes.", 4, (ANNIE, TOWER, STORMS), PINS)


@pytest.fixture
def panel(qtbot: QtBot) -> ContextPanel:
    panel = ContextPanel()
    qtbot.addWidget(panel)
    panel.resize(319, 1200)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.activateWindow()
    return panel


@pytest.fixture
def emitted(panel: ContextPanel) -> list[ContextNotes]:
    notes: list[ContextNotes] = []
    panel.notes_changed.connect(notes.append)
    return notes


def find(parent: QWidget, name: str) -> QWidget:
    [found] = [child for child in parent.findChildren(QWidget, name) if child.isVisible()]
    return found


def rows(panel: ContextPanel) -> list[LoreRow]:
    return sorted((row for row in panel.findChildren(LoreRow) if row.isVisible()), key=lambda row: row.y())


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


# -- as a whole ----------------------------------------------------------------------------------------------------


def test_notes_are_shown_and_come_back_as_they_are(panel: ContextPanel, emitted: list[ContextNotes]) -> None:
    assert panel.notes == ContextNotes()
    panel.set_notes(NOTES)
    assert panel.notes == NOTES
    panel.set_notes(ContextNotes())
    assert panel.notes == ContextNotes()
    panel.flush()
    assert emitted == []


def test_a_burst_of_keys_is_told_once(panel: ContextPanel, qtbot: QtBot, emitted: list[ContextNotes]) -> None:
    qtbot.keyClicks(find(panel, "memory"), "A lighthouse.")
    qtbot.keyClicks(find(panel, "authorsNote"), "Rain.")
    assert emitted == []
    assert panel.notes == ContextNotes("A lighthouse.", "Rain.")
    qtbot.waitUntil(lambda: bool(emitted), timeout=2000)
    assert emitted == [ContextNotes("A lighthouse.", "Rain.")]


def test_flush_tells_at_once_and_only_once(panel: ContextPanel, qtbot: QtBot, emitted: list[ContextNotes]) -> None:
    qtbot.keyClicks(find(panel, "memory"), "Rain")
    panel.flush()
    panel.flush()
    assert emitted == [ContextNotes("Rain")]
    qtbot.keyClicks(find(panel, "memory"), "s")
    panel.hide()
    assert emitted[1:] == [ContextNotes("Rains")]


def test_another_documents_notes_are_never_told_as_a_change(
    panel: ContextPanel, qtbot: QtBot, emitted: list[ContextNotes]
) -> None:
    qtbot.keyClicks(find(panel, "memory"), "Rain")
    panel.set_notes(NOTES)
    qtbot.wait(400)
    assert emitted == []


def test_notes_that_come_back_leave_the_caret_where_it_is(panel: ContextPanel, qtbot: QtBot) -> None:
    memory = find(panel, "memory")
    assert isinstance(memory, GrowingField)
    qtbot.keyClicks(memory, "Rain")
    qtbot.keyClick(memory, Qt.Key.Key_Left)
    panel.set_notes(dataclasses.replace(panel.notes, pins=PINS))
    qtbot.keyClicks(memory, "li")
    assert panel.notes.memory == "Railin"
    qtbot.keyClick(memory, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert panel.notes.memory == "Rain"


def test_no_break_spaces_stay(panel: ContextPanel, qtbot: QtBot) -> None:
    notes = ContextNotes(
        "Il dit\u00a0: «\u00a0Non\u00a0!\u00a0»\nPuis rien.", lore=(LoreEntry("1", "A", ("a",), "a\u00a0!"),)
    )
    panel.set_notes(notes)
    assert panel.notes == notes
    memory = find(panel, "memory")
    memory.moveCursor(QTextCursor.MoveOperation.End)
    qtbot.keyClicks(memory, " Fin.")
    assert panel.notes == dataclasses.replace(notes, memory=f"{notes.memory} Fin.")


def test_the_depth(panel: ContextPanel, qtbot: QtBot, emitted: list[ContextNotes]) -> None:
    qtbot.keyClick(find(panel, "noteDepth"), Qt.Key.Key_Up)
    panel.flush()
    assert emitted == [ContextNotes(note_depth=4)]


def test_fields_grow_with_their_text_within_bounds(panel: ContextPanel, qtbot: QtBot) -> None:
    memory = find(panel, "memory")
    assert isinstance(memory, GrowingField)
    low = memory.height()
    memory.set_text("word " * 60)
    settle()
    middle = memory.height()
    assert memory.verticalScrollBar().maximum() == 0
    memory.set_text("word " * 2_000)
    settle()
    high = memory.height()
    assert low < middle < high < 300
    assert memory.verticalScrollBar().isVisible()
    memory.set_text("")
    settle()
    assert memory.height() == low


def test_the_budget(panel: ContextPanel) -> None:
    meter = panel.findChild(QProgressBar)
    assert "once there is a model" in label(panel, "budget")
    panel.set_budget(812, 1_024)
    assert label(panel, "budget").startswith("About 812 tokens of 1,024")
    assert (meter.value(), meter.maximum()) == (812, 1_024)
    panel.set_budget(2_000, 1_024)
    assert meter.value() == 1_024


def test_what_is_asked_of_others(panel: ContextPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.view_requested):
        qtbot.mouseClick(find(panel, "viewContext"), LEFT)
    find(panel, "memory").setFocus()
    panel.set_can_pin(True)
    with qtbot.waitSignal(panel.pin_requested):
        qtbot.mouseClick(find(panel, "pinSelection"), LEFT)
    assert find(panel, "memory").hasFocus(), "the page must keep the focus when a passage is pinned"


def test_every_control_explains_itself(panel: ContextPanel, qtbot: QtBot) -> None:
    panel.set_notes(NOTES)
    settle()
    rows(panel)[0].open()
    for kind in (QPushButton, QCheckBox, GrowingField):
        for control in panel.findChildren(kind):
            assert control.toolTip(), control.objectName()
            assert control.accessibleName() or control.text()


def test_what_is_changed_in_the_lore_is_told(panel: ContextPanel, qtbot: QtBot, emitted: list[ContextNotes]) -> None:
    panel.set_notes(NOTES)
    settle()
    press(qtbot, find(rows(panel)[0], "loreEnabled"))
    panel.flush()
    assert emitted == [dataclasses.replace(NOTES, lore=(dataclasses.replace(ANNIE, enabled=False), TOWER, STORMS))]


def test_a_panel_that_was_closed_shows_its_lore_when_it_opens(panel: ContextPanel) -> None:
    panel.hide()
    panel.set_notes(NOTES)
    assert panel.findChildren(LoreRow) == []
    assert panel.notes == NOTES
    panel.show()
    settle()
    assert [row.entry for row in rows(panel)] == list(NOTES.lore)


# -- pins ----------------------------------------------------------------------------------------------------------


def test_pins_are_shown_as_they_are(panel: ContextPanel) -> None:
    panel.set_notes(NOTES)
    shown = [child for child in panel.findChildren(QLabel, "pinText") if child.isVisible()]
    assert shown[0].text().startswith("It was the third night. And so on.")
    assert shown[0].text().endswith("…")
    assert len(shown[0].text()) < 130
    assert shown[1].text() == "<i>Never</i> ask."
    assert "&lt;i&gt;Never&lt;/i&gt; ask." in shown[1].parentWidget().toolTip()
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in shown)


def test_no_more_pins_are_shown_than_make_sense(panel: ContextPanel, qtbot: QtBot) -> None:
    pins = tuple(Pin(f"Passage {n}") for n in range(2_000))
    panel.set_notes(ContextNotes(pins=pins))
    settle()
    assert len([child for child in panel.findChildren(QLabel, "pinText") if child.isVisible()]) == 30
    assert label(panel, "furtherPins") == "and 1,970 more"
    assert panel.notes.pins == pins
    panel.set_notes(NOTES)
    assert not panel.findChild(QLabel, "furtherPins").isVisible()


def test_only_what_is_selected_can_be_pinned(panel: ContextPanel) -> None:
    pin = find(panel, "pinSelection")
    assert (pin.isEnabled(), pin.toolTip()) == (False, "Select a passage in your text first.")
    panel.set_can_pin(True)
    assert pin.isEnabled()
    assert pin.toolTip().startswith("Keep the passage")
    panel.set_can_pin(False)
    assert (pin.isEnabled(), pin.toolTip()) == (False, "Select a passage in your text first.")


def test_pins_are_taken_off_one_by_one(panel: ContextPanel, qtbot: QtBot, emitted: list[ContextNotes]) -> None:
    panel.set_notes(NOTES)
    panel.set_can_pin(True)
    buttons: Callable[[], list[QWidget]] = lambda: [  # noqa: E731
        child for child in panel.findChildren(QWidget, "unpin") if child.isVisible()
    ]
    press(qtbot, buttons()[1])
    panel.flush()
    assert emitted[-1].pins == (PINS[0], PINS[2])
    assert QApplication.focusWidget() is buttons()[1]
    press(qtbot, buttons()[1])
    press(qtbot, buttons()[0])
    panel.flush()
    assert emitted[-1].pins == ()
    assert find(panel, "noPins").isVisible()
    assert QApplication.focusWidget() is find(panel, "pinSelection")
