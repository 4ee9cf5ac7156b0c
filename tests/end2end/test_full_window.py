"""The model's window fills up while it writes: it reads its newer part again, and the window says so."""

import dataclasses
from collections.abc import Callable

from pytestqt.qtbot import QtBot

from writer.engine.config import GenerationConfig
from writer.ui.generation import State
from writer.ui.main_window import MainWindow


def test_reading_again_in_the_middle_is_shown_and_passes(
    open_window: Callable[[str], MainWindow], qtbot: QtBot
) -> None:
    window = open_window("The tide came in, and nobody spoke of it. " * 70)
    states: list[State] = []
    window.generation.state_changed.connect(states.append)
    config = GenerationConfig(temperature=2.0, max_new_tokens=700, min_new_tokens=700)
    window.sampling.set_config(dataclasses.replace(config, seed=3))
    with qtbot.waitSignal(window.generation.finished, timeout=60_000):
        window.menus.continue_writing.trigger()
    qtbot.waitUntil(lambda: window.generation.state is State.IDLE)
    assert states == [State.READING, State.WRITING, State.READING, State.WRITING, State.IDLE]
