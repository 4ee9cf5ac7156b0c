"""What every command that runs a model does first."""

import os
import sys
from typing import TYPE_CHECKING

from writer.engine.devices import Device
from writer.engine.threads import most_threads
from writer.errors import UsageError
from writer.models.catalog import STARTER, CatalogEntry, find_entry, load_catalog
from writer.models.loaded import LoadedModel
from writer.models.precision import Precision
from writer.models.store import InstalledModel, ModelStore
from writer.paths import resources_dir, shipped_models_dir, user_paths

if TYPE_CHECKING:
    from writer.models.library import Library


def open_store() -> ModelStore:
    return ModelStore(user_paths(os.environ).models, shipped_models_dir())


def open_catalog() -> dict[str, CatalogEntry]:
    return load_catalog(resources_dir() / "models.toml", user_paths(os.environ).own_catalog)


def open_library() -> "Library":
    # Getting models loads the network and the builder, which writing with one that is here can do without.
    from writer.models.download import HubSettings
    from writer.models.library import Library

    own_catalog = user_paths(os.environ).own_catalog
    return Library(open_store(), resources_dir(), own_catalog, HubSettings.from_environment(os.environ))


def choose_model(model_id: str | None) -> InstalledModel:
    """The named model, else the product's own or the first one installed, else the starter, fetched now."""
    store = open_store()
    if model_id:
        if model_id == STARTER and not (store.has_own(STARTER) or store.has_shipped(STARTER)):
            return _get_starter()
        return store.get(model_id)
    return store.preferred() or _get_starter()


def _get_starter() -> InstalledModel:
    """Nobody asked for a report on it, so what its build found is told in passing."""
    model = get_model(STARTER)
    if model.manifest.note:
        print(f"writer: {model.manifest.note}", file=sys.stderr)
    return model


def get_model(model_id: str, precisions: tuple[Precision, ...] = (), *, keep_source: bool = False) -> InstalledModel:
    """Fetch and build a model of the catalogue, or forms of it that are wanted too; shows its progress on stderr."""
    from writer.cli.progress import show_progress

    library = open_library()
    entry = find_entry(library.catalog, model_id)
    installed = next((model for model in library.store.list() if model.id == model_id), None)
    if installed:
        precisions = tuple(p for p in precisions if p not in installed.manifest.precisions)
        if not precisions:
            library.sweep()
            return installed
    print(f"Getting {entry.title}. This happens once.", file=sys.stderr)
    return show_progress(library.get(model_id, precisions, keep_source=keep_source))


def load_model(
    model_id: str | None, precision: str | None = None, n_threads: int | None = None, device: Device | None = None
) -> LoadedModel:
    installed = choose_model(model_id)
    model = LoadedModel.load(installed, Precision(precision) if precision else None, n_threads, device)
    if model.device_note:
        hint = f" writer models get {installed.id} --precision fp16 builds that form." if model.lacks_cuda_form else ""
        print(f"writer: {model.device_note}{hint}", file=sys.stderr)
    return model


def check_precision(name: str) -> str:
    """Raises UsageError for a precision that does not exist."""
    if name not in list(Precision):
        raise UsageError(f"There is no precision {name!r}.", f"Choose one of {', '.join(Precision)}.")
    return name


def check_threads(n_threads: int | None) -> None:
    """Raises UsageError for a number of threads that nothing can run on; None leaves the choice to the engine."""
    most = most_threads()
    if n_threads is not None and not 1 <= n_threads <= most:
        raise UsageError(f"--threads must be from 1 to {most}, the processors of this machine, not {n_threads}.")
