"""Something done in a process of its own: to be killed, limited, or done by another user."""

import os
import pickle
import shutil
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NOBODY = 65534


def run_in_child(function: Callable[[], Any], *, user: int | None = None) -> Any:
    """What `function` returns in a fork of this process. Raises ChildProcessError with its trace, or its signal."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # this process has threads; the child uses none of them
        pid = os.fork()
    if pid == 0:
        _work(function, user, reading, writing)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code < 0:
        raise ChildProcessError(f"ended by {signal.Signals(-code).name}")
    failed, value = pickle.loads(answer)
    if failed:
        raise ChildProcessError(value)
    return value


def is_killed_in_child(function: Callable[[], Any]) -> bool:
    """Whether SIGKILL ended a fork of this process before `function` returned."""
    try:
        run_in_child(function)
    except ChildProcessError as error:
        if str(error) != "ended by SIGKILL":
            raise
        return True
    return False


@contextmanager
def folder_for(user: int) -> Iterator[Path]:
    """A temporary folder that belongs to `user`, who may get there; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="writer-test-"))
    try:
        folder.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(folder, user, user)
        yield folder
    finally:
        shutil.rmtree(folder)


def _work(function: Callable[[], Any], user: int | None, reading: int, writing: int) -> None:
    try:
        os.close(reading)
        try:
            if user is not None and os.geteuid() == 0:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            answer = (False, function())
        except BaseException:  # noqa: BLE001 - the parent tells
            answer = (True, traceback.format_exc())
        with open(writing, "wb") as pipe:
            pickle.dump(answer, pipe)
    finally:
        os._exit(0)
