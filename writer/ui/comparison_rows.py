"""What stands below one another in a comparison: a change in two columns, and a fold over what is alike."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from writer.document.comparison import Row, Side
from writer.ui.comparison_items import Change, Mark, Stretch, is_blank, pieces, whole
from writer.ui.marked_text import MarkedText
from writer.ui.theme import SPACE

_SPOKEN = 160  # code points of a change in its accessible name
_PORTION = 30  # paragraphs that one press on a fold shows


class Columns(QFrame):
    """Paragraphs of both texts side by side."""

    def __init__(self, olds: Sequence[Side | None], news: Sequence[Side | None]) -> None:
        super().__init__()
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(SPACE.m, SPACE.s, SPACE.m, SPACE.s)
        self.grid.setHorizontalSpacing(SPACE.xl)
        self.grid.setVerticalSpacing(SPACE.xs)
        for column, sides in enumerate((olds, news)):
            text = MarkedText(pieces(sides), whole(sides), is_newer=column == 1)
            self.grid.addWidget(text, 0, column, Qt.AlignmentFlag.AlignTop)
            self.grid.setColumnStretch(column, 1)


class ChangedRow(Columns):
    """A change, and where it is wanted the button that asks to undo it."""

    restore_requested = Signal()

    def __init__(self, change: Change, rows: Sequence[Row], *, restorable: bool) -> None:
        self._olds = [rows[index].old for index in change.rows]
        self._news = [rows[index].new for index in change.rows]
        super().__init__(self._olds, self._news)
        self.setProperty("role", "comparedRow")
        self.setProperty("current", False)
        if restorable:
            self._add_button()

    def _add_button(self) -> None:
        is_added = not any(self._olds)
        button = QPushButton("Take this out" if is_added else "Bring this back")
        button.setObjectName("restore")
        button.setProperty("role", "link")
        button.setToolTip(
            "Take this paragraph out of your text; Ctrl+Z puts it back."
            if is_added
            else "Put the words on the left back into your text; Ctrl+Z takes them out again."
        )
        button.clicked.connect(self.restore_requested)
        self.grid.addWidget(button, 1, 1 if is_added else 0, Qt.AlignmentFlag.AlignLeft)

    def set_number(self, number: int, total: int) -> None:
        """Its name for those who hear the page."""
        parts = [f"Change {number:,} of {total:,}."]
        for word, sides in (("Removed", self._olds), ("Added", self._news)):
            said = " ".join(piece.text for piece in pieces(sides) if piece.mark is Mark.CHANGED).strip()
            if said:
                parts.append(f"{word}: {said[:_SPOKEN]}{'…' if len(said) > _SPOKEN else ''}")
        self.setAccessibleName(" ".join(parts))

    def set_current(self, *, is_current: bool) -> None:
        if self.property("current") != is_current:
            self.setProperty("current", is_current)
            self.style().unpolish(self)  # the style sheet looks at properties only when it polishes
            self.style().polish(self)


class Fold(QWidget):
    """Says how much is alike, and shows it in portions: what lies next to the change above it first, or to the one
    below when the fold comes before all changes (`is_first`)."""

    def __init__(self, stretch: Stretch, rows: Sequence[Row], *, is_first: bool) -> None:
        super().__init__()
        self._rows = rows
        self._hidden = [index for index in range(stretch.first, stretch.end) if not is_blank(rows[index])]
        self._is_first = is_first
        self.button = QPushButton()
        self.button.setObjectName("fold")
        self.button.setProperty("role", "link")
        self.button.setToolTip("Show what is the same in both.")
        self.button.clicked.connect(self._open)
        self._line = QWidget()
        line = QHBoxLayout(self._line)
        line.setContentsMargins(SPACE.m, 0, SPACE.m, 0)
        line.setSpacing(SPACE.s)
        line.addWidget(_rule(), 1)
        line.addWidget(self.button)
        line.addWidget(_rule(), 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self._line)
        self._show_count()

    def _open(self) -> None:
        portion = self._hidden[-_PORTION:] if self._is_first else self._hidden[:_PORTION]
        self._hidden = self._hidden[:-_PORTION] if self._is_first else self._hidden[_PORTION:]
        place = self._column.indexOf(self._line) + self._is_first
        for offset, index in enumerate(portion):
            row = self._rows[index]
            self._column.insertWidget(place + offset, Columns([row.old], [row.new]))
        self._show_count()

    def _show_count(self) -> None:
        self.button.setText(f"{counted(len(self._hidden), 'paragraph')} alike")
        self._line.setVisible(bool(self._hidden))


def counted(number: int, thing: str) -> str:
    """Such as "1 word" or "2,300 words"."""
    return f"{number:,} {thing}{'s' if number != 1 else ''}"


def _rule() -> QFrame:
    rule = QFrame()
    rule.setProperty("role", "rule")
    rule.setFixedHeight(1)
    return rule
