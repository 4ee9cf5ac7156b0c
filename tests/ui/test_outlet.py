import subprocess
import sys
import threading

import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from writer.ui.outlet import Outlet


class Listener(QObject):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.heard: list[tuple[object, ...]] = []
        self.threads: set[threading.Thread] = set()
        self.outlet = Outlet(self.hear)

    def hear(self, told: tuple[object, ...]) -> None:
        self.heard.append(told)
        self.threads.add(threading.current_thread())


def test_all_is_heard_in_order_on_the_listeners_thread(qtbot: QtBot) -> None:
    listener = Listener()
    other = threading.Thread(target=lambda: [listener.outlet.tell("number", n) for n in range(100)])
    other.start()
    other.join()
    assert listener.heard == []
    qtbot.waitUntil(lambda: len(listener.heard) == 100)
    assert listener.heard == [("number", n) for n in range(100)]
    assert listener.threads == {threading.main_thread()}


def test_a_listener_that_is_gone_hears_nothing(qapp: QApplication) -> None:
    listener = Listener()
    outlet, heard = listener.outlet, listener.heard
    outlet.tell("before")
    assert heard == [("before",)]
    shiboken6.delete(listener)
    outlet.tell("after")
    QApplication.processEvents()
    assert heard == [("before",)]


DESTROYED_WHILE_IT_TELLS = """
import itertools, random, sys, time
from PySide6.QtCore import QCoreApplication, QObject
from shiboken6 import delete
from writer.ui.worker import Worker

app = QCoreApplication([])
sys.setswitchinterval(1e-4)
chance = random.Random(1)
n_events = 0

def count(*_):
    global n_events
    n_events += 1

for _ in range(150):
    window = QObject()
    worker = Worker(window)
    worker.event_arrived.connect(count)
    worker.run(itertools.count)
    until = time.perf_counter() + chance.uniform(0, 0.004)
    while time.perf_counter() < until:
        app.processEvents()
    delete(window)
    worker.close()
print(n_events)
"""


def test_a_worker_may_be_destroyed_while_its_thread_tells() -> None:
    """In a process of its own, which such a moment once ended."""
    result = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", DESTROYED_WHILE_IT_TELLS], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert int(result.stdout) > 1000
