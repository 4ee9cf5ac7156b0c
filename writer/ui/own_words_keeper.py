"""The writer's own words follow the open manuscript, while the writer pauses."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from writer.assist.own_words import OwnWords, paragraphs_around
from writer.document.change import Change
from writer.document.document import Document
from writer.engine.logits_processors import LogitsProcessor
from writer.models.loaded import LoadedModel
from writer.ui.worker import Worker

_IDLE_MS = 1_500


class OwnWordsKeeper(QObject):
    """They live on the engine's thread, which alone reads and changes them; nothing of them is stored."""

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._document = Document()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._model: LoadedModel | None = None
        self._own: OwnWords | None = None
        self._known: frozenset[str] = frozenset()  # paragraphs that stood there when the record was switched off
        self._following_revision = -1
        self._caret = 0
        self._known_revision = -1
        self._job = 0
        self._is_off_the_record = False
        self._left_out: frozenset[str] = frozenset()  # paragraphs written off the record, or erased
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(_IDLE_MS)
        self._idle.timeout.connect(self._follow)
        worker.finished.connect(self._on_finished)
        worker.stopped.connect(self._on_stopped)
        worker.failed.connect(lambda job, *_: self._on_stopped(job))

    @property
    def own(self) -> OwnWords | None:
        """For jobs of the engine's thread."""
        return self._own

    def blend(self, strength: float) -> LogitsProcessor | None:
        return self._own.blend(strength) if self._own is not None and strength > 0 else None

    def set_model(self, model: LoadedModel) -> None:
        self._model = model
        self._begin_anew()

    def set_document(self, document: Document) -> None:
        """What was learnt of another manuscript is forgotten."""
        self._unsubscribe()
        self._document = document
        self._unsubscribe = document.subscribe(self._on_changed)
        self._left_out = frozenset()
        self._known = self._paragraphs() if self._is_off_the_record else frozenset()
        self._begin_anew()

    def set_off_the_record(self, is_off: bool) -> None:
        """What is written from now on is not learnt, not even later."""
        if is_off and not self._is_off_the_record:
            self._known = self._paragraphs()
        elif self._is_off_the_record and not is_off:
            self._left_out |= self._paragraphs() - self._known
            self._forget_progress()
        self._is_off_the_record = is_off

    def erase(self) -> None:
        """Forget it all; what stands in the text now is not learnt again."""
        own, self._left_out = self._own, self._left_out | self._paragraphs()
        if own is not None:
            self._worker.run(lambda: own.follow(()))

    def note_caret(self, caret: int) -> None:
        self._caret = caret

    def interrupt(self) -> None:
        """Somebody types: give way, and go on in the next pause."""
        if self._job:
            self._worker.cancel(self._job)
            self._job = 0
        self._idle.start()

    def _on_changed(self, change: Change) -> None:
        """What was left out stays so when the writer goes on with it."""
        if not self._left_out:
            return
        text = self._document.text
        start, end = text.rfind("\n", 0, change.start) + 1, text.find("\n", change.inserted_end)
        now = text[start : end if end >= 0 else None]
        at = change.start - start
        before = now[:at] + change.removed + now[at + len(change.inserted) :]
        if not self._left_out.isdisjoint(before.split("\n")):
            first, *others = now.split("\n")
            # Of several paragraphs only those that hold something of the old one.
            has_end = at + len(change.inserted) < len(now)
            kept = {first} if at or not others else set()
            self._left_out |= kept | set(others[-1:] if has_end else ())

    def _begin_anew(self) -> None:
        self.interrupt()
        self._own = OwnWords(self._model.tokenizer) if self._model is not None else None
        self._forget_progress()

    def _forget_progress(self) -> None:
        self._known_revision = -1
        self._idle.start()

    def _paragraphs(self) -> frozenset[str]:
        return frozenset(self._document.text.split("\n"))

    def _follow(self) -> None:
        own, revision = self._own, self._document.revision
        if own is None or self._job or self._is_off_the_record or revision == self._known_revision:
            return
        text, caret, left_out = self._document.text, min(self._caret, len(self._document)), self._left_out
        start, end = text.rfind("\n", 0, caret) + 1, text.find("\n", caret)
        if text[start : end if end >= 0 else None] in left_out:  # the halves that the caret makes of it are not
            text, caret = text[:start] + (text[end:] if end >= 0 else ""), start
        self._job = self._worker.run_idle(
            lambda: own.follow(paragraph for paragraph in paragraphs_around(text, caret) if paragraph not in left_out)
        )
        self._following_revision = revision

    def _on_stopped(self, job: int) -> None:
        if job == self._job:  # somebody else needed the engine
            self.interrupt()

    def _on_finished(self, job: int) -> None:
        if job == self._job:
            self._job = 0
            self._known_revision = self._following_revision
