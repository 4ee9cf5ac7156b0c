"""A writer in a process of their own, to be killed at any moment: types a numbered stream without ever pausing.

type_in_window.py HOW PAUSE_MS [FILE]: HOW is "keys", "model" (a continuation streams in) or "both". Each line on
standard output is the number of characters that the document has by now, told after they are in it.
"""

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Author
from writer.paths import user_paths
from writer.ui import app
from writer.ui.main_window import MainWindow

HOW, PAUSE_MS = sys.argv[1], int(sys.argv[2])
FILE = Path(sys.argv[3]) if len(sys.argv) > 3 else None


def stream() -> Iterator[str]:
    """1 2 3 ..., a character at a time."""
    for number in itertools.count(1):
        yield from f"{number} "


class Writer:
    def __init__(self, application: QApplication) -> None:
        self._characters = stream()
        self._timer = QTimer(application)
        self._timer.timeout.connect(self._type)
        QTimer.singleShot(0, self._begin)

    def _begin(self) -> None:
        self._window = next(w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))
        self._window.library.cancel("starter")  # no package index here, and none wanted
        files = self._window.files
        if (not files.document.text) if FILE is None else files.path is None:
            QTimer.singleShot(10, self._begin)  # the file, or the first page, is being opened
            return
        if FILE is None:
            self._window.files.new()
        self._window.pages.show_text()
        self._streams = HOW == "model"
        self._timer.start(PAUSE_MS)

    def _type(self) -> None:
        if not self._window.isVisible():
            return  # it was told to end
        document = self._window.files.document
        if HOW == "both" and len(document) % 97 == 0:
            self._streams = not self._streams
        character = next(self._characters)
        if self._streams:
            if not document.in_group:
                document.add_generation(GenerationRecord("g", "none"))
                document.begin_group("Continue", Author.MODEL)
            document.replace(len(document), len(document), character, Author.MODEL, "g")
        else:
            if document.in_group:
                document.end_group()
                self._window.editor.set_caret(len(document))
            QTest.keyClicks(self._window.editor, character)
        print(len(document), flush=True)


def make_application(arguments: list[str]) -> QApplication:
    application = make_bare_application(arguments)
    application.writer = Writer(application)  # type: ignore[attr-defined]
    return application


if __name__ == "__main__":
    make_bare_application, app.make_application = app.make_application, make_application
    app.run_app(user_paths(os.environ), FILE)
