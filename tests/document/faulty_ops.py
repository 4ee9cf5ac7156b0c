"""File calls that are counted, refused, torn, or the last thing that a process does."""

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from writer.document.files.file_ops import FileOps

# Every method of FileOps that reaches the system; the others are made of these.
CALLS = (
    *("create", "open_to_append", "open_to_overwrite", "write", "truncate", "sync", "sync_data", "close"),
    *("set_mode", "set_owner", "attributes", "set_attribute", "remove_attribute", "may_write", "resolve", "read"),
    *("stat", "names", "link", "replace_at_once", "swap", "remove", "make_folder", "sync_folder", "free_bytes"),
)


class InterposedOps(FileOps):
    """Each call passes through `around`."""

    def around(self, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        return call(*arguments)


def _interposed(name: str) -> Callable[..., Any]:
    real = getattr(FileOps, name)

    def method(self: InterposedOps, *arguments: Any) -> Any:
        return self.around(name, lambda *given: real(self, *given), *arguments)

    return method


for _name in CALLS:
    setattr(InterposedOps, _name, _interposed(_name))


class CountingOps(InterposedOps):
    """`calls`: the names of the calls so far. `at(n)` is told of each before it happens."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def around(self, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        self.calls.append(name)
        return self.at(len(self.calls) - 1, name, call, *arguments)

    def at(self, n: int, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        return call(*arguments)


class FailingOps(CountingOps):
    """The n-th call fails, a write after half of its bytes; and all after it when the disk is gone `for_ever`."""

    def __init__(self, n: int, code: int = errno.EIO, *, for_ever: bool = False) -> None:
        super().__init__()
        self._n, self._code, self._for_ever = n, code, for_ever

    def at(self, n: int, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        if n == self._n or (n > self._n and self._for_ever):
            if name == "write" and n == self._n:
                call(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            if name == "close":
                call(*arguments)  # a failed close closes all the same
            raise OSError(self._code, os.strerror(self._code))
        return call(*arguments)


class DeadlyOps(CountingOps):
    """The process is killed on its way into the n-th call, or, in a write, after half of its bytes."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self._n = n

    def at(self, n: int, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        if n == self._n:
            if name == "write":
                call(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments)


class RefusingOps(CountingOps):
    """Some kinds of call fail each time: {name: errno}."""

    def __init__(self, refused: dict[str, int]) -> None:
        super().__init__()
        self._refused = refused

    def at(self, n: int, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        if name in self._refused:
            raise OSError(self._refused[name], os.strerror(self._refused[name]))
        return call(*arguments)


class MeddlingOps(InterposedOps):
    """Another program does something right before the first call of one kind."""

    def __init__(self, name: str, meddle: Callable[[], object]) -> None:
        self._name, self._meddle = name, meddle
        self.meddled = False

    def around(self, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        if name == self._name and not self.meddled:
            self.meddled = True
            self._meddle()
        return call(*arguments)


class SlicingOps(FileOps):
    """Takes only so many bytes at each write."""

    def __init__(self, most: int) -> None:
        self._most = most

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        return super().write(descriptor, data[: self._most])


def files_in(folder: Path) -> dict[str, bytes]:
    """{path below `folder`: content} of all files."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
