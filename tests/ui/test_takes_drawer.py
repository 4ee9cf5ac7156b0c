"""The drawer of earlier takes: finding one by its words, looking at it whole, and staying quick with thousands."""

import dataclasses
import itertools
import time

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.take_records import BEFORE, FEW, NOW, STEPS, many, take
from writer.document.takes.take_record import Fate, TakeRecord
from writer.ui import theme as themes
from writer.ui.takes_drawer import TakesDrawer

# Qt says so of windows and menus without a screen.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

LEFT = Qt.MouseButton.LeftButton
AccessibleText = Qt.ItemDataRole.AccessibleTextRole


@pytest.fixture
def drawer(qtbot: QtBot) -> TakesDrawer:
    drawer = TakesDrawer(lambda: NOW)
    qtbot.addWidget(drawer)
    drawer.resize(319, 600)
    with qtbot.waitExposed(drawer):
        drawer.show()
    drawer.activateWindow()
    return drawer


def ids(drawer: TakesDrawer) -> list[str]:
    return [record.id for record in drawer.shown]


def label(widget: QWidget, name: str) -> QLabel:
    found = widget.findChild(QLabel, name)
    assert isinstance(found, QLabel)
    assert found.textFormat() == Qt.TextFormat.PlainText
    return found


def button(drawer: TakesDrawer, name: str) -> QPushButton:
    found = drawer.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def row_rect(drawer: TakesDrawer, row: int) -> QRect:
    return drawer.list.visualRect(drawer.list.model().index(row, 0))


def click_row(drawer: TakesDrawer, qtbot: QtBot, row: int) -> None:
    qtbot.mouseClick(drawer.list.viewport(), LEFT, pos=row_rect(drawer, row).center())


def search_for(drawer: TakesDrawer, qtbot: QtBot, words: str) -> None:
    drawer.search_field.clear()
    qtbot.keyClicks(drawer.search_field, words)
    qtbot.waitUntil(lambda: not drawer.is_searching)


def pinned(record: TakeRecord) -> TakeRecord:
    return dataclasses.replace(record, is_pinned=True)


# -- what is shown -------------------------------------------------------------------------------------------------


def test_pinned_takes_come_first_and_then_the_newest(drawer: TakesDrawer) -> None:
    drawer.set_records(FEW)
    assert ids(drawer) == ["steps", "keys", "wind", "lamp"]


def test_each_row_says_what_became_of_it_and_when_it_was_made(drawer: TakesDrawer) -> None:
    drawer.set_records(FEW)
    said = [drawer.list.model().index(row, 0).data(AccessibleText) for row in range(4)]
    assert said[0].startswith("Used in part, pinned, made yesterday at 18:00: She counted the steps.")
    assert said[1].startswith("Not used yet, made today at 14:00: He had left the keys")
    assert said[2].startswith("Not used, made yesterday at 18:00: It was the wind")
    assert said[3].startswith("Used, made on Monday, 3 March at 13:00: The lamp went out")


def test_an_empty_drawer_teaches(drawer: TakesDrawer) -> None:
    drawer.set_records(())
    assert "Every take ever made" in label(drawer, "noTakes").text()
    assert label(drawer, "noTakes").isVisible()
    assert not drawer.search_field.isVisible()
    drawer.set_records(FEW)
    assert not label(drawer, "noTakes").isVisible()
    assert drawer.search_field.isVisible()


def test_what_was_set_before_it_was_seen_is_there_when_it_is(qtbot: QtBot) -> None:
    drawer = TakesDrawer(lambda: NOW)
    qtbot.addWidget(drawer)
    drawer.set_records(FEW)
    assert ids(drawer) == []
    drawer.show()
    assert ids(drawer) == ["steps", "keys", "wind", "lamp"]


@pytest.mark.parametrize("name", ["light", "dark", "sepia"])
def test_the_four_fates_look_different(drawer: TakesDrawer, qapp: QApplication, qtbot: QtBot, name: str) -> None:
    theme, before = themes.THEMES[name], qapp.palette()
    qapp.setPalette(themes.palette(theme))
    try:
        drawer.set_records([take(fate, fate=fate) for fate in Fate])
        qtbot.wait(1)
        seen = set()
        for row in range(4):
            corner = row_rect(drawer, row).topLeft() + QPoint(12, 8)
            image = drawer.list.viewport().grab(QRect(corner, corner + QPoint(14, 14))).toImage()
            seen.add(tuple(image.pixel(x, y) for x in range(image.width()) for y in range(image.height())))
        assert len(seen) == 4
    finally:
        qapp.setPalette(before)


# -- searching -----------------------------------------------------------------------------------------------------


def test_search_as_one_types(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    search_for(drawer, qtbot, "the")
    assert ids(drawer) == ["steps", "keys", "wind", "lamp"]
    qtbot.keyClicks(drawer.search_field, " CAFE")
    qtbot.waitUntil(lambda: ids(drawer) == ["keys"])
    for _ in " cafe":
        qtbot.keyClick(drawer.search_field, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: ids(drawer) == ["steps", "keys", "wind", "lamp"])
    search_for(drawer, qtbot, "zebra")
    assert ids(drawer) == []
    assert label(drawer, "noTakes").text() == "No take has “zebra” in it."
    qtbot.keyClick(drawer.search_field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(ids(drawer)) == 4)


def test_new_takes_are_searched_too(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    search_for(drawer, qtbot, "keys")
    drawer.set_records((*FEW, take("more", " More keys."), take("other", " No.")))
    assert ids(drawer) == ["more", "keys"]


def test_esc_empties_the_field_and_then_goes_back_to_the_page(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    search_for(drawer, qtbot, "keys")
    with qtbot.assertNotEmitted(drawer.left):
        qtbot.keyClick(drawer.search_field, Qt.Key.Key_Escape)
    with qtbot.waitSignal(drawer.left):
        qtbot.keyClick(drawer.search_field, Qt.Key.Key_Escape)


def test_the_down_key_goes_on_to_what_was_found(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    drawer.search_field.setFocus()
    qtbot.keyClicks(drawer.search_field, "wind")
    qtbot.keyClick(drawer.search_field, Qt.Key.Key_Down)  # at once
    assert drawer.list.hasFocus()
    assert drawer.detail.record == FEW[2]
    with qtbot.waitSignal(drawer.insert_requested) as asked:
        qtbot.keyClick(drawer.list, Qt.Key.Key_Return)
    assert asked.args == ["wind"]


# -- one of them ---------------------------------------------------------------------------------------------------


def test_a_click_shows_a_take_whole_with_its_place(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    assert not drawer.detail.isVisible()
    click_row(drawer, qtbot, 0)
    assert drawer.detail.isVisible()
    assert drawer.detail.text.toPlainText() == STEPS.strip()
    assert label(drawer, "takeSummary").text() == "Used in part · Yesterday 18:00"
    assert label(drawer, "takePlace").text() == "After “…and looked up into the dark.”"
    assert BEFORE.endswith("and looked up into the dark.")
    click_row(drawer, qtbot, 1)
    assert label(drawer, "takePlace").text() == "At the beginning of the text"


def test_what_can_be_done_with_it(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    click_row(drawer, qtbot, 1)
    with qtbot.waitSignal(drawer.insert_requested) as asked:
        button(drawer, "insert").click()
    assert asked.args == ["keys"]
    with qtbot.waitSignal(drawer.pin_toggled) as asked:
        button(drawer, "pin").click()
    assert asked.args == ["keys", True]
    drawer.set_records((*FEW[:3], pinned(FEW[3])))
    assert button(drawer, "pin").text() == "Pinned"
    assert drawer.detail.record == pinned(FEW[3])
    with qtbot.waitSignal(drawer.pin_toggled) as asked:
        button(drawer, "pin").click()
    assert asked.args == ["keys", False]


def test_a_click_on_a_rows_pin_pins_without_opening_it(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    for row, expected in ((0, ["steps", False]), (1, ["keys", True])):
        rect = row_rect(drawer, row)
        with qtbot.waitSignal(drawer.pin_toggled) as asked:
            qtbot.mouseClick(drawer.list.viewport(), LEFT, pos=rect.topRight() + QPoint(-24, 16))
        assert asked.args == expected
    assert not drawer.detail.isVisible()


def test_a_row_that_is_clicked_stays_in_sight(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(many(20))
    rows = [row for row in range(20) if drawer.list.viewport().rect().contains(row_rect(drawer, row))]
    click_row(drawer, qtbot, rows[-1])  # where the take as a whole will stand
    qtbot.wait(20)
    assert drawer.list.viewport().rect().contains(row_rect(drawer, rows[-1]))


def test_the_tree_leads_to_its_relations(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    search_for(drawer, qtbot, "cafe")
    click_row(drawer, qtbot, 0)
    rows = [row.record.id for row in drawer.detail.tree.rows if row.record]
    assert rows == ["lamp", "steps", "keys"]
    with qtbot.waitSignal(drawer.parent_requested) as asked:
        drawer.detail.tree.take_chosen.emit("lamp")
    assert asked.args == ["lamp"]
    assert drawer.detail.record == FEW[0]
    assert drawer.search_field.text() == ""  # it hid the one that was wanted
    assert ids(drawer)[drawer.list.currentIndex().row()] == "lamp"


def test_the_menu_of_a_row(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)

    def actions(record: TakeRecord) -> dict[str, QAction]:
        return {action.text(): action for action in drawer.menu_of(record).actions()}

    assert list(actions(FEW[0])) == ["Put it in at the caret", "Pin", "Erase…"]
    with qtbot.waitSignal(drawer.pin_toggled) as asked:
        actions(FEW[1])["Unpin"].trigger()
    assert asked.args == ["steps", False]
    with qtbot.waitSignal(drawer.parent_requested) as asked:
        actions(FEW[1])["Show the take it grew from"].trigger()
    assert asked.args == ["lamp"]
    with qtbot.waitSignal(drawer.insert_requested) as asked:
        actions(FEW[3])["Put it in at the caret"].trigger()
    assert asked.args == ["keys"]


def test_a_take_that_is_looked_at_stays_while_others_come(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    click_row(drawer, qtbot, 2)
    drawer.set_records((*FEW, take("new", " New.")))
    assert drawer.detail.record == FEW[2]
    assert ids(drawer)[drawer.list.currentIndex().row()] == "wind"
    drawer.set_records(FEW[:2])
    assert not drawer.detail.isVisible()


def test_closing_it(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    click_row(drawer, qtbot, 2)
    drawer.detail.close_button.click()
    assert not drawer.detail.isVisible()
    assert drawer.list.hasFocus()
    click_row(drawer, qtbot, 2)
    assert drawer.detail.isVisible()


def test_going_to_a_take_that_is_not_there(drawer: TakesDrawer) -> None:
    drawer.set_records(FEW)
    assert not drawer.show_record("gone")
    assert not drawer.detail.isVisible()


def test_the_tab_key_goes_from_the_field_to_the_list_and_the_take(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    click_row(drawer, qtbot, 0)
    drawer.search_field.setFocus()
    detail = drawer.detail
    stops = (detail.text, detail.insert, detail.pin, detail.erase, detail.tree, detail.close_button)
    for stop in (drawer.more, drawer.list, *stops):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is stop


# -- erasing -------------------------------------------------------------------------------------------------------


def test_one_take_is_erased_when_the_writer_has_said_so_twice(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    click_row(drawer, qtbot, 2)
    erased: list[str] = []
    drawer.erase_requested.connect(erased.append)
    button(drawer, "eraseTake").click()
    assert button(drawer, "eraseTakeNo").hasFocus()
    assert "Nothing brings it back" in label(drawer, "eraseTakeWords").text()
    qtbot.keyClick(button(drawer, "eraseTakeNo"), Qt.Key.Key_Escape)
    assert button(drawer, "eraseTake").hasFocus()
    button(drawer, "eraseTake").click()
    button(drawer, "eraseTakeNo").click()
    assert not erased
    button(drawer, "eraseTake").click()
    button(drawer, "eraseTakeYes").click()
    assert erased == ["wind"]
    drawer.set_records((*FEW[:2], FEW[3]))
    assert not drawer.detail.isVisible()


@pytest.mark.parametrize("way", ["key", "menu"])
def test_erasing_is_asked_for_in_the_list_too(drawer: TakesDrawer, qtbot: QtBot, way: str) -> None:
    drawer.set_records(FEW)
    click_row(drawer, qtbot, 1)
    with qtbot.assertNotEmitted(drawer.erase_requested):
        if way == "key":
            qtbot.keyClick(drawer.list, Qt.Key.Key_Delete)
        else:
            drawer.menu_of(FEW[3]).actions()[-1].trigger()
    with qtbot.waitSignal(drawer.erase_requested) as asked:
        button(drawer, "eraseTakeYes").click()
    assert asked.args == ["keys"]


def test_a_question_about_one_take_is_not_answered_for_another(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    click_row(drawer, qtbot, 1)
    button(drawer, "eraseTake").click()
    drawer.show_record("wind")
    assert not button(drawer, "eraseTakeYes").isVisible()
    assert button(drawer, "insert").isVisible()


def test_all_are_erased_when_the_writer_has_said_so_twice(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(FEW)
    click_row(drawer, qtbot, 1)
    erased: list[bool] = []
    drawer.erase_all_requested.connect(lambda: erased.append(True))
    (erase_all,) = drawer.more.menu().actions()
    erase_all.trigger()
    assert button(drawer, "eraseTakesNo").hasFocus()
    assert not drawer.search_field.isVisible()
    assert "the pinned ones too" in label(drawer, "eraseTakesWords").text()
    qtbot.keyClick(button(drawer, "eraseTakesNo"), Qt.Key.Key_Escape)
    assert drawer.search_field.hasFocus()
    assert not erased
    erase_all.trigger()
    button(drawer, "eraseTakesYes").click()
    assert erased == [True]
    drawer.set_records(())
    assert label(drawer, "noTakes").isVisible()
    assert not drawer.more.isVisible()
    assert not button(drawer, "eraseTakesYes").isVisible()


@pytest.mark.parametrize("height", [260, 420, 600])
def test_the_questions_have_room(drawer: TakesDrawer, qtbot: QtBot, height: int) -> None:
    drawer.resize(319, height)
    drawer.set_records((*FEW, take("long", STEPS * 12, "keys")))
    drawer.show_record("long")
    button(drawer, "eraseTake").click()
    qtbot.wait(20)

    def assert_one_below_the_other(*parts: QWidget) -> None:
        rects = [QRect(part.mapTo(drawer, QPoint(0, 0)), part.size()) for part in parts]
        for part, rect in zip(parts, rects, strict=True):
            assert rect.height() >= part.minimumSizeHint().height()
        for above, below in itertools.pairwise(rects):
            assert above.bottom() < below.top()
        assert rects[-1].bottom() <= drawer.rect().bottom()

    assert_one_below_the_other(drawer.detail.text, label(drawer, "eraseTakeWords"), button(drawer, "eraseTakeNo"))
    drawer.more.menu().actions()[0].trigger()
    qtbot.wait(20)
    assert_one_below_the_other(label(drawer, "eraseTakesWords"), button(drawer, "eraseTakesNo"), drawer.list)


@pytest.mark.parametrize("height", [260, 420, 600, 900])
def test_nothing_overlaps(drawer: TakesDrawer, qtbot: QtBot, height: int) -> None:
    drawer.resize(319, height)
    drawer.set_records((*FEW, take("long", STEPS * 12, "keys")))
    drawer.show_record("long")
    qtbot.wait(20)
    detail = drawer.detail
    parts = (drawer.search_field, drawer.list, label(detail, "takePlace"), detail.text, detail.insert, detail.tree)
    rects = [QRect(part.mapTo(drawer, QPoint(0, 0)), part.size()) for part in parts]
    if height < 400:
        assert not drawer.list.isVisible()  # the take stands in its place
        rects = rects[2:]
    for above, below in itertools.pairwise(rects):
        assert above.bottom() < below.top()
    assert rects[-1].bottom() <= drawer.rect().bottom()
    if height >= 400:
        assert drawer.list.viewport().rect().contains(row_rect(drawer, drawer.list.currentIndex().row()))
    detail.close_button.click()
    assert drawer.list.isVisible()
    assert drawer.search_field.isVisible()


# -- many ----------------------------------------------------------------------------------------------------------


def test_thousands_of_takes_are_searched_in_portions(drawer: TakesDrawer, qtbot: QtBot) -> None:
    """The window goes on between them, and what was typed meanwhile is what counts."""
    drawer.set_records(many(5_000))
    assert len(ids(drawer)) == 5_000
    qtbot.keyClicks(drawer.search_field, "zeb")
    qtbot.waitUntil(lambda: drawer.is_searching)
    began = time.perf_counter()
    qtbot.keyClicks(drawer.search_field, "ra")
    qtbot.waitUntil(lambda: ids(drawer) == [f"take-{n}007" for n in (4, 3, 2, 1)] + ["take-7"])
    assert time.perf_counter() - began < 30


def test_only_rows_that_are_seen_are_drawn(drawer: TakesDrawer, monkeypatch: pytest.MonkeyPatch) -> None:
    from writer.ui import take_rows

    drawn: list[str] = []
    excerpt = take_rows.excerpt
    monkeypatch.setattr(take_rows, "excerpt", lambda record, words: drawn.append(record.id) or excerpt(record, words))
    drawer.set_records(many(5_000))
    drawer.grab()
    assert 3 < len(set(drawn)) < 20


def test_going_to_the_oldest_of_thousands(drawer: TakesDrawer, qtbot: QtBot) -> None:
    drawer.set_records(many(5_000))
    assert drawer.show_record("take-3")
    qtbot.wait(20)
    assert drawer.list.viewport().rect().contains(row_rect(drawer, drawer.list.currentIndex().row()))
    assert [row.record.id for row in drawer.detail.tree.rows if row.record][-1] == "take-4"
