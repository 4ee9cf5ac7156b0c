"""`writer models import`: any other causal language model, from a folder or from the hub."""

import argparse
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from writer.cli.loading import gate_text, open_store
from writer.cli.progress import show_progress
from writer.errors import UsageError
from writer.models.build import BuildEvent
from writer.models.child import import_in_child
from writer.models.download import DownloadProgress, HubSettings
from writer.models.download.listing import is_repository
from writer.models.imported import ImportRequest
from writer.models.imported.repository import fetch_repository
from writer.models.store import InstalledModel, ModelStore, check_id


def run(options: argparse.Namespace) -> InstalledModel:
    """`options` has `source` (a path or OWNER/NAME) and `id`; shows its progress on stderr."""
    check_id(options.id)
    store, path = open_store(), Path(options.source).expanduser()
    if path.exists():
        return show_progress(import_in_child(ImportRequest(path.absolute(), options.id, gate_text()), store))
    if not is_repository(options.source):
        raise UsageError(
            f"There is no folder {options.source}.", "Give a folder, or a repository on the hub as OWNER/NAME."
        )
    return show_progress(_from_hub(options.source, options.id, gate_text(), store))


def _from_hub(
    repository: str, model_id: str, gate_text: str, store: ModelStore
) -> Iterator[DownloadProgress | BuildEvent]:
    """What has been fetched is kept until the model is installed: the next run goes on from there."""
    hub = HubSettings.from_environment(os.environ)
    folder, source = yield from fetch_repository(repository, model_id, store, hub)
    title = repository.rpartition("/")[2]
    yield from import_in_child(ImportRequest(folder, model_id, gate_text, title=title, origin=source.origin), store)
    shutil.rmtree(folder.parent, ignore_errors=True)
