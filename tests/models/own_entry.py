"""A catalogue entry of the user's own, for models that a hub on this machine serves."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from writer.models.catalog import CatalogEntry, find_entry, load_catalog
from writer.paths import resources_dir, user_paths

REPOSITORY = "someone/tiny"
REVISION = "0123456789" * 4
SHIPPED = resources_dir() / "models.toml"


def fields(weights: Path, **changes: Any) -> dict[str, Any]:
    """Of an entry whose one file is `weights`; a field set to `...` is left out, and `source` may change in part."""
    size = weights.stat().st_size
    source = {
        "kind": "hub",
        "repository": REPOSITORY,
        "revision": REVISION,
        "files": [
            {"name": weights.name, "size_bytes": size, "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}
        ],
    }
    entry: dict[str, Any] = {
        "id": "own",
        "title": "My own",
        "family": "llama",
        "parameters": 100_000,
        "n_ctx": 1024,
        "licence": "MIT",
        "summary": "One line.",
        "precision": "int8",
        "disclaimer": "any",
        "download_bytes": size,
        "disk_bytes": size,
        "memory_bytes": size,
        "source": source | changes.pop("source", {}),
    }
    return {name: value for name, value in (entry | changes).items() if value is not ...}


def write(home: Path, *entries: Mapping[str, Any]) -> Path:
    import tomli_w

    path = user_paths({"WRITER_HOME": str(home)}).own_catalog
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tomli_w.dumps({"model": list(entries)}), encoding="utf-8")
    return path


def entry(home: Path, weights: Path, **changes: Any) -> CatalogEntry:
    return find_entry(load_catalog(SHIPPED, write(home, fields(weights, **changes))), changes.get("id", "own"))
