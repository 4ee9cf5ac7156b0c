"""The window as a writer has it before them: opened on a file, typed into, continued, saved and closed by keys."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from smoke import processes
from smoke.place import Place, wait_for
from smoke.screen import Screen, make_screen
from smoke.steps import LEAST_WORDS, StepError, last_line

FILE_NAME = "a window's text.txt"
_BEGUN, _TYPED = "It was a quiet evening in the harbour.", " The old keeper climbed the stairs and"
_LOOK_S = 0.05
_SAVING_S = 0.3
_SETTLED_S = 2.0


def write_in_window(place: Place, before: Sequence[str]) -> str:
    """before -- what to put before the command. Returns what to tell of it; raises StepError."""
    file = place.outside(place.texts) / FILE_NAME
    file.write_text(_BEGUN, encoding="utf-8")
    place.own(file)
    with make_screen() as screen:
        process = place.start([str(place.texts / file.name)], before, screen.display)
        try:
            return _Window(process, screen, file).drive()
        except (StepError, subprocess.SubprocessError) as error:
            processes.end(process)
            raise StepError(f"{error} {last_line(wait_for(process, 30).stderr)}".strip()) from None


class _Window:
    def __init__(self, process: "subprocess.Popen[str]", screen: Screen, file: Path) -> None:
        self._process, self._screen, self._file = process, screen, file

    def drive(self) -> str:
        began_s = time.monotonic()
        self._wait_until(lambda: self._screen.title(self._file.name), "a window", 60)
        opened_s = time.monotonic() - began_s
        self._screen.press("mousemove", "500", "400", "click", "1", "key", "ctrl+End", "type", _TYPED)
        self._wait_until(lambda: self._save() == _BEGUN + _TYPED, "what was typed, in the file", 60)
        self._wait_until(self._has_continued, "the model's words in the file", 180)
        self._wait_until(self._has_settled, "their end", 300)
        text = self._read()
        self._screen.press("key", "ctrl+q")
        ended = wait_for(self._process, 60)
        if ended.status or ended.stderr.strip():
            raise StepError(f"It ended with status {ended.status}, and says {ended.stderr.strip()!r}.")
        if self._read() != text:
            raise StepError("The file has changed after it was saved for the last time.")
        if not text.startswith(_BEGUN + _TYPED) or len(text[len(_BEGUN + _TYPED) :].split()) < LEAST_WORDS:
            raise StepError(f"The file holds {text!r}.")
        return f"in sight after about {opened_s:.1f} s; {len(text)} characters saved"

    def _wait_until(self, is_so: Callable[[], object], what: str, patience_s: float) -> None:
        until = time.monotonic() + patience_s
        while not is_so():
            if self._process.poll() is not None:
                raise StepError(f"It ended with status {self._process.returncode} before there was {what}.")
            if time.monotonic() > until:
                raise StepError(f"Waited in vain for {what}.")
            time.sleep(_LOOK_S)

    def _read(self) -> str:
        return self._file.read_text(encoding="utf-8")

    def _save(self) -> str:
        """What the file holds then."""
        self._screen.press("key", "ctrl+s")
        time.sleep(_SAVING_S)
        return self._read()

    def _has_continued(self) -> bool:
        self._screen.press("key", "ctrl+Return")  # does nothing until the model is ready
        time.sleep(_SETTLED_S)
        return len(self._save()) > len(_BEGUN + _TYPED)

    def _has_settled(self) -> bool:
        before = self._save()
        time.sleep(_SETTLED_S)
        return self._save() == before
