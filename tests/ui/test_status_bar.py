"""The status bar's figures change and nothing moves."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from writer.models.progress import Step
from writer.ui import theme as themes
from writer.ui.library import Activity
from writer.ui.status_bar import StatusBar

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def bar(qtbot: QtBot) -> StatusBar:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.resize(1000, bar.height())
    with qtbot.waitExposed(bar):
        bar.show()
    return bar


def texts(bar: StatusBar) -> list[str]:
    return [label.text() for label in bar.findChildren(QLabel) if label.isVisible() and label.text()]


def places(bar: StatusBar) -> list[tuple[int, int]]:
    QApplication.processEvents()
    return [(child.x(), child.width()) for child in bar.findChildren(QWidget)]


def test_at_first(bar: StatusBar) -> None:
    assert texts(bar) == ["No model", "0 words"]


def test_while_writing(bar: StatusBar) -> None:
    bar.set_model("GPT-2 medium", "CPU")
    bar.set_state("Reading 256 of 700", busy=True)
    bar.set_rate(38.24)
    bar.set_context(612, 1024)
    bar.set_words(1234)
    assert set(texts(bar)) == {
        "AI",
        "GPT-2 medium · CPU",
        "Reading 256 of 700",
        "38.2 tokens/s",
        "612 of 1,024 tokens",
        "1,234 words",
    }
    meter = bar.findChild(QProgressBar)
    assert meter is not None
    assert (meter.value(), meter.maximum()) == (612, 1024)


def test_nothing_jumps(bar: StatusBar) -> None:
    bar.set_model("GPT-2 medium", "CPU")
    before = places(bar)
    for done in (1, 99, 1024):
        bar.set_state(f"Reading {done:,} of 1,024", busy=True)
        bar.set_rate(done / 10)
        bar.set_context(done, 1024)
        bar.set_words(done * 1000)
        assert places(bar) == before
    bar.set_state("Ready", busy=False)
    bar.set_rate(None)
    assert places(bar) == before


def test_the_mark_shows_only_while_busy(bar: StatusBar) -> None:
    bar.set_state("Writing", busy=True)
    assert "AI" in texts(bar)
    bar.set_state("Ready", busy=False)
    assert "AI" not in texts(bar)


def test_a_full_or_unknown_window(bar: StatusBar) -> None:
    meter = bar.findChild(QProgressBar)
    assert meter is not None
    bar.set_context(2000, 1024)
    assert meter.value() == meter.maximum() == 1024
    bar.set_context(0, 0)
    assert not meter.isVisible()
    assert not any("tokens" in text for text in texts(bar))


def test_a_long_title_gives_way_and_is_told_in_full(bar: StatusBar) -> None:
    title = "A model with a title that no status bar has room for " * 4
    bar.set_model(title, "CPU")
    elided = next(text for text in texts(bar) if text.startswith("A model"))
    assert elided.endswith("…")
    label = next(child for child in bar.findChildren(QLabel) if child.text() == elided)
    assert label.toolTip() == f"{title} · CPU"
    bar.resize(4000, bar.height())
    QApplication.processEvents()
    assert label.text() == f"{title} · CPU"


def test_one_word(bar: StatusBar) -> None:
    bar.set_words(1)
    assert "1 word" in texts(bar)


def test_every_figure_is_explained(bar: StatusBar) -> None:
    assert all(child.toolTip() for child in bar.findChildren(QLabel))


# -- what is being done to a model ---------------------------------------------------------------------------------

GETTING = Activity("GPT-2 medium", Step("Downloading", 1, 4, "380 MB of 1.5 GB"), can_pause=True)
WAITING = Activity("DistilGPT-2", Step("Waiting"))


def activity(bar: StatusBar) -> QPushButton:
    button = bar.findChild(QPushButton, "activity")
    assert isinstance(button, QPushButton)
    return button


def test_an_activity_shows_while_it_lasts(bar: StatusBar, qtbot: QtBot) -> None:
    assert not activity(bar).isVisible()
    bar.set_activity("gpt2-medium", GETTING)
    assert activity(bar).isVisible()
    QApplication.processEvents()
    assert bar.activity_text == activity(bar).text() == "GPT-2 medium · Downloading · 25%"
    with qtbot.waitSignal(bar.activity_clicked):
        qtbot.mouseClick(activity(bar), Qt.MouseButton.LeftButton)
    bar.set_activity("gpt2-medium", None)
    assert not activity(bar).isVisible()
    assert bar.activity_text == ""
    bar.set_activity("never begun", None)


def test_of_several_the_first_is_shown_until_it_ends(bar: StatusBar) -> None:
    bar.set_activity("gpt2-medium", GETTING)
    bar.set_activity("distilgpt2", WAITING)
    bar.set_activity("gpt2-medium", Activity("GPT-2 medium", Step("Building")))
    assert bar.activity_text == "GPT-2 medium · Building"
    bar.set_activity("gpt2-medium", None)
    assert bar.activity_text == "DistilGPT-2 · Waiting"


def test_an_activity_moves_no_figure(bar: StatusBar) -> None:
    def figures() -> list[tuple[int, int]]:
        QApplication.processEvents()
        return [(label.x(), label.width()) for label in bar.findChildren(QLabel) if label.text() in shown]

    shown = {"Ready", "38.2 tokens/s", "612 of 1,024 tokens", "1,234 words"}
    bar.set_model("GPT-2 medium", "processor")
    bar.set_state("Ready", busy=False)
    bar.set_rate(38.2)
    bar.set_context(612, 1024)
    bar.set_words(1234)
    before = figures()
    assert len(before) == len(shown)
    for done in (1, 12, 100):
        bar.set_activity("gpt2-medium", Activity("GPT-2 medium", Step("Downloading", done, 100)))
        assert figures() == before


def test_a_long_name_does_not_widen_the_window(bar: StatusBar) -> None:
    before = bar.minimumSizeHint().width()
    name = "someone-with-a-long-name/a-model-with-a-longer-one-" * 3
    bar.set_activity("added", Activity(name, Step("Reading what the hub says of it", 1, 4)))
    assert bar.minimumSizeHint().width() <= before + 60
    assert name in bar.activity_text
    assert name in activity(bar).toolTip()
    QApplication.processEvents()
    assert activity(bar).text().startswith("someone")
    assert activity(bar).text().endswith("25%")
    assert "…" in activity(bar).text()
    bar.resize(720, bar.height())
    QApplication.processEvents()
    assert max(child.x() + child.width() for child in bar.findChildren(QWidget)) <= 720


def test_a_name_with_an_ampersand_is_shown_as_it_stands(bar: StatusBar) -> None:
    bar.set_activity("added", Activity("Tom & Jerry", Step("Waiting")))
    QApplication.processEvents()
    assert bar.activity_text == "Tom & Jerry · Waiting"
    assert activity(bar).text() == "Tom && Jerry · Waiting"  # a single one would underline the next letter


def test_in_the_narrowest_window_what_is_wanted_least_goes(qapp: QApplication, qtbot: QtBot) -> None:
    window, bar = QWidget(), StatusBar()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(bar)

    def resize(width: int) -> None:
        window.resize(width, 100)
        QApplication.processEvents()
        assert window.width() == bar.width() == width

    def shown() -> list[bool]:
        return [
            label.isVisible()
            for name in ("Context", "Keys", "Speed")
            for label in bar.findChildren(QLabel)
            if label.accessibleDescription() == name
        ]

    qapp.setStyleSheet(themes.stylesheet(themes.resolve("light", qapp)))
    window.show()
    bar.set_state("Writing", busy=True)
    bar.show_key_latency(True)
    bar.set_activity("gpt2-medium", GETTING)
    bar.offer_news("What’s new in 0.2")
    resize(1600)
    assert shown() == [True, True, True]
    resize(720)
    assert shown() != [True, True, True]
    assert max(child.x() + child.width() for child in bar.findChildren(QWidget) if child.isVisible()) <= 720
    bar.show_key_latency(False)
    bar.offer_news("")
    bar.set_activity("gpt2-medium", None)
    resize(1180)
    assert shown() == [True, False, True]
