"""How the room that the model has is divided."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from writer.assist.context import Origin
from writer.ui.origins import TITLES, origin_color
from writer.ui.overrides import nothing, reported

_HEIGHT = 10
_GAP = 1
_LEAST = 3  # pixels, so that a short part is seen


class BudgetBar(QWidget):
    """A segment for each part, in their order; what is left of `n_ctx` tokens stays empty."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("budgetBar")
        self.setAccessibleName("How the model’s room is used")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._segments: list[tuple[Origin, int]] = []
        self._n_ctx = 0

    def set_segments(self, segments: Sequence[tuple[Origin, int]], n_ctx: int) -> None:
        """segments -- origin and number of tokens, neighbours of one origin together"""
        self._segments = [segment for segment in segments if segment[1] > 0]
        self._n_ctx = n_ctx
        told = ", ".join(f"{TITLES[origin]} {n:,}" for origin, n in self._segments)
        self.setAccessibleDescription(f"{told or 'nothing'}, of {n_ctx:,} tokens")
        self.update()

    def rects(self) -> list[QRectF]:
        """One for each segment that is not empty."""
        total = max(self._n_ctx, sum(n for _, n in self._segments), 1)
        rects, x = [], 0.0
        for _, n in self._segments:
            width = self.width() * n / total
            rects.append(QRectF(x, 0, max(_LEAST, width - _GAP), self.height()))
            x += width
        return rects

    @reported(QSize)
    def sizeHint(self) -> QSize:
        return QSize(0, _HEIGHT)

    @reported(nothing)
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QGuiApplication.palette().color(QPalette.ColorRole.Mid))
        for (origin, _), rect in zip(self._segments, self.rects(), strict=True):
            painter.fillRect(rect, origin_color(origin))
        painter.end()
