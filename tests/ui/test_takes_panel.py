"""The panel of takes: asking for some, reading them as they come, using one, and the drawer below."""

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.take_records import FEW, NOW, take
from writer.ui.rail import SidePanel
from writer.ui.scroll_column import ScrollColumn
from writer.ui.take_card import TakeCard
from writer.ui.takes_panel import TakesPanel

# Qt says so of windows and menus without a screen.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

LEFT = Qt.MouseButton.LeftButton
TEXTS = (" One way. Another", " Two ways, and “more!” she said.", " Three ways. None of them", " Four ways.")


@pytest.fixture
def side(qtbot: QtBot) -> SidePanel:
    side = SidePanel()
    qtbot.addWidget(side)
    return side


@pytest.fixture
def panel(side: SidePanel, qtbot: QtBot) -> TakesPanel:
    """In the side panel, as in the window."""
    panel = TakesPanel(clock=lambda: NOW)
    side.add(panel)
    side.resize(320, 800)
    side.show_panel("Takes", panel)
    side.activateWindow()
    qtbot.waitUntil(side.isActiveWindow)
    panel.set_ready(True)
    return panel


def cards(panel: TakesPanel) -> list[TakeCard]:
    """Those that are seen, from the top down."""
    QApplication.processEvents()
    return sorted((card for card in panel.findChildren(TakeCard) if card.isVisible()), key=lambda card: card.y())


def written(panel: TakesPanel) -> list[str]:
    return [card.written for card in cards(panel)]


def ids(n: int) -> list[str]:
    return [f"new-{number}" for number in range(n)]


def run(panel: TakesPanel, n: int = 3) -> None:
    """Takes that are complete."""
    panel.begin(ids(n))
    for number in range(n):
        panel.set_text(number, TEXTS[number])
        panel.set_finished(number)


def hint(panel: TakesPanel) -> QLabel:
    found = panel.findChild(QLabel, "takesHint")
    assert isinstance(found, QLabel)
    return found


def fold(panel: TakesPanel) -> QPushButton:
    found = panel.findChild(QPushButton, "fold")
    assert isinstance(found, QPushButton)
    return found


# -- asking for takes ----------------------------------------------------------------------------------------------


def test_as_many_takes_as_the_writer_wants(panel: TakesPanel, qtbot: QtBot) -> None:
    assert panel.write.text() == "Write 3 takes"
    with qtbot.waitSignal(panel.n_takes_changed) as changed:
        qtbot.mouseClick(panel.findChild(QPushButton, "takes-4"), LEFT)
    assert changed.args == [4]
    assert panel.write.text() == "Write 4 takes"
    with qtbot.waitSignal(panel.takes_requested) as asked:
        qtbot.mouseClick(panel.write, LEFT)
    assert asked.args == [4]
    with qtbot.assertNotEmitted(panel.n_takes_changed):
        panel.set_n_takes(2)
    assert panel.n_takes == 2


def test_without_a_model_there_is_nothing_to_ask(panel: TakesPanel) -> None:
    panel.set_ready(False)
    assert not panel.write.isEnabled()
    assert "no model" in panel.write.toolTip()
    panel.set_ready(True)
    assert panel.write.isEnabled()


def test_the_same_button_stops(panel: TakesPanel, qtbot: QtBot) -> None:
    panel.begin(ids(2))
    assert panel.write.text() == "Stop"
    with qtbot.waitSignal(panel.stop_requested), qtbot.assertNotEmitted(panel.takes_requested):
        qtbot.mouseClick(panel.write, LEFT)
    panel.set_finished(0, "Stopped")
    assert panel.write.text() == "Stop"
    panel.set_finished(1, "Stopped")
    assert panel.write.text() == "Write 3 takes"


def test_again_and_putting_away_come_when_all_are_complete(panel: TakesPanel, qtbot: QtBot) -> None:
    panel.begin(ids(2))
    panel.set_finished(0)
    assert not panel.again.isVisible()
    assert not panel.put_away.isVisible()
    panel.set_finished(1)
    with qtbot.waitSignal(panel.again_requested):
        qtbot.mouseClick(panel.again, LEFT)
    with qtbot.waitSignal(panel.put_away_requested):
        qtbot.mouseClick(panel.put_away, LEFT)


def test_the_empty_panel_teaches(panel: TakesPanel) -> None:
    assert hint(panel).isVisible()
    assert "several ways at once" in hint(panel).text()
    panel.set_records(FEW)
    assert not hint(panel).isVisible()
    panel.begin(ids(4))
    assert hint(panel).text() == "Press 1 to 4, or click sentences."
    panel.begin(ids(1))
    assert hint(panel).text() == "Press 1, or click sentences."


# -- while they are written ----------------------------------------------------------------------------------------


def test_takes_stand_below_one_another_with_their_numbers(panel: TakesPanel, qtbot: QtBot) -> None:
    panel.begin(ids(4))
    for number in (2, 0, 3, 1):
        panel.set_text(number, TEXTS[number])
    qtbot.waitUntil(lambda: written(panel) == list(TEXTS))
    assert [card.objectName() for card in cards(panel)] == ["take-1", "take-2", "take-3", "take-4"]
    panel.begin(ids(2))
    assert written(panel) == ["", ""]


class Paints(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self.n = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.n += event.type() == QEvent.Type.Paint
        return False


def test_however_fast_text_comes_it_is_shown_once_a_frame(
    panel: TakesPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.begin(ids(1))
    [card] = cards(panel)
    qtbot.wait(300)
    shown: list[str] = []
    set_text = card.set_text
    monkeypatch.setattr(card, "set_text", lambda text: (shown.append(text), set_text(text)))
    paints = Paints(card.text)
    word, n_frames = "", 0
    for _ in range(30):
        word += "a"
        panel.set_text(0, word)  # all of these come before the window can draw
    assert shown == []
    qtbot.waitUntil(lambda: card.written == word)
    n_frames = len(shown)
    QApplication.processEvents()
    assert n_frames == 1
    assert paints.n <= 2  # the text, and at most one step of its growth


def test_cards_only_move_down_while_text_streams_in(panel: TakesPanel, qtbot: QtBot) -> None:
    panel.begin(ids(2))
    qtbot.wait(300)
    _, second = cards(panel)
    places = [second.y()]
    text = ""
    for _ in range(60):
        text += " and on"
        panel.set_text(0, text)
        qtbot.wait(4)
        places.append(second.y())
    qtbot.wait(300)
    assert places[-1] > places[0] + 50
    assert places == sorted(places)


def test_a_new_round_is_shown_from_the_top_and_scrolls_no_more_by_itself(panel: TakesPanel, qtbot: QtBot) -> None:
    bar = panel.findChild(ScrollColumn).verticalScrollBar()
    panel.begin(ids(4))
    for number in range(4):
        panel.set_text(number, " A long way to go on." * 20)
        panel.set_finished(number)
    qtbot.waitUntil(lambda: bar.maximum() > 400)
    bar.setValue(bar.maximum())
    panel.begin(ids(4))
    panel.take_focus()
    assert bar.value() == 0
    assert cards(panel)[0].y() < cards(panel)[1].y() < 200, "they are not as high as those before them were"
    for number in range(4):
        panel.set_text(number, " Another long way." * 40)
    qtbot.waitUntil(lambda: bar.maximum() > 400)
    assert bar.value() == 0
    bar.setValue(90)
    panel.set_text(0, " Another long way." * 60)
    panel.set_finished(0)
    QApplication.processEvents()
    assert bar.value() == 90


def test_a_late_word_of_takes_that_are_gone_is_no_error(panel: TakesPanel, qtbot: QtBot) -> None:
    panel.set_text(0, TEXTS[0])
    panel.set_finished(0)
    panel.begin(ids(1))
    panel.end()
    panel.set_text(0, TEXTS[0])
    panel.set_finished(0)
    qtbot.wait(40)
    assert cards(panel) == []
    assert not panel.again.isVisible()


def test_the_last_words_are_shown_before_a_take_counts_as_complete(panel: TakesPanel) -> None:
    panel.begin(ids(1))
    panel.set_text(0, TEXTS[1])
    panel.set_finished(0)
    assert written(panel) == [TEXTS[1]]


def test_nothing_spins_when_nothing_comes(panel: TakesPanel, qtbot: QtBot) -> None:
    run(panel)
    qtbot.wait(400)
    paints = [Paints(card.text) for card in cards(panel)]
    qtbot.wait(200)
    assert [paint.n for paint in paints] == [0, 0, 0]


# -- using one -----------------------------------------------------------------------------------------------------


def test_digits_use_a_take_wherever_the_focus_is_in_the_panel(panel: TakesPanel, qtbot: QtBot) -> None:
    run(panel)
    first = cards(panel)[0]
    fold(panel).setChecked(True)
    panel.set_records(FEW)
    for widget in (panel, first.text, first.use, panel.write, panel.drawer.list):
        widget.setFocus()
        with qtbot.waitSignal(panel.accept_requested) as asked:
            qtbot.keyClick(widget, Qt.Key.Key_2)
        assert asked.args == [1]
    keypad = Qt.KeyboardModifier.KeypadModifier
    with qtbot.waitSignal(panel.accept_requested) as asked:
        qtbot.keyClick(panel, Qt.Key.Key_3, keypad)
    assert asked.args == [2]


def test_a_digit_that_means_no_take_does_nothing(panel: TakesPanel, qtbot: QtBot) -> None:
    run(panel, 2)
    with qtbot.assertNotEmitted(panel.accept_requested):
        qtbot.keyClick(panel, Qt.Key.Key_3)
        qtbot.keyClick(panel, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
        panel.begin(ids(2))
        qtbot.keyClick(panel, Qt.Key.Key_1)  # nothing is written yet
        panel.end()
        qtbot.keyClick(panel, Qt.Key.Key_1)


def test_digits_typed_into_the_search_are_searched_for(panel: TakesPanel, qtbot: QtBot) -> None:
    run(panel, 2)
    panel.set_records(FEW)
    fold(panel).setChecked(True)
    with qtbot.assertNotEmitted(panel.accept_requested):
        qtbot.keyClicks(panel.drawer.search_field, "12")
    assert panel.drawer.search_field.text() == "12"


def test_buttons_and_sentences_of_a_card(panel: TakesPanel, qtbot: QtBot) -> None:
    run(panel)
    card = cards(panel)[2]
    with qtbot.waitSignal(panel.accept_requested) as asked:
        qtbot.mouseClick(card.use, LEFT)
    assert asked.args == [2]
    with qtbot.waitSignal(panel.sentence_requested) as asked:
        qtbot.mouseClick(card.text, LEFT, pos=card.text.rect_of(1).center().toPoint())
    assert asked.args == [2, 1]
    panel.set_chosen(2, {1})
    card.text.setFocus()
    qtbot.keyClick(card.text, Qt.Key.Key_Right)
    assert "added" in card.text.accessibleName()


def test_esc_goes_back_to_the_page(panel: TakesPanel, qtbot: QtBot) -> None:
    run(panel)
    panel.set_records(FEW)
    fold(panel).setChecked(True)
    for widget in (panel, cards(panel)[0].text, panel.drawer.list, panel.drawer.search_field):
        with qtbot.waitSignal(panel.left):
            qtbot.keyClick(widget, Qt.Key.Key_Escape)


def test_the_tab_key_goes_from_card_to_card_and_on(panel: TakesPanel, qtbot: QtBot) -> None:
    run(panel, 2)
    panel.take_focus()
    first, second = cards(panel)
    assert first.text.hasFocus()
    for stop in (first.use, second.text, second.use, fold(panel)):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is stop


def test_cards_that_go_pass_the_focus_to_the_button(panel: TakesPanel) -> None:
    run(panel, 2)
    panel.take_focus()
    panel.end()
    assert cards(panel) == []
    assert panel.write.hasFocus()


def test_more_takes_than_there_are_keys_for_are_refused(panel: TakesPanel) -> None:
    with pytest.raises(ValueError, match="5 takes"):
        panel.begin(ids(5))


# -- the drawer ----------------------------------------------------------------------------------------------------


def test_the_drawer_makes_room_for_takes_that_run(panel: TakesPanel, qtbot: QtBot) -> None:
    panel.set_records(FEW)
    assert panel.drawer.isVisible()
    assert fold(panel).text() == "Earlier takes: 4"
    panel.begin(ids(3))
    assert not panel.drawer.isVisible()
    qtbot.mouseClick(fold(panel), LEFT)
    assert panel.drawer.isVisible()
    panel.begin(ids(3))
    panel.end()
    assert panel.drawer.isVisible()


def test_takes_on_the_cards_are_no_earlier_ones_until_they_are_put_away(panel: TakesPanel, qtbot: QtBot) -> None:
    panel.set_records(FEW[:1])
    run(panel, 3)
    panel.set_records([FEW[0], *map(take, ids(3))])
    assert fold(panel).text() == "Earlier takes: 1"
    qtbot.mouseClick(fold(panel), LEFT)
    assert list(panel.drawer.shown) == [FEW[0]]
    panel.begin(["another", "and another"])
    assert fold(panel).text() == "Earlier takes: 4"
    panel.set_records([FEW[0], take("another")])
    assert fold(panel).text() == "Earlier takes: 1"
    panel.end()
    assert fold(panel).text() == "Earlier takes: 2"
    assert [record.id for record in panel.drawer.shown] == ["another", "lamp"]


def test_the_drawer_stays_open_for_who_is_in_it(panel: TakesPanel) -> None:
    panel.set_records(FEW)
    panel.drawer.search_field.setFocus()
    panel.begin(ids(3))
    assert panel.drawer.isVisible()


def test_an_earlier_take_can_be_brought_into_view(panel: TakesPanel) -> None:
    panel.set_records(FEW)
    panel.begin(ids(2))
    assert panel.show_record("wind")
    assert panel.drawer.isVisible()
    assert panel.drawer.detail.record == FEW[2]


def test_what_the_drawer_asks_for_is_passed_on(panel: TakesPanel, qtbot: QtBot) -> None:
    panel.set_records(FEW)
    panel.show_record("keys")
    with qtbot.waitSignal(panel.insert_requested) as asked:
        panel.drawer.detail.insert.click()
    assert asked.args == ["keys"]
    with qtbot.waitSignal(panel.pin_toggled) as asked:
        panel.drawer.detail.pin.click()
    assert asked.args == ["keys", True]
    with qtbot.waitSignal(panel.erase_requested) as asked:
        panel.drawer.erase_requested.emit("keys")
    assert asked.args == ["keys"]
    with qtbot.waitSignal(panel.erase_all_requested):
        panel.drawer.erase_all_requested.emit()
    with qtbot.waitSignal(panel.parent_requested) as asked:
        panel.drawer.detail.tree.take_chosen.emit("steps")
    assert asked.args == ["steps"]


@pytest.mark.parametrize("height", [420, 600, 800])
def test_a_low_window_is_enough(panel: TakesPanel, qtbot: QtBot, height: int) -> None:
    panel.set_records(FEW)
    run(panel, 4)
    panel.show_record("steps")
    panel.window().setMinimumHeight(400)  # as the window sets its own, whatever is in it
    panel.window().resize(320, height)
    qtbot.wait(20)
    assert panel.window().height() == height
    shown = [hint(panel), panel.drawer.detail.text, panel.drawer.detail.insert, panel.drawer.detail.tree]
    tops = [widget.mapTo(panel, QPoint(0, 0)).y() for widget in shown]
    assert all(top + widget.height() <= below for top, widget, below in zip(tops, shown, tops[1:], strict=False))
    assert tops[-1] + shown[-1].height() <= panel.height()
    tree = panel.drawer.detail.tree
    assert tree.viewport().rect().contains(tree.visualRect(tree.currentIndex()))
    assert len(cards(panel)) == (4 if height >= 600 else 0)
    fold(panel).click()
    assert len(cards(panel)) == 4
