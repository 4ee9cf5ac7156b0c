"""What the model is shown of the open document, and read by it before anybody asks."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from writer.assist.context import Context, ContextBuilder
from writer.assist.context_notes import ContextNotes
from writer.document.document import Document
from writer.engine.generate import reserve_tokens
from writer.models.loaded import LoadedModel
from writer.ui.worker import Worker

_IDLE_MS = 400
_CHUNK_TOKENS = 32  # read ahead in small steps, each of which gives way to typing


class ContextKeeper(QObject):
    """Makes contexts for one model and one document, both of which can change.

    While the writer pauses, the text before the caret is read, and the window is cut where it will have to be: so
    whoever asks for something waits for a few tokens alone.
    """

    horizon_changed = Signal(object)  # int: the model remembers from this character on; None: from the beginning
    used_changed = Signal(int)  # tokens that the model has before it writes

    def __init__(self, worker: Worker, is_busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """is_busy -- whether somebody waits for the model"""
        super().__init__(parent)
        self._worker, self._is_busy = worker, is_busy
        self._model: LoadedModel | None = None
        self._builder: ContextBuilder | None = None
        self._document = Document()
        self._unsubscribe: Callable[[], object] = lambda: None
        self._caret = 0
        self._job = 0
        self._horizon: int | None = None
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(_IDLE_MS)
        self._idle.timeout.connect(self._read_ahead)

    def set_model(self, model: LoadedModel) -> None:
        self._model = model
        self._make_builder()

    def set_document(self, document: Document) -> None:
        self._unsubscribe()
        self._document = document
        # New notes, or a word that calls for other lore, may put something else before all of the text.
        unsubscribes = (document.subscribe(self._on_changed), document.subscribe_notes(self._on_changed))
        self._unsubscribe = lambda: [unsubscribe() for unsubscribe in unsubscribes]
        self._make_builder()
        self._tell_horizon(None)

    @property
    def notes(self) -> ContextNotes:
        return ContextNotes.from_json(self._document.notes)

    def context_at(self, caret: int, *, ahead: str = "", idle: bool = False) -> Context | None:
        """What the model is shown for writing at `caret`; None without a model, or when there is nothing to go on from.

        ahead -- what may come to stand there: the context is the one for after it
        """
        builder, model = self._builder, self._model
        if builder is None or model is None:
            return None
        first = max(0, caret + len(ahead) - builder.longest_chars)
        text, notes = self._document.slice(first, caret) + ahead, self.notes
        if not text.strip() and notes.is_empty:
            return None
        n_ctx = model.session.config.n_ctx
        context = builder.build(text, first, notes, reserve_tokens(n_ctx, n_ctx), idle=idle)
        if not ahead:
            self._tell_horizon(context.horizon if context.horizon > 0 else None)
            self.used_changed.emit(context.n_tokens)
        return context

    def note_caret(self, caret: int) -> None:
        """The writer is there now: once there is a pause, the model reads up to it."""
        self._caret = caret
        self.interrupt()
        if self._builder is not None:
            self._idle.start()

    def interrupt(self) -> None:
        """Somebody types: give way."""
        self._idle.stop()
        if self._job:
            self._worker.cancel(self._job)
            self._job = 0

    def _on_changed(self, _: object) -> None:
        if not self._is_busy():
            self.note_caret(self._caret)

    def _read_ahead(self) -> None:
        model = self._model
        if model is None or self._is_busy():
            return
        context = self.context_at(min(self._caret, len(self._document)), idle=True)
        if context is not None:
            self._job = self._worker.run_idle(partial(_read, model, context.prompt.token_ids))

    def _make_builder(self) -> None:
        model = self._model
        if model is not None:
            ends = model.session.config.eos_token_ids
            self._builder = ContextBuilder(model.tokenizer, model.session.config.n_ctx, ends[0] if ends else None)

    def _tell_horizon(self, horizon: int | None) -> None:
        if horizon != self._horizon:
            self._horizon = horizon
            self.horizon_changed.emit(horizon)


def _read(model: LoadedModel, token_ids: Sequence[int]) -> Iterator[object]:
    """Nothing where they are read already: what stands behind them in the cache may be of use to somebody."""
    if model.cache.common_prefix(token_ids) < len(token_ids):
        yield from model.session.prefill(model.cache, token_ids, chunk_tokens=_CHUNK_TOKENS)
