"""Typing comes first: when a key takes too long to its place on the screen, the model makes room by itself."""

from PySide6.QtCore import QObject, Signal

from writer.ui.generation import FRAME_MS, GenerationController
from writer.ui.key_latency import KeyLatency
from writer.ui.worker import Worker

BUDGET_MS = 16.0  # a frame of a common screen: what takes longer is seen
_HOLD_S = 0.04  # after a key the model begins no step before the key is painted
_LONGER_REST_S, _LONGEST_REST_S = 0.01, 0.08
_LONG_FRAME_MS = 66
_JUDGED = 40  # keys: few enough to notice soon that all is well again
_EVERY = 8  # keys between two judgements


class TypingFirst(QObject):
    """Judges by the 95th percentile of the last forty keys. While it is above the budget, the engine rests longer and
    longer between two steps, and words that arrive are painted less often; within it, step by step all is as it was."""

    judged = Signal(float)  # that percentile, milliseconds

    def __init__(
        self, latency: KeyLatency, worker: Worker, generation: GenerationController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._latency, self._worker, self._generation = latency, worker, generation
        self._n_keys = 0
        latency.measured.connect(self._on_measured)

    def on_key(self) -> None:
        """A key has arrived and is not painted yet."""
        self._worker.hold(_HOLD_S)

    @property
    def is_making_room(self) -> bool:
        return self._worker.pause_s > 0

    def _on_measured(self, _: float) -> None:
        self._n_keys += 1
        if self._n_keys % _EVERY:
            return
        latest = sorted(self._latency.samples[-_JUDGED:])
        p95_ms = latest[-(-len(latest) * 95 // 100) - 1]
        if p95_ms > BUDGET_MS:
            self._worker.pause_s = min(_LONGEST_REST_S, max(_LONGER_REST_S, self._worker.pause_s * 2))
            self._generation.set_frame_ms(_LONG_FRAME_MS)
        elif self.is_making_room:
            shorter_s = self._worker.pause_s / 2
            self._worker.pause_s = shorter_s if shorter_s >= _LONGER_REST_S else 0.0
            if self._worker.pause_s == 0:
                self._generation.set_frame_ms(FRAME_MS)
        self.judged.emit(p95_ms)
