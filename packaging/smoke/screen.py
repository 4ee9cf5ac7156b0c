"""A screen and a keyboard without either: Xvfb and xdotool."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Screen:
    """display -- the server's name, such as `:1`"""

    display: str

    def press(self, *actions: str) -> None:
        """xdotool's actions, each a real event of the server."""
        subprocess.run(["xdotool", *actions], check=True, env=self._environment, timeout=30)

    def title(self, words: str) -> str:
        """Of the window in sight that has these words in its title, "" where there is none."""
        search = ["xdotool", "search", "--onlyvisible", "--name", words, "getwindowname"]
        return subprocess.run(search, env=self._environment, capture_output=True, text=True, timeout=30).stdout.strip()

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {"DISPLAY": self.display}


def can_show() -> bool:
    """Whether this machine has what it takes."""
    return all(map(shutil.which, ("Xvfb", "xdotool")))


@contextmanager
def make_screen() -> Iterator[Screen]:
    reading, writing = os.pipe()
    # -ac: the program may be another user's. -noreset: a server that resets as its last client leaves throws out who
    # comes at that moment.
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset", "-ac"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as number:
            yield Screen(f":{number.readline().strip()}")
    finally:
        server.terminate()
        server.wait(timeout=30)
