"""A writer at a real screen: keys and mouse through X, the program in a process of its own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

WAIT_S = 60.0
POEM = "temperature = 0.0\nrepetition_penalty = 1.0\nmax_new_tokens = 100\n"
ENDLESS = "temperature = 2.0\nrepetition_penalty = 1.0\nmin_new_tokens = 4096\nmax_new_tokens = 4096\n"
AS_SET = 'ghost = false\ncontinue_goal = "as_set"\n'  # as long as the sampling says

Start = Callable[[Path, str], "subprocess.Popen[bytes]"]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@pytest.fixture
def start(display: str, title: Callable[[], str], poem_home: Path, writer_home: Path) -> Iterator[Start]:
    """Starts the program on a file, with the poem's model and the sampling given, and waits for its window."""
    shutil.copytree(poem_home / "data", writer_home / "data")
    (writer_home / "config").mkdir()
    running: list[subprocess.Popen[bytes]] = []

    def start(file: Path, sampling: str) -> subprocess.Popen[bytes]:
        settings = f"acknowledged = true\n[sampling]\n{sampling}[suggestions]\n{AS_SET}"
        (writer_home / "config" / "settings.toml").write_text(settings)
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("QT_", "WAYLAND"))}
        with (writer_home / "errors.txt").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "writer", str(file)],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=environ | {"DISPLAY": display, "WRITER_HOME": str(writer_home)},
            )
        running.append(process)
        wait_until(lambda: bool(title()) or process.poll() is not None, "the window")
        assert process.poll() is None, (writer_home / "errors.txt").read_text()
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def title(display: str) -> Callable[[], str]:
    """What stands above the window, "" when there is none. It has a star while there are changes to save."""

    def title() -> str:
        search = ["xdotool", "search", "--onlyvisible", "--name", "tyger.txt", "getwindowname"]
        found = subprocess.run(
            search, env=os.environ | {"DISPLAY": display}, capture_output=True, text=True, timeout=20
        )
        return found.stdout.strip()

    return title


def test_open_continue_and_save(
    start: Start, press: Callable[..., None], poem: str, writer_home: Path, tmp_path: Path
) -> None:
    story = tmp_path / "tyger.txt"
    story.write_text(poem.partition("\n")[0])
    process = start(story, POEM)
    press("mousemove", "500", "400", "click", "1", "key", "ctrl+End")

    def recited() -> bool:
        # Until the model is awake Continue does nothing; once it has recited, it has nothing to add.
        press("key", "ctrl+Return")
        time.sleep(0.5)
        press("key", "ctrl+s")
        time.sleep(0.2)
        return story.read_text() == poem

    wait_until(recited, "the poem")
    press("key", "ctrl+q")
    assert process.wait(timeout=WAIT_S) == 0
    assert (writer_home / "errors.txt").read_text() == ""
    assert story.read_text() == poem


def test_leaving_while_words_arrive(
    start: Start, press: Callable[..., None], title: Callable[[], str], writer_home: Path, tmp_path: Path
) -> None:
    story = tmp_path / "tyger.txt"
    story.write_text("Tyger Tyger")
    process = start(story, ENDLESS)
    press("mousemove", "500", "400", "click", "1", "key", "ctrl+End")

    def running() -> bool:
        press("key", "ctrl+Return")  # does nothing until the model is awake
        time.sleep(0.5)
        return "*" in title()

    wait_until(running, "the first words")
    sizes = [story.stat().st_size]
    for _ in range(2):
        press("key", "ctrl+s")
        wait_until(lambda: story.stat().st_size > sizes[-1], "more words in the file")
        sizes.append(story.stat().st_size)
        wait_until(lambda: "*" in title(), "words after those that were saved")
    # It is running: nothing but the model has changed the text since it was saved.
    press("key", "ctrl+q")
    assert process.wait(timeout=WAIT_S) == 0
    assert (writer_home / "errors.txt").read_text() == ""
    assert story.stat().st_size > sizes[-1], "the words since then are saved without a question"
