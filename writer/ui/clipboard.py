"""Text for the clipboard that the program's end survives."""

import atexit
import functools

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QClipboard, QGuiApplication


class ClipboardText(QMimeData):
    """Plain text. Python's own data in the clipboard would take the process down when Qt destroys it after Python."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setText(text)
        _release_at_exit()


@functools.cache
def _release_at_exit() -> None:
    atexit.register(_release)


def _release() -> None:
    if QGuiApplication.instance() is None:
        return
    clipboard = QGuiApplication.clipboard()
    for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection):
        if isinstance(data := clipboard.mimeData(mode), ClipboardText):
            clipboard.setText(data.text(), mode)  # the same, in data of Qt's own
