"""A window on a file, in a process of its own, driven by lines on stdin: driven_window.py FILE

    key CODE        press the key of that character            (no answer)
    open N          open the file N times                      {"seconds": [...], "resident": [before, after each]}
    passages N      let the model have written N passages      {}
    place SHARE     put the caret there, 0 to 1                {"revision": of the document}
    painted         what was painted since `place`             {"painted": [[moment, revision], ...]}
    save N          edit and save N times                      {"seconds": [...], "held": [...], "resident": now}

An answer is a line of JSON. Moments are those of time.monotonic, which all processes share; memory is in bytes.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import psutil
from PySide6.QtCore import QEvent, QObject, QSocketNotifier
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.benchmarks.prose import add_passages
from writer.document.document import Document
from writer.paths import user_paths
from writer.ui.app import make_application
from writer.ui.main_window import MainWindow

SETTLING_MS = 500  # longer than any timer of the window that follows a change


def main() -> int:
    app = make_application([])
    with tempfile.TemporaryDirectory(prefix="writer-home-") as home:
        window = TimedWindow(Path(home))
        window.rail.close()
        window.show()
        window.activateWindow()  # without a window manager nobody else does, and keys go to the active window
        window.editor.setFocus()
        QTest.qWait(SETTLING_MS)
        driver = Driver(app, window, Path(sys.argv[1]))
        notifier = QSocketNotifier(0, QSocketNotifier.Type.Read)
        notifier.activated.connect(driver.read)
        app.exec()
        window.files.document.mark_saved()
        window.close()
    return 0


def save(app: QApplication, window: MainWindow) -> tuple[float, float]:
    """As the product saves: seconds until all of it is on the disk, and those of them in which no key is taken."""
    ended: list[bool] = []
    began = time.monotonic()
    window.files.save(lambda: ended.append(True), lambda: ended.append(False))
    held = time.monotonic() - began
    while not ended:
        app.processEvents()
    if not ended[0]:
        raise RuntimeError("the book could not be saved")
    return time.monotonic() - began, held


class TimedWindow(MainWindow):
    """Notes when an update in which the page was painted has ended, and which revision of what it showed."""

    def __init__(self, home: Path) -> None:
        self.painted: list[tuple[float, int, Document]] = []
        self._shown: tuple[int, Document] | None = None
        super().__init__(user_paths({"WRITER_HOME": str(home)}))
        self.editor.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self._shown = (self.files.document.revision, self.files.document)
        return False

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.UpdateRequest and self._shown is not None:
            self.painted.append((time.monotonic(), *self._shown))
            self._shown = None
        return handled


class Driver:
    def __init__(self, app: QApplication, window: TimedWindow, path: Path) -> None:
        self._app, self._window, self._path = app, window, path
        self._process = psutil.Process()
        self._rest = b""
        self._commands: dict[str, Callable[..., dict[str, object]]] = {
            "open": self._open,
            "passages": self._add_passages,
            "place": self._place,
            "painted": self._painted,
            "save": self._save,
        }

    def read(self) -> None:
        data = os.read(0, 65_536)
        if not data:
            self._app.quit()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            name, *arguments = line.decode().split()
            if name == "key":
                QTest.keyClick(self._window.editor, chr(int(arguments[0])).replace("\n", "\r"))
            else:
                print(json.dumps(self._commands[name](*arguments)), flush=True)

    def _open(self, n_times: str) -> dict[str, object]:
        window = self._window
        resident, seconds = [self._process.memory_info().rss], []
        for _ in range(int(n_times)):
            before = window.files.document
            window.painted.clear()
            began = time.monotonic()
            window.files.open_path(self._path)
            while not (shown := [moment for moment, _, document in window.painted if document is not before]):
                self._app.processEvents()
            seconds.append(shown[0] - began)
            QTest.qWait(SETTLING_MS)
            resident.append(self._process.memory_info().rss)
        return {"seconds": seconds, "resident": resident}

    def _add_passages(self, n_passages: str) -> dict[str, object]:
        add_passages(self._window.files.document, int(n_passages))
        return {}

    def _place(self, share: str) -> dict[str, object]:
        document = self._window.files.document
        self._window.editor.set_caret(int(float(share) * len(document)))
        QTest.qWait(SETTLING_MS)
        self._window.painted.clear()
        return {"revision": document.revision}

    def _painted(self) -> dict[str, object]:
        return {"painted": [(moment, revision) for moment, revision, _ in self._window.painted]}

    def _save(self, n_times: str) -> dict[str, object]:
        document = self._window.files.document
        seconds, held = [], []
        for _ in range(int(n_times)):
            document.replace(0, 0, "New. ")
            total, before_keys = save(self._app, self._window)
            seconds.append(total)
            held.append(before_keys)
        return {"seconds": seconds, "held": held, "resident": self._process.memory_info().rss}


if __name__ == "__main__":
    sys.exit(main())
