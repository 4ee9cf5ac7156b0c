"""What models are built from, while it is fetched and, if it is kept, afterwards: <models>/.sources/<id>/…"""

import contextlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from writer.errors import WriterError
from writer.models.disk import using
from writer.models.precision import Precision
from writer.models.store import ModelStore

_PURPOSE_NAME = ".purpose.json"
_PASSING_PREFIX = ".download-"  # folders of a download that a kill has ended: nothing in them can be used again


@dataclass(frozen=True)
class Purpose:
    """Why the files are here.

    precisions -- the forms to build: once they are installed the files have served
    keep -- they stay nevertheless, until the model is removed
    """

    precisions: tuple[Precision, ...]
    keep: bool = False

    def write(self, folder: Path) -> None:
        (folder / _PURPOSE_NAME).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        try:
            values = json.loads((folder / _PURPOSE_NAME).read_text(encoding="utf-8"))
            return cls(tuple(map(Precision, values["precisions"])), values["keep"] is True)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def begin(store: ModelStore, model_id: str, purpose: Purpose) -> Path:
    """The folder to fetch into; files that were to be kept are kept whoever uses them. Under the model's lock."""
    folder = store.source_folder(model_id)
    with contextlib.suppress(FileNotFoundError):
        folder.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)  # again: another model's `discard` may have taken the one above away
    for path in folder.glob(f"{_PASSING_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)
    before = Purpose.read(folder)
    Purpose(purpose.precisions, purpose.keep or (before is not None and before.keep)).write(folder)
    return folder


def finish(store: ModelStore, model_id: str) -> None:
    """Delete the files, unless they are to be kept. Under the model's lock."""
    purpose = Purpose.read(store.source_folder(model_id))
    if purpose is None or not purpose.keep:
        discard(store, model_id)


def discard(store: ModelStore, model_id: str) -> None:
    """Delete the files. Under the model's lock."""
    folder = store.source_folder(model_id)
    if not folder.is_dir():
        return
    with contextlib.suppress(OSError), store.scratch() as bin_folder:
        folder.replace(bin_folder / "sources")  # gone at once, however long it takes to delete
    shutil.rmtree(folder, ignore_errors=True)  # in use, on Windows: as far as it goes
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def is_begun(store: ModelStore, model_id: str) -> bool:
    """Whether some of a model's files have been fetched. Raises WriterError for a folder that cannot be read."""
    with using(store.models_dir):
        try:
            return any(not path.name.startswith(".") for path in store.source_folder(model_id).iterdir())
        except (FileNotFoundError, NotADirectoryError):  # perhaps just now: another Writer has done with them
            return False


def sweep(store: ModelStore) -> None:
    """Delete files that have served, which a kill in the moment after their model was installed has left."""
    with contextlib.suppress(OSError):
        for folder in list(store.source_folders()):
            lock = store.lock(folder.name)
            if not _has_served(store, folder) or not lock.take():
                continue
            with lock:
                if _has_served(store, folder):
                    discard(store.holding(folder.name), folder.name)


def are_installed(store: ModelStore, model_id: str, precisions: Iterable[Precision]) -> bool:
    try:
        model = store.get(model_id)
        for precision in precisions:
            model.graph(precision)
    except WriterError:
        return False
    return True


def _has_served(store: ModelStore, folder: Path) -> bool:
    purpose = Purpose.read(folder)
    if purpose is None or purpose.keep or not store.has_own(folder.name):  # what came with Writer took no files
        return False
    return are_installed(store, folder.name, purpose.precisions)
