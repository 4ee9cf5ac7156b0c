"""How live the window stays while somebody writes with all help there is (`make bench-stretch`).

The script of tests/end2end/writing_stretch.py types a novel into a real window with the starter model, takes ghosts and
words, continues, makes takes, undoes and changes notes. A timer of 1 ms tells how long the event loop stood between two
of its turns; what the script itself does between them, such as pressing a key, counts as the window's. Exit status 1,
with the reason on stderr, unless the 99.9th percentile of the gaps stays below 50 ms, over 5,000 samples or more.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest

from tests.end2end.writing_stretch import Stretch
from writer.assist.suggestion_options import SuggestionOptions
from writer.paths import user_paths
from writer.ui.app import make_application
from writer.ui.main_window import MainWindow

LARGEST_GAP_MS, FEWEST_SAMPLES = 50.0, 5_000
STORY = "It was a quiet evening in the harbour. The old lighthouse keeper climbed the stairs. "
_STARTER_HOME = Path(sys.prefix) / "starter-home"


class UncheckedStretch(Stretch):
    """Without the checks between two acts, which are no part of the window."""

    def check(self) -> None:
        assert not self.stale


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    make_application([])
    with tempfile.TemporaryDirectory(prefix="writer-stretch-") as home:
        shutil.copytree(_STARTER_HOME / "data", Path(home) / "data")
        window = open_window(Path(home))
        moments: list[float] = []
        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(lambda: moments.append(time.perf_counter()))
        stretch = UncheckedStretch(window)
        stretch.go_on(10)  # whatever is done for the first time
        timer.start(1)
        stretch.go_on(options.seconds)
        timer.stop()
        latencies = window.writing.latency.samples
        window.files.document.mark_saved()
        window.close()
    gaps_ms = np.diff(moments) * 1000
    late = float(np.percentile(gaps_ms, 99.9))
    print(
        f"{len(gaps_ms):,} turns of the event loop: gap p50 {np.percentile(gaps_ms, 50):.1f}, p99 "
        f"{np.percentile(gaps_ms, 99):.1f}, p99.9 {late:.1f}, longest {gaps_ms.max():.0f} ms"
    )
    print(
        f"{stretch.n_keys} keys, {stretch.n_accepted} of {stretch.n_ghosts} ghosts taken, {stretch.n_words_taken} "
        f"words, {stretch.n_continued} continuations, {stretch.n_takes} rounds of takes; key to paint p50 "
        f"{np.percentile(latencies, 50):.1f}, p95 {np.percentile(latencies, 95):.1f} ms (last {len(latencies)} keys)"
    )
    if len(gaps_ms) < FEWEST_SAMPLES or late > LARGEST_GAP_MS:
        print(f"stretch.py: the gap's p99.9 is {late:.1f} ms over {len(gaps_ms):,} samples", file=sys.stderr)
        return 1
    return 0


def open_window(home: Path) -> MainWindow:
    window = MainWindow(user_paths({"WRITER_HOME": str(home)}))
    window.rail.close()
    window.writing_view.set_options(SuggestionOptions(one_in=8, strip=True, continue_words=15))
    window.show()
    window.activateWindow()
    window.files.new(STORY)
    window.editor.set_caret(len(STORY))
    window.editor.setFocus()
    window.switcher.begin("", "")
    while window.host.model is None:
        QTest.qWait(10)
    return window


if __name__ == "__main__":
    raise SystemExit(main())
