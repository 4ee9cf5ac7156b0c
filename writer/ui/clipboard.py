"""Text for the clipboard that the program's end survives, and that tells who wrote it."""

import atexit
import functools
import json
from collections.abc import Iterable

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QClipboard, QGuiApplication

from writer.document.provenance import Author, Run

_AUTHORSHIP = "application/x-writer-authorship"  # JSON: [[length, author, generation or null], ...]


class ClipboardText(QMimeData):
    """Plain text. Python's own data in the clipboard would take the process down when Qt destroys it after Python."""

    def __init__(self, text: str, runs: Iterable[Run] = ()) -> None:
        """runs -- its authorship, which goes along to where it is put in again"""
        super().__init__()
        self.setText(text)
        if runs := tuple(runs):
            self.setData(_AUTHORSHIP, json.dumps(runs).encode())
        _release_at_exit()


def authorship_of(data: QMimeData, text: str) -> tuple[Run, ...]:
    """Who wrote `text`, which the clipboard holds: nobody but the writer where nothing credible says otherwise."""
    try:
        told = json.loads(bytes(data.data(_AUTHORSHIP).data()) or b"[]")
        runs = tuple(Run(length, Author(author), generation) for length, author, generation in told)
        is_sound = all(
            isinstance(run.length, int) and run.length > 0 and isinstance(run.generation, str | None) for run in runs
        )
    except (ValueError, TypeError):  # another program's idea of it
        is_sound, runs = False, ()
    covers = is_sound and sum(run.length for run in runs) == len(text)
    return runs if covers else (Run(len(text), Author.HUMAN),)


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
