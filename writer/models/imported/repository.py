"""What to fetch of a repository on the hub in order to import it."""

import re
from collections.abc import Generator
from pathlib import Path

from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.download import DownloadProgress, HubSettings, fetch_hub
from writer.models.download.listing import list_repository
from writer.models.imported.folder import DESCRIPTIONS, GRAPH_NAMES
from writer.models.store import ModelStore

_FURTHER_DESCRIPTIONS = ("README.md", "special_tokens_map.json", "tokenizer.model", "spiece.model")
_WEIGHTS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors")
_GRAPH_DATA = re.compile(r"[A-Za-z0-9._-]{1,100}")


def fetch_repository(
    repository: str, model_id: str, store: ModelStore, hub: HubSettings
) -> Generator[DownloadProgress, None, tuple[Path, HubSource]]:
    """Bring what an import needs into the store's sources; returns the folder and what it holds.

    An exported graph is taken where there is one: it needs no exporter. Closed early, it keeps what has arrived."""
    commit, names = yield from list_repository(repository, hub)
    source = HubSource(repository, commit, tuple(map(HubFile, choose_files(repository, names))))
    folder = store.source_folder(model_id) / commit
    yield from fetch_hub(source, folder, hub)
    return folder, source


def choose_files(repository: str, names: tuple[str, ...]) -> list[str]:
    """Raises WriterError when the repository holds no graph, and no weights that could be exported."""
    present = set(names)
    described = [name for name in (*DESCRIPTIONS, *_FURTHER_DESCRIPTIONS) if name in present]
    for graph in (folder + name for name in GRAPH_NAMES for folder in ("", "onnx/")):
        if graph in present:
            prefix = graph.rpartition("/")[0]
            beside = [name for name in names if name.rpartition("/")[0] == prefix]
            rests = {name: name.removeprefix(graph) for name in beside if name.startswith(graph) and name != graph}
            data = [name for name, rest in rests.items() if rest[0] in "._" and _GRAPH_DATA.fullmatch(rest)]
            return [*described, graph, *data]
    weights = [name for name in names if _WEIGHTS.fullmatch(name)]
    if not weights:
        raise WriterError(
            f"{repository} holds no exported model, and no weights as safetensors.", "Choose another model."
        )
    return [*described, *(n for n in ("model.safetensors.index.json",) if n in present), *weights]
