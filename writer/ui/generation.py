"""One press of Continue: the model's words arrive in the document, as one undo step, until they end or are stopped."""

import dataclasses
import hashlib
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum

from PySide6.QtCore import QObject, Signal

from writer.assist.context import writing_context
from writer.assist.presets import chosen_values
from writer.document.change import Change
from writer.document.document import Document
from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Author
from writer.engine.config import GenerationConfig
from writer.engine.events import Finished, PrefillProgress, Token
from writer.engine.generate import generate
from writer.models.loaded import LoadedModel
from writer.ui.worker import Worker

_RATE_PAUSE_S = 0.5


class State(Enum):
    IDLE = "idle"
    READING = "reading"
    WRITING = "writing"


class GenerationController(QObject):
    """Starts, stops and receives generations. Anything but the model changing the document stops it."""

    state_changed = Signal(object)  # State
    reading = Signal(int, int)  # tokens read, of all
    rate_changed = Signal(float)  # tokens per second
    context_changed = Signal(int)  # tokens of the model's window in use
    finished = Signal(object)  # Finished
    failed = Signal(str, str)  # message, hint

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._job = 0  # 0: none
        self._state = State.IDLE
        self._document = Document()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._at = 0
        self._name = ""
        self._applying = False
        self._n_context = 0
        self._n_written = 0
        self._began_s = 0.0
        self._rated_s = 0.0
        worker.event_arrived.connect(self._on_event)
        worker.finished.connect(self._on_job_ended)
        worker.stopped.connect(self._on_job_ended)
        worker.failed.connect(self._on_failed)

    @property
    def state(self) -> State:
        return self._state

    def start(self, model: LoadedModel, document: Document, caret: int, config: GenerationConfig) -> None:
        """Continue `document` at `caret`; a generation still running is stopped first."""
        self.stop()
        if config.seed is None:  # drawn here, so that the record has it even when the generation is stopped
            config = dataclasses.replace(config, seed=secrets.randbits(63))
        prompt = writing_context(document, caret)
        self._document, self._at = document, caret
        self._name = f"{model.installed.id}:{secrets.token_hex(8)}"
        document.add_generation(_record(self._name, model, prompt, config))
        document.begin_group("Continue", Author.MODEL)
        self._unsubscribe = document.subscribe(self._on_document_changed)
        self._job = self._worker.run(lambda: generate(model.session, model.tokenizer, model.cache, prompt, config))
        self._set_state(State.READING)

    def stop(self) -> None:
        """Nothing more arrives once this has returned; the engine ends within one step."""
        if self._job:
            self._worker.stop()
            self._end()

    def _end(self) -> None:
        self._job = 0
        self._unsubscribe()
        if self._document.in_group:  # an undo may have ended it
            self._document.end_group()
        self._set_state(State.IDLE)

    def _set_state(self, state: State) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)

    def _on_document_changed(self, change: Change) -> None:
        if not self._applying:
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
            self.context_changed.emit(self._n_context)
            self._write(event.text)
        elif isinstance(event, Finished):
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

    def _write(self, text: str) -> None:
        self._applying = True
        try:
            self._document.replace(self._at, self._at, text, Author.MODEL, self._name)
        finally:
            self._applying = False
        self._at += len(text)

    def _on_job_ended(self, job: int) -> None:
        if job == self._job:
            self._end()

    def _on_failed(self, job: int, message: str, hint: str) -> None:
        if job == self._job:
            self._end()
            self.failed.emit(message, hint)


def _record(generation: str, model: LoadedModel, prompt: str, config: GenerationConfig) -> GenerationRecord:
    return GenerationRecord(
        id=generation,
        model_id=model.installed.id,
        model_hash=model.installed.manifest.precisions[model.precision].sha256,
        precision=str(model.precision),
        settings={name: value for name, value in chosen_values(config).items() if name != "seed"},
        seed=config.seed,
        context_hash=hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest(),
        time=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
    )
