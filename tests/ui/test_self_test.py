"""The self test finds what is wrong: each fault is put into the program, which then tests itself."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

_RUN = """
import sys, time
from pathlib import Path
from writer.cli import self_test as command
from writer.document.provenance import Author
from writer.ui import self_test
from writer.ui.editor import Editor
from writer.ui.files import FileController
from writer.ui.generation import GenerationController
from writer.ui.main_window import MainWindow
from writer.ui.writing import Writing
from writer.cli.main import main

{fault}
sys.exit(main(["self-test"]))
"""

_FAULTS = {
    "Continue writes to its end": (
        "def fail(self): raise ValueError('a fault of the program')\nWriting.continue_at_caret = fail",
        "ValueError: a fault of the program",
    ),
    "the model's words are marked": (
        "change = GenerationController._change\n"
        "def _change(self, end, text, start=None):\n"
        "    self._applying = True\n"
        "    self._document.replace(end if start is None else start, end, text, Author.HUMAN, None)\n"
        "    self._applying = False\n"
        "GenerationController._change = _change",
        "characters are the writer's",
    ),
    "undo takes them back": ("Editor.undo = lambda self: None\nself_test._QUICK_S = 3", "Waited in vain."),
    "the file holds the text": (
        "def save_to(self, path, then): Path(path).write_text('something else'); then()\n"
        "FileController.save_to = save_to",
        "does not hold what the window shows",
    ),
}


def run(fault: str, poem_home: Path, temporary: Path) -> "subprocess.CompletedProcess[str]":
    code = _RUN.format(fault=fault)
    environ = {"WRITER_HOME": str(poem_home), "QT_QPA_PLATFORM": "offscreen", "PATH": "", "TMPDIR": str(temporary)}
    return subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("title", _FAULTS)
def test_a_fault_fails_its_step(title: str, poem_home: Path, tmp_path: Path) -> None:
    fault, words = _FAULTS[title]
    result = run(fault, poem_home, tmp_path)
    assert result.returncode == 1, result.stderr
    last = result.stdout.splitlines()[-1]
    assert last.startswith(title), result.stdout
    assert "FAILED" in last
    assert words in last
    assert result.stdout.count("FAILED") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_hang_ends_with_the_step_and_the_place(poem_home: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    hang = "def sleep_for_long(self): time.sleep(300)\nMainWindow.begin = sleep_for_long\n"
    for starting_s in (1, 60):  # a busy machine may not come as far as the hang in so short a time
        result = run(hang + f"self_test._GRACE_S, self_test._STARTING_S = 1, {starting_s}", poem_home, tmp_path)
        if "in sleep_for_long" in result.stderr:
            break
    assert time.monotonic() - began < 200
    assert result.returncode == 1
    assert result.stdout.strip() == "the window opens"
    assert "in sleep_for_long" in result.stderr
