"""One press of Continue: the model's words arrive in the document, as one undo step, until they end or are stopped."""

import dataclasses
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QObject, QTimer, Signal

from writer.assist.context import Context
from writer.assist.paragraph_breaks import BreaksKept, break_at
from writer.document.change import Change, range_after
from writer.document.document import Document
from writer.document.provenance import Author
from writer.engine.config import GenerationConfig
from writer.engine.events import Finished, PrefillProgress, TakenBack, Token
from writer.engine.generate import generate
from writer.engine.steering import Steering
from writer.models.loaded import LoadedModel
from writer.ui.generation_records import new_generation_id, record_of
from writer.ui.worker import Worker

_RATE_PAUSE_S = 0.5
FRAME_MS = 16


class State(Enum):
    IDLE = "idle"
    READING = "reading"
    WRITING = "writing"


@dataclass(frozen=True)
class Continued:
    """What a continuation has put into the document: `text` from `place` on, under the id of its record. It may have
    been changed there since."""

    generation: str
    place: int
    text: str


@dataclass(frozen=True)
class LoopCut:
    """`text`, which went in a circle, was taken away at `place`."""

    generation: str
    place: int
    text: str


class GenerationController(QObject):
    """Starts, stops and receives continuations. Anything but the model changing the document stops them."""

    state_changed = Signal(object)  # State
    reading = Signal(int, int)  # tokens read, of all
    rate_changed = Signal(float)  # tokens per second
    context_changed = Signal(int)  # tokens of the model's window in use
    finished = Signal(object)  # Finished
    loop_cut = Signal(object)  # LoopCut
    ended = Signal(object)  # Continued: it has finished or was stopped, and left this
    failed = Signal(str, str)  # message, hint

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._job = 0  # 0: none
        self._state = State.IDLE
        self._document = Document()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._begin = self._at = 0
        self._pending = ""  # what has arrived and is not in the document yet
        self._written = ""  # what has been put into the document, whatever became of it there
        self._breaks = BreaksKept(None)
        self._name = ""
        self._applying = False
        self._n_context = 0
        self._n_written = 0
        self._began_s = 0.0
        self._rated_s = 0.0
        self._last: Continued | None = None
        self._replacing: Continued | None = None  # as long as nothing has come in its place
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.setInterval(FRAME_MS)
        self._frame.timeout.connect(self._flush)
        worker.event_arrived.connect(self._on_event)
        worker.finished.connect(self._on_job_ended)
        worker.stopped.connect(self._on_job_ended)
        worker.failed.connect(self._on_failed)

    @property
    def state(self) -> State:
        return self._state

    @property
    def document(self) -> Document:
        """Of the continuation that is written, or was."""
        return self._document

    @property
    def last(self) -> Continued | None:
        """The continuation that ended last, as long as it stands where it was written, as it was written."""
        return self._last

    @property
    def frame_ms(self) -> int:
        """How long arriving words are gathered before they are shown."""
        return self._frame.interval()

    def set_frame_ms(self, milliseconds: int) -> None:
        self._frame.setInterval(milliseconds)

    def start(
        self,
        model: LoadedModel,
        document: Document,
        caret: int,
        context: Context,
        config: GenerationConfig,
        steering: Steering,
        *,
        replacing: Continued | None = None,
    ) -> None:
        """Continue `document` at `caret`; a generation still running is stopped first.

        replacing -- the continuation that makes room for this one as soon as it says something, in the same undo step
        """
        self.stop()
        if config.seed is None:  # drawn here, so that the record has it even when the generation is stopped
            config = dataclasses.replace(config, seed=secrets.randbits(63))
        self._document, self._begin, self._at, self._last = document, caret, caret, None
        self._replacing, self._written = replacing, ""
        end = caret if replacing is None else caret + len(replacing.text)
        self._breaks = BreaksKept(break_at(document, caret, end))
        self._name = new_generation_id(model)
        document.add_generation(record_of(self._name, model, context, config))
        document.begin_group("Continue" if replacing is None else "Another continuation", Author.MODEL)
        self._unsubscribe()
        self._unsubscribe = document.subscribe(self._on_document_changed)
        prompt = context.prompt
        self._job = self._worker.run(
            lambda: generate(model.session, model.tokenizer, model.cache, prompt, config, steering)
        )
        self._set_state(State.READING)

    def stop(self) -> None:
        """Nothing more arrives once this has returned; the engine ends within one step."""
        if self._job:
            self._worker.cancel(self._job)
            self._pending = ""
            self._end()

    def leave(self) -> None:
        """Another document is shown."""
        self.stop()
        self._unsubscribe()
        self._unsubscribe = lambda: None
        self._document, self._last = Document(), None

    def _end(self) -> None:
        self._job = 0
        self._frame.stop()
        if self._document.in_group:  # an undo may have ended it
            self._document.end_group()
        text = self._document.slice(self._begin, self._at)
        self._last, self._replacing = self._replacing, None  # where nothing has come, the old one stands
        if text:
            self._last = Continued(self._name, self._begin, text)
        if self._written:
            self.ended.emit(Continued(self._name, self._begin, self._written))
        self._set_state(State.IDLE)

    def _set_state(self, state: State) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)

    def _on_document_changed(self, change: Change) -> None:
        if self._applying:
            return
        # What streams lies behind a change away from it, or is cut short by one inside it.
        end = self._at if self._replacing is None else self._begin + len(self._replacing.text)
        moved = range_after(self._begin, end, change)
        if moved is None:
            self._at = self._begin = min(self._begin, len(self._document))
            self._last = self._replacing = None
        else:
            self._at += moved[0] - self._begin
            self._begin = moved[0]
            if self._last is not None:
                self._last = dataclasses.replace(self._last, place=self._begin)
            if self._replacing is not None:
                self._replacing = dataclasses.replace(self._replacing, place=self._begin)
        self.stop()

    def _on_event(self, job: int, event: object) -> None:
        if job != self._job:
            return  # late: another one has been asked for, or none
        if isinstance(event, PrefillProgress):
            self._n_context = event.done_tokens
            self._set_state(State.READING)  # again, when the window is full in the middle of the writing
            self.reading.emit(event.done_tokens, event.total_tokens)
            self.context_changed.emit(self._n_context)
        elif isinstance(event, Token):
            self._rate()
            self._set_state(State.WRITING)
            self._n_context += 1
            self._pending += self._breaks.add(event.text)
            if self._pending and not self._frame.isActive():
                self._frame.start()
        elif isinstance(event, TakenBack):
            self._take_back(event)
        elif isinstance(event, Finished):
            self._flush()
            self.rate_changed.emit(event.statistics.tokens_per_s)
            self.finished.emit(event)

    def _rate(self) -> None:
        """Speed since the first token, told a few times a second so that it can be read."""
        now_s = time.perf_counter()
        if self._state is not State.WRITING:
            self._n_written, self._began_s, self._rated_s = 0, now_s, now_s
        else:
            self._n_written += 1
            if now_s - self._rated_s >= _RATE_PAUSE_S:
                self._rated_s = now_s
                self.rate_changed.emit(self._n_written / (now_s - self._began_s))

    def _flush(self) -> None:
        """Put what has arrived into the document: at most once for each frame that the screen shows."""
        text, self._pending = self._pending, ""
        if self._job and text:
            if self._replacing is not None:
                replaced, self._replacing = self._replacing, None
                self._change(self._at + len(replaced.text), "", self._at)
            self._change(self._at, text)
            self._at += len(text)
            self._written += text
            self.context_changed.emit(self._n_context)

    def _take_back(self, event: TakenBack) -> None:
        self._n_context -= event.n_tokens
        self._flush()
        text = self._breaks.take_back(event.text)
        self._written = self._written.removesuffix(text)
        self._at -= len(text)
        self._change(self._at + len(text), "", self._at)
        if event.is_loop:
            self.loop_cut.emit(LoopCut(self._name, self._at, text))

    def _change(self, end: int, text: str, start: int | None = None) -> None:
        self._applying = True
        try:
            self._document.replace(end if start is None else start, end, text, Author.MODEL, self._name)
        finally:
            self._applying = False

    def _on_job_ended(self, job: int) -> None:
        if job == self._job:
            self._flush()
            self._end()

    def _on_failed(self, job: int, message: str, hint: str) -> None:
        if job == self._job:
            self._flush()
            self._end()
            self.failed.emit(message, hint)
