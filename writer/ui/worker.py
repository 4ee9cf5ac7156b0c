"""The bridge between generators of events and Qt: one long-lived thread that runs one job at a time."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator

from PySide6.QtCore import QObject, Signal

from writer.errors import WriterError

Job = Callable[[], Iterator[object]]
"""Makes the generator; called on the worker's thread, as is every step of it."""


class Worker(QObject):
    """Runs jobs in the order they came. Signals arrive on the thread that the receiver lives on.

    A job ends with exactly one of `finished`, `failed` and `stopped`. Events carry the job's number: who asks for
    something else in the meantime drops those of the job before.
    """

    event_arrived = Signal(int, object)
    finished = Signal(int)
    failed = Signal(int, str, str)  # job, message, hint
    stopped = Signal(int)
    crashed = Signal(object)  # an exception that is no WriterError, for the program's report

    def __init__(self, parent: QObject | None = None, name: str = "engine") -> None:
        super().__init__(parent)
        self._jobs: queue.SimpleQueue[tuple[int, Job] | None] = queue.SimpleQueue()
        self._last_job = 0
        self._stop_through = 0  # jobs up to this number are to end at their next yield
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, job: Job) -> int:
        """Queue `job`; returns its number."""
        self._last_job += 1
        self._jobs.put((self._last_job, job))
        return self._last_job

    def stop(self) -> None:
        """End every job queued so far: the running one at its next yield, the others before they begin."""
        self._stop_through = self._last_job

    def close(self) -> None:
        """Stop, and wait for the thread to end: one step at most, or one model being read."""
        self.stop()
        self.finish(None)

    def finish(self, patience_s: float | None) -> None:
        """Let what is queued be done, and wait for the thread to end, or for as long as told."""
        self._jobs.put(None)
        self._thread.join(patience_s)

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            self._run_job(*item)

    def _run_job(self, number: int, job: Job) -> None:
        try:
            if number > self._stop_through:
                events = job()
                for event in events:
                    if number <= self._stop_through:
                        if isinstance(events, Generator):
                            events.close()
                        break
                    self.event_arrived.emit(number, event)
        except WriterError as error:
            self.failed.emit(number, error.message, error.hint)
        except Exception as error:  # noqa: BLE001 - the thread must live on; the report goes to the front end
            self.crashed.emit(error)
            self.failed.emit(number, "Something unexpected went wrong; your text is as it was.", "Try again.")
        else:
            (self.stopped if number <= self._stop_through else self.finished).emit(number)
