"""Writer for a user whose home takes nothing: a start, a few words, an end; prints what the window told."""

import sys
import time
from collections.abc import Callable

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from writer.paths import user_paths
from writer.ui.app import make_application, open_window

_PATIENCE_S = 60.0


def wait(app: QApplication, until: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not until() and time.monotonic() - began < _PATIENCE_S:
        app.processEvents()
        time.sleep(0.01)


def main() -> int:
    app = make_application(sys.argv[:1])
    paths = user_paths()
    window = open_window(paths, None)
    told: list[str] = []
    window.manuscripts.safekeeping.status_changed.connect(lambda notice: told.append(f"{notice.message} {notice.hint}"))
    wait(app, window.pages.welcome.isVisible)
    window.pages.welcome.begin_button.click()
    window.files.new("")
    QTest.keyClicks(window.editor, "Once upon a time")
    wait(app, lambda: bool(told))
    print("TEXT", window.files.document.text)
    print("TOLD", *told)
    print("CLOSED", window.close())
    print("JOURNALS", len(list(paths.fallback_recovery.glob("*.journal"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
