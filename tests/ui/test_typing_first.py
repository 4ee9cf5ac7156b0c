"""The model makes room when keys take long, and takes it back when they do not."""

from PySide6.QtCore import QObject, Signal

from writer.ui.generation import FRAME_MS, GenerationController
from writer.ui.typing_first import BUDGET_MS, TypingFirst
from writer.ui.worker import Worker


class Latency(QObject):
    """Keys of given times, as `KeyLatency` tells them."""

    measured = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.samples: tuple[float, ...] = ()

    def feed(self, milliseconds: float, n_keys: int) -> None:
        for _ in range(n_keys):
            self.samples = (*self.samples, milliseconds)[-500:]
            self.measured.emit(milliseconds)


def test_slow_keys_make_the_engine_rest_and_quick_ones_end_it(worker: Worker) -> None:
    generation, latency = GenerationController(worker), Latency()
    typing = TypingFirst(latency, worker, generation)  # type: ignore[arg-type]
    told: list[float] = []
    typing.judged.connect(told.append)
    latency.feed(4, 80)
    assert not typing.is_making_room
    assert worker.pause_s == 0
    latency.feed(3 * BUDGET_MS, 8)
    first = worker.pause_s
    assert typing.is_making_room
    assert first > 0
    assert generation.frame_ms > FRAME_MS
    latency.feed(3 * BUDGET_MS, 80)
    assert first < worker.pause_s <= 0.1
    latency.feed(BUDGET_MS * 0.7, 40)
    assert typing.is_making_room, "between half the budget and the whole nothing changes"
    latency.feed(4, 48)
    assert not typing.is_making_room
    assert generation.frame_ms == FRAME_MS
    assert told[0] == 4
    assert max(told) == 3 * BUDGET_MS


def test_one_slow_key_in_forty_is_no_reason(worker: Worker) -> None:
    latency = Latency()
    typing = TypingFirst(latency, worker, GenerationController(worker))  # type: ignore[arg-type]
    for _ in range(10):
        latency.feed(4, 39)
        latency.feed(200, 1)
    assert not typing.is_making_room
