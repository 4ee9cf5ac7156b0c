"""What a program has written anywhere, as strace saw it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_OPENING = ("open", "openat", "creat")
_CHANGING = (
    "mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink",
    "unlinkat", "rmdir", "truncate", "mknod", "mknodat", "chmod", "fchmodat", "chown", "lchown", "fchownat",
    "utimensat", "setxattr",
)  # fmt: skip
_WRITES = re.compile(r"\bO_(WRONLY|RDWR|CREAT|TRUNC)\b")
_LINE = re.compile(r"(?P<pid>\d+) +(?P<rest>.*)")
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(?P<rest>.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<status>\d+)(<(?P<result>.*?)>)?(\(deleted\))?$")
_AT_DESCRIPTOR = re.compile(r"\d+<(?P<path>[^>]*)>, NULL")
_ARGUMENT = re.compile(r'((?:AT_FDCWD|\d+)<(?P<folder>[^>]*)>, )?"(?P<name>(?:[^"\\]|\\.)*)"')


def tracing(log: Path) -> list[str]:
    """What to put before a command."""
    calls = ",".join((*_OPENING, *_CHANGING, "chdir", "execve"))
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "4096", "-e", f"trace={calls}", "-o", str(log)]


def written(lines: Iterable[str], current: Path, program: Sequence[str] = ()) -> Iterator[Path]:
    """Every path that was opened for writing, made, renamed, removed or changed otherwise, as often as it was.

    current -- the folder that the command was started in
    program -- names of executables; what happens before one of them is executed does not count
    """
    begun: dict[str, str] = {}  # by process: a call that another process has interrupted in the log
    folders: dict[str, Path] = {}  # by process
    counts = not program
    for line in lines:
        if (found := _LINE.match(line)) is None:
            continue
        pid, rest = found["pid"], found["rest"].rstrip()
        if rest.endswith(_UNFINISHED):
            begun[pid] = rest.removesuffix(_UNFINISHED)
            continue
        if resumed := _RESUMED.match(rest):
            rest = begun.pop(pid, "") + resumed["rest"]
        if (call := _CALL.match(rest)) is None:
            continue  # it failed, or is a signal
        name, arguments = call["name"], call["arguments"]
        folder = folders.get(pid, current)
        if name == "execve":
            counts = counts or any(_paths(arguments, folder)[0].name == executable for executable in program)
        elif name == "chdir":
            folders[pid] = _paths(arguments, folder)[0]
        elif counts and name in _CHANGING:
            # What a symbolic link leads to is not touched.
            yield from _paths(arguments, folder)[1 if name.startswith("symlink") else 0 :]
        elif counts and name in _OPENING and (name == "creat" or _WRITES.search(arguments)):
            yield Path(call["result"]) if call["result"] else _paths(arguments, folder)[0]


def _paths(arguments: str, folder: Path) -> list[Path]:
    if at_descriptor := _AT_DESCRIPTOR.match(arguments):
        return [Path(at_descriptor["path"])]
    return [
        Path(found["folder"] or folder) / found["name"].encode().decode("unicode_escape").encode("latin-1").decode()
        for found in _ARGUMENT.finditer(arguments)
    ]
