"""Processes: ending one with all that it started, and finding those that are left."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def end(process: "subprocess.Popen[str]") -> None:
    """A process that was started in a session of its own, and its children, as far as they have not ended."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, timeout=60)
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def end_left_over(found: Sequence[str]) -> None:
    """What `with_variable` has found, where that tells for certain whose it is."""
    if sys.platform == "linux":
        for line in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(line.partition(" ")[0]), signal.SIGKILL)


def with_variable(name: str, value: str, executable: Sequence[str]) -> tuple[str, ...]:
    """Processes, each by number and name, that have this variable in their environment; where the system does not
    tell that, those that run this executable."""
    if sys.platform == "linux":
        wanted = f"{name}={value}".encode()
        return tuple(
            f"{folder.name} {_name(folder)}"
            for folder in Path("/proc").iterdir()
            if folder.name.isdecimal() and wanted in _environment(folder)
        )
    if sys.platform == "win32":
        image = Path(executable[0]).name
        listing = ["tasklist", "/fo", "csv", "/nh", "/fi", f"imagename eq {image}"]
        lines = subprocess.run(listing, capture_output=True, text=True, timeout=60).stdout.splitlines()
        return tuple(line for line in lines if line.lower().startswith(f'"{image.lower()}"'))
    listing = ["ps", "-axo", "pid=,command="]
    lines = subprocess.run(listing, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    wanted_command = " ".join(executable)
    return tuple(line.strip() for line in lines if line.strip().partition(" ")[2].startswith(wanted_command))


def _environment(folder: Path) -> list[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is somebody else's
        return []


def _name(folder: Path) -> str:
    try:
        return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""
