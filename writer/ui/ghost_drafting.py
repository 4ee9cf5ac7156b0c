"""Drafts of ghosts: what they are made from, the one that the engine is at, and how soon its first word came."""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from writer.assist.context import Context
from writer.assist.ghost import Ghost
from writer.assist.ghost_draft import GhostGrown, draft_ghost
from writer.assist.suggestion_options import SuggestionOptions
from writer.engine.config import GenerationConfig
from writer.engine.steering import Steering
from writer.models.loaded import LoadedModel
from writer.ui.own_words_keeper import OwnWordsKeeper
from writer.ui.worker import Job, Worker

_USUAL_LATENCY_MS = 100.0
_LATENCY_SHARE = 0.2  # of the newest measurement in the running mean
_LEAST_CONFIDENCE = -9.0  # below that even a suggestion that was asked for is noise


@dataclass
class PlacedGhost:
    """A ghost for one place in the text, as far as it is drafted.

    is_wanted -- the writer has asked for it, and is told when none comes
    record_id -- once something of it has been taken
    shown_s -- when it appeared, perf_counter
    """

    ghost: Ghost
    place: int
    context: Context
    n_variant: int = 0
    is_wanted: bool = False
    is_complete: bool = False
    record_id: str = ""
    shown_s: float = 0.0


class GhostDrafting(QObject):
    """One draft at a time, behind whatever somebody waits for."""

    grown = Signal(object, object)  # the PlacedGhost that is being drafted, and a GhostGrown
    ended = Signal(object)  # no more comes of that PlacedGhost
    latency_measured = Signal(float)  # from the pause to the first word, milliseconds

    def __init__(self, worker: Worker, words: OwnWordsKeeper, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker, self._words = worker, words
        self.model: LoadedModel | None = None
        self.options = SuggestionOptions()
        self.config: Callable[[], GenerationConfig] = GenerationConfig
        self.current: PlacedGhost | None = None  # what is being drafted
        self.latency_ms = _USUAL_LATENCY_MS
        self._began_s = 0.0
        self._job = 0
        worker.event_arrived.connect(self._on_event)
        worker.finished.connect(self._on_finished)

    def begin(self, ghost: PlacedGhost, least_confidence: float | None) -> None:
        """Draft it in place of the one before. Without a least confidence it comes however unsure the model is."""
        self.stop()
        job = self.job(ghost.context, least_confidence, ghost.n_variant)
        if job is not None:
            self.current, self._began_s = ghost, time.perf_counter()
            self._job = self._worker.run_behind(job)

    def job(self, context: Context, least_confidence: float | None, n_variant: int = 0) -> Job | None:
        """A draft for that context, with the writer's wishes as they are now; None without a model."""
        model, wished, options = self.model, self.config(), self.options
        if model is None:
            return None
        never = (*wished.banned_words, *options.never, *context.never_written)
        wished = dataclasses.replace(wished, banned_words=never)
        steering = Steering(blend=self._words.blend(options.own_words))
        least = _LEAST_CONFIDENCE if least_confidence is None else least_confidence
        return lambda: draft_ghost(
            model.session, model.tokenizer, model.cache, context.prompt, wished,
            steering=steering, n_variant=n_variant, least_confidence=least,
        )  # fmt: skip

    def stop(self) -> None:
        if self._job:
            self._worker.cancel(self._job)
            self._job, self.current = 0, None

    def note_first_word(self) -> None:
        """The first word of what is drafted can be shown."""
        latency_ms = (time.perf_counter() - self._began_s) * 1000
        self.latency_ms += _LATENCY_SHARE * (latency_ms - self.latency_ms)
        self.latency_measured.emit(latency_ms)

    def _on_event(self, job: int, event: object) -> None:
        if job == self._job and self.current is not None and isinstance(event, GhostGrown):
            self.grown.emit(self.current, event)

    def _on_finished(self, job: int) -> None:
        if job == self._job and self.current is not None:
            self.ended.emit(self.current)
