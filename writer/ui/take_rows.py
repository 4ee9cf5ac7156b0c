"""Earlier takes as rows of a list: what became of each, when it was made, and how it goes on from its place."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QMouseEvent,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
    QTextCharFormat,
    QTextLayout,
)
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from writer.document.takes.take_record import Fate, TakeRecord
from writer.ui.icons import pixmap
from writer.ui.line_breaking import format_range, wrapping_layout
from writer.ui.mirror import displayed, utf16_length
from writer.ui.overrides import nothing, reported
from writer.ui.take_words import FATES, excerpt, made, one_line, short_made
from writer.ui.theme import SPACE, interface_font, page_font

RECORD = Qt.ItemDataRole.UserRole
_POINT_SIZE = 11.0
_SMALL_PIXELS = 12
_DOT = 8
_PIN = 16
Index = QModelIndex | QPersistentModelIndex


def _no_data() -> object:
    return None


class TakeModel(QAbstractListModel):
    """The takes that are listed, in their order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._records: list[TakeRecord] = []
        self._rows: dict[str, int] = {}
        self.words: tuple[str, ...] = ()
        self.now = datetime.now().astimezone()

    def show_records(self, records: list[TakeRecord], words: tuple[str, ...], now: datetime) -> None:
        """words -- what was searched for; now -- with a timezone, that of the writer's clock"""
        self.beginResetModel()
        self._records, self.words, self.now = records, words, now
        self._rows = {record.id: row for row, record in enumerate(records)}
        self.endResetModel()

    @property
    def records(self) -> Sequence[TakeRecord]:
        return self._records

    def row_of(self, id_: str) -> int | None:
        return self._rows.get(id_)

    @reported(lambda: 0)
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._records)

    @reported(_no_data)
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._records):
            return None
        record = self._records[index.row()]
        if role == RECORD:
            return record
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(record.text)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            pinned = ", pinned" if record.is_pinned else ""
            return f"{FATES[record.fate]}{pinned}, {made(record, self.now)}: {one_line(record.text)}"
        return None


class TakeDelegate(QStyledItemDelegate):
    """Draws a row. All rows are of one height, so that no list is too long."""

    pin_clicked = Signal(object)  # TakeRecord

    def __init__(self, model: TakeModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._small = interface_font()
        self._small.setPixelSize(_SMALL_PIXELS)
        self._face = page_font(_POINT_SIZE)
        self._line = QFontMetrics(self._face).height()
        self._small_line = QFontMetrics(self._small).height()
        self._pins: dict[tuple[int, int, float], QPixmap] = {}

    @reported(QSize)
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, 2 * SPACE.s + self._small_line + SPACE.xs + 2 * self._line)

    @reported(nothing)
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        record: TakeRecord = index.data(RECORD)
        palette, role = QGuiApplication.palette(), QPalette.ColorRole
        rect = option.rect
        state = option.state
        is_hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        is_selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if is_selected or is_hovered:
            has_focus = is_selected and bool(state & QStyle.StateFlag.State_HasFocus)
            painter.setPen(palette.color(role.Accent) if has_focus else Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(role.Highlight if is_selected else role.Light))
            ground = QRectF(rect).adjusted(SPACE.s + 0.5, 1.5, -SPACE.s - 0.5, -1.5)
            painter.drawRoundedRect(ground, SPACE.radius, SPACE.radius)
        inner = rect.adjusted(SPACE.l, SPACE.s, -SPACE.l, -SPACE.s)
        dot = QRect(inner.left(), inner.top() + (self._small_line - _DOT) // 2, _DOT, _DOT)
        paint_fate(painter, dot, record.fate)
        painter.setFont(self._small)
        quiet = role.WindowText if is_selected else role.PlaceholderText  # readable on the selection too
        painter.setPen(palette.color(quiet))
        top = QRect(inner.left() + _DOT + SPACE.s, inner.top(), inner.width() - _DOT - _PIN - 2 * SPACE.s, 0)
        top.setHeight(self._small_line)
        when = short_made(record, self._model.now)
        said = QFontMetrics(self._small).elidedText(
            f"{FATES[record.fate]} · {when}", Qt.TextElideMode.ElideRight, top.width()
        )
        painter.drawText(top, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, said)
        if record.is_pinned or is_hovered or is_selected:
            color = palette.color(role.Accent if record.is_pinned else quiet)
            painter.drawPixmap(self.pin_rect(rect).topLeft(), self._pin(color, painter))
        words = inner.adjusted(0, self._small_line + SPACE.xs, 0, 0)
        self._paint_text(painter, words, record, is_selected=is_selected)
        painter.restore()

    def pin_rect(self, rect: QRect) -> QRect:
        """Where a row's pin is."""
        return QRect(rect.right() - SPACE.l - _PIN, rect.top() + SPACE.s, _PIN, _PIN)

    def _pin(self, color: QColor, painter: QPainter) -> QPixmap:
        ratio = painter.device().devicePixelRatioF()
        key = (color.rgb(), _PIN, ratio)
        if key not in self._pins:
            self._pins[key] = pixmap("pin", color, _PIN, ratio)
        return self._pins[key]

    def _paint_text(self, painter: QPainter, rect: QRect, record: TakeRecord, *, is_selected: bool) -> None:
        """Two lines: the end of what stands before the place, quietly, and the take; or where the words that were
        searched for are."""
        palette, role = QGuiApplication.palette(), QPalette.ColorRole
        lead, text = excerpt(record, self._model.words)
        shown = self._two_lines(displayed(f"{lead}{text}"), rect.width())
        layout = wrapping_layout(shown, self._face)
        ranges = []
        if lead and not is_selected:
            quiet = QTextCharFormat()
            quiet.setForeground(palette.color(role.PlaceholderText))
            ranges.append(format_range(0, utf16_length(lead), quiet))
        ranges += [format_range(start, length, _bold()) for start, length in self._found(lead, text)]
        layout.setFormats(ranges)
        _break(layout, rect.width(), 2, self._line)
        painter.setPen(palette.color(role.WindowText))
        painter.setClipRect(rect)
        layout.draw(painter, QPointF(rect.topLeft()))

    def _two_lines(self, text: str, width: int) -> str:
        """As much of `text` as two lines hold."""
        layout = wrapping_layout(text, self._face)
        first = _break(layout, width, 1, self._line)
        units = text.encode("utf-16-le")
        rest = units[2 * first :].decode("utf-16-le")
        return units[: 2 * first].decode("utf-16-le") + QFontMetrics(self._face).elidedText(
            rest, Qt.TextElideMode.ElideRight, width
        )

    def _found(self, lead: str, text: str) -> Iterator[tuple[int, int]]:
        """Where what was searched for stands, in UTF-16 units."""
        lower = text.lower()
        for word in self._model.words if len(lower) == len(text) else ():
            at = lower.find(word)
            while at >= 0:
                yield utf16_length(lead + text[:at]), utf16_length(word)
                at = lower.find(word, at + len(word))

    @reported(lambda: False)
    def editorEvent(self, event: QEvent, model: object, option: QStyleOptionViewItem, index: Index) -> bool:
        """A click on the pin pins, and does not select."""
        if isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.LeftButton:
            rect = self.pin_rect(option.rect)
            if rect.adjusted(-SPACE.xs, -SPACE.xs, SPACE.xs, SPACE.xs).contains(event.position().toPoint()):
                if event.type() == QEvent.Type.MouseButtonRelease:
                    self.pin_clicked.emit(index.data(RECORD))
                return True
        return False


def paint_fate(painter: QPainter, rect: QRect, fate: Fate) -> None:
    """A small disc: full for used, half for partly used, a ring for not used, a faint one for not used yet."""
    palette, role = QGuiApplication.palette(), QPalette.ColorRole
    disc = QRectF(rect).adjusted(0.75, 0.75, -0.75, -0.75)
    color = palette.color(role.Accent if fate in (Fate.ACCEPTED, Fate.PARTLY) else role.PlaceholderText)
    pen = QPen(color, 1.5)
    if fate is Fate.OPEN:
        pen.setStyle(Qt.PenStyle.DotLine)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.setBrush(color if fate is Fate.ACCEPTED else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(disc)
    if fate is Fate.PARTLY:
        painter.setBrush(color)
        painter.drawChord(disc, 90 * 16, 180 * 16)  # sixteenths of a degree: its left half
    painter.restore()


def _break(layout: QTextLayout, width: int, n_lines: int, pitch: int) -> int:
    """Break the first lines; returns where the last of them ends, in UTF-16 units."""
    end = 0
    layout.beginLayout()
    for number in range(n_lines):
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        line.setPosition(QPointF(0, number * pitch))
        end = line.textStart() + line.textLength()
    layout.endLayout()
    return end


def _bold() -> QTextCharFormat:
    result = QTextCharFormat()
    result.setFontWeight(QFont.Weight.Bold)
    return result
