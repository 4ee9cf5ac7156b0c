"""The bridge between generators of events and Qt: one long-lived thread that runs one job at a time."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from PySide6.QtCore import QObject, Signal

from writer.errors import WriterError
from writer.ui.outlet import Outlet

Job = Callable[[], Iterator[object]]
"""Makes the generator; called on the worker's thread, as is every step of it."""

_UNEXPECTED = "Something unexpected went wrong; your text is as it was."
_TYPING_S = 1.0  # after the last key that `hold` told of, the writer still types
_GLANCE_S = 0.004  # while held: how soon an end of the hold, or of the job, is seen


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
        self._outlet = Outlet(self._hear)
        self._jobs: queue.SimpleQueue[tuple[int, Job] | None] = queue.SimpleQueue()
        self._last_job = 0
        self._stop_through = 0  # jobs up to this number are to end at their next yield
        self._given_up: set[int] = set()  # so are these
        self._behind: set[int] = set()  # jobs that give way, as far as they have not ended
        self._idle: set[int] = set()  # jobs that give way even to those
        self._last_ended = 0
        self._held_until_s = 0.0
        self.pause_s = 0.0
        """How long the thread rests between two steps of a job, while keys come."""
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, job: Job) -> int:
        """Queue `job`; returns its number. What runs behind ends."""
        self._give_up(self._behind)
        self._give_up(self._idle)
        return self._queue(job)

    def run_behind(self, job: Job) -> int:
        """Queue something useful that nobody has asked for: whatever is asked for ends it."""
        self._give_up(self._idle)
        number = self._queue(job)
        self._behind.add(number)
        return number

    def run_idle(self, job: Job) -> int:
        """Queue something that can wait: every other job ends it."""
        number = self._queue(job)
        self._idle.add(number)
        return number

    def cancel(self, number: int) -> None:
        """End that job at its next yield, or before it begins."""
        if number > self._last_ended:
            self._given_up.add(number)

    def _give_up(self, jobs: set[int]) -> None:
        for number in tuple(jobs):
            self.cancel(number)
        jobs.clear()

    def stop(self) -> None:
        """End every job queued so far: the running one at its next yield, the others before they begin."""
        self._stop_through = self._last_job

    def hold(self, seconds: float) -> None:
        """Begin no further step for so long: the writer is typing."""
        self._held_until_s = time.monotonic() + seconds

    def close(self) -> None:
        """Stop, and wait for the thread to end: one step at most, or one model being read."""
        self.stop()
        self.finish(None)

    def finish(self, patience_s: float | None) -> None:
        """Let what is queued be done, and wait for the thread to end, or for as long as told."""
        self._jobs.put(None)
        self._thread.join(patience_s)

    def _queue(self, job: Job) -> int:
        self._last_job += 1
        self._jobs.put((self._last_job, job))
        return self._last_job

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            self._run_job(*item)
            self._last_ended = item[0]
            for numbers in (self._given_up, self._behind, self._idle):
                numbers.discard(item[0])

    def _is_over(self, number: int) -> bool:
        return number <= self._stop_through or number in self._given_up

    def _run_job(self, number: int, job: Job) -> None:
        try:
            if not self._is_over(number):
                events = job()
                for event in events:
                    if self._is_over(number):
                        if isinstance(events, Generator):
                            events.close()
                        break
                    self._outlet.tell("event_arrived", number, event)
                    self._rest(number)
        except WriterError as error:
            self._outlet.tell("failed", number, error.message, error.hint)
        except Exception as error:  # noqa: BLE001 - the thread must live on; the report goes to the front end
            self._outlet.tell("crashed", error)
            self._outlet.tell("failed", number, _UNEXPECTED, "Try again.")
        else:
            self._outlet.tell("stopped" if self._is_over(number) else "finished", number)

    def _rest(self, number: int) -> None:
        if self.pause_s and time.monotonic() < self._held_until_s + _TYPING_S:
            time.sleep(self.pause_s)
        while time.monotonic() < self._held_until_s and not self._is_over(number):
            time.sleep(_GLANCE_S)

    # -- on the window's thread ------------------------------------------------------------------------------------

    def _hear(self, told: tuple[Any, ...]) -> None:
        signal, *arguments = told
        getattr(self, signal).emit(*arguments)
