"""One Writer at a time changes a model: fetches it, builds it, removes it."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from writer.errors import WriterError
from writer.models.disk import using

WAITING = "Another Writer is getting this model"
_POLL_S = 0.1
_PATIENCE_S = 2.0  # for one that is just ending


class ModelLock:
    """A context manager. A kill frees it: the system, not a file's presence, knows who holds it.

    path -- the lock's file, which stays: two who wait for a file that is deleted would wait for different ones. None
            is a lock that the caller has already.
    """

    def __init__(self, path: Path | None, model_id: str) -> None:
        self._path, self._model_id = path, model_id
        self._is_held = path is None
        self._lock = None if path is None else FileLock(path, thread_local=False)

    def waiting(self) -> Iterator[None]:
        """Yields until this process has the lock, so that whoever waits can give up. Raises WriterError for a folder
        without a way in."""
        while not self.take(_POLL_S):
            yield

    def take(self, seconds: float = 0) -> bool:
        """Whether this process has the lock now. Raises WriterError for a folder without a way in."""
        if self._lock is None or self._path is None or self._is_held:
            return True
        with using(self._path.parent.parent):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(timeout=seconds)
            except Timeout:
                return False
            except NotImplementedError:
                pass  # a file system without locks: there, two at once are not kept apart
        self._is_held = True
        return True

    def __enter__(self) -> Self:
        """Raises WriterError when another Writer keeps it."""
        until = time.monotonic() + _PATIENCE_S
        while not self.take(_POLL_S):
            if time.monotonic() > until:
                raise WriterError(
                    f"Another Writer is getting or changing {self._model_id}.", "Wait until it has ended, or stop it."
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        if self._lock is not None and self._is_held:
            self._is_held = False
            self._lock.release()
