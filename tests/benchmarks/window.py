"""How live the window stays while GPT-2 medium's shape streams into it at int8 (`make bench-window`).

Prints the gaps between turns of the event loop (a 1 ms timer), how long after Stop the engine is silent, and leaves by
closing the window in the middle of a stream: the exit status must be 0.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest

from tests.benchmarks import medium
from writer.engine.config import GenerationConfig
from writer.models.build import BuildRequest, build_model
from writer.models.precision import Precision
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths
from writer.ui.app import make_application
from writer.ui.generation import State
from writer.ui.main_window import MainWindow

N_SAMPLES = 20_000


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "writer-benchmark")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    paths = user_paths({"WRITER_HOME": str(folder / "home")})
    store = ModelStore(paths.models)
    if not store.list():
        gate_text = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")
        source = medium.hugging_face_folder(folder)
        for _ in build_model(BuildRequest(source, "medium", (Precision.INT8,), gate_text), store):
            pass
    app = make_application([])
    window = MainWindow(paths)
    window.files.new("It was a dark and stormy night. " * 40)
    window.editor.set_caret(len(window.files.document))
    window.show()
    window.load_model(store)
    while window.host.model is None:
        app.processEvents()
    window.sampling.set_config(GenerationConfig(max_new_tokens=4096, min_new_tokens=4096))
    window.continue_action.trigger()
    while window.generation.state is not State.WRITING:
        app.processEvents()

    moments: list[float] = []
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: moments.append(time.perf_counter()))
    timer.start(1)
    n_before = len(window.files.document)
    while len(moments) <= N_SAMPLES:
        app.processEvents()
        QTest.qWait(1)
        if window.generation.state is State.IDLE:
            window.continue_action.trigger()
    timer.stop()
    gaps = np.diff(moments) * 1000
    written = len(window.files.document) - n_before
    print(f"{len(gaps)} turns of the event loop while {written} characters arrived")
    for share in (50, 95, 99, 99.9, 100):
        print(f"  gap p{share}: {np.percentile(gaps, share):.1f} ms")

    silences = []
    for _ in range(20):
        while window.generation.state is not State.WRITING:
            if window.generation.state is State.IDLE:
                window.continue_action.trigger()
            app.processEvents()
        QTest.qWait(150)
        ended: list[float] = []
        connection = window.worker.stopped.connect(lambda _, ended=ended: ended.append(time.perf_counter()))
        began, text = time.perf_counter(), window.files.document.text
        QTest.keyClick(window.editor, Qt.Key.Key_Escape)
        while not ended:
            app.processEvents()
        silences.append((ended[0] - began) * 1000)
        window.worker.stopped.disconnect(connection)
        assert window.files.document.text == text, "a word arrived after Esc"
    print(f"Esc to the engine's silence: median {np.median(silences):.1f} ms, longest {max(silences):.1f} ms")

    window.continue_action.trigger()
    while window.generation.state is not State.WRITING:
        app.processEvents()
    window.files.document.mark_saved()
    window.files.may_discard = lambda: True  # type: ignore[method-assign] - the question would wait for an answer
    QTimer.singleShot(50, window.close)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
