import threading
import time
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from writer.errors import WriterError
from writer.ui.errands import Errands


@pytest.fixture
def errands(qapp: object) -> Iterator[Errands]:
    errands = Errands()
    yield errands
    errands.close()


def test_answers_come_in_order_on_the_windows_thread_from_another_one(errands: Errands, qtbot: QtBot) -> None:
    answers: list[tuple[object, object]] = []
    for number in range(3):
        errands.ask(
            lambda number=number: (number, threading.current_thread()),
            lambda answer: answers.append((answer, threading.current_thread())),
            lambda error: pytest.fail(str(error)),
        )
    assert errands.is_busy
    with qtbot.waitSignal(errands.ended):
        pass
    assert not errands.is_busy
    assert [answer[0] for answer, _ in answers] == [0, 1, 2]
    assert {thread for _, thread in answers} == {threading.main_thread()}
    assert threading.main_thread() not in {answer[1] for answer, _ in answers}


def test_a_failure_is_handed_over_and_the_next_errand_is_done(errands: Errands, qtbot: QtBot) -> None:
    said: list[object] = []

    def fail() -> object:
        raise WriterError("No such file.", "Look again.")

    errands.ask(fail, said.append, lambda error: said.append((error.message, error.hint)))
    errands.ask(lambda: "done", said.append, said.append)
    with qtbot.waitSignal(errands.ended):
        pass
    assert said == [("No such file.", "Look again."), "done"]


def test_a_fault_of_the_program_is_reported_and_told_as_a_failure(errands: Errands, qtbot: QtBot) -> None:
    crashes: list[object] = []
    failures: list[WriterError] = []
    errands.crashed.connect(crashes.append)
    errands.ask(lambda: 1 // 0, lambda _: None, failures.append)
    with qtbot.waitSignal(errands.ended):
        pass
    assert isinstance(crashes[0], ZeroDivisionError)
    assert "unexpected" in failures[0].message
    assert not errands.is_busy


def test_closing_finishes_what_was_asked_but_does_not_wait_for_a_disk_that_never_answers(qapp: object) -> None:
    done: list[str] = []
    quick = Errands()
    quick.ask(lambda: done.append("saved"), lambda _: None, lambda _: None)
    quick.close()
    assert done == ["saved"]
    stuck, answer = Errands(), threading.Event()
    stuck.ask(lambda: answer.wait(120), lambda _: None, lambda _: None)
    began_s = time.monotonic()
    stuck.close()
    assert time.monotonic() - began_s < 60
    answer.set()
