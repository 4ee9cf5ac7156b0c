"""Another window of Writer, in a process of its own: it takes and releases locks as told, line by line."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]

_SCRIPT = """
import sys, time
from datetime import datetime, timezone
from pathlib import Path
from writer.document.files.document_lock import DocumentLock, Taken
from writer.document.files.file_ops import FileOps
from writer.document.files.process import Process

me, locks = Process.current(), []
print(me.pid, flush=True)
for line in sys.stdin:
    command, _, rest = line.rstrip("\\n").partition(" ")
    if command in ("take", "force"):
        at, fallback, path = rest.split(" ", 2)
        while time.monotonic() < float(at):
            pass
        answer = DocumentLock.take(Path(path), FileOps(), me, datetime.now(timezone.utc), Path(fallback))
        if command == "force":
            answer = answer.take_over()
        if isinstance(answer, Taken):
            locks.append(answer.lock)
        print(f"held by {answer.pid}" if not isinstance(answer, Taken) else "taken", flush=True)
    elif command == "release":
        while locks:
            locks.pop().release()
        print("released", flush=True)
    elif command == "check":
        print(locks[-1].still_mine(), flush=True)
"""


class LockHolder:
    """`ask` the process something; leaving the block kills it."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", _SCRIPT]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.pid = int(self.hear())

    def __enter__(self) -> "LockHolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.process.communicate()

    def kill(self) -> None:
        """Without waiting for its end to be noticed: it stays behind as a zombie."""
        self.process.kill()

    def take(self, path: Path, fallback: Path, at: float = 0) -> str:
        """ "taken" or "held by PID" """
        self.say(f"take {at} {fallback} {path}")
        return self.hear()

    def ask(self, command: str) -> str:
        self.say(command)
        return self.hear()

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")
