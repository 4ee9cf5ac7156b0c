"""Bias and accuracy: the text says what it must, and is acknowledged once."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTextBrowser
from pytestqt.qtbot import QtBot

from writer.paths import resources_dir
from writer.ui import theme as themes
from writer.ui.about_panel import AboutPanel, parameters_text
from writer.ui.theme import DARK, LIGHT

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def panel(qtbot: QtBot) -> AboutPanel:
    panel = AboutPanel()
    qtbot.addWidget(panel)
    panel.resize(319, 600)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def text_of(panel: AboutPanel) -> QTextBrowser:
    text = panel.findChild(QTextBrowser, "disclaimer")
    assert isinstance(text, QTextBrowser)
    return text


def label(panel: AboutPanel, name: str) -> QLabel:
    found = panel.findChild(QLabel, name)
    assert isinstance(found, QLabel)
    return found


def test_the_disclaimer_names_what_matters(panel: AboutPanel) -> None:
    shown = text_of(panel).toPlainText()
    for point in ("GPT-2", "40 GB", "2017", "falsehoods", "stereotypes", "Say what it wrote", "this machine"):
        assert point in shown
    assert "#" not in shown  # Markdown was read, not shown


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("gpt2", "What GPT-2 is"),
        ("smollm2", "What SmolLM2 is"),
        ("any", "What this model is"),
        ("../../LICENSE", "What this model is"),
        ("", "What this model is"),
    ],
)
def test_each_model_has_its_own_disclaimer(panel: AboutPanel, name: str, heading: str) -> None:
    panel.set_model("A model", disclaimer=name)
    shown = text_of(panel).toPlainText()
    assert heading in shown
    assert "falsehoods" in shown


def test_acknowledged_once(panel: AboutPanel, qtbot: QtBot) -> None:
    button = panel.findChild(QPushButton, "acknowledge")
    assert isinstance(button, QPushButton)
    assert button.isVisible()
    with qtbot.waitSignal(panel.acknowledged):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.isVisible()
    assert any(quiet.isVisible() and quiet.text() == "You have read this." for quiet in panel.findChildren(QLabel))


def test_the_button_by_keyboard(panel: AboutPanel, qtbot: QtBot) -> None:
    text_of(panel).setFocus()
    button = panel.findChild(QPushButton, "acknowledge")
    for _ in range(4):  # a link in the text is a stop on the way
        if button.hasFocus():
            break
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert button.hasFocus()
    with qtbot.waitSignal(panel.acknowledged):
        qtbot.keyClick(button, Qt.Key.Key_Space)


def test_set_acknowledged_says_nothing(panel: AboutPanel, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(panel.acknowledged):
        panel.set_acknowledged(True)
    assert not panel.findChild(QPushButton, "acknowledge").isVisible()
    panel.set_acknowledged(False)
    assert panel.findChild(QPushButton, "acknowledge").isVisible()


def test_the_model_that_speaks(panel: AboutPanel) -> None:
    assert label(panel, "modelTitle").text() == "No model is loaded."
    assert not label(panel, "modelFacts").isVisible()
    panel.set_model("GPT-2 medium", "MIT", "8 bit", 354_823_168)
    assert label(panel, "modelTitle").text() == "GPT-2 medium"
    assert label(panel, "modelFacts").text() == "355 million parameters · 8 bit\nMIT licence"
    panel.set_model("<b>Mine</b>")
    assert label(panel, "modelTitle").textFormat() == Qt.TextFormat.PlainText
    assert not label(panel, "modelFacts").isVisible()


@pytest.mark.parametrize(
    ("n", "text"),
    [(134_515_008, "135 million"), (1_500_000_000, "1.5 billion"), (25_000, "25,000"), (999_900_000, "1 billion")],
)
def test_parameters_text(n: int, text: str) -> None:
    assert parameters_text(n) == f"{text} parameters"


def test_links_take_the_colour_of_each_theme(panel: AboutPanel, qapp: QApplication) -> None:
    before = qapp.palette()
    try:
        for theme in (LIGHT, DARK):
            qapp.setPalette(themes.palette(theme))
            QApplication.processEvents()
            document, colors = text_of(panel).document(), set()
            block = document.begin()
            while block.isValid():
                colors |= {p.format.foreground().color().name() for p in block.textFormats() if p.format.isAnchor()}
                block = block.next()
            assert colors == {theme.accent}
    finally:
        qapp.setPalette(before)


def test_the_first_page_teaches_and_stops_in_the_middle_of_a_scene() -> None:
    page = (resources_dir() / "welcome.txt").read_text(encoding="utf-8")
    assert page.startswith("Press Ctrl+Return")
    assert 120 <= len(page.split()) <= 180
    assert page == page.rstrip()
    assert page[-1] not in ".!?"
