import sys
import threading
import time
from collections.abc import Iterator

from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from writer.errors import WriterError
from writer.ui.worker import Worker


class Ends:
    """Everything a worker said, in order."""

    def __init__(self, worker: Worker) -> None:
        self.said: list[tuple[object, ...]] = []
        worker.event_arrived.connect(lambda job, event: self.said.append((job, event)))
        worker.finished.connect(lambda job: self.said.append((job, "finished")))
        worker.stopped.connect(lambda job: self.said.append((job, "stopped")))
        worker.failed.connect(lambda job, message, hint: self.said.append((job, "failed", message, hint)))


def test_events_arrive_in_order_on_the_windows_thread(worker: Worker, qtbot: QtBot) -> None:
    ends, threads = Ends(worker), set()
    worker.event_arrived.connect(lambda *_: threads.add(threading.current_thread()))
    with qtbot.waitSignal(worker.finished):
        job = worker.run(lambda: iter(range(50)))
    assert ends.said == [*((job, n) for n in range(50)), (job, "finished")]
    assert threads == {threading.main_thread()}


def test_jobs_run_one_after_the_other_on_one_thread(worker: Worker, qtbot: QtBot) -> None:
    ends = Ends(worker)

    def tell() -> Iterator[object]:
        yield threading.current_thread().name

    first, second = worker.run(tell), worker.run(tell)
    qtbot.waitUntil(lambda: (second, "finished") in ends.said)
    assert ends.said == [(first, "engine"), (first, "finished"), (second, "engine"), (second, "finished")]


def test_stop_closes_the_generator_at_its_next_yield_and_drops_what_waits(worker: Worker, qtbot: QtBot) -> None:
    ends, closed, go_on = Ends(worker), threading.Event(), threading.Event()

    def endless() -> Iterator[object]:
        try:
            while True:
                yield "step"
                go_on.wait(5)
        finally:
            closed.set()

    running, waiting = worker.run(endless), worker.run(lambda: iter([1]))
    qtbot.waitUntil(lambda: (running, "step") in ends.said)
    worker.stop()
    go_on.set()
    after = worker.run(lambda: iter([2]))
    qtbot.waitUntil(lambda: (after, "finished") in ends.said)
    assert closed.is_set()
    assert ends.said == [(running, "step"), (running, "stopped"), (waiting, "stopped"), (after, 2), (after, "finished")]


def test_errors_are_words_and_the_thread_lives_on(worker: Worker, qtbot: QtBot) -> None:
    ends, crashes = Ends(worker), []
    worker.crashed.connect(crashes.append)

    def fail(error: Exception) -> Iterator[object]:
        yield 1
        raise error

    known = worker.run(lambda: fail(WriterError("The disk is full.", "Free some space.")))
    unknown = worker.run(lambda: fail(KeyError("x")))
    last = worker.run(lambda: iter(()))
    qtbot.waitUntil(lambda: (last, "finished") in ends.said)
    assert (known, "failed", "The disk is full.", "Free some space.") in ends.said
    [message] = [said[2] for said in ends.said if said[:2] == (unknown, "failed")]
    assert "KeyError" not in str(message)
    assert [type(crash) for crash in crashes] == [KeyError]


def test_close_waits_for_the_step_that_runs(qapp: QObject) -> None:
    worker, steps = Worker(), []

    def endless() -> Iterator[object]:
        while True:
            steps.append(threading.current_thread())
            yield None

    worker.run(endless)
    while not steps:
        pass
    worker.close()
    assert not steps[0].is_alive()


class _Sender(QObject):
    sent = Signal(int)


def test_the_binding_keeps_its_books() -> None:
    """PySide6 6.12.0 takes a reference to True at every emit, which ends the process after some thousands."""
    sender = _Sender()
    before = sys.getrefcount(True)
    for _ in range(500):
        sender.sent.emit(1)
    assert abs(sys.getrefcount(True) - before) < 100


def endless(closed: threading.Event) -> Iterator[object]:
    try:
        while True:
            yield "step"
            time.sleep(0.001)
    finally:
        closed.set()


def test_what_runs_behind_gives_way_to_any_other_job(worker: Worker, qtbot: QtBot) -> None:
    ends, closed = Ends(worker), threading.Event()
    behind = worker.run_behind(lambda: endless(closed))
    waiting = worker.run_behind(lambda: iter(["never"]))
    qtbot.waitUntil(lambda: (behind, "step") in ends.said)
    wanted = worker.run(lambda: iter([1]))
    qtbot.waitUntil(lambda: (wanted, "finished") in ends.said)
    assert closed.is_set()
    assert (behind, "stopped") in ends.said
    assert (waiting, "never") not in ends.said
    after = worker.run_behind(lambda: iter([2]))
    qtbot.waitUntil(lambda: (after, "finished") in ends.said)


def test_one_job_is_cancelled_and_the_next_is_not(worker: Worker, qtbot: QtBot) -> None:
    ends, closed = Ends(worker), threading.Event()
    running, waiting, kept = worker.run(lambda: endless(closed)), worker.run(lambda: iter([1])), None
    kept = worker.run(lambda: iter([2]))
    worker.cancel(waiting)
    worker.cancel(running)
    qtbot.waitUntil(lambda: (kept, "finished") in ends.said)
    assert (waiting, 1) not in ends.said
    assert (running, "stopped") in ends.said
    assert (waiting, "stopped") in ends.said


def test_a_held_worker_begins_no_step_and_can_be_stopped(worker: Worker, qtbot: QtBot) -> None:
    ends, closed = Ends(worker), threading.Event()
    running = worker.run(lambda: endless(closed))
    qtbot.waitUntil(lambda: (running, "step") in ends.said)
    worker.hold(30)
    qtbot.wait(100)
    n_steps = len(ends.said)
    qtbot.wait(150)
    assert len(ends.said) == n_steps
    worker.cancel(running)
    qtbot.waitUntil(lambda: (running, "stopped") in ends.said)
