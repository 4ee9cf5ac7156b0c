"""A writer in a process of their own, to be killed at any moment: gets GPT-2 medium in the window, lets it write, and
leaves. Prints the page once the model has written."""

import os

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from writer.models.catalog import DEFAULT_MODEL
from writer.paths import user_paths
from writer.ui.app import run_app
from writer.ui.generation import State
from writer.ui.main_window import MainWindow

START = "Tyger Tyger"
LOOK_MS = 50


def act() -> None:
    window = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow))
    document = window.files.document
    model = window.host.model
    if window.library.shelf and (model is None or model.installed.id != DEFAULT_MODEL):
        if not window.library.is_busy_with(DEFAULT_MODEL):
            window.models.get_requested.emit(DEFAULT_MODEL, ())
    elif model is not None and document.text == START:
        window.menus.continue_writing.trigger()
    elif model is not None and window.generation.state is State.IDLE:
        print(document.text, flush=True)
        document.mark_saved()
        window.close()


def begin() -> None:
    window = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow))
    window.library.cancel("starter")  # no package index here, and none wanted
    window.files.new(START)
    window.editor.set_caret(len(START))


if __name__ == "__main__":
    QTimer.singleShot(0, begin)
    timer = QTimer()
    timer.timeout.connect(act)
    timer.start(LOOK_MS)
    run_app(user_paths(os.environ), None)
