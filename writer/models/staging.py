"""Folders that models are built in, and the one step that makes them models.

    <models>/.building-<random>/new/<id>    what is being built
    <models>/.building-<random>/old/<id>    what stood in its place, for the moment between two renames
    <models>/.building-<random>.lock        held while their maker lives

The process may be killed, and the power may fail, before and after any call made here. Whoever comes next deletes what
is left, unless a model has lost its place: then it gets the new one, or else the old one back.
"""

import contextlib
import ctypes
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from writer.errors import WriterError
from writer.models.lock import ModelLock
from writer.models.manifest import is_id, read_manifest

PREFIX = ".building-"
_LOCK_SUFFIX = ".lock"
_NEW, _OLD = "new", "old"
_ABANDONED_AFTER_S = 24 * 3600
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def new_scratch(models_dir: Path) -> Iterator[Path]:
    """A passing folder on the models' own disk, removed at the end of the block, or by `sweep` if the process dies."""
    models_dir.mkdir(parents=True, exist_ok=True)
    folder, lock = _own_new(models_dir)
    try:
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _free(folder, lock)


def _own_new(models_dir: Path) -> tuple[Path, FileLock]:
    """A free name and its lock, taken before the folder is there: no living one is ever seen without its owner."""
    while True:
        folder = models_dir / f"{PREFIX}{secrets.token_hex(6)}"
        lock = _owner_lock(folder)
        try:
            lock.acquire(timeout=0)
        except NotImplementedError:
            return folder, lock
        except Timeout:
            continue  # `sweep` has it: it was fast enough to take the new file for one that was left
        if Path(lock.lock_file).exists():
            return folder, lock
        lock.release()  # `sweep` has deleted it


@contextmanager
def new_model(scratch: Path, target: Path) -> Iterator[Path]:
    """A folder in `scratch` that takes the place of `target` when the block ends well."""
    staged = scratch / _NEW / target.name
    staged.mkdir(parents=True)
    (scratch / _OLD).mkdir()
    yield staged
    for folder in (staged, scratch / _NEW, scratch / _OLD, scratch):
        sync_folder(folder)
    _put_in_place(staged, target, scratch / _OLD / target.name)
    _sync(target.parent)


def sweep(models_dir: Path, held_id: str = "") -> None:
    """Delete what processes that were killed left behind. `held_id` is the model whose lock the caller has."""
    recover(models_dir, held_id)
    for folder in {path.with_suffix("") for path in models_dir.glob(f"{PREFIX}*")}:
        with _left_behind(folder) as is_left_behind:
            if is_left_behind and _missing_model(folder, models_dir) is None:
                shutil.rmtree(folder, ignore_errors=True)


def recover(models_dir: Path, held_id: str = "") -> None:
    """Give models back that a kill took out of their place. Does nothing where it may not."""
    for scratch in models_dir.glob(f"{PREFIX}*"):
        staged = _missing_model(scratch, models_dir)
        if staged is None:
            continue
        target = models_dir / staged.name
        lock = ModelLock(None if staged.name == held_id else lock_path(models_dir, staged.name), staged.name)
        with contextlib.suppress(OSError, WriterError), _left_behind(scratch) as is_left_behind:
            if not is_left_behind or not lock.take():
                continue  # the lock's holder does the same
            try:
                if not target.exists():
                    sync_folder(staged)
                    staged.replace(target)
                    _sync(models_dir)
            finally:
                lock.release()


def lock_path(models_dir: Path, model_id: str) -> Path:
    return models_dir / ".locks" / f"{model_id}{_LOCK_SUFFIX}"


def sync_folder(folder: Path) -> None:
    """Bring all files of a folder to the disk, then the folder."""
    for path in sorted(folder.iterdir()):
        if path.is_file():
            _sync(path)
    _sync(folder)


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step. False where that cannot be done: the caller has another way."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    done = rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return bool(done == 0)


def _put_in_place(staged: Path, target: Path, retired: Path) -> None:
    """Where two renames are needed and the second fails, the first is undone."""
    if not target.exists():
        staged.replace(target)
    elif not exchange(staged, target):
        target.replace(retired)
        try:
            staged.replace(target)
        except OSError:
            retired.replace(target)
            raise


def _missing_model(scratch: Path, models_dir: Path) -> Path | None:
    """What in an abandoned folder ought to be a model: nothing else has its name, and it is whole, or it was it."""
    for kind in (_NEW, _OLD):
        for folder in (scratch / kind).glob("*"):
            if is_id(folder.name) and not (models_dir / folder.name).exists() and (kind == _OLD or _is_whole(folder)):
                return folder
    return None


def _is_whole(folder: Path) -> bool:
    """Whether every file is there that the manifest, which is written last, names; their bytes are checked later, as
    those of any model are."""
    try:
        manifest = read_manifest(folder)
        records = [manifest.shared_files, *(record.files for record in manifest.precisions.values())]
        return all(
            (folder / name).stat().st_size == file.size_bytes for files in records for name, file in files.items()
        )
    except (WriterError, OSError):
        return False


@contextmanager
def _left_behind(folder: Path) -> Iterator[bool]:
    """Whether nobody works in `folder` any more; then nobody else sees to it during the block. Once the folder has
    gone, so does its lock."""
    lock = _owner_lock(folder)
    try:
        lock.acquire(timeout=0)
        is_left_behind = True
    except NotImplementedError:  # a file system without locks
        is_left_behind = _is_old(folder)
    except (Timeout, OSError):
        is_left_behind = False
    try:
        yield is_left_behind
    finally:
        if is_left_behind:
            _free(folder, lock)


def _owner_lock(folder: Path) -> FileLock:
    return FileLock(folder.with_name(folder.name + _LOCK_SUFFIX), thread_local=False)


def _free(folder: Path, lock: FileLock) -> None:
    lock.release()
    if not folder.exists():
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S
    except OSError:
        return False


def _sync(path: Path) -> None:
    """Windows has no such call for folders, and wants files open for writing."""
    is_posix = os.name == "posix"
    if path.is_dir() and not is_posix:
        return
    descriptor = os.open(path, os.O_RDONLY if is_posix else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
