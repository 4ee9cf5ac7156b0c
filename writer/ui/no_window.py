"""What is said where Qt cannot open windows: its own way is to end the process with some lines for programmers."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from writer.errors import WriterError

_UNREACHABLE = ("could not connect to display", "wl_display")
_HINT = "Start it from within a desktop, or stay in the terminal: writer generate --help."


@contextmanager
def explained() -> Iterator[None]:
    """While the application is made: if Qt gives up, the process ends with status 1 and one line; if it does not, its
    warnings are printed after all."""
    said: list[str] = []

    def hear(kind: QtMsgType, _: QMessageLogContext, message: str | None) -> None:
        if kind is QtMsgType.QtFatalMsg:
            _tell(f"writer: {failure(said)}")
            os._exit(1)  # what Qt does itself otherwise is to abort
        said.append(message or "")

    before = qInstallMessageHandler(hear)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
    for message in said:
        _tell(message)


def _tell(line: str) -> None:
    if sys.stderr is not None:  # a program of the Windows desktop has none
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def failure(said: list[str]) -> WriterError:
    """What keeps the window from opening, by what Qt `said` before it gave up."""
    if any(words in message for message in said for words in _UNREACHABLE):
        names = (os.environ.get(name) for name in ("WAYLAND_DISPLAY", "DISPLAY"))
        display = " ".join(["The display", *(name for name in names if name)][:2])
        return WriterError(f"{display} cannot be reached, so Writer has nowhere to open its window.", _HINT)
    reason = next((message.strip() for message in said if message.strip()), "it does not say why")
    return WriterError(f"Qt cannot open windows here ({reason.rstrip('.')}).", _HINT)
