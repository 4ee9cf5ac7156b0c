"""A writer in a process of their own, to be killed at any moment: gets GPT-2 medium in the window, lets it write, and
leaves. Prints the page once the model has written."""

import os
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from writer.models.catalog import DEFAULT_MODEL
from writer.paths import user_paths
from writer.ui import app
from writer.ui.generation import State
from writer.ui.main_window import MainWindow

START = "Tyger Tyger"
LOOK_MS = 50


def act() -> None:
    window = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow))
    document = window.files.document
    model = window.host.model
    if window.files.path is None:
        return  # it is being opened
    if model is None or model.installed.id != DEFAULT_MODEL:
        is_there = any(item.id == DEFAULT_MODEL and item.is_ready for item in window.library.shelf)
        if window.library.shelf and not is_there and not window.library.is_busy_with(DEFAULT_MODEL):
            window.models.get_requested.emit(DEFAULT_MODEL, ())
    elif window.generation.state is not State.IDLE:
        return
    elif document.text == START:
        window.editor.set_caret(len(START))
        window.menus.continue_writing.trigger()
    else:
        print(document.text, flush=True)
        document.mark_saved()
        window.close()


def begin() -> None:
    window = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow))
    window.library.cancel("starter")  # no package index here, and none wanted


def make_application(arguments: list[str]) -> QApplication:
    """With what acts in it: a timer needs the application."""
    application = make_bare_application(arguments)
    QTimer.singleShot(0, begin)
    timer = QTimer(application)
    timer.timeout.connect(act)
    timer.start(LOOK_MS)
    return application


if __name__ == "__main__":
    make_bare_application, app.make_application = app.make_application, make_application
    page = Path(os.environ["WRITER_HOME"]) / "page.txt"
    page.parent.mkdir(exist_ok=True)
    page.write_text(START, encoding="utf-8")
    app.run_app(user_paths(os.environ), page)
