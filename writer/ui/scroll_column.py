"""What stands in a side panel and may be longer than it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from writer.ui.theme import SPACE


class ScrollColumn(QScrollArea):
    """Scrolls `column`, to which widgets are added, up and down. The scroll bar takes its room from the margin, so that
    they keep their width and place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        content = QWidget()
        self.column = QVBoxLayout(content)
        self.column.setContentsMargins(SPACE.l, SPACE.xs, SPACE.l, SPACE.l)
        self.column.setSpacing(SPACE.m)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)

    def _on_range_changed(self, _low: int, high: int) -> None:
        taken = self.verticalScrollBar().sizeHint().width() if high else 0
        margins = self.column.contentsMargins()
        margins.setRight(max(0, SPACE.l - taken))
        self.column.setContentsMargins(margins)
