"""One lore entry: what its fields make of what is typed, and how a bad pattern is told."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from writer.assist.context_notes import LoreEntry
from writer.assist.pattern import LONGEST_PATTERN
from writer.ui.lore_editor import LoreEditor, fault_of, keys_of, keys_text

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
ANNIE = LoreEntry("1", "Annie", ("Annie", "the keeper's daughter"), "Annie limps.")


@pytest.fixture
def editor(qtbot: QtBot) -> LoreEditor:
    editor = LoreEditor(ANNIE)
    qtbot.addWidget(editor)
    editor.resize(290, 400)
    with qtbot.waitExposed(editor):
        editor.show()
    editor.activateWindow()
    return editor


@pytest.fixture
def emitted(editor: LoreEditor) -> list[LoreEntry]:
    entries: list[LoreEntry] = []
    editor.entry_changed.connect(entries.append)
    return entries


def find(editor: LoreEditor, name: str) -> QWidget:
    [found] = editor.findChildren(QWidget, name)
    return found


def retype(editor: LoreEditor, qtbot: QtBot, name: str, text: str) -> None:
    field = find(editor, name)
    field.setFocus()
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    qtbot.keyClicks(field, text)


def test_each_field_changes_its_own_part(editor: LoreEditor, qtbot: QtBot, emitted: list[LoreEntry]) -> None:
    retype(editor, qtbot, "loreTitle", "Ann ")
    retype(editor, qtbot, "loreKeys", " Ann ,, Miss Ann,")
    retype(editor, qtbot, "loreText", "She limps & laughs.")
    priority = find(editor, "lorePriority")
    qtbot.keyClick(priority, Qt.Key.Key_Up)
    assert emitted[-1] == LoreEntry("1", "Ann", ("Ann", "Miss Ann"), "She limps & laughs.", priority=1)
    assert editor.entry == emitted[-1]
    assert find(editor, "loreTitle").text() == "Ann "  # the space before the next word may be typed


@pytest.mark.parametrize("pattern", ["storm(s", "[a-", "*wind", "a{9999}{9999}", "(?=a)", r"(a)\1"])
def test_a_bad_pattern_is_told_beside_the_field_in_one_sentence_and_kept(
    editor: LoreEditor, qtbot: QtBot, emitted: list[LoreEntry], pattern: str
) -> None:
    qtbot.mouseClick(find(editor, "loreRegex"), LEFT)
    retype(editor, qtbot, "loreKeys", pattern)
    assert editor.fault.isVisible()
    assert editor.fault.text().endswith(".")
    assert editor.fault.text().count(".") == 1 or "(?:." in editor.fault.text()
    assert find(editor, "loreKeys").accessibleDescription() == editor.fault.text()
    assert emitted[-1].keys == (pattern,)
    retype(editor, qtbot, "loreKeys", "storms?")
    assert not editor.fault.isVisible()


def test_the_fault_appears_and_goes_while_one_types(editor: LoreEditor, qtbot: QtBot) -> None:
    qtbot.mouseClick(find(editor, "loreRegex"), LEFT)
    retype(editor, qtbot, "loreKeys", "storm(s|y")
    assert editor.fault.isVisible()
    qtbot.keyClicks(find(editor, "loreKeys"), ")")
    assert not editor.fault.isVisible()
    retype(editor, qtbot, "loreKeys", "storm(s|y")
    qtbot.mouseClick(find(editor, "loreRegex"), LEFT)
    assert not editor.fault.isVisible(), "plain words may hold any sign"


def test_words_become_one_pattern_and_words_again(editor: LoreEditor, qtbot: QtBot, emitted: list[LoreEntry]) -> None:
    regex, keys = find(editor, "loreRegex"), find(editor, "loreKeys")
    qtbot.mouseClick(regex, LEFT)
    assert emitted[-1] == dataclasses.replace(ANNIE, is_regex=True, keys=("Annie|the keeper's daughter",))
    assert keys.text() == "Annie|the keeper's daughter"
    qtbot.mouseClick(regex, LEFT)
    assert emitted[-1] == ANNIE
    assert keys.text() == "Annie, the keeper's daughter"


def test_a_comma_does_not_cut_a_pattern(editor: LoreEditor, qtbot: QtBot, emitted: list[LoreEntry]) -> None:
    qtbot.mouseClick(find(editor, "loreRegex"), LEFT)
    retype(editor, qtbot, "loreKeys", "an{1,2}ie, dear")
    assert emitted[-1].keys == ("an{1,2}ie, dear",)
    assert not editor.fault.isVisible()


def test_a_pattern_is_no_longer_than_may_be_searched(editor: LoreEditor, qtbot: QtBot) -> None:
    qtbot.mouseClick(find(editor, "loreRegex"), LEFT)
    assert find(editor, "loreKeys").maxLength() == LONGEST_PATTERN


def test_showing_an_entry_tells_nobody_and_leaves_the_caret(
    editor: LoreEditor, qtbot: QtBot, emitted: list[LoreEntry]
) -> None:
    retype(editor, qtbot, "loreText", "One two")
    told = len(emitted)
    field = find(editor, "loreText")
    qtbot.keyClick(field, Qt.Key.Key_Home)
    editor.set_entry(editor.entry)
    assert field.textCursor().position() == 0
    other = LoreEntry("2", "Storm", ("storm", "gale"), "It\r\nblows.", priority=7, is_regex=True)
    editor.set_entry(other)
    assert len(emitted) == told
    assert (find(editor, "loreTitle").text(), find(editor, "loreKeys").text()) == ("Storm", "storm|gale")
    assert find(editor, "loreRegex").isChecked()
    assert find(editor, "lorePriority").value() == 7


def test_a_priority_beyond_the_box_is_kept(editor: LoreEditor, qtbot: QtBot, emitted: list[LoreEntry]) -> None:
    editor.set_entry(dataclasses.replace(ANNIE, priority=1_000_000))
    retype(editor, qtbot, "loreTitle", "A")
    assert emitted[-1].priority == 1_000_000


def test_escape_and_the_button_close_it(editor: LoreEditor, qtbot: QtBot) -> None:
    with qtbot.waitSignal(editor.done):
        qtbot.keyClick(find(editor, "loreText"), Qt.Key.Key_Escape)
    with qtbot.waitSignal(editor.done):
        qtbot.mouseClick(find(editor, "loreDone"), LEFT)


def test_every_field_has_a_name_and_explains_itself(editor: LoreEditor) -> None:
    for name in ("loreTitle", "loreKeys", "loreText", "lorePriority"):
        field = find(editor, name)
        assert field.accessibleName()
        assert field.toolTip() or field.parentWidget().toolTip()
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in editor.findChildren(QLabel, "loreFault"))


@given(st.text(max_size=30), st.booleans())
def test_keys_survive_being_shown(text: str, is_regex: bool) -> None:
    keys = keys_of(text, is_regex=is_regex)
    entry = LoreEntry("1", "", keys, "", is_regex=is_regex)
    assert keys_of(keys_text(entry), is_regex=is_regex) == keys
    assert isinstance(fault_of(entry), str)  # whatever it is, nothing is raised
