"""The application itself: what the system says to it rather than to a window."""

import os
import subprocess
import sys
from pathlib import Path

# A process of its own: there is one application in each, and the tests' is Qt's plain one.
_ASK_TO_OPEN = """
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QFileOpenEvent

from writer.paths import user_paths
from writer.ui.app import make_application, open_window

asked = Path(sys.argv[1])
app = make_application(["writer"])
window = open_window(user_paths(), None)
QTimer.singleShot(0, lambda: app.sendEvent(app, QFileOpenEvent(str(asked))))
watch = QTimer()
watch.timeout.connect(lambda: window.files.path == asked and window.close())
watch.start(20)
QTimer.singleShot(60_000, lambda: app.exit(1))
status = app.exec()
print(window.editor.toPlainText())
sys.exit(status)
"""


def test_a_file_that_macos_hands_over_is_opened(tmp_path: Path) -> None:
    manuscript = tmp_path / "a novel.md"
    manuscript.write_text("The lamp was lit.")
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "WRITER_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", _ASK_TO_OPEN, str(manuscript)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout) == (0, "The lamp was lit.\n"), result.stderr
