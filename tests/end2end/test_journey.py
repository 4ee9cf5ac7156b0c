"""A writer at a real screen: keys and mouse through X, the program in a process of its own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

WAIT_S = 30.0


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@pytest.fixture
def display() -> Iterator[str]:
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as number:
        name = f":{number.readline().strip()}"
    yield name
    server.terminate()
    server.wait()


@pytest.fixture
def press(display: str) -> Callable[..., None]:
    """Sends keys and clicks, each a real event of the X server."""

    def press(*actions: str) -> None:
        subprocess.run(["xdotool", *actions], check=True, env=os.environ | {"DISPLAY": display}, timeout=20)

    return press


@pytest.fixture
def start(display: str, poem_home: Path, writer_home: Path) -> Iterator[Callable[[Path], subprocess.Popen[bytes]]]:
    shutil.copytree(poem_home / "data", writer_home / "data")
    (writer_home / "config").mkdir()
    (writer_home / "config" / "settings.toml").write_text(
        "acknowledged = true\n[sampling]\ntemperature = 0.0\nrepetition_penalty = 1.0\nmax_new_tokens = 100\n"
    )
    running: list[subprocess.Popen[bytes]] = []

    def start(file: Path) -> subprocess.Popen[bytes]:
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("QT_", "WAYLAND"))}
        with (writer_home / "errors.txt").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "writer", str(file)],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=environ | {"DISPLAY": display, "WRITER_HOME": str(writer_home)},
            )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_open_continue_save_and_leave_in_the_middle(
    start: Callable[[Path], "subprocess.Popen[bytes]"],
    press: Callable[..., None],
    display: str,
    poem: str,
    writer_home: Path,
    tmp_path: Path,
) -> None:
    story = tmp_path / "tyger.txt"
    first_line = poem.partition("\n")[0]
    story.write_text(first_line)
    process = start(story)
    environ = os.environ | {"DISPLAY": display}

    def is_open() -> bool:
        search = ["xdotool", "search", "--onlyvisible", "--name", "tyger.txt"]
        return subprocess.run(search, env=environ, capture_output=True, timeout=20).returncode == 0

    wait_until(is_open, "the window")
    press("mousemove", "500", "400", "click", "1", "key", "ctrl+End")

    def recited() -> bool:
        # Until the model is awake Continue does nothing; once it has recited, it has nothing to add.
        press("key", "ctrl+Return")
        time.sleep(0.5)
        press("key", "ctrl+s")
        time.sleep(0.2)
        return story.read_text() == poem

    wait_until(recited, "the poem")

    # Leaving while words arrive: the text differs from the file, so it is asked about; what is saved stays.
    press("key", "ctrl+a", "key", "BackSpace", "type", "Tyger")
    press("key", "ctrl+Return", "key", "ctrl+q")
    time.sleep(1)
    press("key", "Tab", "key", "space")
    assert process.wait(timeout=WAIT_S) == 0
    assert (writer_home / "errors.txt").read_text() == ""
    assert story.read_text() == poem
