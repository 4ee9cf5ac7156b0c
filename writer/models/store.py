"""Installed models: one folder each, described by its manifest.

    <models>/<id>/manifest.json  tokenizer.json  int8.onnx  int8.onnx.data  …

A model is built in a staging folder beside the others and appears under its name all at once.
"""

import difflib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from writer.engine.config import ModelConfig
from writer.errors import UsageError, WriterError
from writer.models.precision import Precision

_MANIFEST = "manifest.json"
_FORMAT_VERSION = 1
_STAGING_PREFIX = ".building-"


@dataclass(frozen=True)
class FileRecord:
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class PrecisionRecord:
    """One graph: its files, and what the quality gate measured on `n_gate_tokens` tokens."""

    files: dict[str, FileRecord]
    perplexity: float
    perplexity_fp32: float
    n_gate_tokens: int
    build_s: float

    @property
    def loss(self) -> float:
        """How much more surprised this precision is than full precision: 0.03 is three percent."""
        return self.perplexity / self.perplexity_fp32 - 1


@dataclass(frozen=True)
class Manifest:
    """Everything known about an installed model. `note` is a sentence for the writer, "" if there is none."""

    id: str
    title: str
    config: ModelConfig
    source_kind: str
    source_files: dict[str, FileRecord]
    licence: str
    default_precision: Precision
    precisions: dict[str, PrecisionRecord]
    note: str = ""
    writer_version: str = ""
    format_version: int = field(default=_FORMAT_VERSION)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        if values["format_version"] != _FORMAT_VERSION:
            raise ValueError(f"manifest format {values['format_version']}")
        return cls(
            **{
                **values,
                "config": ModelConfig.from_json(values["config"]),
                "source_files": _file_records(values["source_files"]),
                "default_precision": Precision(values["default_precision"]),
                "precisions": {
                    name: PrecisionRecord(**{**record, "files": _file_records(record["files"])})
                    for name, record in values["precisions"].items()
                },
            }
        )


def _file_records(values: dict[str, dict[str, Any]]) -> dict[str, FileRecord]:
    return {name: FileRecord(**record) for name, record in values.items()}


@dataclass(frozen=True)
class InstalledModel:
    folder: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        return self.manifest.id

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
                raise self._damaged(f"{name} is missing or cut short")
        return self.folder / f"{chosen}.onnx"

    def verify(self) -> None:
        """Hash every file. Raises WriterError at the first that differs from the manifest."""
        for record in self.manifest.precisions.values():
            for name, file in record.files.items():
                path = self.folder / name
                if not path.is_file() or file_record(path) != file:
                    raise self._damaged(f"{name} has changed")

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())

    def _damaged(self, what: str) -> WriterError:
        return WriterError(
            f"The model {self.id} is damaged: {what}.",
            f"Remove it (writer models remove {self.id}) and get or build it again.",
        )


class ModelStore:
    """The models folder."""

    def __init__(self, models_dir: Path) -> None:
        self.models_dir = models_dir

    def list(self) -> list[InstalledModel]:
        """Every readable model, by id; folders with a damaged manifest are left out here and reported by `get`."""
        if not self.models_dir.is_dir():
            return []
        found = []
        for folder in sorted(self.models_dir.iterdir()):
            if (folder / _MANIFEST).is_file() and not folder.name.startswith("."):
                try:
                    found.append(_read(folder))
                except WriterError:
                    continue
        return found

    def get(self, model_id: str) -> InstalledModel:
        """Raises WriterError when there is no such model or its manifest is damaged."""
        folder = self.models_dir / check_id(model_id)
        if not (folder / _MANIFEST).is_file():
            installed = [model.id for model in self.list()]
            near = difflib.get_close_matches(model_id, installed, 1)
            hint = f"Did you mean {near[0]}?" if near else "See writer models list."
            raise WriterError(f"No model {model_id} is installed.", hint)
        return _read(folder)

    def remove(self, model_id: str) -> None:
        """Delete a model, damaged or not. Raises WriterError when there is no such model."""
        folder = self.models_dir / check_id(model_id)
        if not folder.is_dir():
            raise WriterError(f"No model {model_id} is installed.", "See writer models list.")
        with tempfile.TemporaryDirectory(prefix=_STAGING_PREFIX, dir=self.models_dir) as bin_folder:
            os.replace(folder, Path(bin_folder) / "removed")  # gone at once, deleted at leisure

    @contextmanager
    def staging(self, model_id: str) -> Iterator[Path]:
        """A folder to build in: it becomes the model when the block ends well, and vanishes when it does not."""
        target = self.models_dir / check_id(model_id)
        self.models_dir.mkdir(parents=True, exist_ok=True)
        self._sweep()
        staged = self.models_dir / f"{_STAGING_PREFIX}{os.getpid()}-{model_id}"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        try:
            yield staged
            if target.exists():
                self.remove(model_id)
            os.replace(staged, target)
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def _sweep(self) -> None:
        """Delete what builds that were killed left behind."""
        for folder in self.models_dir.glob(f"{_STAGING_PREFIX}*"):
            pid = folder.name.removeprefix(_STAGING_PREFIX).partition("-")[0]
            if pid.isdigit() and not _is_running(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / _MANIFEST).write_text(json.dumps(manifest.to_json(), indent=2), encoding="utf-8")


def file_record(path: Path) -> FileRecord:
    with path.open("rb") as stream:
        return FileRecord(path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


def check_id(model_id: str) -> str:
    """A model id is also a folder's name. Raises UsageError for anything else."""
    if not model_id or not all(c.isalnum() or c in "-_." for c in model_id) or model_id.startswith("."):
        raise UsageError(f"{model_id!r} is no model id.", "Use letters, digits, hyphens and dots.")
    return model_id


def _read(folder: Path) -> InstalledModel:
    try:
        values = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return InstalledModel(folder, Manifest.from_json(values))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WriterError(
            f"The description of the model {folder.name} is damaged.",
            f"Remove it (writer models remove {folder.name}) and get or build it again.",
        ) from error


def _is_running(pid: int) -> bool:
    if os.name == "nt":  # signal 0 would end the process there; its staging folder waits for the next start
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
