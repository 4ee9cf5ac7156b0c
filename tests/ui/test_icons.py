"""Icons are drawn once in each colour, size and density."""

import pytest
from PySide6.QtGui import QColor, QPixmapCache
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from writer.ui import icons


def test_an_icon_is_drawn_once_and_anew_in_another_colour(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[object] = []

    def renderer(source: object) -> QSvgRenderer:
        drawn.append(source)
        return QSvgRenderer(source)

    monkeypatch.setattr(icons, "QSvgRenderer", renderer)
    QPixmapCache.clear()
    red, blue = QColor("red"), QColor("blue")
    first = icons.pixmap("close", red).toImage()
    assert icons.pixmap("close", red).toImage() == first
    assert len(drawn) == 1
    other = icons.pixmap("close", blue).toImage()
    assert other != first
    assert {
        other.pixelColor(x, y).name() for x in range(20) for y in range(20) if other.pixelColor(x, y).alpha() > 250
    } == {"#0000ff"}
    assert icons.pixmap("close", red, size=40).width() == 40
    dense = icons.pixmap("close", red, ratio=2.0)
    assert (dense.width(), dense.devicePixelRatio()) == (40, 2.0)
    assert len(drawn) == 4
