"""A home that takes nothing, and no folders named in the environment: a live system, a kiosk, a full quota."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOME = Path("/sys/nowhere")  # even root makes no folder there

pytestmark = pytest.mark.skipif(not HOME.parent.is_dir(), reason="the system has no folder that nobody can write in")


def run(arguments: list[str], scratch: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "WRITER_"))}
    environment |= {"HOME": str(HOME), "TMPDIR": str(scratch), "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=scratch, env=environment, capture_output=True, text=True, timeout=240
    )


def test_p01_the_window_opens_and_says_that_what_is_kept_may_not_last(tmp_path: Path) -> None:
    ended = run(["-m", "tests.end2end.open_homeless"], tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    told = dict(line.split(" ", 1) for line in ended.stdout.splitlines())
    assert told["TEXT"] == "Once upon a time"
    assert told["TOLD"].startswith(f"Unsaved text is kept in {tmp_path}/writer-recovery-")
    assert f"Writer may not write in {HOME}/.local/state/writer/recovery." in told["TOLD"]
    assert "It may not outlast a restart of the computer there." in told["TOLD"]
    assert told["CLOSED"] == "True"
    assert told["JOURNALS"] == "1"


@pytest.mark.parametrize("command", [["--version"], ["models", "list"], ["devices"]], ids=" ".join)
def test_p01_the_command_line_works(command: list[str], tmp_path: Path) -> None:
    ended = run(["-m", "writer", *command], tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip()
    assert ended.stderr == ""
