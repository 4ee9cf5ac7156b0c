import dataclasses
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.end2end.open_page import OpenPage
from tests.end2end.open_starter import LONG_MS, OpenStarter
from writer.assist.suggestion_options import AS_SET, SuggestionOptions
from writer.document.files.file_ops import FileOps
from writer.paths import user_paths
from writer.ui import manuscripts
from writer.ui import theme as themes
from writer.ui.main_window import MainWindow


@pytest.fixture
def open_window(
    qapp: QApplication, qtbot: QtBot, delete_widgets: None, poem_home: Path, writer_home: Path
) -> Iterator[Callable[[str], MainWindow]]:
    """Opens a real window on a text, with the poem's model read and ready. Nothing is suggested unasked, and a
    continuation is as long as the sampling controls say."""
    shutil.copytree(poem_home / "data", writer_home / "data")
    themes.load_fonts()
    qapp.setFont(themes.interface_font())
    windows: list[MainWindow] = []

    def open_window(text: str) -> MainWindow:
        paths = user_paths({"WRITER_HOME": str(writer_home)})
        window = MainWindow(paths)
        windows.append(window)
        window.writing_view.set_options(SuggestionOptions(ghost=False, continue_goal=AS_SET))
        window.files.new(text)
        window.editor.set_caret(len(text))
        window.show()
        window.switcher.begin("", "")
        qtbot.waitUntil(lambda: window.host.model is not None, timeout=60_000)
        return window

    yield open_window
    for window in windows:
        window.files.document.mark_saved()
        window.close()
        window.deleteLater()
    windows.clear()
    del window


@pytest.fixture
def open_starter(
    qapp: QApplication, qtbot: QtBot, delete_widgets: None, starter_home: Path, writer_home: Path
) -> Iterator[OpenStarter]:
    """Opens a real window with the starter model, one after the other on the same user's folders."""
    (writer_home / "data").mkdir(parents=True, exist_ok=True)
    os.symlink(starter_home / "data" / "models", writer_home / "data" / "models")
    themes.load_fonts()
    qapp.setFont(themes.interface_font())
    windows: list[MainWindow] = []

    def open_starter(text: str | Path, **options: object) -> MainWindow:
        window = MainWindow(user_paths({"WRITER_HOME": str(writer_home)}))
        windows.append(window)
        window.rail.close()
        window.writing_view.set_options(SuggestionOptions.from_dict({"ghost": False, "own_words": 0.0} | options))
        window.sampling.set_config(dataclasses.replace(window.sampling.config, seed=5))  # the same every time
        window.show()
        window.activateWindow()
        if isinstance(text, Path):
            window.open_file(text)
            qtbot.waitUntil(lambda: window.files.path == text, timeout=LONG_MS)
        else:
            window.files.new(text)
        window.editor.set_caret(len(window.files.document))
        window.editor.setFocus()
        window.switcher.begin("", "")
        qtbot.waitUntil(lambda: window.host.model is not None, timeout=LONG_MS)
        return window

    yield open_starter
    for window in windows:
        window.files.document.mark_saved()
        window.close()
        window.deleteLater()
    windows.clear()


@pytest.fixture
def open_page(
    qapp: QApplication, qtbot: QtBot, delete_widgets: None, writer_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenPage]:
    """Opens a real window without a model on a file, or on an empty page."""
    themes.load_fonts()
    qapp.setFont(themes.interface_font())
    windows: list[MainWindow] = []

    def open_page(path: Path | None, ops: FileOps | None = None) -> MainWindow:
        with monkeypatch.context() as patch:
            if ops is not None:
                patch.setattr(manuscripts, "FileOps", lambda: ops)
            window = MainWindow(user_paths({"WRITER_HOME": str(writer_home)}))
        windows.append(window)
        window.show()
        if path is not None:
            window.open_file(path)
            qtbot.waitUntil(lambda: window.files.path == path, timeout=60_000)
            qtbot.waitUntil(lambda: not window.manuscripts.errands.is_busy, timeout=60_000)
        return window

    yield open_page
    for window in windows:
        window.files.document.mark_saved()
        window.close()
        window.deleteLater()
    windows.clear()


@pytest.fixture
def display() -> Iterator[str]:
    """The name of an X server of this test's own."""
    reading, writing = os.pipe()
    # A server that resets as its last client leaves (here each xdotool, until the program is there) throws out who
    # comes at that moment.
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as number:
        name = f":{number.readline().strip()}"
    yield name
    server.terminate()
    server.wait()


@pytest.fixture
def press(display: str) -> Callable[..., None]:
    """Sends keys and clicks, each a real event of the X server."""

    def press(*actions: str) -> None:
        subprocess.run(["xdotool", *actions], check=True, env=os.environ | {"DISPLAY": display}, timeout=20)

    return press
