"""Presage (https://presage.sourceforge.io, the Debian package of that name) on a passage, by its own simulator."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.benchmarks.keystrokes import Typed

_PROFILE = Path("/etc/presage.xml")
_STEP = re.compile(r"===> (.*)\n   > (.*)\n((?:(?!===> |\n).+\n)*)")


def is_installed() -> bool:
    return shutil.which("presage_simulator") is not None and _PROFILE.exists()


def write_with_presage(before: str, passage: str, home: Path, *, any_case: bool = False) -> list[Typed]:
    """How each word of `passage` came about for somebody who wrote `before` with presage, too.

    home -- an empty folder, in which it keeps what it learns
    any_case -- as if every word were written in small letters, which is all that presage knows
    """
    profile = home / "profile.xml"
    as_many = "<SUGGESTIONS>5</SUGGESTIONS>"
    profile.write_text(re.sub(r"<SUGGESTIONS>\d+</SUGGESTIONS>", as_many, _PROFILE.read_text()))
    (home / ".presage").mkdir()
    text = before + passage
    (home / "text").write_text(text)
    command = ["presage_simulator", "-c", str(profile), *(["-i"] if any_case else []), str(home / "text")]
    told = subprocess.run(command, env={**os.environ, "HOME": str(home)}, capture_output=True, text=True, check=True)
    words = _read(told.stdout, text.lower() if any_case else text)
    n_before = len(before)
    return [
        Typed(word.start - n_before, word.end - n_before, word.n_letters, word.is_taken)
        for word in words
        if word.start >= n_before
    ]


def _read(output: str, text: str) -> list[Typed]:
    """The simulator tells each word, the letters typed of it and the words shown, up to the one that was wanted."""
    words: list[Typed] = []
    place = 0
    n_letters = 0
    for step in _STEP.finditer(output):
        word, shown = step.group(1), step.group(3).splitlines()
        is_taken = word in shown
        if not word:
            continue
        if is_taken or n_letters == len(word):
            start = text.index(word, place)
            place = start + len(word)
            words.append(Typed(start, place, n_letters, is_taken))
            n_letters = 0
        else:
            n_letters += 1
    return words
