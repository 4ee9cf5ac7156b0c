"""A real window without a model, on a file or on an empty page, and what its tests share."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from writer.document.files.file_ops import FileOps
from writer.ui.main_window import MainWindow

OpenPage = Callable[..., MainWindow]
"""open_page(path or None, ops=FileOps()) -> the window, with the file open."""

LONG_MS = 60_000


class FailingOps(FileOps):
    """Refuses to write below a folder while told so, as a full or broken disk does."""

    def __init__(self, folder: Path, number: int = errno.ENOSPC) -> None:
        self.fails = False
        self._folder, self._number = folder, number

    def create(self, path: Path, mode: int = 0o600) -> int:
        self._refuse(path)
        return super().create(path, mode)

    def open_to_append(self, path: Path) -> int:
        self._refuse(path)
        return super().open_to_append(path)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        self._refuse(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        return super().write(descriptor, data)

    def _refuse(self, path: Path) -> None:
        if self.fails and path.is_relative_to(self._folder):
            raise OSError(self._number, os.strerror(self._number), str(path))


def wait_saved(window: MainWindow, qtbot: QtBot) -> None:
    """Until nothing is being saved; fails when that did not succeed."""
    qtbot.waitUntil(lambda: not window.files.is_saving and not window.manuscripts.errands.is_busy, timeout=LONG_MS)
    assert not window.files.manuscript.is_contested
    assert window.files.path is not None


def press_notice(window: MainWindow, text: str) -> None:
    """The button of the shown notice, or of one that waits behind it."""
    while True:
        assert window.notices.message, f"no notice offers {text}"
        button = next((button for button in window.notices.action_buttons if button.text() == text), None)
        if button is not None:
            button.click()
            return
        window.notices.dismiss()
