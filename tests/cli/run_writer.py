"""`writer` as a process of its own, without a display."""

import os
import subprocess
import sys
from pathlib import Path


def writer(
    *arguments: str | Path, home: Path, stdin: str | bytes = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("DISPLAY", "WAYLAND", "QT_"))}
    result = subprocess.run(
        [sys.executable, "-m", "writer", *map(str, arguments)],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=120,
        env=environ | {"WRITER_HOME": str(home)} | environment,
    )
    stdout, stderr = (stream.decode(errors="replace") for stream in (result.stdout, result.stderr))
    return subprocess.CompletedProcess(result.args, result.returncode, stdout, stderr)


def assert_one_line(result: subprocess.CompletedProcess[str], status: int) -> str:
    """Failed in one sentence or two on one line, without a traceback; returns the line."""
    assert result.returncode == status, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("writer: ")
    return lines[0]
