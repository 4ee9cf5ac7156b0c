"""A coroutine on a thread of its own, so that whoever waits for it can stop it at any moment."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any


class BackgroundTask:
    """Runs `work` at once. `cancel` reaches it wherever it waits: in a handshake, for headers, in a stalled body."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(work)
        self._thread = threading.Thread(target=self._run, name="download", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within that time. Raises what it ended with."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        self._task.result()
        return True

    def cancel(self) -> None:
        """End it and wait for its thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(asyncio.wait([self._task]))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()
