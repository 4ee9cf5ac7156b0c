"""What a disk may hold after a power cut: file calls are recorded, and every legal state after any of them is built.

A disk keeps what was synced. Of the rest it may lose anything, in any order: a write is there, missing, cut, full of
zeros or of garbage; the name of a file is the new or the old one, whether or not its content has arrived.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.document.faulty_ops import InterposedOps

_MOST_STATES = 600  # at one moment; more are sampled
_FOLDER = -1  # in the place of a file's number


@dataclass(frozen=True)
class NamesChanged:
    """At one blow some names of a folder mean other files; None: no file."""

    folder: Path
    names: tuple[tuple[Path, int | None], ...]


@dataclass(frozen=True)
class Written:
    file: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Truncated:
    file: int
    length: int


@dataclass(frozen=True)
class Synced:
    file: int


@dataclass(frozen=True)
class FolderSynced:
    folder: Path


Event = NamesChanged | Written | Truncated | Synced | FolderSynced
State = dict[Path, bytes]


class RecordingOps(InterposedOps):
    """Does everything for real below `root`, whose content so far is on the disk, and remembers it.

    `events`: so far; `states(n)`: what the disk may hold when the power goes after the first n of them.
    """

    def __init__(self, root: Path) -> None:
        self.events: list[Event] = []
        self._first_names: dict[Path, int] = {}
        self._first_content: list[bytes] = []
        for path in sorted(root.rglob("*")):
            if path.is_dir():
                self._first_names[path] = _FOLDER
            else:
                self._first_names[path] = len(self._first_content)
                self._first_content.append(path.read_bytes())
        self._names = dict(self._first_names)
        self._n_files = len(self._first_content)
        self._open: dict[int, tuple[int, int]] = {}  # descriptor: (file, offset)
        self._root = root

    # -- recording -----------------------------------------------------------------------------------------------

    def around(self, name: str, call: Any, *arguments: Any) -> Any:
        result = call(*arguments)
        record = getattr(self, f"_on_{name}", None)
        if record:
            record(result, *arguments)
        return result

    def _on_create(self, descriptor: int, path: Path, *_: Any) -> None:
        self._open[descriptor] = self._n_files, 0
        self._change_names((path, self._n_files))
        self._n_files += 1

    def _on_open_to_overwrite(self, descriptor: int, path: Path) -> None:
        self._open[descriptor] = self._names[path], 0

    def _on_open_to_append(self, descriptor: int, path: Path) -> None:
        self._open[descriptor] = self._names[path], path.stat().st_size

    def _on_write(self, n_taken: int, descriptor: int, data: bytes | memoryview) -> None:
        file, offset = self._open[descriptor]
        self.events.append(Written(file, offset, bytes(data[:n_taken])))
        self._open[descriptor] = file, offset + n_taken

    def _on_truncate(self, _: None, descriptor: int, length: int) -> None:
        self.events.append(Truncated(self._open[descriptor][0], length))

    def _on_sync(self, _: None, descriptor: int) -> None:
        self.events.append(Synced(self._open[descriptor][0]))

    _on_sync_data = _on_sync

    def _on_link(self, _: None, path: Path, other: Path) -> None:
        self._change_names((other, self._names[path]))

    def _on_replace_at_once(self, _: None, source: Path, target: Path) -> None:
        self._change_names((target, self._names[source]), (source, None))

    def _on_swap(self, _: None, path: Path, other: Path) -> None:
        self._change_names((path, self._names[other]), (other, self._names[path]))

    def _on_remove(self, _: None, path: Path) -> None:
        self._change_names((path, None))

    def _on_make_folder(self, _: None, folder: Path, *__: Any) -> None:
        for made in reversed([folder, *folder.parents]):
            if self._root in made.parents and made not in self._names:
                self._change_names((made, _FOLDER))

    def _on_sync_folder(self, _: None, folder: Path) -> None:
        self.events.append(FolderSynced(folder))

    def _change_names(self, *names: tuple[Path, int | None]) -> None:
        (folder,) = {path.parent for path, _ in names}
        self.events.append(NamesChanged(folder, names))
        _apply_names(self._names, names)

    # -- power cuts ----------------------------------------------------------------------------------------------

    def states(self, n: int) -> Iterator[State]:
        """Every legal state after the first n events, or a sample where there are very many."""
        names, content = dict(self._first_names), dict(enumerate(self._first_content))
        loose_names: list[NamesChanged] = []
        loose_data: dict[int, list[Written | Truncated]] = {}
        for event in self.events[:n]:
            if isinstance(event, NamesChanged):
                loose_names.append(event)
            elif isinstance(event, FolderSynced):
                for change in loose_names:
                    if change.folder == event.folder:
                        _apply_names(names, change.names)
                loose_names = [change for change in loose_names if change.folder != event.folder]
            elif isinstance(event, Synced):
                content[event.file] = _after(content.get(event.file, b""), loose_data.pop(event.file, []))
            else:
                loose_data.setdefault(event.file, []).append(event)
        fates = [[(), (change.names,)] for change in loose_names]
        writes = [(file, [_fates(write) for write in writes]) for file, writes in loose_data.items()]
        for choice in _product([*fates, *(fate for _, of_file in writes for fate in of_file)]):
            seen = dict(names)
            for happened in choice[: len(fates)]:
                for change in happened:
                    _apply_names(seen, change)
            held, chosen = dict(content), iter(choice[len(fates) :])
            for file, of_file in writes:
                held[file] = _after(held.get(file, b""), [write for _ in of_file for write in next(chosen)])
            yield {
                path: held.get(file, b"")
                for path, file in seen.items()
                if file != _FOLDER and all(p in seen for p in path.parents if self._root in p.parents)
            }


def _apply_names(names: dict[Path, int], changes: tuple[tuple[Path, int | None], ...]) -> None:
    for path, file in changes:
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file


def _after(content: bytes, changes: list[Written | Truncated]) -> bytes:
    for change in changes:
        if isinstance(change, Truncated):
            content = content[: change.length].ljust(change.length, b"\0")
        elif change.data:
            end = change.offset + len(change.data)
            content = content[: change.offset].ljust(change.offset, b"\0") + change.data + content[end:]
    return content


def _fates(change: Written | Truncated) -> list[tuple[Written | Truncated, ...]]:
    """What may become of a change that was not synced."""
    fates: list[tuple[Written | Truncated, ...]] = [(), (change,)]
    if isinstance(change, Written) and change.data:
        n = len(change.data)
        cut, zeros = change.data[: n // 2], bytes(n)
        wrong = (cut, zeros, cut + zeros[n // 2 :], b"\xa5" * n)
        fates += [(Written(change.file, change.offset, data),) for data in wrong]
    return fates


def _product(choices: list[list[Any]]) -> Iterator[tuple[Any, ...]]:
    """All combinations; where there are too many, all of one kind, all with one exception, and a sample."""
    n = 1
    for options in choices:
        n *= len(options)
    if n <= _MOST_STATES:
        yield from itertools.product(*choices)
        return
    nothing, everything = tuple(options[0] for options in choices), tuple(options[1] for options in choices)
    for base in (nothing, everything):
        yield base
        for at, options in enumerate(choices):
            for option in options:
                yield (*base[:at], option, *base[at + 1 :])
    chance = random.Random(n)
    for _ in range(_MOST_STATES):
        yield tuple(chance.choice(options) for options in choices)
