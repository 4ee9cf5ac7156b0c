"""SIGKILL, or an error, at one system call of a forked process, by strace."""

import ctypes
import gc
import mmap
import os
import re
import shutil
import subprocess
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PR_SET_PTRACER, _ANYONE = 0x59616D61, -1  # <linux/prctl.h>
_PATIENCE_S = 20
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
        run_traced(lambda: os.stat("/"))
    except ChildProcessError as error:
        return f"strace may not trace here ({error}); {INSTEAD}"
    return ""


def run_traced(function: Callable[[], object], inject: str = "") -> tuple[int, list[Syscall]]:
    """(exit code, file calls) of a fork that runs `function`: 0 when it returned, 1 when it raised, negative when a
    signal ended it.

    inject -- as strace has it: "fsync:error=EIO:when=2"
    Raises ChildProcessError when strace cannot attach.
    """
    flag = mmap.mmap(-1, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # this process has threads; the child uses none of them
        pid = os.fork()
    if pid == 0:
        _wait_and_run(flag, function)
    log = Path(tempfile.gettempdir()) / f"writer-strace-{pid}.log"
    command = ["strace", "-o", str(log), "-s", "16", "-e", "trace=%file,%desc", "-e", "signal=none"]
    command += ["-e", f"inject={inject}"] if inject else []
    tracer = subprocess.Popen([*command, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    try:
        is_traced = _is_attached(tracer)
        flag[0] = 1 if is_traced else 2
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        _, errors = tracer.communicate(timeout=_PATIENCE_S)
        if not is_traced:
            raise ChildProcessError(errors.strip())
        return code, _read_log(log)
    finally:
        tracer.kill()
        tracer.wait()
        log.unlink(missing_ok=True)


def is_killed_at(function: Callable[[], object], call: Syscall) -> bool:
    """Whether SIGKILL reached a fork that runs `function` at the entry of that call, which is not made any more."""
    code, _ = run_traced(function, f"{call.name}:signal=KILL:when={call.n}")
    return code == -9


def _wait_and_run(flag: mmap.mmap, function: Callable[[], object]) -> None:
    gc.disable()  # what the parent left to collect must not close files in between
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYONE, 0, 0, 0)
        while not flag[0]:
            time.sleep(0.0005)
        if flag[0] == 1:
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
