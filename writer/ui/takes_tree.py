"""Which take grew from which: the one that is looked at between those before it and those that go on from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPainter, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QListView, QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from writer.document.takes.take_record import TakeNode, TakeRecord, tree
from writer.ui.overrides import nothing, reported
from writer.ui.take_rows import paint_fate
from writer.ui.take_words import FATES, first_words
from writer.ui.theme import SPACE

_N_BEFORE = 2  # takes that the one looked at grew from, nearest ones
_N_BESIDE = 5  # takes that grew from the same, itself among them
_N_AFTER = 4
_ROW_HEIGHT = 24
_LEAST_ROWS, _MOST_ROWS = 2, 8  # seen at once
_STEP = 14  # from one generation to the next
_DOT = 8
_SPOKEN = 120  # code points
_NODE = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class TreeRow:
    """A line of the tree.

    record -- None for a line that only says how many there are more
    depth -- generations below the first line
    lines -- for each generation above its own whether a line passes it on its way down
    is_last -- whether no other of its generation comes below
    """

    record: TakeRecord | None
    depth: int
    lines: tuple[bool, ...] = ()
    is_last: bool = True
    n_more: int = 0


class Ancestry:
    """Finds what a take grew from, and what grew from it."""

    def __init__(self, records: Sequence[TakeRecord]) -> None:
        """records -- the oldest first"""
        self._nodes: dict[str, TakeNode] = {}
        self._parents: dict[str, TakeNode] = {}
        waiting = tree(records)
        while waiting:
            node = waiting.pop()
            self._nodes[node.record.id] = node
            for child in node.children:
                self._parents[child.record.id] = node
                waiting.append(child)

    def parent(self, id_: str) -> TakeRecord | None:
        node = self._parents.get(id_)
        return node.record if node else None

    def around(self, id_: str) -> list[TreeRow]:
        """The nearest relations of a take, itself among them; [] if it has none. Raises KeyError for an unknown one."""
        node = self._nodes[id_]
        if not node.children and id_ not in self._parents:
            return []
        before = []
        at = self._parents.get(id_)
        while at is not None:
            before.append(at)
            at = self._parents.get(at.record.id)
        rows = [TreeRow(None, 0, n_more=len(before) - _N_BEFORE)] if len(before) > _N_BEFORE else []
        shown = before[:_N_BEFORE][::-1]
        rows += [TreeRow(parent.record, depth, (False,) * max(0, depth - 1)) for depth, parent in enumerate(shown)]
        beside = before[0].children if before else (node,)
        rows += _generation(
            _window(beside, node, _N_BESIDE), len(beside), len(shown), (False,) * (len(shown) - 1), node
        )
        return rows


def _generation(
    nodes: Sequence[TakeNode], n_all: int, depth: int, lines: tuple[bool, ...], opened: TakeNode | None
) -> Iterator[TreeRow]:
    """Takes that grew from the same, and below `opened` those that grew from it."""
    n_more = n_all - len(nodes)
    for number, node in enumerate(nodes):
        is_last = number == len(nodes) - 1 and not n_more
        yield TreeRow(node.record, depth, lines, is_last)
        if node is opened and node.children:
            below = (*lines, not is_last) if depth else ()
            yield from _generation(node.children[:_N_AFTER], len(node.children), depth + 1, below, None)
    if n_more:
        yield TreeRow(None, depth, lines, n_more=n_more)


def _window(nodes: Sequence[TakeNode], node: TakeNode, length: int) -> Sequence[TakeNode]:
    """At most `length` of `nodes`, `node` among them."""
    place = next(number for number, one in enumerate(nodes) if one is node)
    start = max(0, min(place - length // 2, len(nodes) - length))
    return nodes[start : start + length]


class TakesTree(QListView):
    """Shows the relations of one take; a click or Enter goes to another."""

    take_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("takesTree")
        self.setAccessibleName("Which take grew from which")
        self._model = _TreeModel(self)
        self._delegate = _TreeDelegate(self)
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.clicked.connect(self._on_chosen)

    def show_rows(self, rows: Sequence[TreeRow], id_: str) -> None:
        """rows -- of Ancestry.around; id_ -- the take that is looked at"""
        self._model.show_rows(rows, id_)
        self.setMinimumHeight(min(len(rows), _LEAST_ROWS) * _ROW_HEIGHT)
        self.setMaximumHeight(min(len(rows), _MOST_ROWS) * _ROW_HEIGHT)
        self.setVisible(bool(rows))
        place = next((number for number, row in enumerate(rows) if row.record and row.record.id == id_), None)
        if place is not None:
            self.setCurrentIndex(self._model.index(place, 0))

    @property
    def rows(self) -> Sequence[TreeRow]:
        return self._model.rows

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scrollTo(self.currentIndex())

    def _on_chosen(self, index: QModelIndex) -> None:
        row: TreeRow = index.data(_NODE)
        if row.record is not None and row.record.id != self._model.shown:
            self.take_chosen.emit(row.record.id)

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._on_chosen(self.currentIndex())
        elif event.text().isprintable() and event.text():
            event.ignore()  # a digit uses a take: the list would look for a row that begins with it
        else:
            super().keyPressEvent(event)


def _no_data() -> object:
    return None


class _TreeModel(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: Sequence[TreeRow] = ()
        self.shown = ""

    def show_rows(self, rows: Sequence[TreeRow], shown: str) -> None:
        self.beginResetModel()
        self.rows, self.shown = rows, shown
        self.endResetModel()

    @reported(lambda: 0)
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    @reported(lambda: Qt.ItemFlag.NoItemFlags)
    def flags(self, index: Index) -> Qt.ItemFlag:
        known = index.isValid() and self.rows[index.row()].record is not None
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable if known else Qt.ItemFlag.NoItemFlags

    @reported(_no_data)
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == _NODE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            if row.record is None:
                return f"{row.n_more:,} earlier" if index.row() == 0 else f"{row.n_more:,} more"
            return first_words(row.record.text, _SPOKEN)
        if role == Qt.ItemDataRole.AccessibleTextRole and row.record is not None:
            here = ", the one shown" if row.record.id == self.shown else ""
            said = first_words(row.record.text, _SPOKEN)
            return f"Generation {row.depth + 1}{here}, {FATES[row.record.fate].lower()}: {said}"
        return None


class _TreeDelegate(QStyledItemDelegate):
    @reported(QSize)
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, _ROW_HEIGHT)

    @reported(nothing)
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: TreeRow = index.data(_NODE)
        palette, role = QGuiApplication.palette(), QPalette.ColorRole
        rect: QRect = option.rect
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_selected = bool(state & QStyle.StateFlag.State_Selected) and row.record is not None
        if is_selected or (row.record is not None and state & QStyle.StateFlag.State_MouseOver):
            has_focus = is_selected and bool(state & QStyle.StateFlag.State_HasFocus)
            painter.setPen(palette.color(role.Accent) if has_focus else Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(role.Highlight if is_selected else role.Light))
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), SPACE.xs, SPACE.xs)
        middle = rect.center().y()
        left = rect.left() + SPACE.s + row.depth * _STEP
        self._paint_lines(painter, rect, row)
        if row.record is not None:
            paint_fate(painter, QRect(left, middle - _DOT // 2, _DOT, _DOT), row.record.fate)
        painter.setPen(palette.color(role.WindowText if row.record is not None else role.PlaceholderText))
        room = QRect(left + _DOT + SPACE.s, rect.top(), 0, rect.height())
        room.setRight(rect.right() - SPACE.s)
        text = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def _paint_lines(self, painter: QPainter, rect: QRect, row: TreeRow) -> None:
        painter.setPen(QPen(QGuiApplication.palette().color(QPalette.ColorRole.Dark), 1))
        middle = rect.center().y()

        def x(depth: int) -> int:
            return rect.left() + SPACE.s + depth * _STEP + _DOT // 2

        for depth, passes in enumerate(row.lines):
            if passes:
                painter.drawLine(x(depth), rect.top(), x(depth), rect.bottom())
        if row.depth:
            at = x(row.depth - 1)
            painter.drawLine(at, rect.top(), at, middle if row.is_last else rect.bottom())
            painter.drawLine(at, middle, x(row.depth) - _DOT // 2 - 2, middle)
