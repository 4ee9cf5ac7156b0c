"""Tells screen readers, politely, what appears beside the text."""

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

_REST_MS = 400  # what still grows is told once, when it rests


class Announcer(QObject):
    """Announces on behalf of its parent, after what is said already."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._speaker = parent
        self._message = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self._announce)

    def announce(self, message: str) -> None:
        """Say `message` unless another one, or `cancel`, comes soon. Does nothing where no screen reader listens."""
        if QAccessible.isActive():
            self._message = message
            self._timer.start()

    def cancel(self) -> None:
        """Do not say what has not been said yet."""
        self._timer.stop()

    def _announce(self) -> None:
        event = QAccessibleAnnouncementEvent(self._speaker, self._message)
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Polite)
        QAccessible.updateAccessibility(event)
