"""The list of earlier takes, with the keys that act on the one that is chosen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QListView

from writer.ui.overrides import nothing, reported
from writer.ui.take_rows import RECORD

_LEAST_HEIGHT = 88  # a row and something of the next


class TakeList(QListView):
    """Enter puts the chosen take in, Delete asks to erase it."""

    insert_requested = Signal(str)
    erase_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("earlierTakes")
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMinimumHeight(_LEAST_HEIGHT)

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.insert_requested.emit(index.data(RECORD).id)
        elif event.key() == Qt.Key.Key_Delete and index.isValid():
            self.erase_requested.emit(index.data(RECORD).id)
        elif event.text().isprintable() and event.text():
            event.ignore()  # a digit uses a take: the list would look for a row that begins with it
        else:
            super().keyPressEvent(event)
