"""A coroutine on a thread of its own, so that whoever waits for it can stop it at any moment."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class BackgroundTask:
    """Runs `work` at once. `cancel` reaches it wherever it waits: in a handshake, for headers, in a stalled body."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(_Unawaited())
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
            with contextlib.suppress(RuntimeError):  # it has ended since
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        if not self._task.cancelled():
            self._task.exception()  # nobody waits for it any more: asked for, it is not reported as lost

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(asyncio.wait([self._task]))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()


class _Unawaited(ThreadPoolExecutor):
    """Runs blocking calls, above all the system's look-up of names, which nothing can interrupt and which may take half
    a minute. Python waits for the threads of an ordinary pool before it exits; nobody is to wait for these."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        future: Future[_T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - handed to whoever asked
                future.set_exception(error)

        threading.Thread(target=run, name="lookup", daemon=True).start()
        return future
