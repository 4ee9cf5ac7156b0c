"""The comparison page: marks that need no colour, folds, steps from change to change, and what it asks for."""

import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QScrollArea, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from writer.document.comparison import compare, restoration
from writer.ui import theme as themes
from writer.ui.comparison_page import ComparisonPage
from writer.ui.comparison_rows import ChangedRow, Fold
from writer.ui.marked_text import MarkedText

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
FILLER = [f"Paragraph {number} says nothing that anybody would want to change." for number in range(100)]
OLD = "\n\n".join(["The lamp was old.", *FILLER, "A scene that goes.", "The end came late."])
NEW = "\n\n".join(["The lamp was new.", *FILLER, "The end came early.", "An afterword, all of it new."])


@pytest.fixture
def page(qtbot: QtBot) -> ComparisonPage:
    page = ComparisonPage()
    qtbot.addWidget(page)
    page.resize(900, 600)
    with qtbot.waitExposed(page):
        page.show()
    page.activateWindow()
    return page


@pytest.fixture
def styled(qapp: QApplication) -> Iterator[QApplication]:
    yield qapp
    qapp.setStyleSheet("")
    qapp.setPalette(qapp.style().standardPalette())


def show(page: ComparisonPage, old: str = OLD, new: str = NEW, *, restorable: bool = True) -> None:
    page.show_comparison("Before", "Now", compare(old, new), restorable=restorable)
    settle()


def settle() -> None:
    for _ in range(4):  # a layout within a layout is arranged in several rounds
        QApplication.processEvents()


def content(page: ComparisonPage) -> QWidget:
    area = page.findChild(QScrollArea, "comparison")
    assert isinstance(area, QScrollArea)
    return area.widget()


def rows(page: ComparisonPage) -> list[ChangedRow]:
    """From the top down."""
    found = content(page).findChildren(ChangedRow)
    return sorted(found, key=lambda row: row.y())


def texts(widget: QWidget) -> list[str]:
    """Of the left column, then of the right one."""
    found = sorted(widget.findChildren(MarkedText), key=lambda text: text.x())
    return [text.text_layout.text() for text in found]


def label(page: ComparisonPage, name: str) -> str:
    found = page.findChild(QLabel, name)
    assert isinstance(found, QLabel)
    return found.text()


def button(widget: QWidget, name: str) -> QPushButton:
    found = widget.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def current(page: ComparisonPage) -> list[int]:
    return [place for place, row in enumerate(rows(page)) if row.property("current")]


def is_in_view(page: ComparisonPage, row: QWidget) -> bool:
    area = page.findChild(QScrollArea, "comparison")
    top = row.mapTo(area.viewport(), row.rect().topLeft()).y()
    return top >= 0 and top + row.height() <= area.viewport().height()


# -- what is shown -------------------------------------------------------------------------------------------------


def test_titles_words_and_changes(page: ComparisonPage) -> None:
    show(page)
    assert (label(page, "leftTitle"), label(page, "rightTitle")) == ("Before", "Now")
    assert label(page, "leftWords") == "6 words only here"
    assert label(page, "rightWords") == "8 words only here"
    assert label(page, "changeCount") == "Change 1 of 4"
    assert [texts(row) for row in rows(page)][:2] == [
        ["The lamp was old.", "The lamp was new."],
        ["A scene that goes.\u2028¶", ""],
    ]


def test_changed_words_are_told_apart_without_colour(page: ComparisonPage) -> None:
    show(page)
    old, new = sorted(rows(page)[0].findChildren(MarkedText), key=lambda text: text.x())
    [removed], [added] = old.text_layout.formats(), new.text_layout.formats()
    at = len("The lamp was ")
    assert (removed.start, removed.length) == (added.start, added.length) == (at, 3)
    assert removed.format.fontStrikeOut()
    assert not removed.format.fontUnderline()
    assert added.format.underlineStyle() == QTextCharFormat.UnderlineStyle.SingleUnderline
    assert not added.format.fontStrikeOut()


def test_marks_stand_right_behind_wide_characters(page: ComparisonPage) -> None:
    show(page, "😀😀 the lamp was old", "😀😀 the lamp was new")
    old = rows(page)[0].findChildren(MarkedText)[0]
    [removed] = old.text_layout.formats()
    assert old.text_layout.text().encode("utf-16-le")[2 * removed.start :].decode("utf-16-le") == "old"


def test_text_is_never_markup(page: ComparisonPage) -> None:
    show(page, "<b>bold</b> & lamp", "<i>bold</i> & lamp")
    page.show_comparison("<b>Before</b>", "<i>Now</i>", compare("a", "b"))
    assert all(found.textFormat() == Qt.TextFormat.PlainText for found in page.findChildren(QLabel))
    show(page, "<b>bold</b> & lamp", "<i>bold</i> & lamp")
    assert texts(rows(page)[0]) == ["<b>bold</b> & lamp", "<i>bold</i> & lamp"]


def test_half_a_character_and_odd_line_ends_do_no_harm(page: ComparisonPage) -> None:
    show(page, "one \ud83d two\r", "one \x00 three\x0b four\u2029 five")
    assert label(page, "changeCount") == "Change 1 of 1"
    page.grab()


def test_equal_texts_say_so(page: ComparisonPage) -> None:
    show(page, "one\n\ntwo", "one\n\ntwo")
    assert "letter for letter" in label(page, "noChanges")
    assert label(page, "changeCount") == "No changes"
    assert label(page, "leftWords") == "No words only here"
    assert not page.findChild(QToolButton, "next").isEnabled()
    assert button(content(page), "fold").text() == "2 paragraphs alike"


def test_rows_speak(page: ComparisonPage) -> None:
    show(page)
    assert rows(page)[0].accessibleName() == "Change 1 of 4. Removed: old Added: new"


@pytest.mark.parametrize("width", [360, 720, 1400])
def test_columns_are_of_one_width_and_as_high_as_their_text(page: ComparisonPage, width: int) -> None:
    page.resize(width, 600)
    show(page)
    for row in rows(page):
        left, right = sorted(row.findChildren(MarkedText), key=lambda text: text.x())
        assert abs(left.width() - right.width()) <= 1
        for text in (left, right):
            assert text.height() >= text.heightForWidth(text.width())


def test_a_change_of_theme_reaches_the_marks(page: ComparisonPage, styled: QApplication) -> None:
    def colors() -> tuple[str, str]:
        old, new = sorted(rows(page)[0].findChildren(MarkedText), key=lambda text: text.x())
        [removed], [added] = old.text_layout.formats(), new.text_layout.formats()
        return removed.format.foreground().color().name(), added.format.underlineColor().name()

    for theme in (themes.LIGHT, themes.DARK, themes.SEPIA):
        styled.setPalette(themes.palette(theme))
        styled.setStyleSheet(themes.stylesheet(theme))
        if theme is themes.LIGHT:
            show(page)
        settle()
        assert colors() == (theme.danger, theme.accent)


# -- folds ---------------------------------------------------------------------------------------------------------


def test_a_fold_opens_in_portions(page: ComparisonPage, qtbot: QtBot) -> None:
    show(page)
    [fold] = content(page).findChildren(Fold)
    assert fold.button.text() == "100 paragraphs alike"
    assert texts(fold) == []
    qtbot.mouseClick(fold.button, LEFT)
    settle()
    assert fold.button.text() == "70 paragraphs alike"
    assert sorted(set(texts(fold))) == sorted(FILLER[:30])
    assert fold.button.mapTo(fold, fold.button.rect().topLeft()).y() > 0
    for _ in range(3):
        qtbot.mouseClick(fold.button, LEFT)
    settle()
    assert not fold.button.isVisible()
    assert sorted(set(texts(fold))) == sorted(FILLER)


def test_the_fold_before_all_changes_opens_next_to_the_first(page: ComparisonPage, qtbot: QtBot) -> None:
    show(page, "\n\n".join([*FILLER, "The end came late."]), "\n\n".join([*FILLER, "The end came early."]))
    [fold] = content(page).findChildren(Fold)
    qtbot.mouseClick(fold.button, LEFT)
    qtbot.mouseClick(fold.button, LEFT)
    settle()
    assert sorted(set(texts(fold))) == sorted(FILLER[-60:])
    shown = sorted(fold.findChildren(MarkedText), key=lambda text: text.mapTo(fold, text.pos()).y())
    assert shown[0].text_layout.text() == FILLER[-60]
    assert shown[-1].text_layout.text() == FILLER[-1]


# -- from change to change -----------------------------------------------------------------------------------------


def test_keys_and_buttons_go_through_the_changes(page: ComparisonPage, qtbot: QtBot) -> None:
    show(page)
    page.setFocus()
    assert current(page) == [0]
    for expected in (1, 2, 3, 3):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_F7)
        assert current(page) == [expected]
        assert label(page, "changeCount") == f"Change {expected + 1} of 4"
    assert not page.findChild(QToolButton, "next").isEnabled()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_F7, Qt.KeyboardModifier.ShiftModifier)
    assert current(page) == [2]
    qtbot.mouseClick(page.findChild(QToolButton, "previous"), LEFT)
    qtbot.mouseClick(page.findChild(QToolButton, "previous"), LEFT)
    assert current(page) == [0]
    assert not page.findChild(QToolButton, "previous").isEnabled()
    qtbot.mouseClick(page.findChild(QToolButton, "next"), LEFT)
    assert current(page) == [1]


def test_the_current_change_is_in_view_and_the_tab_key_goes_on_from_it(page: ComparisonPage, qtbot: QtBot) -> None:
    show(page)
    page.setFocus()
    fold = content(page).findChild(Fold)
    assert isinstance(fold, Fold)
    for _ in range(4):
        fold.button.click()  # so that there is much between the changes
    settle()
    for place in (1, 2, 3):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_F7)
        settle()
        assert is_in_view(page, rows(page)[place])
        assert rows(page)[place].hasFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is button(rows(page)[3], "restore")


def many(n_changes: int) -> tuple[str, str]:
    old = [f"Line {number} was written on an old day." for number in range(2 * n_changes)]
    new = [line.replace("old", "new") if number % 2 else line for number, line in enumerate(old)]
    return "\n".join(old), "\n".join(new)


def test_many_changes_come_in_portions(page: ComparisonPage, qtbot: QtBot) -> None:
    show(page, *many(150))
    assert label(page, "changeCount") == "Change 1 of 150"
    assert len(rows(page)) == 60
    more = button(content(page), "more")
    assert more.text() == "Show more: 90 changes below"
    button(rows(page)[59], "restore").setFocus()
    for _ in range(2):  # over the fold
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert more.hasFocus()
    qtbot.mouseClick(more, LEFT)
    settle()
    assert len(rows(page)) == 120
    assert current(page) == [60]
    assert more.text() == "Show more: 30 changes below"
    page.setFocus()
    for _ in range(60):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_F7)
    settle()
    assert current(page) == [120]
    assert len(rows(page)) == 150
    assert not more.isVisible()
    stops = [button(row, "restore") for row in rows(page)]
    stops[59].setFocus()
    for expected in (None, stops[60], None, stops[61]):  # the folds between them stop the key, too
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert expected is None or QApplication.focusWidget() is expected


# -- what it asks for ----------------------------------------------------------------------------------------------


def test_bringing_back_names_the_rows(page: ComparisonPage, qtbot: QtBot) -> None:
    compared = compare(OLD, NEW)
    show(page)
    scene = rows(page)[1]
    assert button(scene, "restore").text() == "Bring this back"
    with qtbot.waitSignal(page.rows_restored) as asked:
        qtbot.mouseClick(button(scene, "restore"), LEFT)
    assert current(page) == [1]
    [chosen] = asked.args
    text = NEW
    for piece in reversed(restoration(compared, OLD, NEW, chosen)):
        text = text[: piece.start] + piece.text + text[piece.end :]
    assert text == NEW.replace("The end came", "A scene that goes.\n\nThe end came")


def test_what_was_added_is_taken_out(page: ComparisonPage) -> None:
    show(page)
    assert button(rows(page)[-1], "restore").text() == "Take this out"


def test_nothing_is_restorable_unless_it_is_wanted(page: ComparisonPage) -> None:
    show(page, restorable=False)
    assert content(page).findChild(QPushButton, "restore") is None


def test_shown_again_it_stays_at_its_change_and_keeps_the_focus(page: ComparisonPage) -> None:
    show(page)
    restore = button(rows(page)[2], "restore")
    restore.setFocus()
    restore.click()
    show(page, OLD, NEW.replace("early", "late"))
    assert label(page, "changeCount") == "Change 3 of 3"
    assert rows(page)[2].hasFocus()
    page.show_comparison("Other", "Now", compare(OLD, NEW))
    assert label(page, "changeCount") == "Change 1 of 4"


def test_actions_stand_in_the_bar_and_are_replaced(page: ComparisonPage, qtbot: QtBot) -> None:
    done: list[str] = []
    actions = (("Keep mine", lambda: done.append("mine")), ("Take theirs", lambda: done.append("theirs")))
    page.show_comparison("Before", "Now", compare("a", "b"), actions=actions)
    settle()
    for title in ("Keep mine", "Take theirs"):
        [found] = [b for b in page.findChildren(QPushButton) if b.text() == title]
        qtbot.mouseClick(found, LEFT)
    assert done == ["mine", "theirs"]
    page.show_comparison("Before", "Now", compare("a", "b"))
    settle()
    assert not [b for b in page.findChildren(QPushButton) if b.text() == "Keep mine" and b.isVisible()]


def test_esc_and_back_close_it(page: ComparisonPage, qtbot: QtBot) -> None:
    show(page)
    page.setFocus()
    with qtbot.waitSignal(page.closed):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    rows(page)[0].setFocus()
    with qtbot.waitSignal(page.closed):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    with qtbot.waitSignal(page.closed):
        qtbot.mouseClick(button(page, "back"), LEFT)


def test_a_paragraph_can_be_copied(page: ComparisonPage) -> None:
    show(page)
    old, _ = sorted(rows(page)[1].findChildren(MarkedText), key=lambda text: text.x())
    [copy] = old.actions()
    copy.trigger()
    assert QApplication.clipboard().text() == "A scene that goes.\n"


# -- speed ---------------------------------------------------------------------------------------------------------


def test_a_long_manuscript_with_few_changes_comes_at_once(page: ComparisonPage) -> None:
    paragraphs = [f"{number} " + "word " * 49 for number in range(20_000)]
    changed = [text + "more" if number % 1_500 == 7 else text for number, text in enumerate(paragraphs)]
    compared = compare("\n\n".join(paragraphs), "\n\n".join(changed))
    begun = time.process_time()
    page.show_comparison("Before", "Now", compared, restorable=True)
    settle()
    assert time.process_time() - begun < 1  # of the processor's seconds, whatever else runs
    assert len(page.findChildren(MarkedText)) == 2 * 14
