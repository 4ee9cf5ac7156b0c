"""The window's process is killed while a writer types, or a model streams, and never pauses: what comes back.

Promised: all but what was written in the last second, and all but the last 200 characters, of a text with a file or
without one.
"""

import itertools
import os
import random
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from writer.document.drafts.recovery import list_drafts, recover
from writer.document.files.file_ops import FileOps
from writer.document.provenance import Author

SCRIPT = Path(__file__).with_name("type_in_window.py")
ROOT = Path(__file__).resolve().parents[2]
LOST_S, LOST_CHARS = 1.0, 200
START_S = 60.0
N_WHOLE, N_SAMPLE = 200, 10
SEED = 20261125


def expected(length: int) -> str:
    return "".join(itertools.islice((c for n in itertools.count(1) for c in f"{n} "), length))


class Reader:
    """What the child tells, line by line."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        self._pipe, self._rest = process.stdout, b""

    def read_until(self, deadline_s: float) -> list[tuple[float, int]]:
        """(moment, characters) of all that comes until then."""
        told: list[tuple[float, int]] = []
        while (left_s := deadline_s - time.monotonic()) > 0:
            if not select.select([self._pipe], [], [], left_s)[0]:
                break
            data = os.read(self._pipe.fileno(), 65_536)
            if not data:
                break
            *lines, self._rest = (self._rest + data).split(b"\n")
            told += [(time.monotonic(), int(line)) for line in lines]
        return told

    def close(self) -> None:
        self._pipe.close()


@dataclass(frozen=True)
class Lost:
    """Of what the child had told. `too_much`: in words, "" where it is no more than promised."""

    seconds: float
    characters: int
    too_much: str


def kill_one(home: Path, chance: random.Random) -> Lost:
    how, pause_ms = chance.choice(["keys", "keys", "model", "both"]), chance.choice([1, 5, 20])
    file = home / "story.txt"
    arguments = [how, str(pause_ms)]
    if chance.random() < 0.5:
        home.mkdir()
        file.write_bytes(b"")
        arguments.append(str(file))
    environ = os.environ | {"WRITER_HOME": str(home), "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ
    )
    reader = Reader(process)
    try:
        told: list[tuple[float, int]] = []
        begun_by = time.monotonic() + START_S
        while not told:
            assert time.monotonic() < begun_by, "the window did not begin to take text"
            assert process.poll() is None, "the window ended by itself"
            told = reader.read_until(time.monotonic() + 0.05)
        told += reader.read_until(time.monotonic() + chance.uniform(0.1, 6.0))
    finally:
        process.send_signal(signal.SIGKILL)
        killed_s = time.monotonic()
        process.wait()
    told += reader.read_until(time.monotonic() + 0.2)
    reader.close()
    found = what_is_left(home, file)
    assert found == expected(len(found)), "what came back is not what was written"
    n_told = told[-1][1]
    safe = max((n for moment, n in told if moment <= killed_s - LOST_S), default=0)
    is_kept = len(found) >= max(safe, n_told - LOST_CHARS)
    too_much = "" if is_kept else f"{how}, {pause_ms} ms: {len(found)} of {n_told} characters"
    lost_since = next((moment for moment, n in told if n > len(found)), killed_s)
    return Lost(max(0.0, killed_s - lost_since), max(0, n_told - len(found)), too_much)


def what_is_left(home: Path, file: Path) -> str:
    """What the next start shows: the draft, or else the file."""
    drafts = [found for found in list_drafts([home / "state" / "recovery"], FileOps()) if found.recoverable]
    if not drafts:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    recovered = recover(drafts[0], FileOps())
    assert all(run.generation == "g" for run in recovered.runs if run.author is Author.MODEL)
    assert not recovered.generations or [record.id for record in recovered.generations] == ["g"]
    return recovered.text


def kill_many(folder: Path, n_kills: int) -> None:
    """What was written in a stall of the machine is not at fault: a kill that takes too much is tried twice more."""
    chance = random.Random(SEED)
    losses: list[Lost] = []
    for number in range(n_kills):
        for attempt in range(3):
            lost = kill_one(folder / f"{number}-{attempt}", chance)
            if not lost.too_much:
                break
        assert not lost.too_much, lost.too_much
        losses.append(lost)
    seconds, characters = max(lost.seconds for lost in losses), max(lost.characters for lost in losses)
    print(f"{n_kills} kills: at worst {seconds:.2f} s and {characters} characters lost")


def test_d44_d45_a_sample_of_kills_loses_no_more_than_promised(tmp_path: Path) -> None:
    kill_many(tmp_path, N_SAMPLE)


@pytest.mark.long
@pytest.mark.alone
def test_d44_d45_two_hundred_kills_lose_no_more_than_promised(tmp_path: Path) -> None:
    kill_many(tmp_path, N_WHOLE)
