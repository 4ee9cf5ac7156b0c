"""Colours keep their contrast, the style sheet is complete, the shipped faces load."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QFontInfo, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QSlider, QWidget
from pytestqt.qtbot import QtBot

from writer.ui import theme as themes
from writer.ui.theme import DARK, LIGHT, SEPIA, Theme, contrast

EVERY = pytest.mark.parametrize("theme", [LIGHT, DARK, SEPIA], ids=lambda theme: theme.name)


def test_contrast_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # WCAG's well-known near miss


@EVERY
def test_text_contrast(theme: Theme) -> None:
    for surface in (theme.page, theme.panel, theme.ground, theme.control, theme.control_hover, theme.selection):
        assert contrast(theme.ink, surface) >= 7
    for surface in (theme.page, theme.panel, theme.ground, theme.control):
        assert contrast(theme.muted, surface) >= 4.5
    for surface in (theme.page, theme.ground):
        assert contrast(theme.ghost, surface) >= 4.5
        assert contrast(theme.ghost, theme.ink) >= 2  # nobody takes it for what is written
    for surface in (theme.page, theme.selection):
        assert contrast(theme.tint, surface) >= 4.5
    assert contrast(theme.accent_ink, theme.accent) >= 4.5
    assert contrast(theme.accent_ink, theme.accent_hover) >= 4.5
    for surface in (theme.page, theme.panel):
        assert contrast(theme.danger, surface) >= 4.5
        assert contrast(theme.accent, surface) >= 3  # focus rings and slider handles (WCAG 1.4.11)


@EVERY
def test_stylesheet_has_no_holes_and_qt_accepts_it(theme: Theme, qapp: QApplication) -> None:
    sheet = themes.stylesheet(theme)
    assert "$" not in sheet
    for part in sheet.split('url("')[1:]:
        assert Path(part.split('"')[0]).is_file()
    slider = QSlider()
    slider.setStyleSheet(sheet)  # a syntax error is a Qt warning, and a warning fails the test
    slider.ensurePolished()


@EVERY
def test_palette_follows_tokens(theme: Theme, qapp: QApplication) -> None:
    palette = themes.palette(theme)
    assert palette.color(QPalette.ColorRole.Base).name() == theme.page
    assert palette.color(QPalette.ColorRole.Text).name() == theme.ink


@pytest.mark.parametrize(
    "look",
    [
        {},
        {"role": "quiet"},
        {"role": "fold"},
        {"role": "link"},
        {"role": "link", "place": "margin"},
        {"role": "link", "objectName": "compare"},
    ],
    ids=str,
)
def test_the_ring_of_the_focus_is_whole(look: dict[str, str], qtbot: QtBot) -> None:
    window = QWidget()
    window.setStyleSheet(themes.stylesheet(LIGHT))
    before, button = QPushButton("", window), QPushButton("Fewer controls", window)
    for name, value in look.items():
        button.setProperty(name, value)
    qtbot.addWidget(window)
    window.show()
    button.adjustSize()
    window.activateWindow()
    before.setFocus()
    qtbot.waitUntil(before.hasFocus)
    plain = button.grab().toImage()
    QTest.keyClick(before, Qt.Key.Key_Tab)
    assert button.hasFocus()
    picture, ring = button.grab().toImage(), LIGHT.color("accent").rgb()
    right, bottom = picture.width() - 1, picture.height() - 1
    for x, y in ((0, bottom // 2), (right, bottom // 2), (right // 2, 0), (right // 2, bottom)):
        assert picture.pixel(x, y) == ring, (x, y)
    inside = QRect(3, 3, right - 5, bottom - 5)
    assert picture.copy(inside) == plain.copy(inside), "there is no other within it"


def test_resolve(qapp: QApplication) -> None:
    assert themes.resolve("sepia", qapp) is SEPIA
    assert themes.resolve("dark", qapp) is DARK
    assert themes.resolve("system", qapp) in (LIGHT, DARK)
    assert themes.resolve("no such theme", qapp) in (LIGHT, DARK)


def test_shipped_faces_load_with_their_licences(qapp: QApplication) -> None:
    page, interface = themes.load_fonts()
    assert themes.load_fonts() == (page, interface)
    assert QFontInfo(themes.page_font()).family() == page
    assert QFontInfo(themes.interface_font()).family() == interface
    bold = themes.page_font()
    bold.setWeight(QFont.Weight.Bold)
    bold.setItalic(True)
    assert QFontInfo(bold).bold()
    assert QFontInfo(bold).italic()
    for folder in ("source-serif", "inter"):
        assert "SIL OPEN FONT LICENSE Version 1.1" in (themes.fonts_dir() / folder / "LICENSE.txt").read_text()
    assert sum(face.stat().st_size for face in themes.fonts_dir().rglob("*.otf")) < 4_000_000


def test_every_ground_is_a_colour() -> None:
    for theme in themes.THEMES.values():
        assert not re.search(r"background: *[0-9]", themes.stylesheet(theme)), theme.name
