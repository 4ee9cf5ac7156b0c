"""What models are built from, while it is fetched and, if it is kept, afterwards: <models>/.sources/<id>/…"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
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
    repository -- of a model that is in no catalogue, OWNER/NAME: once it is installed the files have served
    """

    precisions: tuple[Precision, ...]
    keep: bool = False
    repository: str = ""

    def write(self, folder: Path) -> None:
        """Whole or not at all, even if the process ends in the middle: without it nobody knows what the files are for,
        nor that they are to be kept."""
        fresh = folder / f"{_PURPOSE_NAME}.new"
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        fresh.replace(folder / _PURPOSE_NAME)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        try:
            values = json.loads((folder / _PURPOSE_NAME).read_text(encoding="utf-8"))
            repository = str(values.get("repository", ""))
            return cls(tuple(map(Precision, values["precisions"])), values["keep"] is True, repository)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
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
    replace(purpose, keep=purpose.keep or (before is not None and before.keep)).write(folder)
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


def begun_bytes(store: ModelStore, model_id: str) -> int:
    """How much has been fetched of a model. Raises WriterError for a folder that cannot be read."""
    with using(store.models_dir):
        files = (Path(root, name) for root, _, names in os.walk(store.source_folder(model_id)) for name in names)
        return sum(_size_bytes(path) for path in files if not path.name.startswith("."))


def begun_repository(store: ModelStore, model_id: str) -> str:
    """The repository that a model is being fetched from, as OWNER/NAME; "" for one of the catalogue."""
    purpose = Purpose.read(store.source_folder(model_id))
    return "" if purpose is None else purpose.repository


def begun_as(store: ModelStore, repository: str) -> str:
    """The id under which a repository is being fetched; "" for one that is not."""
    folders = (folder.name for folder in store.source_folders())
    return next((name for name in folders if begun_repository(store, name) == repository), "")


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
    if purpose.repository:
        return any(
            model.id == folder.name and purpose.repository in model.manifest.source.split() for model in store.list()
        )
    return are_installed(store, folder.name, purpose.precisions)


def _size_bytes(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:  # since they were listed
        return 0
