"""What has to wait for a disk: done on a thread of its own, one errand after the other, the answer handed to whoever
asked. A disk can take seconds, and a network folder can vanish; the window never waits for either."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from writer.errors import WriterError
from writer.ui.worker import Worker

T = TypeVar("T")
_PATIENCE_S = 2.0


@dataclass(frozen=True)
class _Asked:
    then: Callable[[Any], object]
    failed: Callable[[WriterError], object]


class Errands(QObject):
    """Answers arrive on the window's thread, in the order in which the errands were asked for."""

    crashed = Signal(object)  # an exception that is no WriterError, for the program's report
    ended = Signal()  # nothing is left to do

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = Worker(self, "files")
        self._asked: dict[int, _Asked] = {}
        self._worker.event_arrived.connect(self._on_answer)
        self._worker.finished.connect(self._on_ended)
        self._worker.failed.connect(lambda job, message, hint: self._on_failed(job, message, hint))
        self._worker.crashed.connect(self.crashed)

    @property
    def is_busy(self) -> bool:
        return bool(self._asked)

    def ask(
        self, errand: Callable[[], T], then: Callable[[T], object], failed: Callable[[WriterError], object]
    ) -> None:
        """Have `errand` done. It must not touch anything that the window changes meanwhile."""

        def job() -> Iterator[object]:
            try:
                yield errand()
            except WriterError as error:
                yield error

        self._asked[self._worker.run(job)] = _Asked(then, failed)

    def close(self) -> None:
        """What has been asked for is still done, unless the disk does not answer within two seconds."""
        self._worker.finish(_PATIENCE_S)

    def _on_answer(self, job: int, answer: object) -> None:
        asked = self._asked[job]
        if isinstance(answer, WriterError):
            asked.failed(answer)
        else:
            asked.then(answer)

    def _on_failed(self, job: int, message: str, hint: str) -> None:
        self._asked[job].failed(WriterError(message, hint))
        self._on_ended(job)

    def _on_ended(self, job: int) -> None:
        del self._asked[job]
        if not self._asked:
            self.ended.emit()
