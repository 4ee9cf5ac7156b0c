"""What a program has left in the folders around it: compared before and after."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

Stamp = tuple[int, int, int]  # kind and mode, size (0 for folders), time of the last change in ns
Snapshot = dict[Path, Stamp]


def snapshot(folders: Iterable[Path]) -> Snapshot:
    """Everything in the folders, themselves among it, by path."""
    return {path: stamp for folder in folders for path, stamp in _stamps(folder)}


def _stamps(folder: Path) -> Iterator[tuple[Path, Stamp]]:
    yield folder, _stamp(folder.lstat())
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                yield path, _stamp(path.lstat())


def _stamp(stat: os.stat_result) -> Stamp:
    is_folder = (stat.st_mode & 0o170000) == 0o040000
    return (stat.st_mode, 0 if is_folder else stat.st_size, stat.st_mtime_ns)


def differences(before: Snapshot, after: Snapshot) -> dict[Path, str]:
    """What has become of each path that is not as it was: "is new", "has changed" or "is gone"."""
    changes = {}
    for path in before.keys() | after.keys():
        if path not in before:
            changes[path] = "is new"
        elif path not in after:
            changes[path] = "is gone"
        elif before[path] != after[path]:
            changes[path] = "has changed"
    return changes
