"""A long day of writing in one window: memory, threads and open files stay where they are."""

import os
import random
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.end2end.open_page import wait_saved
from writer.engine.config import GenerationConfig
from writer.ui.garbage import collected_here
from writer.ui.generation import State
from writer.ui.main_window import MainWindow

OpenWindow = Callable[[str], MainWindow]
N_ROUNDS, N_SAMPLE_ROUNDS = 100, 6
EDITS, SAVES, GENERATIONS = 100, 5, 2  # in each round
LONGEST_CHARS = 40_000
GROWTH_BYTES = 20 * 2**20


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def n_entries(folder: str) -> int:
    return len(os.listdir(folder))


class Day:
    def __init__(self, window: MainWindow, path: Path, qtbot: QtBot) -> None:
        self._window, self._path, self._qtbot = window, path, qtbot
        self._chance = random.Random(11)
        self.resident: list[int] = []
        self.threads: list[int] = []
        self.descriptors: list[int] = []

    def go_through(self, n_rounds: int) -> None:
        self._window.files.save_to(self._path)
        wait_saved(self._window, self._qtbot)
        for _ in range(n_rounds):
            for number in range(EDITS):
                self._edit()
                if number % (EDITS // SAVES) == 0:
                    self._window.files.save()
                    wait_saved(self._window, self._qtbot)
                if number % (EDITS // GENERATIONS) == 0:
                    self._generate()
            self._window.files.save()
            wait_saved(self._window, self._qtbot)
            self._window.manuscripts.safekeeping.sync()  # the journal has ended too
            self.resident.append(resident_bytes())
            self.threads.append(n_entries("/proc/self/task"))
            self.descriptors.append(n_entries("/proc/self/fd"))

    def _edit(self) -> None:
        editor, document = self._window.editor, self._window.files.document
        editor.set_caret(self._chance.randrange(len(document) + 1))
        kind = self._chance.random()
        if kind < 0.7:
            QTest.keyClicks(editor, self._chance.choice(["a word ", "and another. ", "x"]))
        elif kind < 0.8:
            editor.undo()
        elif kind < 0.9 or len(document) > LONGEST_CHARS:
            start = self._chance.randrange(len(document) + 1)
            document.replace(start, min(len(document), start + self._chance.randrange(800)), "")
        else:
            document.replace(editor.caret, editor.caret, "A pasted sentence of some length. " * 8)

    def _generate(self) -> None:
        self._window.editor.set_caret(len(self._window.files.document))
        QTest.keyClicks(self._window.editor, "and ")  # chance may have deleted all there was to continue
        self._window.writing.continue_at_caret()
        self._qtbot.waitUntil(lambda: self._window.generation.state is not State.IDLE, timeout=60_000)
        self._qtbot.waitUntil(lambda: self._window.generation.state is State.IDLE, timeout=60_000)


def live_through(n_rounds: int, window: MainWindow, path: Path, qtbot: QtBot) -> Day:
    window.sampling.set_config(replace(GenerationConfig(), max_new_tokens=4, min_new_tokens=4))
    day = Day(window, path, qtbot)
    with collected_here():  # as the program does
        day.go_through(n_rounds)
    text = window.files.document.text
    window.files.save()
    wait_saved(window, qtbot)
    assert path.read_text(encoding="utf-8") == text
    assert not window.notices.message
    return day


def test_d57_a_short_day_leaves_no_thread_and_no_open_file_behind(
    open_window: OpenWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    day = live_through(N_SAMPLE_ROUNDS, open_window("Tyger Tyger"), tmp_path / "story.txt", qtbot)
    assert day.threads[-1] <= day.threads[0]
    assert day.descriptors[-1] <= day.descriptors[0]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        ".story.txt.writer-lock",
        "story.txt",
        "story.txt.writer.json",
    ]


@pytest.mark.long
@pytest.mark.alone
def test_d57_ten_thousand_edits_five_hundred_saves_and_two_hundred_generations_leave_everything_flat(
    open_window: OpenWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    day = live_through(N_ROUNDS, open_window("Tyger Tyger"), tmp_path / "story.txt", qtbot)
    warm = N_ROUNDS // 5
    first, last = day.resident[warm : 2 * warm], day.resident[-warm:]
    growth = statistics.median(last) - statistics.median(first)
    print(f"resident {day.resident[warm] / 2**20:.0f} MB after warming, {growth / 2**20:+.1f} MB at the end")
    assert growth < GROWTH_BYTES
    assert max(day.threads[-warm:]) <= max(day.threads[:warm])
    assert max(day.descriptors[-warm:]) <= max(day.descriptors[:warm])
