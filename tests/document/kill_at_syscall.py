"""SIGKILL, or an error, at one system call of a process of its own, by strace."""

import ctypes
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing.synchronize import Event
from pathlib import Path

# A fork of this process would bring along what earlier tests left in it, which now and then makes calls of its own.
_CLEAN = multiprocessing.get_context("forkserver")
_CLEAN.set_forkserver_preload(["tests.document.files.test_saving_killed"])  # read once, not by every process
_PR_SET_PTRACER, _ANYONE = 0x59616D61, -1  # <linux/prctl.h>
_PATIENCE_S = 20
_TRIES = 5
INSTEAD = "tests with deadly and failing file calls cover the same moments"


@dataclass(frozen=True)
class Syscall:
    """The n-th call (from 1) of its name in a run; `line` as strace prints it, with what it returned."""

    name: str
    n: int
    line: str


@cache
def why_not() -> str:
    """Why strace cannot be used here; "" when it can."""
    if not shutil.which("strace"):
        return f"strace is not installed (sh packaging/system_libraries.sh tests); {INSTEAD}"
    try:
        run_traced(partial(os.stat, "/"))
    except ChildProcessError as error:
        return f"strace may not trace here ({error}); {INSTEAD}"
    return ""


def run_traced(function: Callable[[], object], inject: str = "") -> tuple[int, list[Syscall]]:
    """(exit code, file calls) of a process that runs `function`: 0 when it returned, 1 when it raised, negative when a
    signal ended it.

    function -- can be pickled
    inject -- as strace has it: "fsync:error=EIO:when=2"
    Raises ChildProcessError when strace cannot attach.
    """
    waits, is_traced = _CLEAN.Event(), _CLEAN.Event()
    process = _CLEAN.Process(target=_run_when_traced, args=(waits, is_traced, function))
    process.start()
    assert waits.wait(_PATIENCE_S)
    log = Path(tempfile.gettempdir()) / f"writer-strace-{process.pid}.log"
    command = ["strace", "-o", str(log), "-s", "16", "-e", "trace=%file,%desc", "-e", "signal=none"]
    command += ["-e", f"inject={inject}"] if inject else []
    tracer = subprocess.Popen([*command, "-p", str(process.pid)], stderr=subprocess.PIPE, text=True)
    try:
        if not _is_attached(tracer):
            raise ChildProcessError(tracer.communicate(timeout=_PATIENCE_S)[1].strip())
        is_traced.set()
        process.join(_PATIENCE_S)
        tracer.communicate(timeout=_PATIENCE_S)
        assert process.exitcode is not None
        return process.exitcode, _read_log(log)
    finally:
        for one in (process, tracer):
            one.kill()
        process.join()
        tracer.communicate()
        log.unlink(missing_ok=True)


def usual_calls(function: Callable[[], object], prepare: Callable[[], object]) -> list[Syscall]:
    """The file calls of a run, as two runs one after the other made them: now and then the C library makes some of its
    own (it looks at the processors before it makes more room), and the n-th call is another one then.

    function -- can be pickled
    """
    before: list[str] = []
    for _ in range(_TRIES):
        prepare()
        code, calls = run_traced(function)
        assert code == 0
        if _names(calls) == before:
            return calls
        before = _names(calls)
    raise AssertionError(f"each of {_TRIES} runs made other calls, the last one {before}")


def kill_at(function: Callable[[], object], prepare: Callable[[], object], calls: list[Syscall], place: int) -> None:
    """SIGKILL at the entry of calls[place], which is not made any more, in a run that has made those before it."""
    call = calls[place]
    for _ in range(_TRIES):
        prepare()
        code, made = run_traced(function, f"{call.name}:signal=KILL:when={call.n}")
        if _names(made) == _names(calls[: place + 1]):
            assert code == -signal.SIGKILL
            return
    raise AssertionError(f"{_TRIES} runs did not come to {call.line}; the last one made {_names(made)}")


def _names(calls: list[Syscall]) -> list[str]:
    return [call.name for call in calls]


def _run_when_traced(waits: Event, is_traced: Event, function: Callable[[], object]) -> None:
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYONE, 0, 0, 0)
        waits.set()
        is_traced.wait()
        function()
        code = 0
    finally:
        os._exit(code)


def _is_attached(tracer: subprocess.Popen[str]) -> bool:
    """Whether strace said that it holds the process. The kernel names the tracer a little earlier, and calls made
    in between would be missing from the count."""
    assert tracer.stderr
    return "attached" in tracer.stderr.readline()


def _read_log(log: Path) -> list[Syscall]:
    calls: list[Syscall] = []
    counts: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        found = re.match(r"(\w+)\(", line)
        if found and found[1] != "mmap":  # memory, which an allocator asks for when it likes; no file is mapped
            counts[found[1]] += 1
            calls.append(Syscall(found[1], counts[found[1]], line))
    return calls
