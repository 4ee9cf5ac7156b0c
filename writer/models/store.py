"""Installed models: one folder each, described by its manifest.

    <models>/<id>/manifest.json  tokenizer.json  int8.onnx  int8.onnx.data  …

A model is built in a staging folder beside the others and appears under its name all at once. Writer may come with
models in a folder of its own, which is only ever read: there, a model that the user has under the same id goes first.
"""

import difflib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from writer.errors import WriterError
from writer.models import staging
from writer.models.catalog import DEFAULT_MODEL, STARTER
from writer.models.disk import using
from writer.models.installed import InstalledModel
from writer.models.lock import ModelLock
from writer.models.manifest import (
    DamagedModelError,
    FileRecord,
    Manifest,
    PrecisionRecord,
    check_id,
    file_record,
    is_id,
    read_manifest,
    write_manifest,
)

__all__ = [
    "FileRecord",
    "InstalledModel",
    "Manifest",
    "ModelStore",
    "PrecisionRecord",
    "check_id",
    "file_record",
    "write_manifest",
]

_SOURCES = ".sources"
_DAMAGED = ".damaged"


class ModelStore:
    """The models folder, and those that came with Writer.

    shipped_dir -- models that came with Writer; None for none. It need not be writable
    held_id -- the model whose lock the caller has, "" for none: see `holding`
    """

    def __init__(self, models_dir: Path, shipped_dir: Path | None = None, held_id: str = "") -> None:
        self.models_dir = models_dir
        self._shipped_dir = shipped_dir
        self._held_id = held_id

    def lock(self, model_id: str) -> ModelLock:
        """To be held by whoever changes this model, from the first byte fetched to the last deleted."""
        path = None if model_id == self._held_id else staging.lock_path(self.models_dir, check_id(model_id))
        return ModelLock(path, model_id)

    def holding(self, model_id: str) -> "ModelStore":
        """The same store, for one who has the model's lock: it does not ask for it again."""
        return ModelStore(self.models_dir, self._shipped_dir, model_id)

    def list(self) -> list[InstalledModel]:
        """Every readable model, by id. Those with a damaged manifest are in `damaged()` instead."""
        return [model for model in map(self._read_or_none, self._folders()) if model is not None]

    def damaged(self) -> tuple[str, ...]:
        """Ids of models whose manifest is missing or cannot be read."""
        return tuple(folder.name for folder in self._folders() if self._read_or_none(folder) is None)

    def get(self, model_id: str) -> InstalledModel:
        """Raises WriterError when there is no such model or its manifest is damaged."""
        folder = self._own_folder(model_id) or self._shipped_folder(model_id)
        if folder is None:
            raise self._unknown(model_id)
        return self._read(folder)

    def has_own(self, model_id: str) -> bool:
        """Whether the user's own folder has it, damaged or not."""
        return self._own_folder(model_id) is not None

    def has_shipped(self, model_id: str) -> bool:
        """Whether Writer came with it, be it hidden by one of the user's own or not."""
        return self._shipped_folder(model_id) is not None

    def preferred(self, model_id: str = "") -> InstalledModel | None:
        """The model asked for, if it is installed; else the product's own in one form or another, else any, and the
        starter last. None where nothing is installed.

        One that came with Writer is there for the user's own of that name when nobody can read what that is."""

        def rank(model: InstalledModel) -> tuple[bool, ...]:
            is_own = model.id.startswith(DEFAULT_MODEL)
            return (model.id != model_id, model.id != DEFAULT_MODEL, not is_own, model.id == STARTER)

        shipped = [model for model in map(self._read_or_none, self._shipped_folders()) if model is not None]
        models = {model.id: model for model in (*shipped, *self.list())}
        return min(models.values(), key=rank, default=None)

    def remove(self, model_id: str) -> None:
        """Delete a model, damaged or not, and what is kept of its source. Raises WriterError when there is none, it
        came with Writer, or another Writer is at it."""
        self._require_own(model_id)
        with using(self.models_dir), self.lock(model_id), self.holding(model_id).scratch() as bin_folder:
            self._require_own(model_id).replace(bin_folder / "removed")  # gone at once, deleted at leisure
            if (sources := self.source_folder(model_id)).is_dir():
                sources.replace(bin_folder / "sources")
            self._damage_note(model_id).unlink(missing_ok=True)

    def require_not_newers(self, model_id: str) -> None:
        """Raises NewerModelError when the user's own folder has it as a newer Writer built it: nothing is put there."""
        folder = self._own_folder(model_id)
        if folder is not None:
            with suppress(DamagedModelError):
                read_manifest(folder)

    def source_folder(self, model_id: str) -> Path:
        """Where the files a model is built from lie while they are fetched, and afterwards if they are kept."""
        return self.models_dir / _SOURCES / check_id(model_id)

    def source_folders(self) -> tuple[Path, ...]:
        """Those that there are."""
        return tuple(path for path in (self.models_dir / _SOURCES).glob("*") if is_id(path.name))

    @contextmanager
    def staging(self, model_id: str, keep: Iterable[str] = ()) -> Iterator[Path]:
        """A folder to build in: it becomes the model when the block ends well, and vanishes when it does not.

        keep -- names of files of the model already installed under this id that go into the new one unchanged
                (a further precision beside those already built). They are linked, so do not write to them.
        """
        with self.lock(model_id), self.holding(model_id).scratch() as scratch:
            self.holding(model_id).require_not_newers(model_id)
            target = self.models_dir / model_id
            with staging.new_model(scratch, target) as folder:
                for name in keep:
                    _link_or_copy(target / name, folder / name)
                yield folder

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A passing folder on the models' own disk, removed at the end of the block, or later if the process dies."""
        staging.sweep(self.models_dir, self._held_id)
        with staging.new_scratch(self.models_dir) as folder:
            yield folder

    def _own_folder(self, model_id: str) -> Path | None:
        folder = self.models_dir / check_id(model_id)
        with using(self.models_dir):
            if not folder.is_dir():
                staging.recover(self.models_dir, self._held_id)
            return folder if folder.is_dir() else None

    def _require_own(self, model_id: str) -> Path:
        folder = self._own_folder(model_id)
        if folder is None and self.has_shipped(model_id):
            raise WriterError(
                f"The model {model_id} is a part of Writer and cannot be removed by itself.",
                "It goes when Writer is uninstalled.",
            )
        if folder is None:
            raise self._unknown(model_id)
        return folder

    def _shipped_folder(self, model_id: str) -> Path | None:
        return next((folder for folder in self._shipped_folders() if folder.name == check_id(model_id)), None)

    def _folders(self) -> tuple[Path, ...]:
        """One for each id, in their order."""
        with using(self.models_dir):
            if self.models_dir.is_dir():
                staging.recover(self.models_dir, self._held_id)
            own = _model_folders(self.models_dir)
        folders = {folder.name: folder for folder in (*self._shipped_folders(), *own)}
        return tuple(folders[name] for name in sorted(folders))

    def _shipped_folders(self) -> tuple[Path, ...]:
        """None where they cannot be read: what the user has of his own goes on."""
        try:
            return () if self._shipped_dir is None else _model_folders(self._shipped_dir)
        except OSError:
            return ()

    def _read(self, folder: Path) -> InstalledModel:
        """Raises WriterError when its manifest is damaged."""
        is_shipped = folder.parent == self._shipped_dir
        manifest = read_manifest(folder, is_shipped=is_shipped)
        if is_shipped:  # its speed was measured where Writer was packed
            forms = {name: replace(record, decode_tps=0.0) for name, record in manifest.precisions.items()}
            manifest = replace(manifest, precisions=forms)
        return InstalledModel(folder, manifest, is_shipped, self._damage_note(folder.name))

    def _read_or_none(self, folder: Path) -> InstalledModel | None:
        try:
            return self._read(folder)
        except WriterError:
            return None

    def _damage_note(self, model_id: str) -> Path:
        return self.models_dir / _DAMAGED / f"{model_id}.json"

    def _unknown(self, model_id: str) -> WriterError:
        near = difflib.get_close_matches(model_id, [folder.name for folder in self._folders()], 1)
        hint = f"Did you mean {near[0]}?" if near else "See writer models list."
        return WriterError(f"No model {model_id} is installed.", hint)


def _model_folders(folder: Path) -> tuple[Path, ...]:
    """Raises OSError for a folder that cannot be read, not for one that is missing."""
    if not folder.is_dir():
        return ()
    return tuple(path for path in folder.iterdir() if path.is_dir() and is_id(path.name))


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)
