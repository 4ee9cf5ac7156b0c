"""Things on a shelf, as cards show them: no file lies behind them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from writer.engine.config import ModelConfig
from writer.models.catalog import DEFAULT_MODEL, STARTER, load_catalog
from writer.models.manifest import IMPORTED_KIND, FileRecord, Manifest, PrecisionRecord
from writer.models.precision import Precision
from writer.models.shelf import ShelfItem
from writer.models.store import InstalledModel
from writer.paths import resources_dir

CATALOG = load_catalog(resources_dir() / "models.toml")
PROBLEM = "The model gpt2-medium is damaged (int8.onnx is missing or cut short). Remove it."


def record(perplexity: float = 25.5, **changes: Any) -> PrecisionRecord:
    files = {"model.onnx": FileRecord(400_000_000, "0" * 64)}
    figures: dict[str, Any] = {"memory_bytes": 750_000_000, "decode_tps": 41.7}
    return PrecisionRecord(files, perplexity, 25.0, 3072, 30.0, **(figures | changes))


def manifest(model_id: str, *forms: Precision, **changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "id": model_id,
        "title": CATALOG[model_id].title if model_id in CATALOG else "My own",
        "config": ModelConfig("gpt2", 50257, 1024, 64, 2, 4, 4, 16, 256, 1e-5, (0,)),
        "source_kind": "safetensors",
        "source_files": {},
        "licence": "MIT",
        "default_precision": forms[0],
        "precisions": {str(form): record() for form in forms},
        "parameters": 354_823_168,
    }
    return Manifest(**(fields | changes))


def to_get(model_id: str = DEFAULT_MODEL, *, is_begun: bool = False) -> ShelfItem:
    return ShelfItem(model_id, CATALOG[model_id], None, is_begun=is_begun)


def here(model_id: str = DEFAULT_MODEL, *forms: Precision, **changes: Any) -> ShelfItem:
    model = InstalledModel(Path("none"), manifest(model_id, *(forms or (Precision.INT8,)), **changes))
    return ShelfItem(model_id, CATALOG.get(model_id), model)


def damaged(model_id: str = DEFAULT_MODEL) -> ShelfItem:
    return replace(here(model_id), problem=PROBLEM)


__all__ = ["CATALOG", "DEFAULT_MODEL", "IMPORTED_KIND", "PROBLEM", "STARTER", "damaged", "here", "record", "to_get"]
