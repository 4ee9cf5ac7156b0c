"""Two minutes of writing with all help, of the half hour that `make test-long` goes through."""

import os
import statistics
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.end2end.open_starter import STORY, OpenStarter
from tests.end2end.writing_stretch import Stretch
from writer.ui.garbage import collected_here

SECONDS, SAMPLE_SECONDS = 30 * 60, 2 * 60
N_PARTS = 10
GROWTH_BYTES = 60 * 2**20  # the text, its undo steps and what is learnt of it grow all the time


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def write(open_starter: OpenStarter, qtbot: QtBot, seconds: float) -> list[int]:
    """Resident memory after each part."""
    window = open_starter(STORY, ghost=True, one_in=8, strip=True, own_words=0.5, continue_words=15, n_takes=3)
    stretch, resident = Stretch(window), []
    n_threads = n_files = 0
    with collected_here():  # as the program does
        for part in range(N_PARTS):
            stretch.go_on(seconds / N_PARTS)
            resident.append(resident_bytes())
            if part == 0:
                n_threads, n_files = len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))
        for _ in range(N_PARTS):
            if not stretch.has_had_all:  # on a busy machine ghosts come seldom in time
                stretch.go_on(SAMPLE_SECONDS / 4)
    qtbot.waitUntil(lambda: not window.writing.is_busy)
    assert not window.notices.message
    assert stretch.has_had_all
    assert len(os.listdir("/proc/self/task")) <= n_threads
    assert len(os.listdir("/proc/self/fd")) <= n_files + 1  # the journal is between two files at times
    document = window.files.document
    while document.can_undo:
        window.editor.undo()
    stretch.check()
    assert document.text == STORY
    return resident


def test_two_minutes_of_writing(open_starter: OpenStarter, qtbot: QtBot) -> None:
    write(open_starter, qtbot, SAMPLE_SECONDS)


@pytest.mark.long
@pytest.mark.alone
def test_half_an_hour_of_writing(open_starter: OpenStarter, qtbot: QtBot) -> None:
    resident = write(open_starter, qtbot, SECONDS)
    growth = statistics.median(resident[-3:]) - statistics.median(resident[1:4])
    print(f"resident {resident[1] / 2**20:.0f} MB after warming, {growth / 2**20:+.1f} MB at the end")
    assert growth < GROWTH_BYTES
