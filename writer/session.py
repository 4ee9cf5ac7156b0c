"""What was open when Writer ended, and whether its last starts went well. Nothing about this file stops a start."""

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from writer.compatibility import carried_over
from writer.errors import WriterError

N_RECENT = 10


@dataclass(frozen=True)
class Session:
    """What the next start shows again.

    document -- path of the manuscript; "" for none
    draft_id -- of the document, for one that was never saved
    caret, top -- of the caret, and of what was uppermost in view; code points
    panel -- the one that was open; "" for none
    recent -- paths, the newest first, whether the files are there or not
    """

    document: str = ""
    draft_id: str = ""
    caret: int = 0
    top: int = 0
    panel: str = ""
    recent: tuple[str, ...] = ()

    def opened(self, path: Path) -> "Session":
        """With `path` as the newest of the recent files."""
        others = [other for other in self.recent if other != str(path)]
        return replace(self, recent=tuple([str(path), *others][:N_RECENT]))


class SessionFile:
    """The session in a JSON file, and beside it the starts that have neither lasted nor ended well.

    A window that is running counts for nothing yet, so several may start at once.
    """

    def __init__(self, path: Path, pid: int, is_running: Callable[[int], bool]) -> None:
        """pid -- of this process
        is_running -- whether a process has that number
        """
        self._path, self._pid, self._is_running = path, pid, is_running

    def load(self) -> Session:
        """What is missing or makes no sense has its default; a file that cannot be read as JSON is set aside."""
        return _session(self._read().get("session"))

    def save(self, session: Session) -> None:
        """What a newer Writer has noted beside this, and what has not changed, stays. Raises WriterError."""
        try:
            values = self._read()
            raw, after = values.get("session"), asdict(session)
            kept = carried_over(raw, asdict(_session(raw)), after, after.keys()) if isinstance(raw, dict) else after
            self._write({**values, "session": kept})
        except OSError as error:
            raise WriterError(
                f"What is open cannot be remembered: {error.strerror}.", f"Check the folder {self._path.parent}."
            ) from error

    def starting(self) -> int:
        """How many starts in a row before this one neither lasted nor ended well; this one is noted. Never raises."""
        starts = self._starts()
        n_failed = sum(pid == self._pid or not self._is_running(pid) for pid in starts)
        self._note([*starts, self._pid])
        return n_failed

    def lasted(self) -> None:
        """The start went well: what follows is no longer its fault. Never raises."""
        self._note([pid for pid in self._starts() if pid != self._pid and self._is_running(pid)])

    def ended_well(self) -> None:
        """The window was closed. Never raises."""
        self.lasted()

    def _starts(self) -> list[int]:
        starts = self._read().get("starts")
        return [pid for pid in starts if type(pid) is int and pid > 0] if isinstance(starts, list) else []

    def _note(self, starts: list[int]) -> None:
        with suppress(OSError):
            self._write({**self._read(), "starts": starts})

    def _read(self) -> dict[str, Any]:
        try:
            values = json.loads(self._path.read_bytes())
        except OSError:
            return {}
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            with suppress(OSError):
                self._path.replace(self._path.with_name(self._path.name + ".damaged"))
            return {}
        return values

    def _write(self, values: dict[str, Any]) -> None:
        data = json.dumps(values, indent=1).encode("ascii")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".session.", dir=self._path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)


def _session(values: object) -> Session:
    if not isinstance(values, dict):
        return Session()
    recent = values.get("recent")
    paths = [path for path in recent if isinstance(path, str) and path] if isinstance(recent, list) else []
    return Session(
        document=_text(values.get("document")),
        draft_id=_text(values.get("draft_id")),
        caret=_place(values.get("caret")),
        top=_place(values.get("top")),
        panel=_text(values.get("panel")),
        recent=tuple(paths[:N_RECENT]),
    )


def _place(value: object) -> int:
    return value if type(value) is int and value >= 0 else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
