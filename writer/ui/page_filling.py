"""A long text comes into the page in parts, so that the page is there soon and nothing stands still meanwhile."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

_FIRST = 1 << 21  # code points: more than most novels have, and a seventh of a second
_PART = 1 << 18


class PageFilling(QObject):
    """Hands a text over in order, the first part at once, the others between the events.

    What is handed over may be edited meanwhile: what is left follows it.
    """

    progressed = Signal()

    def __init__(self, text: str, append: Callable[[str], None], parent: QObject) -> None:
        """append -- puts a part, which ends with a line or with the text, at the end of the page"""
        super().__init__(parent)
        self._text, self._append = text, append
        self._n_all, self._n_done = len(text), 0
        self._next = QTimer(self)
        self._next.setInterval(0)
        self._next.timeout.connect(lambda: self.go_on(_PART))
        self._next.start()
        self.go_on(_FIRST)

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
        begin = self._n_done
        if n_wanted > 0 and self.n_left:
            self._n_done = self._text.find("\n", begin + n_wanted - 1) + 1 or self._n_all
            self._append(self._text[begin : self._n_done])
            self.progressed.emit()
        if not self.n_left:
            self.stop()

    def stop(self) -> None:
        """No more of it: the page has it all, or shows another text."""
        self._next.stop()
        self._text = ""
