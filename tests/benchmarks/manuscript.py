"""How the window bears a whole book (`make bench-manuscript`): 10,000 to 1,000,000 words of prose.

The prose is the two novels of resources/, their sentences exchanged, with typographic quotation marks and an emoji now
and then. For each size this measures

- opening, three times: from the call that reads the file to the end of the window's update that painted its first
  page; and the memory resident in the window's own process, without a model, before and after;
- key to repaint, typing paragraphs in the middle of the text and at its end, a passage of the model's every 200 words.
  The keys come from this process on a schedule that does not wait for the window, so a window that is busy makes them
  wait, and the waiting counts. A key's time runs from its sending to the end of the window's update that painted it,
  when its pixels are the platform's. Once at an X server (Xvfb) with keys of xdotool (XTEST), the server and Qt's input
  in it, and once without a screen (offscreen), each key a line of a pipe that becomes a key event. The window keeps its
  journal and saves by itself meanwhile; 5,000 keys take a minute and a quarter, long enough for one save. Told for all
  keys, and for the undisturbed: those within a tenth of a second of which the hypervisor, if the machine is a guest's,
  took no processor away (the "steal" of /proc/stat, counted in hundredths of a second);
- saving, until the text and all that belongs to it are on the disk, for how long that holds the window before the rest
  goes on beside it, and the memory resident after all of this;
- one edit of the Document without a window, in processor time: typing in the middle, and replacing at places far
  apart, with one author and with 5,000 passages of the model's.

Exit status 1, with the reasons on stderr, unless

- a million words open in 2 s (the slowest opening);
- a key in the middle of 200,000 words takes 5 ms to its repaint (95th percentile of the undisturbed; the 99.9th is over
  5,000 keys);
- an edit of the Document alone takes 1 ms (99th percentile of 5,000) at any size.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.prose import add_passages, keys, prose
from writer.document.document import Document

SIZES = (10_000, 100_000, 200_000, 1_000_000)  # words
OPENING_SIZE, LONGEST_OPENING_S = 1_000_000, 2.0
KEYS_SIZE, LATEST_REPAINT_MS = 200_000, 5.0
LONGEST_EDIT_MS = 1.0
N_OPENINGS, N_SAVES, N_EDITS = 3, 5, 5_000
N_KEYS = 1_000
N_TAIL_KEYS = 5_000  # of fewer, the 99.9th percentile is a handful
N_PASSAGES = 5_000  # in the document alone
WORDS_PER_PASSAGE = 200  # in the window
UNDISTURBED_S = 0.1  # before and after a key
FEWEST_UNDISTURBED = 500  # to judge by
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.010, 0.020  # unequal, so that keys fall on every phase of the window's timers
PLACES = {"middle": 0.5, "end": 1.0}
PLATFORMS = ("xcb", "offscreen")
KEYSYMS = {" ": "space", "\n": "Return", ".": "period", ",": "comma"}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--words", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--platforms", nargs="+", default=list(PLATFORMS), choices=PLATFORMS)
    parser.add_argument("--keys", type=int, help=f"{N_TAIL_KEYS} at {KEYS_SIZE:,} words and {N_KEYS} else by default")
    options = parser.parse_args()
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="writer-manuscript-") as folder:
        for n_words in options.words:
            path = Path(folder) / f"{n_words}.txt"
            path.write_text(prose(n_words), encoding="utf-8")
            print(f"{n_words:,} words, {path.stat().st_size / 1e6:.1f} MB", flush=True)
            faults += check_document(path.read_text(encoding="utf-8"), n_words)
            n_keys = options.keys or (N_TAIL_KEYS if n_words == KEYS_SIZE else N_KEYS)
            for platform in options.platforms:
                faults += check_window(path, n_words, n_keys, platform)
    for fault in faults:
        print(f"manuscript.py: {fault}", file=sys.stderr)
    return 1 if faults else 0


# -- the document alone ------------------------------------------------------------------------------------------------


def check_document(text: str, n_words: int) -> list[str]:
    document = Document(text)
    faults = []
    for n_passages in (0, N_PASSAGES):
        if n_passages:
            add_passages(document, n_passages)
        for name, edits in (("typing in the middle", edits_of_typing), ("edits far apart", edits_far_apart)):
            took = []
            for start, end, inserted in edits(document):
                began = time.thread_time()
                document.replace(start, end, inserted)
                took.append((time.thread_time() - began) * 1000)
            print(f"  document, {n_passages:,} passages, {name}: {figures(took, (50, 99, 100), 3)}", flush=True)
            if (slow := np.percentile(took, 99)) > LONGEST_EDIT_MS:
                faults.append(f"{n_words:,} words, {n_passages:,} passages, {name}: p99 of an edit is {slow:.2f} ms")
    return faults


def edits_of_typing(document: Document) -> Iterator[tuple[int, int, str]]:
    middle = len(document) // 2
    for i, character in enumerate(keys(N_EDITS)):
        yield middle + i, middle + i, character


def edits_far_apart(document: Document) -> Iterator[tuple[int, int, str]]:
    chance = random.Random(1)
    for i in range(N_EDITS):
        start = chance.randrange(len(document))
        yield start, min(start + i % 12, len(document)), "a word"


# -- the window --------------------------------------------------------------------------------------------------------


def check_window(path: Path, n_words: int, n_keys: int, platform: str) -> list[str]:
    faults = []
    with screen(platform) as environ, driven_window(path, environ) as window, keyboard(window, environ) as press:
        opened = window.ask(f"open {N_OPENINGS}")
        before, first, *_, last = (value / 2**20 for value in opened["resident"])
        print(
            f"  {platform}: opening {' '.join(f'{value:.2f}' for value in opened['seconds'])} s; resident "
            f"{before:.0f} MiB before, {first:.0f} after the first, {last:.0f} after the last",
            flush=True,
        )
        if n_words == OPENING_SIZE and (slow := max(opened["seconds"])) > LONGEST_OPENING_S:
            faults.append(f"{platform}: {n_words:,} words opened in {slow:.2f} s")
        window.ask(f"passages {n_words // WORDS_PER_PASSAGE}")
        for place, share in PLACES.items():
            took, is_undisturbed = key_times(window, press, n_keys, share)
            shares = (50, 95, 99.9) if n_keys >= N_TAIL_KEYS else (50, 95)
            print(f"  {platform}: key to repaint, {place}, {n_keys:,} keys: {figures(took, shares, 1)}", flush=True)
            took = took[is_undisturbed]
            if len(took):
                print(f"    the {len(took):,} undisturbed: {figures(took, shares, 1)}", flush=True)
            if (n_words, place) == (KEYS_SIZE, "middle"):
                where = f"{platform}: in the {place} of {n_words:,} words"
                if len(took) < FEWEST_UNDISTURBED:
                    faults.append(f"{where}, {len(took)} keys were undisturbed, too few to judge")
                elif (late := np.percentile(took, 95)) > LATEST_REPAINT_MS:
                    faults.append(f"{where}, p95 of key to repaint is {late:.1f} ms")
        saved = window.ask(f"save {N_SAVES}")
        times_ms, held_ms = ([1000 * value for value in saved[key]] for key in ("seconds", "held"))
        print(
            f"  {platform}: saving {figures(times_ms, (50, 100), 0)}, the window held for "
            f"{figures(held_ms, (50, 100), 0)}; resident {saved['resident'] / 2**20:.0f} MiB",
            flush=True,
        )
    return faults


def key_times(
    window: "DrivenWindow", press: Callable[[str], None], n_keys: int, share: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Milliseconds from each key to its repaint, and which keys were undisturbed."""
    chance = random.Random(2)
    revision = window.ask(f"place {share}")["revision"]
    sent, stolen = [], []
    due = time.monotonic()
    for key in keys(n_keys):
        due += chance.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S)
        time.sleep(max(0.0, due - time.monotonic()))
        stolen.append(stolen_ticks())
        sent.append(time.monotonic())
        press(key)
    time.sleep(1)
    updates = iter(window.ask("painted")["painted"])
    took = []
    ended, shown = next(updates)
    for n_typed, moment in enumerate(sent, 1):
        while shown < revision + n_typed:
            ended, shown = next(updates)  # StopIteration: a key did not arrive
        took.append((ended - moment) * 1000)
    moments, ticks = np.array(sent), np.array(stolen)
    before = moments.searchsorted(moments - UNDISTURBED_S)
    after = np.minimum(moments.searchsorted(moments + UNDISTURBED_S), n_keys - 1)
    return np.array(took), ticks[before] == ticks[after]


def stolen_ticks() -> int:
    """Processor time that the hypervisor gave to others since the start, hundredths of a second; 0 if not told."""
    counters = Path("/proc/stat")
    return int(counters.read_text().split(maxsplit=9)[8]) if counters.exists() else 0


def figures(values: Sequence[float] | NDArray[np.float64], shares: tuple[float, ...], digits: int) -> str:
    names = ["longest" if share == 100 else f"p{share}" for share in shares]
    return ", ".join(f"{n} {np.percentile(values, s):.{digits}f}" for n, s in zip(names, shares, strict=True)) + " ms"


class DrivenWindow:
    """driven_window.py, from outside."""

    def __init__(self, commands: IO[str], answers: IO[str]) -> None:
        self._commands, self._answers = commands, answers

    def tell(self, command: str) -> None:
        self._commands.write(f"{command}\n")

    def ask(self, command: str) -> dict[str, Any]:
        self.tell(command)
        answer: dict[str, Any] = json.loads(self._answers.readline())
        return answer


@contextmanager
def driven_window(path: Path, environ: dict[str, str]) -> Iterator[DrivenWindow]:
    command = [sys.executable, str(Path(__file__).with_name("driven_window.py")), str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield DrivenWindow(process.stdin, process.stdout)


@contextmanager
def keyboard(window: DrivenWindow, environ: dict[str, str]) -> Iterator[Callable[[str], None]]:
    if "DISPLAY" not in environ:
        yield lambda key: window.tell(f"key {ord(key)}")
        return
    with subprocess.Popen(["xdotool", "-"], stdin=subprocess.PIPE, env=environ, text=True, bufsize=1) as process:
        commands = process.stdin
        assert commands is not None
        yield lambda key: print(f"key --delay 0 {KEYSYMS.get(key, key)}", file=commands)


@contextmanager
def screen(platform: str) -> Iterator[dict[str, str]]:
    """The environment of a window there; only an X server's has a DISPLAY."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("QT_", "WAYLAND")) and k != "DISPLAY"}
    environ["QT_QPA_PLATFORM"] = platform
    if platform == "offscreen":
        yield environ
        return
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as number:
            yield environ | {"DISPLAY": f":{number.readline().strip()}"}
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
