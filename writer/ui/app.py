"""Start Qt, open the window, and leave with its exit status."""

import logging
import signal
import sys
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from writer.paths import UserPaths
from writer.ui import icons, no_window
from writer.ui import theme as themes
from writer.ui.garbage import collected_here
from writer.ui.main_window import MainWindow

_SIGNAL_CHECK_MS = 200
LOG_NAME = "writer.log"  # in the folder for state: faults of the program itself
_ENDING_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Application(QApplication):
    """Hears of files that macOS asks a program to open; other systems name them in its arguments."""

    asked_to_open = Signal(Path)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.asked_to_open.emit(Path(event.file()))
            return True
        return super().event(event)


def make_application(arguments: list[str]) -> Application:
    """The application with the program's name, style and faces."""
    app = Application(arguments)
    app.setApplicationName("Writer")
    app.setDesktopFileName("writer-desktop")
    app.setWindowIcon(icons.program_icon())
    app.setStyle("Fusion")  # the one style that a style sheet covers alike on every system
    themes.load_fonts()
    app.setFont(themes.interface_font())
    return app


def run_app(paths: UserPaths, file: Path | None) -> int:
    """Open the window on `file` or, for want of one, on a page to try things out."""
    with no_window.explained():
        app = make_application(sys.argv[:1])
    with collected_here():
        window = open_window(paths, file)
        # Python sees Ctrl+C and a system's shutdown only while its own code runs.
        for number in _ENDING_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # who starts it with nohup means that
                signal.signal(number, lambda *_: window.close())
        heartbeat = QTimer()
        heartbeat.timeout.connect(lambda: None)
        heartbeat.start(_SIGNAL_CHECK_MS)
        return app.exec()


def open_window(paths: UserPaths, file: Path | None) -> MainWindow:
    """The window as every start shows it; what follows happens in the event loop."""
    window = MainWindow(paths)
    _report_unexpected(window, paths.state / LOG_NAME)
    app = QApplication.instance()
    if isinstance(app, Application):
        app.asked_to_open.connect(window.open_file)
    window.show()
    if file is None:
        window.session.restore(window.open_welcome)
    else:
        window.session.starting_on(file)
    # The window takes keys first; the model is read beside it.
    QTimer.singleShot(0, window.begin)
    return window


def _report_unexpected(window: MainWindow, log: Path) -> None:
    """A fault in the program itself: the traceback goes to a file, one sentence to the writer."""

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        logger = logging.getLogger("writer")
        if not logger.handlers:
            logger.addHandler(logging.FileHandler(log, encoding="utf-8"))
            logger.propagate = False
        logger.error("unexpected", exc_info=(kind, error, trace))
        window.show_error("Something unexpected went wrong; your text is safe.", f"Save it. Details are in {log}.")

    sys.excepthook = report
    for source in (window.worker, window.library, window.manuscripts.errands, window.news):
        source.crashed.connect(lambda error: report(type(error), error, error.__traceback__))
