"""Widgets side by side, in as many lines as they need."""

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE


class FlowRow(QWidget):
    """Arranges widgets like words in a paragraph."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._widgets: list[QWidget] = []
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_widgets(self, widgets: Sequence[QWidget]) -> None:
        """In place of those that were there; those that are not among them are deleted."""
        gone = [widget for widget in self._widgets if widget not in widgets]
        self._widgets = list(widgets)
        for widget in self._widgets:
            if widget.parent() is not self:
                widget.setParent(self)
                widget.show()
        for before, after in zip(self._widgets, self._widgets[1:], strict=False):
            QWidget.setTabOrder(before, after)
        self._arrange(self.width())
        self.updateGeometry()
        for widget in gone:
            widget.hide()
            widget.deleteLater()

    def _arrange(self, width: int, *, is_trial: bool = False) -> int:
        """Put the widgets in lines no longer than `width`; returns the height they take."""
        x = y = height = 0
        for widget in self._widgets:
            size = widget.sizeHint()
            if x and x + size.width() > width:
                x, y, height = 0, y + height + SPACE.xs, 0
            if not is_trial:
                widget.setGeometry(x, y, size.width(), size.height())
            x += size.width() + SPACE.xs
            height = max(height, size.height())
        return y + height

    @reported(lambda: True)
    def hasHeightForWidth(self) -> bool:
        return True

    @reported(lambda: 0)
    def heightForWidth(self, width: int) -> int:
        return self._arrange(width, is_trial=True)

    @reported(QSize)
    def sizeHint(self) -> QSize:
        return QSize(self.width(), self.heightForWidth(self.width()))

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange(event.size().width())
