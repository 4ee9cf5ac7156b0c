"""The program's icon: every size that a desktop asks for, and what the window carries."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from tests.packaging.linux_files import ICONS, render_icons
from writer.ui import icons

SIZES = (16, 24, 32, 48, 64, 128, 256, 512)


def test_a_png_of_each_size_is_committed_and_none_besides() -> None:
    assert {path.name for path in ICONS.glob("*.png")} == {f"{size}.png" for size in SIZES}
    for size in SIZES:
        assert QImage(str(ICONS / f"{size}.png")).size() == QSize(size, size)


@pytest.mark.parametrize("size", SIZES)
def test_each_png_is_what_its_drawing_gives(size: int, qapp: QApplication, tmp_path: Path) -> None:
    render_icons.render(size, tmp_path / "drawn.png")
    drawn, committed = QImage(str(tmp_path / "drawn.png")), QImage(str(ICONS / f"{size}.png"))
    # Another Qt may round an edge otherwise; another drawing differs by much more.
    steps = range(0, size, max(1, size // 64))
    differences = [
        abs(a - b)
        for x in steps
        for y in steps
        for a, b in zip(drawn.pixelColor(x, y).getRgb(), committed.pixelColor(x, y).getRgb(), strict=True)
    ]
    assert max(differences) <= 24
    assert sum(differences) / len(differences) <= 1


def test_the_corners_are_transparent_and_the_middle_is_not(qapp: QApplication) -> None:
    for size in SIZES:
        drawing = QImage(str(ICONS / f"{size}.png"))
        assert drawing.pixelColor(0, 0).alpha() < 160
        assert drawing.pixelColor(size // 2, size // 2).alpha() == 255


def test_the_window_has_the_icon_in_every_size(qapp: QApplication) -> None:
    assert {size.width() for size in icons.program_icon().availableSizes()} == set(SIZES)
