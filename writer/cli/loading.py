"""What every command that runs a model does first."""

import os
import sys

from writer.engine.session import Device
from writer.errors import WriterError
from writer.models.catalog import STARTER, find_entry, load_catalog
from writer.models.download import HubSettings
from writer.models.install import InstallRequest, install
from writer.models.loaded import LoadedModel
from writer.models.precision import Precision
from writer.models.store import InstalledModel, ModelStore
from writer.paths import resources_dir, user_paths


def open_store() -> ModelStore:
    return ModelStore(user_paths(os.environ).models)


def gate_text() -> str:
    return (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")


def choose_model(model_id: str | None) -> InstalledModel:
    """The named model, else the only or first one installed, else the starter, fetched now."""
    store = open_store()
    if model_id:
        if model_id == STARTER and not (store.models_dir / STARTER).is_dir():
            return get_model(STARTER)
        return store.get(model_id)
    installed = store.list()
    return installed[0] if installed else get_model(STARTER)


def get_model(model_id: str) -> InstalledModel:
    """Fetch and build a model of the catalogue, with a progress bar on stderr."""
    from writer.cli.progress import show_progress

    entry = find_entry(load_catalog(resources_dir() / "models.toml"), model_id)
    print(f"Getting {entry.title}. This happens once.", file=sys.stderr)
    request = InstallRequest(entry, gate_text())
    return show_progress(install(request, open_store(), HubSettings.from_environment(os.environ)))


def load_model(
    model_id: str | None, precision: str | None = None, n_threads: int | None = None, device: Device = "cpu"
) -> LoadedModel:
    installed = choose_model(model_id)
    model = LoadedModel.load(installed, Precision(precision) if precision else None, n_threads, device)
    if model.session.fallback_note:
        print(f"writer: {model.session.fallback_note}", file=sys.stderr)
    return model


def check_precision(name: str) -> str:
    """For argparse: raises WriterError for a precision that does not exist."""
    if name not in list(Precision):
        raise WriterError(f"There is no precision {name}.", f"Choose one of {', '.join(Precision)}.")
    return name
