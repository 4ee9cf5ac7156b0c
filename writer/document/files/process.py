"""Which process is which, and whether it still runs: across restarts, changes of the clock, and computers."""

import hashlib
import os
import platform
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import psutil

_LARGEST_PID = 2**32 - 1
_LATEST_START = 1e12


class Fate(Enum):
    """What became of a process, as far as another can tell."""

    RUNS = "runs"
    ENDED = "ended"
    UNKNOWN = "unknown"  # on another computer, in another container, or hidden from this user


@dataclass(frozen=True)
class Process:
    """One process, told apart from all others, also from a later one of the same number.

    started -- on Linux clock ticks since the computer's start, which no change of the clock moves; elsewhere seconds
               since 1970, as the system noted them then
    boot, namespace, machine -- which start of the computer, which numbering of processes (a container has its own),
                                and which computer, if names should be equal; "" where the system does not tell
    """

    pid: int
    started: float
    host: str
    user: str = ""
    boot: str = ""
    namespace: str = ""
    machine: str = ""

    @classmethod
    def current(cls) -> "Process":
        """The process that asks."""
        pid = os.getpid()
        # The number identifies a computer in other programs' eyes too, so it is not given away as it is.
        machine = _first_line("/etc/machine-id")
        hidden = hashlib.sha256(f"writer document lock {machine}".encode()).hexdigest()[:16] if machine else ""
        try:
            namespace = str(Path("/proc/self/ns/pid").readlink())
        except OSError:
            namespace = ""
        return cls(
            pid=pid,
            started=_started(pid) or 0.0,
            host=platform.node(),
            user=psutil.Process(pid).username(),
            boot=_first_line("/proc/sys/kernel/random/boot_id"),
            namespace=namespace,
            machine=hidden,
        )

    def fate_of(self, other: "Process") -> Fate:
        """What this process can tell of another."""
        if (other.host, other.machine) != (self.host, self.machine):
            return Fate.UNKNOWN
        if other.boot != self.boot:
            return Fate.ENDED
        if other.namespace != self.namespace:
            return Fate.UNKNOWN
        if not _exists(other.pid):
            return Fate.ENDED
        try:
            started = _started(other.pid)
        except psutil.NoSuchProcess:
            return Fate.ENDED
        except (OSError, psutil.Error):
            return Fate.UNKNOWN
        return Fate.RUNS if started is not None and abs(started - other.started) < 0.01 else Fate.ENDED

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Process":
        """Raises ValueError for what describes no process; other keys are left out."""
        pid: Any = values.get("pid")
        started: Any = values.get("started")
        texts = {name: values.get(name, "") for name in ("host", "user", "boot", "namespace", "machine")}
        if type(pid) is not int or not 0 < pid <= _LARGEST_PID:
            raise ValueError("no number of a process")
        if type(started) not in (int, float) or not 0 <= started < _LATEST_START:
            raise ValueError("no time of a start")
        if not all(isinstance(text, str) for text in texts.values()):
            raise ValueError("a name that is no text")
        return cls(pid, float(started), **texts)


def _exists(pid: int) -> bool:
    """Whether a process or thread bears this number, one hidden from this user too."""
    if os.name == "nt":
        return psutil.pid_exists(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    except OverflowError:
        return False
    return True


def _started(pid: int) -> float | None:
    """When a process was started, see `Process`; None when it has ended and only waits for its parent to notice.

    Raises OSError or psutil.Error when it cannot be told."""
    if sys.platform == "linux":
        # The name of the program stands in brackets and may hold any character.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        state, ticks = fields[0], fields[19]
        return None if state in (b"Z", b"X") else float(ticks)
    else:  # noqa: RET505 - one branch for each system
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
