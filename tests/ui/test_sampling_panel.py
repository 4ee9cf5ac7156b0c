"""The sampling panel edits exactly one GenerationConfig, with the bounds and words of its metadata."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QDoubleSpinBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from writer.assist.presets import BALANCED, FOCUSED, WILD, default_config
from writer.engine.config import GenerationConfig
from writer.ui.sampling_controls import _escaped, _unescaped
from writer.ui.sampling_panel import SamplingPanel

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
MAIN = [field.name for field in dataclasses.fields(GenerationConfig) if field.metadata["main"]]
FOLDED = [f.name for f in dataclasses.fields(GenerationConfig) if not f.metadata["main"] and f.name != "n_alternatives"]


@pytest.fixture
def panel(qtbot: QtBot) -> SamplingPanel:
    panel = SamplingPanel()
    qtbot.addWidget(panel)
    panel.resize(319, 900)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


@pytest.fixture
def emitted(panel: SamplingPanel) -> list[GenerationConfig]:
    configs: list[GenerationConfig] = []
    panel.config_changed.connect(configs.append)
    return configs


def find(panel: SamplingPanel, kind: type[QWidget], name: str) -> QWidget:
    widget = panel.findChild(kind, name)
    assert widget is not None, name
    return widget


def preset_button(panel: SamplingPanel, name: str) -> QPushButton:
    button = panel.findChild(QPushButton, f"preset-{name}")
    assert isinstance(button, QPushButton)
    return button


def button(panel: SamplingPanel, text: str) -> QPushButton:
    return next(b for b in panel.findChildren(QPushButton) if b.text() == text)


def checked(panel: SamplingPanel) -> list[str]:
    return [p.name for p in (FOCUSED, BALANCED, WILD) if preset_button(panel, p.name).isChecked()]


def test_starts_balanced_with_the_main_controls_in_sight(panel: SamplingPanel) -> None:
    assert panel.config == default_config()
    assert checked(panel) == ["balanced"]
    for name in MAIN:
        assert find(panel, QWidget, name).isVisible(), name
    for name in FOLDED:
        assert not find(panel, QWidget, name).isVisible(), name


def test_the_fold_opens_by_keyboard_and_closes(panel: SamplingPanel, qtbot: QtBot) -> None:
    fold = button(panel, "More controls")
    width = find(panel, QSpinBox, "max_new_tokens").parentWidget().width()
    fold.setFocus()
    qtbot.keyClick(fold, Qt.Key.Key_Space)
    for name in FOLDED:
        assert find(panel, QWidget, name).isVisible(), name
    assert fold.text() == "Fewer controls"
    QApplication.processEvents()
    assert find(panel, QSpinBox, "max_new_tokens").parentWidget().width() == width  # the scroll bar moved nothing
    qtbot.mouseClick(fold, LEFT)
    assert not find(panel, QWidget, "typical_p").isVisible()


def test_presets_by_mouse(panel: SamplingPanel, qtbot: QtBot, emitted: list[GenerationConfig]) -> None:
    qtbot.mouseClick(preset_button(panel, "wild"), LEFT)
    assert emitted == [WILD.apply(default_config())] == [panel.config]
    assert checked(panel) == ["wild"]
    qtbot.mouseClick(preset_button(panel, "wild"), LEFT)
    assert checked(panel) == ["wild"]
    assert len(emitted) == 1


def test_a_control_of_ones_own_unchecks_the_presets(panel: SamplingPanel, qtbot: QtBot) -> None:
    slider = find(panel, QSlider, "temperatureSlider")
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert panel.config.temperature == pytest.approx(0.85)
    assert checked(panel) == []
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert panel.config == default_config()
    assert checked(panel) == ["balanced"]


def test_slider_and_box_show_the_same(panel: SamplingPanel, qtbot: QtBot, emitted: list[GenerationConfig]) -> None:
    box, slider = find(panel, QDoubleSpinBox, "temperature"), find(panel, QSlider, "temperatureSlider")
    assert isinstance(box, QDoubleSpinBox)
    assert isinstance(slider, QSlider)
    qtbot.keyClick(slider, Qt.Key.Key_End)
    assert box.value() == panel.config.temperature == 2.0
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "4.5")
    assert len(emitted) == 1  # half-typed numbers do not count
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert panel.config.temperature == 4.5
    assert slider.value() == slider.maximum()
    assert len(emitted) == 2


def test_whole_numbers_stay_whole(panel: SamplingPanel, qtbot: QtBot) -> None:
    slider = find(panel, QSlider, "max_new_tokensSlider")
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert panel.config.max_new_tokens == 130
    assert isinstance(panel.config.max_new_tokens, int)


@pytest.mark.parametrize(
    ("typed", "seed", "shown"),
    [
        ("7", 7, "7"),
        ("0", 0, "0"),
        ("1a2", 12, "12"),
        ("9" * 25, 2**63 - 1, str(2**63 - 1)),
        ("-5", 5, "5"),
        ("²", None, ""),
    ],
)
def test_seed(panel: SamplingPanel, qtbot: QtBot, typed: str, seed: int | None, shown: str) -> None:
    edit = find(panel, QLineEdit, "seed")
    assert isinstance(edit, QLineEdit)
    qtbot.keyClicks(edit, typed)
    assert (panel.config.seed, edit.text()) == (seed, shown)
    edit.selectAll()
    qtbot.keyClick(edit, Qt.Key.Key_Backspace)
    assert panel.config.seed is None


def test_texts_one_a_line(panel: SamplingPanel, qtbot: QtBot) -> None:
    button(panel, "More controls").click()
    edit = find(panel, QPlainTextEdit, "stop_strings")
    qtbot.keyClicks(edit, "The End")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.keyClicks(edit, "\\n\\n")
    assert panel.config.stop_strings == ("The End", "\n\n")


def test_word_bias_says_what_is_wrong_and_keeps_the_last_good_one(panel: SamplingPanel, qtbot: QtBot) -> None:
    button(panel, "More controls").click()
    edit = find(panel, QPlainTextEdit, "logit_bias")
    fault = edit.parentWidget().fault
    qtbot.keyClicks(edit, "sea=2")
    assert panel.config.logit_bias == (("sea", 2.0),)
    assert not fault.isVisible()
    qtbot.keyClicks(edit, "x")
    assert fault.isVisible()
    assert "sea=2x" in fault.text()
    assert panel.config.logit_bias == (("sea", 2.0),)
    qtbot.keyClick(edit, Qt.Key.Key_Backspace)
    assert not fault.isVisible()


def test_set_config_shows_without_a_signal(panel: SamplingPanel, emitted: list[GenerationConfig]) -> None:
    config = GenerationConfig(
        max_new_tokens=4000,
        temperature=0.123456,
        top_k=100_000,
        eta_cutoff=0.0003,
        dry_breakers=("\n", "\\n", "\t"),
        logit_bias=(("a=b", -1.5),),
        seed=2**63 - 1,
        n_alternatives=4,
    )
    panel.set_config(config)
    assert panel.config == config
    assert emitted == []
    box = find(panel, QSpinBox, "max_new_tokens")
    assert isinstance(box, QSpinBox)
    box.setValue(50)
    assert panel.config == dataclasses.replace(config, max_new_tokens=50)  # the rest to the last digit


def test_reset(panel: SamplingPanel, qtbot: QtBot, emitted: list[GenerationConfig]) -> None:
    panel.set_config(GenerationConfig(seed=3, banned_words=("very",), mirostat_tau=4.0))
    qtbot.mouseClick(button(panel, "Reset"), LEFT)
    assert emitted == [default_config()]
    edit = find(panel, QPlainTextEdit, "banned_words")
    assert isinstance(edit, QPlainTextEdit)
    assert edit.toPlainText() == ""


def test_every_control_explains_itself(panel: SamplingPanel) -> None:
    for field in dataclasses.fields(GenerationConfig):
        if field.name == "n_alternatives":
            continue
        control = find(panel, QWidget, field.name)
        assert control.accessibleName() == field.metadata["title"]
        tip = control.parentWidget().toolTip()
        assert tip.index(field.metadata["help"]) < tip.index(field.name)
        if isinstance(control, (QSpinBox, QDoubleSpinBox)):
            assert (control.minimum(), control.maximum()) == (field.metadata["low"], field.metadata["high"])


def test_the_wheel_passes_by_controls_and_turns_the_focused_one(panel: SamplingPanel) -> None:
    slider = find(panel, QSlider, "max_new_tokensSlider")

    def turn() -> bool:
        """One notch down over the slider; whether it took it. What is not taken goes on to the scroll area."""
        middle = QPointF(slider.rect().center())
        event = QWheelEvent(
            middle,
            slider.mapToGlobal(middle),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(slider, event)
        return event.isAccepted()

    preset_button(panel, "wild").setFocus()
    assert not turn()
    assert panel.config == default_config()
    slider.setFocus()
    assert turn()
    assert panel.config.max_new_tokens < default_config().max_new_tokens


@given(st.text())
def test_escapes_survive_a_round_trip_on_one_line(text: str) -> None:
    assert "\n" not in _escaped(text)
    assert _unescaped(_escaped(text)) == text
