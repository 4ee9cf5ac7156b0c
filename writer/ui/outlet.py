"""How a thread of Python's tells the window something."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal


class Outlet(QObject):
    """Belongs to the thread that tells, which keeps it for as long as it runs. A signal of the listening object itself
    would do the same, until that object is destroyed in the middle of an emit: that ends the process."""

    _told = Signal(object)

    def __init__(self, hear: Callable[[tuple[Any, ...]], object]) -> None:
        """`hear` is a method of a QObject; it is called on the thread where that lives, until it is destroyed."""
        super().__init__()
        self._told.connect(hear)

    def tell(self, *what: object) -> None:
        """For any thread; returns at once. `hear` gets all of it as one tuple."""
        self._told.emit(what)
