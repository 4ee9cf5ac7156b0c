"""Installed models: one folder each, described by its manifest.

    <models>/<id>/manifest.json  tokenizer.json  int8.onnx  int8.onnx.data  …

A model is built in a staging folder beside the others and appears under its name all at once.
"""

import difflib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from writer.engine.config import ModelConfig
from writer.errors import WriterError
from writer.models import staging
from writer.models.catalog import DEFAULT_MODEL, STARTER
from writer.models.disk import using
from writer.models.lock import ModelLock
from writer.models.manifest import (
    FileRecord,
    Manifest,
    PrecisionRecord,
    check_id,
    damaged,
    file_record,
    hash_file,
    is_id,
    read_manifest,
    write_manifest,
)
from writer.models.precision import Precision

if TYPE_CHECKING:
    from writer.engine.tokenizer import Tokenizer

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


@dataclass(frozen=True)
class InstalledModel:
    folder: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def title(self) -> str:
        return self.manifest.title

    @property
    def config(self) -> ModelConfig:
        return self.manifest.config

    @property
    def licence(self) -> str:
        return self.manifest.licence

    @property
    def default_precision(self) -> Precision:
        return self.manifest.default_precision

    def tokenizer(self) -> "Tokenizer":
        """Raises WriterError when its file is missing or damaged."""
        from writer.engine.imported_tokenizer import load_tokenizer  # loads a native library

        try:
            return load_tokenizer(self.folder)
        except WriterError as error:
            raise damaged(self.id, "its tokenizer cannot be read") from error

    def graph(self, precision: Precision | None = None) -> Path:
        """The graph file of a precision (default: the model's own), its files checked by size.

        Raises WriterError when it was not built or is damaged."""
        chosen = precision or self.manifest.default_precision
        record = self.manifest.precisions.get(chosen)
        if record is None:
            raise WriterError(
                f"{self.id} has not been built in the precision {chosen}.",
                f"It is installed as {', '.join(self.manifest.precisions)}.",
            )
        for name, file in record.files.items():
            path = self.folder / name
            if not path.is_file() or path.stat().st_size != file.size_bytes:
                raise damaged(self.id, f"{name} is missing or cut short")
        return self.folder / f"{chosen}.onnx"

    def verify(self, precision: Precision | None = None) -> None:
        """`verifying`, without a stop. Raises WriterError."""
        for _ in self.verifying(precision):
            pass

    def verifying(self, precision: Precision | None = None) -> Iterator[tuple[int, int]]:
        """Hash every file, or those that one precision needs; yields (bytes done, bytes in all).

        Raises WriterError at the first that has changed."""
        files = self._files(precision)
        done, total = 0, sum(file.size_bytes for file in files.values())
        for name, file in files.items():
            hashing, found = hash_file(self.folder / name), None
            while found is None:
                try:
                    yield done + next(hashing), total
                except StopIteration as end:
                    found = end.value
                except OSError as error:
                    raise damaged(self.id, f"{name} cannot be read") from error
            if found != file:
                raise damaged(self.id, f"{name} has changed")
            done += file.size_bytes

    @contextmanager
    def verified(self, precision: Precision) -> Iterator[Path]:
        """The graph file of a precision, for a block that reads it: every byte has been seen to be right before, and
        no file has been touched at its end. Raises WriterError."""
        graph, before = self.graph(precision), self._stamps(precision)
        self.verify(precision)
        yield graph
        if self._stamps(precision) != before:
            raise WriterError(f"The model {self.id} changed while it was being read.", "Try again.")

    def _files(self, precision: Precision | None) -> dict[str, FileRecord]:
        """Those that every precision needs, and those of one, or of all."""
        chosen = [precision] if precision else self.manifest.precisions
        records = [self.manifest.shared_files, *(self.manifest.precisions[name].files for name in chosen)]
        return {name: file for record in records for name, file in record.items()}

    def _stamps(self, precision: Precision) -> list[tuple[int, int, int]]:
        """What changes with a file's content. Not the time of its last change of any kind: a further precision that is
        being built beside this one links to it."""
        try:
            stats = [(self.folder / name).stat() for name in self._files(precision)]
        except OSError as error:
            raise damaged(self.id, "a file of it cannot be read") from error
        return [(stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats]

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())


class ModelStore:
    """The models folder.

    held_id -- the model whose lock the caller has, "" for none: see `holding`
    """

    def __init__(self, models_dir: Path, held_id: str = "") -> None:
        self.models_dir = models_dir
        self._held_id = held_id

    def lock(self, model_id: str) -> ModelLock:
        """To be held by whoever changes this model, from the first byte fetched to the last deleted."""
        path = None if model_id == self._held_id else staging.lock_path(self.models_dir, check_id(model_id))
        return ModelLock(path, model_id)

    def holding(self, model_id: str) -> "ModelStore":
        """The same store, for one who has the model's lock: it does not ask for it again."""
        return ModelStore(self.models_dir, model_id)

    def list(self) -> list[InstalledModel]:
        """Every readable model, by id. Those with a damaged manifest are in `damaged()` instead."""
        return [model for model in map(_read_or_none, self._folders()) if model is not None]

    def damaged(self) -> tuple[str, ...]:
        """Ids of models whose manifest is missing or cannot be read."""
        return tuple(folder.name for folder in self._folders() if _read_or_none(folder) is None)

    def get(self, model_id: str) -> InstalledModel:
        """Raises WriterError when there is no such model or its manifest is damaged."""
        return InstalledModel(self._folder(model_id), read_manifest(self._folder(model_id)))

    def preferred(self, model_id: str = "") -> InstalledModel | None:
        """The model asked for, if it is installed; else the product's own in one form or another, else any, and the
        starter last. None where nothing is installed."""

        def rank(model: InstalledModel) -> tuple[bool, ...]:
            is_own = model.id.startswith(DEFAULT_MODEL)
            return (model.id != model_id, model.id != DEFAULT_MODEL, not is_own, model.id == STARTER)

        return min(self.list(), key=rank, default=None)

    def remove(self, model_id: str) -> None:
        """Delete a model, damaged or not, and what is kept of its source. Raises WriterError when there is none
        or another Writer is at it."""
        self._folder(model_id)
        with using(self.models_dir), self.lock(model_id), self.holding(model_id).scratch() as bin_folder:
            self._folder(model_id).replace(bin_folder / "removed")  # gone at once, deleted at leisure
            if (sources := self.source_folder(model_id)).is_dir():
                sources.replace(bin_folder / "sources")

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

    def _folder(self, model_id: str) -> Path:
        """Raises WriterError when there is no such model."""
        folder = self.models_dir / check_id(model_id)
        with using(self.models_dir):
            if not folder.is_dir():
                staging.recover(self.models_dir, self._held_id)
            if not folder.is_dir():
                raise self._unknown(model_id)
        return folder

    def _folders(self) -> tuple[Path, ...]:
        with using(self.models_dir):
            if not self.models_dir.is_dir():
                return ()
            staging.recover(self.models_dir, self._held_id)
            return tuple(sorted(path for path in self.models_dir.iterdir() if path.is_dir() and is_id(path.name)))

    def _unknown(self, model_id: str) -> WriterError:
        near = difflib.get_close_matches(model_id, [folder.name for folder in self._folders()], 1)
        hint = f"Did you mean {near[0]}?" if near else "See writer models list."
        return WriterError(f"No model {model_id} is installed.", hint)


def _read_or_none(folder: Path) -> InstalledModel | None:
    try:
        return InstalledModel(folder, read_manifest(folder))
    except WriterError:
        return None


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)
