"""Real small parts for the tests of the controllers that write: the poem's model, a page with the focus, contexts."""

import threading
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Signal
from pytestqt.qtbot import QtBot

from writer.assist.context import Context, ContextBuilder
from writer.assist.context_notes import ContextNotes
from writer.document.document import Document
from writer.document.provenance import Author
from writer.models.loaded import LoadedModel
from writer.ui.editor import Editor
from writer.ui.theme import LIGHT
from writer.ui.worker import Job, Worker

WAIT_MS = 60_000


class ScriptedWorker(QObject):
    """Signals of a worker whose jobs say what the test says, when it says it."""

    event_arrived = Signal(int, object)
    finished = Signal(int)
    failed = Signal(int, str, str)
    stopped = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.last_job = 0
        self.cancelled: list[int] = []

    def run(self, job: Job) -> int:
        self.last_job += 1
        return self.last_job

    def cancel(self, number: int) -> None:
        self.cancelled.append(number)

    def say(self, *events: object) -> None:
        """By the newest job."""
        for event in events:
            self.event_arrived.emit(self.last_job, event)


def context_for(model: LoadedModel, text: str) -> Context:
    config = model.session.config
    builder = ContextBuilder(model.tokenizer, config.n_ctx, config.eos_token_ids[0])
    return builder.build(text, 0, ContextNotes(), 64)


def shown_editor(document: Document, qtbot: QtBot) -> Editor:
    """A page that has the focus, with the caret at the end of the text."""
    editor = Editor(document, LIGHT)
    editor.resize(900, 500)
    qtbot.addWidget(editor)
    editor.show()
    editor.activateWindow()
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus, timeout=WAIT_MS)
    editor.set_caret(len(document))
    return editor


def by_model(document: Document) -> str:
    return "".join(document.slice(s.start, s.end) for s in document.spans() if s.author is Author.MODEL)


def wait_for_engine(worker: Worker, qtbot: QtBot) -> None:
    """Until all that is queued now has been done, and has been told."""
    finished: list[int] = []
    ended: list[int] = []
    worker.finished.connect(finished.append)
    worker.finished.connect(ended.append)
    worker.stopped.connect(ended.append)
    while True:  # something newer may end it
        number = worker.run_idle(lambda: iter(()))
        qtbot.waitUntil(lambda number=number: number in ended, timeout=WAIT_MS)  # type: ignore[misc]
        if number in finished:
            return


def wait_for_event(worker: Worker, qtbot: QtBot) -> None:
    """Until a job says something. What is connected stays so: the binding crashes where a thread emits meanwhile."""
    said: list[object] = []
    worker.event_arrived.connect(lambda *event: said.append(event))
    qtbot.waitUntil(lambda: bool(said), timeout=WAIT_MS)


class Gate:
    """Keeps the engine's thread busy until it is opened; what is asked for meanwhile waits."""

    def __init__(self, worker: Worker) -> None:
        self._opened = threading.Event()
        worker.run(self._wait)

    def _wait(self) -> Iterator[object]:
        self._opened.wait(60)
        return iter(())

    def open(self) -> None:
        self._opened.set()


def assert_at_rest(worker: Worker, qtbot: QtBot, *owners: QObject) -> None:
    """No timer of these waits, and the engine's thread does nothing: a second later too."""
    said: list[object] = []
    for signal in (worker.event_arrived, worker.finished, worker.stopped, worker.failed):
        signal.connect(lambda *told: said.append(told))
    for _ in range(2):
        waiting = [timer for owner in owners for timer in owner.findChildren(QTimer) if timer.isActive()]
        assert not waiting
        assert not said
        qtbot.wait(120)
