"""Draw the program's PNG icons from its two SVG files: run it after changing one of these.

Needs PySide6 alone. The small drawing serves 16 and 24 pixels, where the large one would blur.
"""

import os
from pathlib import Path

ICONS = Path(__file__).resolve().parents[2] / "resources" / "icons" / "app"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
_LARGEST_SMALL = 24


def source(size: int) -> Path:
    """The drawing that an icon of `size` pixels is made from."""
    return ICONS / ("writer-desktop-small.svg" if size <= _LARGEST_SMALL else "writer-desktop.svg")


def render(size: int, target: Path) -> None:
    """Write `target`, a square PNG with `size` pixels a side and a transparent ground."""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(source(size))).render(painter)
    painter.end()
    if not image.save(str(target), "PNG", 0):
        raise OSError(f"cannot write {target}")


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication([])
    for side in SIZES:
        render(side, ICONS / f"{side}.png")
