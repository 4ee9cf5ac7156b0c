"""A small graph: how often suggestions of each confidence were taken, and from where on they are shown."""

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QHelpEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

# For each range of confidence: its middle, the share that is taken (0 to 1), how many suggestions that is known from.
Curve = Sequence[tuple[float, float, int]]

_HEIGHT = 128
_GAP = 2  # between bars
_MARK = 5
_LEAST_BAR = 2  # pixels, so that "never taken" is seen too
_ABOVE_LINE = 1.4  # the least that the plot reaches up to, as a multiple of the share asked for
_NOTHING_YET = (
    "Nothing to show yet. Take some suggestions\nand type past others; then you see here\nhow often you took them."
)
_LEFT, _RIGHT = "Unsure", "Sure"


class AcceptanceGraph(QWidget):
    """Bars from unsure to sure; the line is the share that the writer asks for, "1 in N"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: list[tuple[float, float, int]] = []
        self._one_in = 4
        self._threshold: float | None = None
        self.setObjectName("acceptanceGraph")
        self.setAccessibleName("How often you took suggestions")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._describe()

    def set_acceptance(self, curve: Curve, one_in: int, threshold: float | None = None) -> None:
        """curve -- by rising confidence; threshold -- the least confidence that is shown: without it the least from
        which on every kind was taken at least once in `one_in`"""
        self._bars = sorted(curve)
        self._one_in = one_in
        self._threshold = threshold
        self._describe()
        self.update()

    def set_one_in(self, one_in: int) -> None:
        """Move the line; where that lies in confidence is read from the bars until `set_acceptance` says it."""
        self.set_acceptance(self._bars, one_in)

    @property
    def n_shown(self) -> int:
        """How many suggestions the graph tells of."""
        return sum(count for _, _, count in self._bars)

    @property
    def threshold(self) -> float | None:
        """The least confidence that is shown; None without data, or when nothing is sure enough."""
        if not self.n_shown or self._threshold is not None:
            return self._threshold if self.n_shown else None
        least = None
        for confidence, share, _ in reversed(self._bars):
            if share < 1 / self._one_in:
                break
            least = confidence
        return least

    def _shows(self, confidence: float) -> bool:
        threshold = self.threshold
        return threshold is not None and confidence >= threshold

    def _describe(self) -> None:
        known = [bar for bar in self._bars if bar[2]]
        if not known:
            self.setAccessibleDescription(_NOTHING_YET.replace("\n", " "))
            return
        n = self.n_shown
        self.setAccessibleDescription(
            f"Known from {n:,} suggestion{'s' if n != 1 else ''}: of the least sure you take about {known[0][1]:.0%},"
            f" of the surest about {known[-1][1]:.0%}. What you would take less often than 1 in {self._one_in} is not"
            " shown."
        )

    # -- places --------------------------------------------------------------------------------------------------

    def _plot(self) -> QRectF:
        line = self.fontMetrics().height()
        return QRectF(0, SPACE.xs, self.width(), self.height() - SPACE.xs - line - SPACE.xs)

    def _highest(self) -> float:
        """The share that the plot's top stands for: the line has a place of its own below it."""
        return max(_ABOVE_LINE / self._one_in, *(share for _, share, count in self._bars if count))

    def _rects(self) -> list[QRectF]:
        """One for each range, side by side over the whole width."""
        plot = self._plot()
        values = [confidence for confidence, _, _ in self._bars]
        edges = [(first + second) / 2 for first, second in pairwise(values)]
        half = (values[-1] - values[0]) / max(1, len(values) - 1) / 2 or 0.5
        edges = [values[0] - half, *edges, values[-1] + half]
        scale = plot.width() / (edges[-1] - edges[0])
        rects = []
        for (left, right), (_, share, _) in zip(pairwise(edges), self._bars, strict=True):
            height = min(max(_LEAST_BAR, plot.height() * share / self._highest()), plot.height())
            x = plot.left() + (left - edges[0]) * scale
            width = max(1.0, (right - left) * scale - _GAP)
            rects.append(QRectF(x, plot.bottom() - height, width, height))
        return rects

    @reported(QSize)
    def sizeHint(self) -> QSize:
        return QSize(self.width(), _HEIGHT)

    # -- painting ------------------------------------------------------------------------------------------------

    @reported(nothing)
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self.isEnabled():
            painter.setOpacity(0.5)
        if self.n_shown:
            self._paint_bars(painter)
        else:
            painter.setPen(_color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(self._plot(), Qt.AlignmentFlag.AlignCenter, _NOTHING_YET)
        self._paint_axis(painter)
        painter.end()

    def _paint_bars(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        rects = self._rects()
        shown = [rect for rect, (confidence, _, _) in zip(rects, self._bars, strict=True) if self._shows(confidence)]
        for rect, (confidence, _, count) in zip(rects, self._bars, strict=True):
            if count:
                is_shown = self._shows(confidence)
                painter.setBrush(_color(QPalette.ColorRole.Accent if is_shown else QPalette.ColorRole.Dark))
                painter.drawRoundedRect(rect, 1.5, 1.5)
        if shown:  # a mark below the axis: what lies right of it is shown
            x, y = shown[0].left(), shown[0].bottom() + 2
            painter.drawPolygon([QPointF(x, y), QPointF(x + _MARK, y + _MARK), QPointF(x - _MARK, y + _MARK)])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        plot = self._plot()
        y = round(plot.bottom() - plot.height() / self._one_in / self._highest())
        painter.setPen(QPen(_color(QPalette.ColorRole.WindowText), 1, Qt.PenStyle.DashLine))
        painter.drawLine(0, y, self.width(), y)
        label = f"1 in {self._one_in}"
        letters = painter.fontMetrics().boundingRect(label).translated(0, y - SPACE.xs)
        painter.fillRect(letters.adjusted(-1, -1, SPACE.xs, 1), _color(QPalette.ColorRole.AlternateBase))
        painter.setPen(_color(QPalette.ColorRole.WindowText))
        painter.drawText(QPointF(0, y - SPACE.xs), label)

    def _paint_axis(self, painter: QPainter) -> None:
        plot = self._plot()
        bottom = round(plot.bottom())
        painter.setPen(_color(QPalette.ColorRole.Mid))
        painter.drawLine(0, bottom, self.width(), bottom)
        painter.setPen(_color(QPalette.ColorRole.PlaceholderText))
        below = QRectF(0, bottom + SPACE.xs, self.width(), self.height() - bottom - SPACE.xs)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, _LEFT)
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, _RIGHT)

    # -- pointing ------------------------------------------------------------------------------------------------

    @reported(lambda: False)
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self.n_shown:
            QToolTip.showText(event.globalPos(), self._told_at(event.pos().x()), self)
            return True
        return super().event(event)

    def _told_at(self, x: int) -> str:
        for rect, (confidence, share, count) in zip(self._rects(), self._bars, strict=True):
            if rect.left() <= x < rect.right() + _GAP:
                known = f"You take about {share:.0%} of suggestions that are this sure, as {count:,} show."
                such = f"Such are {'shown' if self._shows(confidence) else 'not shown'}."
                return f"{known} {such}" if count else f"None were this sure yet. {such}"
        return self.accessibleDescription()


def _color(role: QPalette.ColorRole) -> QColor:
    return QGuiApplication.palette().color(role)
