"""How the window bears a whole book (`make bench-manuscript`): 10,000 to 1,000,000 words of prose.

The prose is made of the two novels in resources/, sentences exchanged, with typographic quotation marks and an emoji
now and then. For each size this measures

- opening: from the call that reads the file to the window's having painted its first page and handed it to the screen;
- key to repaint, typing whole paragraphs in the middle of the text and at its end, a passage of the model's every 200
  words.
  Another process sends the keys on a schedule that does not wait for the window, so a window that is busy makes the
  keys wait and the waiting counts. Each key's time runs from its sending to the end of the window's update that
  painted it: the pixels are then the platform's. Twice: under Xvfb, with the keys of xdotool (XTEST: the X server and
  Qt's input are in it), and without a screen (offscreen), with key events made from lines of a pipe;
- saving, the disk's sync in it; and opening and typing until then, as memory resident in a process of its own;
- one edit of the Document without a window, in processor time: typing in the middle, and replacing at places far
  apart, with one author and with 5,000 passages of the model's.

Exit status 1, with the reasons on stderr, unless a million words open in 2 s, a key takes 5 ms to its repaint (95th
percentile, middle of 200,000 words), and an edit of the Document alone takes 1 ms (99th percentile, any size).
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import psutil

from writer.document.document import Document
from writer.document.provenance import Author
from writer.document.storage import TextFormat, save_text
from writer.paths import resources_dir, user_paths

SIZES = (10_000, 100_000, 200_000, 1_000_000)  # words
KEYS_SIZE, N_MANY_KEYS, N_KEYS = 200_000, 5_000, 1_000
N_OPENINGS = 3
N_SAVINGS = 5
N_EDITS = 5_000
N_PASSAGES = 5_000  # in the document alone
WORDS_PER_PASSAGE = 200  # in the window
PASSAGE = "and so it went on, "
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.010, 0.020  # unequal, so that keys fall on every phase of the window's timers
OPENING_LIMIT_S, KEY_LIMIT_MS, EDIT_LIMIT_MS = 2.0, 5.0, 1.0
PLACES = {"middle": 0.5, "end": 1.0}
PLATFORMS = ("xcb", "offscreen")
KEYSYMS = {" ": "space", "\n": "Return", ".": "period", ",": "comma"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--keys", type=int, help=f"per place; else {N_MANY_KEYS} at {KEYS_SIZE:,} words, {N_KEYS} else")
    parser.add_argument("--platforms", nargs="*", default=list(PLATFORMS), choices=PLATFORMS)
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)  # the child: a window on this file
    options = parser.parse_args()
    if options.window:
        return run_window(options.window)
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="writer-manuscript-") as folder:
        for n_words in options.words:
            path = Path(folder) / f"{n_words}.txt"
            path.write_text(prose(n_words), encoding="utf-8")
            print(f"{n_words:,} words, {path.stat().st_size / 1e6:.1f} MB", flush=True)
            faults += check_document(path)
            n_keys = options.keys or (N_MANY_KEYS if n_words == KEYS_SIZE else N_KEYS)
            for platform in options.platforms:
                faults += check_window(path, n_words, n_keys, platform)
    for fault in faults:
        print(f"manuscript.py: {fault}", file=sys.stderr)
    return 1 if faults else 0


# -- the text ----------------------------------------------------------------------------------------------------------


def novels() -> list[str]:
    """Paragraphs, each one line, with the quotation marks of a typesetter."""
    folder = resources_dir()
    files = [folder / "gate" / "alice.txt", *sorted((folder / "calibration").glob("*.txt"))]
    text = "\n\n".join(file.read_text(encoding="utf-8") for file in files)
    text = re.sub(r"(?<![\w.,!?;:])\"", "“", text).replace('"', "”")
    text = re.sub(r"(?<![\w.,!?;:])'", "‘", text).replace("'", "’").replace("--", "—")
    return [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def prose(n_words: int) -> str:
    """The same text for the same size: paragraphs of the novels, one sentence in each exchanged for another."""
    chance = random.Random(n_words)
    paragraphs = [re.split(r"(?<=[.!?]) ", paragraph) for paragraph in novels()]
    sentences = [sentence for paragraph in paragraphs for sentence in paragraph]
    written: list[str] = []
    n_written = 0
    while n_written < n_words:
        for paragraph in paragraphs:
            changed = list(paragraph)
            changed[chance.randrange(len(changed))] = chance.choice(sentences)
            if chance.random() < 0.05:
                changed.append(chance.choice("🙂🌧🚂"))
            written.append(" ".join(changed))
            n_written += len(written[-1].split())
            if n_written >= n_words:
                break
    return "\n\n".join(written)


def keys(n_keys: int) -> str:
    """What is typed: prose without capitals, which would need two keys, a paragraph now and then."""
    text = re.sub(r"[^a-z ,.\n]", "", "\n".join(novels()).lower())
    return text[:n_keys]


def mark_passages(document: Document, n_passages: int) -> None:
    """Give the model its share, all over the text."""
    for i in range(n_passages):
        at = (2 * i + 1) * len(document) // (2 * n_passages)
        document.replace(at, at, PASSAGE, Author.MODEL, f"g{i}")


def save(path: Path, document: Document) -> None:
    """As the product saves."""
    save_text(path, document.text, TextFormat())


# -- the document alone ------------------------------------------------------------------------------------------------


def check_document(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    document = Document(text)
    faults = []
    for spans in ("one author", f"{N_PASSAGES:,} passages"):
        if spans != "one author":
            mark_passages(document, N_PASSAGES)
        for name, edits in (("typing in the middle", typed_edits), ("edits far apart", far_edits)):
            took = []
            for start, end, inserted in edits(document):
                began = time.thread_time()
                document.replace(start, end, inserted)
                took.append((time.thread_time() - began) * 1000)
            print(f"  document, {spans}, {name}: {percentiles(took, (50, 99, 100), 3)}")
            if (worst := float(np.percentile(took, 99))) >= EDIT_LIMIT_MS:
                faults.append(f"{path.stem} words, {spans}, {name}: {worst:.2f} ms at the 99th percentile")
    return faults


def typed_edits(document: Document) -> Iterator[tuple[int, int, str]]:
    at = len(document) // 2
    for i, character in enumerate(keys(N_EDITS)):
        yield at + i, at + i, character


def far_edits(document: Document) -> Iterator[tuple[int, int, str]]:
    chance = random.Random(1)
    for i in range(N_EDITS):
        start = chance.randrange(len(document))
        yield start, min(start + i % 12, len(document)), "a word"


# -- the window, from outside ------------------------------------------------------------------------------------------


def check_window(path: Path, n_words: int, n_keys: int, platform: str) -> list[str]:
    faults = []
    with screen(platform) as environ, child(path, environ) as window:
        press: Callable[[str], None] = window.press
        keyboard = None
        if platform == "xcb":
            keyboard = subprocess.Popen(["xdotool", "-"], stdin=subprocess.PIPE, env=environ, text=True, bufsize=1)
            press = press_with(keyboard.stdin)
        opened = window.ask("open")
        times = [float(value) for value in opened["seconds"]]
        print(
            f"  {platform}: opening {', '.join(f'{value:.2f}' for value in times)} s; "
            f"resident {opened['resident_before'] / 2**20:.0f} MiB before, {opened['resident'] / 2**20:.0f} MiB after",
            flush=True,
        )
        if n_words == SIZES[-1] and max(times) > OPENING_LIMIT_S:
            faults.append(f"{platform}: {n_words:,} words opened in {max(times):.2f} s")
        window.ask(f"passages {n_words // WORDS_PER_PASSAGE}")
        for place, share in PLACES.items():
            took = key_times(window, press, n_keys, share)
            shares = (50, 95, 99.9) if n_keys >= N_MANY_KEYS else (50, 95)
            print(f"  {platform}: key to repaint, {place}, {n_keys} keys: {percentiles(took, shares, 1)}", flush=True)
            late = float(np.percentile(took, 95))
            if n_words == KEYS_SIZE and place == "middle" and late > KEY_LIMIT_MS:
                faults.append(f"{platform}: key to repaint takes {late:.1f} ms in the middle, 95th percentile")
        closed = window.ask("save")
        times_ms = [float(value) * 1000 for value in closed["seconds"]]
        print(
            f"  {platform}: saving {percentiles(times_ms, (50, 100), 0)}; resident {closed['resident'] / 2**20:.0f} MiB"
        )
        if keyboard and keyboard.stdin:
            keyboard.stdin.close()
            keyboard.wait()
    return faults


def key_times(window: "Child", press: Callable[[str], None], n_keys: int, share: float) -> list[float]:
    """Milliseconds from each key to its repaint."""
    chance = random.Random(2)
    before = window.ask(f"place {share}")["revision"]
    sent = []
    due = time.monotonic()
    for key in keys(n_keys):
        due += chance.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S)
        time.sleep(max(0.0, due - time.monotonic()))
        sent.append(time.monotonic())
        press(key)
    time.sleep(1)
    painted = window.ask("painted")["painted"]
    took, at = [], 0
    for i, moment in enumerate(sent):
        while painted[at][1] < before + i + 1:  # an IndexError here: a key never arrived
            at += 1
        took.append((painted[at][0] - moment) * 1000)
    return took


def press_with(stream: IO[str] | None) -> Callable[[str], None]:
    assert stream is not None

    def press(key: str) -> None:
        stream.write(f"key --delay 0 {KEYSYMS.get(key, key)}\n")

    return press


class Child:
    """A window in a process of its own, which answers lines with lines."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout

    def ask(self, command: str) -> dict[str, list[tuple[float, int]]]:
        self._stdin.write(f"{command}\n")
        return json.loads(self._stdout.readline())

    def press(self, key: str) -> None:
        self._stdin.write(f"key {ord(key)}\n")


@contextmanager
def child(path: Path, environ: dict[str, str]) -> Iterator[Child]:
    command = [sys.executable, __file__, "--window", str(path)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True, bufsize=1
    )
    try:
        yield Child(process)
    finally:
        process.communicate()


@contextmanager
def screen(platform: str) -> Iterator[dict[str, str]]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("QT_", "WAYLAND"))}
    environ["QT_QPA_PLATFORM"] = platform
    if platform == "offscreen":
        yield environ
        return
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as number:
        environ["DISPLAY"] = f":{number.readline().strip()}"
    try:
        yield environ
    finally:
        server.terminate()
        server.wait()


def percentiles(values: list[float], shares: tuple[float, ...], digits: int) -> str:
    return (
        ", ".join(
            f"{'longest' if share == 100 else f'p{share}'} {np.percentile(values, share):.{digits}f}"
            for share in shares
        )
        + " ms"
    )


# -- the window, from inside -------------------------------------------------------------------------------------------


def run_window(path: Path) -> int:
    from PySide6.QtCore import QEvent, QObject, QSocketNotifier
    from PySide6.QtTest import QTest

    from writer.ui.app import make_application
    from writer.ui.main_window import MainWindow

    class Window(MainWindow):
        """Notes when an update in which the page was painted has ended, and which revision it showed."""

        def __init__(self) -> None:
            self.painted: list[tuple[float, int]] = []
            self._shown: int | None = None
            super().__init__(user_paths({"WRITER_HOME": tempfile.mkdtemp(dir=path.parent)}))
            self.editor.viewport().installEventFilter(self)

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                self._shown = self.files.document.revision
            return False

        def event(self, event: QEvent) -> bool:
            handled = super().event(event)
            if event.type() == QEvent.Type.UpdateRequest and self._shown is not None:
                self.painted.append((time.monotonic(), self._shown))
                self._shown = None
            return handled

    app = make_application([])
    window = Window()
    window.rail.close()
    window.show()
    window.activateWindow()
    window.editor.setFocus()
    QTest.qWait(300)
    process = psutil.Process()

    def open_file() -> dict[str, object]:
        before, seconds = process.memory_info().rss, []
        for _ in range(N_OPENINGS):
            window.painted.clear()
            began = time.monotonic()
            window.files.open_path(path)
            while not window.painted:
                app.processEvents()
            seconds.append(window.painted[0][0] - began)
            QTest.qWait(500)
        return {"seconds": seconds, "resident_before": before, "resident": process.memory_info().rss}

    def add_passages(n_passages: str) -> dict[str, object]:
        mark_passages(window.files.document, int(n_passages))
        return {}

    def place(share: str) -> dict[str, object]:
        document = window.files.document
        window.editor.set_caret(int(float(share) * len(document)))
        QTest.qWait(500)
        window.painted.clear()
        return {"revision": document.revision}

    def save_file() -> dict[str, object]:
        seconds = []
        for _ in range(N_SAVINGS):
            began = time.monotonic()
            save(path, window.files.document)
            seconds.append(time.monotonic() - began)
        window.files.document.mark_saved()
        return {"seconds": seconds, "resident": process.memory_info().rss}

    commands: dict[str, Callable[..., dict[str, object]]] = {
        "open": open_file,
        "passages": add_passages,
        "place": place,
        "painted": lambda: {"painted": window.painted},
        "save": save_file,
    }
    rest = b""

    def read() -> None:
        nonlocal rest
        data = os.read(0, 65_536)
        if not data:
            app.quit()
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            name, *arguments = line.decode().split()
            if name == "key":
                QTest.keyClick(window.editor, chr(int(arguments[0])).replace("\n", "\r"))
            else:
                print(json.dumps(commands[name](*arguments)), flush=True)

    notifier = QSocketNotifier(0, QSocketNotifier.Type.Read)
    notifier.activated.connect(read)
    app.exec()
    window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
