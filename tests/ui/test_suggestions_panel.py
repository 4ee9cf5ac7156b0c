"""The suggestions' panel edits exactly one SuggestionOptions."""

import dataclasses

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QPushButton, QSlider, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from writer.assist.suggestion_options import AS_SET, BOUNDS, GOALS, SuggestionOptions
from writer.ui.sampling_controls import fields, tooltip
from writer.ui.suggestions_panel import SuggestionsPanel

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
OTHER = SuggestionOptions(
    ghost=False,
    one_in=7,
    strip=True,
    own_words=0.25,
    off_the_record=True,
    continue_goal="scene",
    continue_words=200,
    n_takes=4,
    never=("suddenly", "R&D"),
)


@pytest.fixture
def panel(qtbot: QtBot) -> SuggestionsPanel:
    panel = SuggestionsPanel()
    qtbot.addWidget(panel)
    panel.resize(319, 1000)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.activateWindow()
    return panel


@pytest.fixture
def emitted(panel: SuggestionsPanel) -> list[SuggestionOptions]:
    options: list[SuggestionOptions] = []
    panel.options_changed.connect(options.append)
    return options


def find(panel: QWidget, name: str) -> QWidget:
    [found] = panel.findChildren(QWidget, name)
    return found


def tick(panel: SuggestionsPanel, qtbot: QtBot, name: str) -> None:
    box = find(panel, name)
    assert isinstance(box, QCheckBox)
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Space)


def chips(panel: SuggestionsPanel) -> list[QPushButton]:
    return [chip for chip in panel.findChildren(QPushButton, "neverWord") if chip.isVisible()]


def test_each_control_changes_its_own_option_and_no_other(
    panel: SuggestionsPanel, qtbot: QtBot, emitted: list[SuggestionOptions]
) -> None:
    wanted = SuggestionOptions()

    def is_now(**values: object) -> None:
        nonlocal wanted
        wanted = dataclasses.replace(wanted, **values)
        assert panel.options == emitted[-1] == wanted

    tick(panel, qtbot, "strip")
    is_now(strip=True)
    tick(panel, qtbot, "offTheRecord")
    is_now(off_the_record=True)
    one_in = find(panel, "oneIn")
    one_in.setFocus()
    qtbot.keyClick(one_in, Qt.Key.Key_Up)
    is_now(one_in=5)
    slider = find(panel, "ownWords")
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    is_now(own_words=0.55)
    words = find(panel, "continueWords")
    assert isinstance(words, QSpinBox)
    words.setFocus()
    words.selectAll()
    qtbot.keyClicks(words, "120")
    qtbot.keyClick(words, Qt.Key.Key_Return)
    is_now(continue_words=120)
    goal = find(panel, "goal")
    assert isinstance(goal, QComboBox)
    goal.setFocus()
    qtbot.keyClick(goal, Qt.Key.Key_Home)
    is_now(continue_goal="sentence")
    for key in GOALS[1:]:
        qtbot.keyClick(goal, Qt.Key.Key_Down)
        is_now(continue_goal=key)
    qtbot.mouseClick(find(panel, "takes-2"), LEFT)
    is_now(n_takes=2)
    tick(panel, qtbot, "ghost")
    is_now(ghost=False)
    assert len(emitted) == 5 + len(GOALS) + 2


def test_set_options_shows_them_and_tells_nobody(panel: SuggestionsPanel, emitted: list[SuggestionOptions]) -> None:
    panel.set_options(OTHER)
    assert panel.options == OTHER
    assert emitted == []
    for name, is_on in (("ghost", False), ("strip", True), ("offTheRecord", True)):
        assert find(panel, name).isChecked() is is_on
    assert find(panel, "goal").currentText() == "To the end of the scene"
    assert [find(panel, f"takes-{n}").isChecked() for n in (2, 3, 4)] == [False, False, True]
    assert (find(panel, "oneIn").value(), find(panel, "continueWords").value()) == (7, 200)
    assert [chip.text() for chip in chips(panel)] == ["suddenly", "R&&D"]


def test_an_option_finer_than_the_dial_is_kept_until_it_is_turned(
    panel: SuggestionsPanel, qtbot: QtBot, emitted: list[SuggestionOptions]
) -> None:
    panel.set_options(SuggestionOptions(own_words=0.333))
    tick(panel, qtbot, "strip")
    assert emitted == [SuggestionOptions(own_words=0.333, strip=True)]


def test_pressing_the_chosen_segment_again_keeps_it(
    panel: SuggestionsPanel, qtbot: QtBot, emitted: list[SuggestionOptions]
) -> None:
    qtbot.mouseClick(find(panel, "takes-3"), LEFT)
    assert find(panel, "takes-3").isChecked()
    assert emitted == []


def test_what_depends_on_a_switch_rests_with_it(panel: SuggestionsPanel, qtbot: QtBot) -> None:
    tick(panel, qtbot, "ghost")
    assert not find(panel, "oneIn").isEnabled()
    assert not panel.graph.isEnabled()
    goal = find(panel, "goal")
    qtbot.keyClick(goal, Qt.Key.Key_End)
    assert panel.options.continue_goal == AS_SET
    assert not find(panel, "continueWords").isEnabled()
    qtbot.keyClick(goal, Qt.Key.Key_Up)
    assert panel.options.continue_goal == "words"
    assert find(panel, "continueWords").isEnabled()


def test_what_limits_a_text_says_which_and_names_the_other_panel(panel: SuggestionsPanel) -> None:
    goal, words = find(panel, "goal"), find(panel, "continueWords")
    length = fields()["max_new_tokens"]
    assert goal.itemText(goal.findData(AS_SET)) == f"For the {length.metadata['title'].lower()}"
    assert "“How the model writes”" in goal.toolTip()
    assert "“While you write”" in tooltip(length)
    for tip in (goal.toolTip(), words.parentWidget().toolTip(), tooltip(length), tooltip(fields()["min_new_tokens"])):
        assert "ghost text ends by itself" in tip.lower()


def test_the_dial_says_off_at_its_left_end(panel: SuggestionsPanel, qtbot: QtBot) -> None:
    slider = find(panel, "ownWords")
    assert isinstance(slider, QSlider)
    said = [label for label in panel.findChildren(QLabel) if label.text() == "50 %"]
    assert len(said) == 1
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert said[0].text() == "Off"
    assert panel.options.own_words == 0.0


def test_never_suggested_words_can_be_taken_back_with_the_keyboard(
    panel: SuggestionsPanel, qtbot: QtBot, emitted: list[SuggestionOptions]
) -> None:
    never = tuple(f"word{number:02}" for number in range(30))
    panel.set_options(SuggestionOptions(never=never))
    for _ in range(3):
        QApplication.processEvents()
    places = [chip.geometry() for chip in chips(panel)]
    chips_width = chips(panel)[0].parentWidget().width()
    assert len({place.y() for place in places}) > 4
    assert all(place.right() < chips_width for place in places)
    assert all(chip.parentWidget().rect().contains(chip.geometry()) for chip in chips(panel))
    assert not any(a.intersects(b) for a in places for b in places if a is not b)
    chips(panel)[1].setFocus()
    qtbot.keyClick(chips(panel)[1], Qt.Key.Key_Space)
    assert emitted == [SuggestionOptions(never=(never[0], *never[2:]))]
    assert QApplication.focusWidget() is chips(panel)[1]
    assert chips(panel)[1].accessibleName() == "Suggest “word02” again"


def test_the_last_word_leaves_nothing_behind(panel: SuggestionsPanel, qtbot: QtBot) -> None:
    title = next(label for label in panel.findChildren(QLabel) if label.text() == "Never suggested")
    assert not title.isVisible()
    panel.set_options(SuggestionOptions(never=("very",)))
    assert title.isVisible()
    qtbot.mouseClick(chips(panel)[0], LEFT)
    assert not title.isVisible()
    assert chips(panel) == []


@pytest.mark.parametrize("answer", ["eraseYes", "eraseNo", "escape"])
def test_erasing_asks_first(panel: SuggestionsPanel, qtbot: QtBot, answer: str) -> None:
    erased: list[bool] = []
    panel.erase_requested.connect(lambda: erased.append(True))
    qtbot.mouseClick(find(panel, "erase"), LEFT)
    assert erased == []
    assert QApplication.focusWidget() is find(panel, "eraseNo")
    if answer == "escape":
        qtbot.keyClick(find(panel, "eraseNo"), Qt.Key.Key_Escape)
    else:
        button = find(panel, answer)
        button.setFocus()
        qtbot.keyClick(button, Qt.Key.Key_Space)
    assert erased == ([True] if answer == "eraseYes" else [])
    assert not find(panel, "eraseQuestion").isVisible()
    assert QApplication.focusWidget() is find(panel, "erase")


def test_the_graphs_line_follows_the_number(panel: SuggestionsPanel, qtbot: QtBot) -> None:
    panel.set_acceptance([(0.2, 0.22, 10), (0.8, 0.5, 10)], 4)
    assert panel.graph.threshold == 0.8
    one_in = find(panel, "oneIn")
    one_in.setFocus()
    qtbot.keyClick(one_in, Qt.Key.Key_Up)
    assert panel.graph.threshold == 0.2


def test_every_control_explains_itself(panel: SuggestionsPanel) -> None:
    panel.set_options(OTHER)
    kinds = (QCheckBox, QComboBox, QPushButton, QSlider, QSpinBox)
    controls = [control for kind in kinds for control in panel.findChildren(kind)]
    assert len(controls) >= 15
    for control in controls:
        assert control.toolTip() or control.parentWidget().toolTip(), control.objectName()
        assert control.accessibleName() or (not isinstance(control, (QComboBox, QSlider, QSpinBox)) and control.text())
    for name, option in (("oneIn", "one_in"), ("continueWords", "continue_words")):
        box = find(panel, name)
        assert (box.minimum(), box.maximum()) == BOUNDS[option]


def test_the_wheel_passes_by_what_has_not_the_focus(panel: SuggestionsPanel) -> None:
    box = find(panel, "oneIn")

    def turn() -> bool:
        middle = QPointF(box.rect().center())
        event = QWheelEvent(
            middle,
            box.mapToGlobal(middle),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(box, event)
        return event.isAccepted()

    find(panel, "ghost").setFocus()
    assert not turn()
    assert panel.options == SuggestionOptions()
    box.setFocus()
    assert turn()
    assert panel.options.one_in == 3
