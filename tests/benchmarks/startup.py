"""How long Writer takes from the start of its process to the first letter on the page (`make bench-startup`).

    startup.py [--runs N] [EXECUTABLE...]

The checkout, and each executable given (such as build/frozen/writer/writer), opens an empty file in its window on a
screen of its own. A key is pressed as soon as the window is there, and again every 50 ms until a letter is seen in the
picture of the page, so that what is measured is what a writer sees. `shown` is when the window is there.

Warm: its files were read a moment ago. Cold: they have been put out of the system's memory, as far as it lets them go;
what the graphics and the fonts of the system need stays.
"""

import argparse
import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 1280, 800
KEY = "W"
KEY_EVERY_S = 0.05
LOOK_EVERY_S = 0.004
LONGEST_S = 60.0
SETTLED_S = 1.5

Picture = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Start:
    """Seconds from the start of the process."""

    shown_s: float
    letter_s: float


class Screen:
    """Xvfb with its picture in a file, and keys pressed through XTEST."""

    def __init__(self, folder: Path) -> None:
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", str(folder)]
        self._server = subprocess.Popen([*command, "-nolisten", "tcp"], pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as answer:
            self.name = f":{answer.readline().strip()}"
        self._x = ctypes.CDLL("libX11.so.6")
        self._test = ctypes.CDLL("libXtst.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(self.name.encode()))
        self._root = ctypes.c_ulong(self._x.XDefaultRootWindow(self._display))
        file = next(folder.glob("Xvfb_screen*"))
        header = np.fromfile(file, ">u4", 25)
        colours = int(header[19]) * 12
        self._pixels = np.memmap(file, "<u4", "r", int(header[0]) + colours, (HEIGHT, WIDTH))
        symbol = self._x.XStringToKeysym(KEY.lower().encode())
        self._key = self._x.XKeysymToKeycode(self._display, ctypes.c_ulong(symbol))
        symbol = self._x.XStringToKeysym(b"Shift_L")
        self._shift = self._x.XKeysymToKeycode(self._display, ctypes.c_ulong(symbol))

    def close(self) -> None:
        self._server.terminate()
        self._server.wait()

    def picture(self) -> Picture:
        return np.array(self._pixels)

    def windows(self) -> list[int]:
        """Those that are shown, as large as a window of a program is."""
        root, parent, n = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
        found = ctypes.POINTER(ctypes.c_ulong)()
        pointers = map(ctypes.byref, (root, parent, found, n))
        self._x.XQueryTree(self._display, self._root, *pointers)
        windows = [found[i] for i in range(n.value)]
        if n.value:
            self._x.XFree(found)
        return [window for window in windows if self._is_shown(window)]

    def _is_shown(self, window: int) -> bool:
        attributes = (ctypes.c_int * 64)()  # XWindowAttributes: x, y, width, height, …, map_state at byte 92
        if not self._x.XGetWindowAttributes(self._display, ctypes.c_ulong(window), ctypes.byref(attributes)):
            return False
        return attributes[2] > 300 and attributes[23] == 2

    def focus(self, window: int) -> None:
        self._x.XSetInputFocus(self._display, ctypes.c_ulong(window), 1, ctypes.c_ulong(0))
        self._x.XSync(self._display, 0)

    def press(self) -> None:
        for key, is_down in ((self._shift, 1), (self._key, 1), (self._key, 0), (self._shift, 0)):
            self._test.XTestFakeKeyEvent(self._display, key, is_down, ctypes.c_ulong(0))
        self._x.XFlush(self._display)


@contextmanager
def started(command: list[str], screen: Screen, folder: Path) -> Iterator[tuple[float, "subprocess.Popen[bytes]"]]:
    """The moment of its start, and the program with an empty file in its window, in an environment of its own."""
    file, home = folder / "page.txt", folder / "home"
    file.write_bytes(b"")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    environ = kept | {"DISPLAY": screen.name, "HOME": str(home), "WRITER_HOME": str(home / "writer")}
    began = time.monotonic()
    process = subprocess.Popen([*command, str(file)], env=environ, cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        yield began, process
    finally:
        process.kill()
        process.wait()
        while screen.windows():
            time.sleep(LOOK_EVERY_S)


def wait_for_window(screen: Screen, process: "subprocess.Popen[bytes]") -> int:
    for _ in range(round(LONGEST_S / LOOK_EVERY_S)):
        if windows := screen.windows():
            return windows[0]
        if process.poll() is not None:
            sys.exit(f"The program ended with {process.returncode} before it had a window.")
        time.sleep(LOOK_EVERY_S)
    sys.exit("No window came.")


def letter_place(command: list[str], screen: Screen, folder: Path) -> tuple[slice, slice]:
    """Where in the picture the first letter will be. Rows and columns."""
    with started(command, screen, folder) as (_, process):
        window = wait_for_window(screen, process)
        screen.focus(window)
        time.sleep(5 * SETTLED_S)
        before = [screen.picture() for _ in range(3) if not time.sleep(0.4)]
        screen.press()
        time.sleep(SETTLED_S)
        after = [screen.picture() for _ in range(3) if not time.sleep(0.4)]
    is_still = (before[0] == before[1]) & (before[1] == before[2]) & (after[0] == after[1]) & (after[1] == after[2])
    has_changed = is_still & (before[0] != after[0])
    # The page is in the middle; what says that the text is not saved, and counts its words, is at the edges.
    has_changed[:60] = has_changed[-60:] = False
    rows, columns = np.nonzero(has_changed)
    if not len(rows):
        sys.exit("A key was pressed, and no letter was seen.")
    return slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)


def measure(command: list[str], screen: Screen, folder: Path, place: tuple[slice, slice]) -> Start:
    with started(command, screen, folder) as (began, process):
        window = wait_for_window(screen, process)
        shown_s = time.monotonic() - began
        screen.focus(window)
        next_key = time.monotonic()
        while time.monotonic() - began < LONGEST_S:
            if time.monotonic() >= next_key:
                screen.press()
                next_key += KEY_EVERY_S
            if _has_letter(screen.picture()[place]):
                return Start(shown_s, time.monotonic() - began)
            time.sleep(LOOK_EVERY_S)
    sys.exit("No letter came.")


def _has_letter(place: Picture) -> bool:
    """Dark strokes on the page's colour, in many columns: a caret fills two."""
    grey = (place & 0xFF).astype(np.int16)
    paper = np.bincount(grey.ravel(), minlength=256).argmax()
    is_page = (np.abs(grey - paper) < 8).mean() > 0.3
    columns = (np.abs(grey - paper) > 60).any(axis=0).sum()
    return bool(is_page and columns >= 6)


def put_out_of_memory(folders: list[Path]) -> None:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                descriptor = os.open(path, os.O_RDONLY)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)


def report(name: str, command: list[str], folders: list[Path], n_runs: int, screen: Screen, folder: Path) -> None:
    place = letter_place(command, screen, folder)
    warm = [measure(command, screen, folder, place) for _ in range(n_runs)]
    cold = []
    for _ in range(max(1, n_runs // 2)):
        put_out_of_memory(folders)
        cold.append(measure(command, screen, folder, place))
    print(name)
    for kind, starts in (("warm", warm), ("cold", cold)):
        letters = sorted(start.letter_s for start in starts)
        shown = statistics.median(start.shown_s for start in starts)
        spread = f"{letters[0]:.2f} to {letters[-1]:.2f} in {len(letters)} starts"
        letter = f"first letter {statistics.median(letters):.2f} s ({spread})"
        print(f"  {kind}: {letter}; window shown {shown:.2f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("executables", nargs="*", type=Path, metavar="EXECUTABLE")
    parser.add_argument("--runs", type=int, default=10, help="warm starts of each; half as many cold ones")
    parser.add_argument("--only-given", action="store_true", help="leave the checkout out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="writer-startup-") as name:
        folder = Path(name)
        screen = Screen(folder)
        try:
            if not options.only_given:
                libraries = [Path(sys.prefix) / "lib", ROOT / "writer", Path(os.__file__).parent]
                command = [sys.executable, "-m", "writer"]
                report("checkout", command, libraries, options.runs, screen, folder)
            for executable in options.executables:
                place = executable.resolve()
                report(str(executable), [str(place)], [place.parent], options.runs, screen, folder)
        finally:
            screen.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
