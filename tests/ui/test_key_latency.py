"""A key counts from its arrival to the end of the paint that shows it; what shows nothing does not count."""

import time

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from writer.document.document import Document
from writer.ui.editor import Editor
from writer.ui.key_latency import KeyLatency
from writer.ui.theme import LIGHT


def make(qtbot: QtBot) -> tuple[Editor, KeyLatency]:
    editor = Editor(Document("one"), LIGHT)
    qtbot.addWidget(editor)
    editor.resize(500, 300)
    editor.show()
    QApplication.processEvents()
    return editor, KeyLatency(editor)


def test_a_key_is_timed_until_it_is_painted(qtbot: QtBot) -> None:
    editor, latency = make(qtbot)
    assert latency.last is None
    assert latency.p95_ms is None
    editor.typed.connect(lambda: time.sleep(0.02))  # a slow window
    QTest.keyClick(editor, Qt.Key.Key_A)
    assert latency.samples == ()  # not yet painted
    with qtbot.waitSignal(latency.measured) as told:
        time.sleep(0.01)
    assert told.args == [latency.last]
    assert latency.last is not None
    assert 30 <= latency.last < 20_000


def test_each_key_counts_and_one_paint_may_show_several(qtbot: QtBot) -> None:
    editor, latency = make(qtbot)
    QTest.keyClicks(editor, "ab")
    editor.undo()
    event = QInputMethodEvent()
    event.setCommitString("é")
    QApplication.sendEvent(editor, event)
    qtbot.waitUntil(lambda: len(latency.samples) == 3)
    assert latency.samples[0] > latency.samples[1] > latency.samples[2] == latency.last
    assert latency.p95_ms == latency.samples[0]


@pytest.mark.parametrize("key", [Qt.Key.Key_Shift, Qt.Key.Key_Left, Qt.Key.Key_F5])
def test_keys_that_write_nothing_do_not_count(key: Qt.Key, qtbot: QtBot) -> None:
    editor, latency = make(qtbot)
    QTest.keyClick(editor, key)
    data = QMimeData()
    data.setText("dropped")
    editor.insertFromMimeData(data)
    editor.repaint()
    QTest.qWait(20)
    assert latency.samples == ()


def test_the_95th_of_100_and_only_the_latest_are_kept(qtbot: QtBot) -> None:
    _, latency = make(qtbot)
    latency._samples.extend(float(n) for n in range(100, 0, -1))
    assert latency.p95_ms == 95.0
    latency._samples.extend([7.0] * 1000)
    assert set(latency.samples) == {7.0}
