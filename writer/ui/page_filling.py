"""A long text comes into the page in parts, so that the page is there soon and nothing stands still meanwhile."""

from collections.abc import Callable
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

_AT_ONCE_S = 0.15  # enough for most novels
_PART_S = 0.01
_SMALLEST, _FIRST, _LARGEST = 1 << 12, 1 << 16, 1 << 18  # parts in code points; how long they take, paragraphs decide


class PageFilling(QObject):
    """Hands a text over in order, as much as comes in a moment at once, the rest between the events.

    What is handed over may be edited meanwhile: what is left follows it.
    """

    progressed = Signal()

    def __init__(self, text: str, append: Callable[[str], None], parent: QObject) -> None:
        """append -- puts a part at the end of the page; it is whole lines, the line end before each but the first"""
        super().__init__(parent)
        self._text, self._append = text, append
        self._n_all, self._n_done = len(text), 0
        self._n_next = _FIRST
        self._next = QTimer(self)
        self._next.setInterval(0)
        self._next.timeout.connect(self._go_on)
        began = perf_counter()
        self._go_on()
        while self.n_left and perf_counter() - began < _AT_ONCE_S:
            self._go_on()
        if self.n_left:
            self._next.start()

    @property
    def n_left(self) -> int:
        """Characters that are still to come."""
        return self._n_all - self._n_done

    @property
    def share(self) -> float:
        """How much has come, 0 to 1."""
        return self._n_done / self._n_all if self._n_all else 1.0

    def finish(self) -> None:
        """All of it now."""
        self.go_on(self.n_left)

    def go_on(self, n_wanted: int) -> None:
        """The next `n_wanted` characters now, and the rest of their last line."""
        if n_wanted > 0 and self.n_left:
            begin = self._n_done
            end = self._text.find("\n", begin + n_wanted)
            self._n_done = end if end >= 0 else self._n_all
            self._append(self._text[begin : self._n_done])
            self.progressed.emit()
        if not self.n_left:
            self.stop()

    def stop(self) -> None:
        """No more of it: the page has it all, or shows another text."""
        self._next.stop()
        self._text, self._n_done = "", self._n_all

    def _go_on(self) -> None:
        began = perf_counter()
        self.go_on(self._n_next)
        slower = (perf_counter() - began) / _PART_S
        self._n_next = min(_LARGEST, max(_SMALLEST, int(self._n_next / min(max(slower, 0.5), 2.0))))
