"""What every front end does with models: it lists them, gets them, and adds others."""

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path

from writer.errors import UsageError, WriterError
from writer.models import sources
from writer.models.build import BuildFinished, BuildRequest
from writer.models.catalog import CatalogEntry, find_entry, load_catalog
from writer.models.checkpoint.fields import read_json
from writer.models.checkpoint.hugging_face import read_config
from writer.models.child import Event, build_in_child, import_in_child, install_in_child
from writer.models.disk import storing
from writer.models.download import DownloadProgress, HubSettings
from writer.models.download.listing import is_repository
from writer.models.imported import ImportRequest, find_graph
from writer.models.imported.repository import fetch_repository
from writer.models.install import InstallRequest
from writer.models.lock import WAITING
from writer.models.precision import Precision
from writer.models.shelf import ShelfItem, read_shelf
from writer.models.store import ModelStore

_MAX_ID_CHARS = 48
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9._-]+")


class Library:
    """Jobs are generators that end with BuildFinished, or raise WriterError; what they do is done in a child process.

    resources -- the folder of shipped files
    own_catalog -- the user's own entries, which need not exist
    """

    def __init__(self, store: ModelStore, resources: Path, own_catalog: Path, hub: HubSettings) -> None:
        self.store = store
        self._resources = resources
        self._own_catalog = own_catalog
        self._hub = hub

    @cached_property
    def catalog(self) -> dict[str, CatalogEntry]:
        """Raises WriterError when the user's own entries cannot be read."""
        return load_catalog(self._resources / "models.toml", self._own_catalog)

    def shelf(self) -> tuple[ShelfItem, ...]:
        return read_shelf(self.catalog, self.store)

    def get(
        self, model_id: str, precisions: tuple[Precision, ...] = (), *, keep_source: bool = False
    ) -> Iterator[Event]:
        """Fetch and build a model of the catalogue, or further forms of it; closed early, it keeps what has arrived."""
        entry = find_entry(self.catalog, model_id)
        request = InstallRequest(
            entry, self.gate_text, self.calibration_text, precisions, self.gpt2_tokenizer, keep_source=keep_source
        )
        return install_in_child(request, self.store, self._hub)

    def sweep(self) -> None:
        """Delete downloads that have served."""
        sources.sweep(self.store)

    def add(self, source: Path, model_id: str = "") -> Iterator[Event]:
        """A model from a folder or a file: built where Writer has a network for it, else imported as it stands or
        through the exporter. Without an id it is called after its file."""
        path = source.expanduser().absolute()
        if not path.exists():
            raise UsageError(f"There is no file or folder {path}.", "Check the name.")
        named = path.parent if path.is_file() and path.stem == "model" else path  # a folder's name says more
        name = named.name if named.is_dir() else named.stem
        model_id = model_id or self.new_id(name)
        if find_graph(path) is None and _is_built_here(path):
            return self.build(path, model_id, (Precision.INT8,), title=name)
        return self.import_folder(path, model_id, name)

    def build(self, source: Path, model_id: str, precisions: tuple[Precision, ...], title: str = "") -> Iterator[Event]:
        """From safetensors or GGUF."""
        request = BuildRequest(
            source, model_id, precisions, self.gate_text, self.calibration_text, title, tokenizer=self.gpt2_tokenizer
        )
        return build_in_child(request, self.store)

    def import_folder(self, source: Path, model_id: str, title: str = "") -> Iterator[Event]:
        """A model of any other kind, by way of ONNX."""
        return import_in_child(ImportRequest(source, model_id, self.gate_text, title=title), self.store)

    def add_repository(self, repository: str, model_id: str = "") -> Iterator[Event]:
        """The same from the hub. What has been fetched is kept until the model is installed: the next run goes on
        from there. Raises UsageError for what is no OWNER/NAME."""
        if not is_repository(repository):
            raise UsageError(
                f"{repository} is no folder here, and no repository on the hub.",
                "Give a folder, or a repository as OWNER/NAME.",
            )
        name = repository.rpartition("/")[2]
        model_id = model_id or sources.begun_as(self.store, repository) or self.new_id(name)
        return self._fetch_and_import(repository, model_id, name)

    def _fetch_and_import(self, repository: str, model_id: str, title: str) -> Iterator[Event]:
        lock = self.store.lock(model_id)
        for _ in lock.waiting():
            yield DownloadProgress(0, 0, note=WAITING)
        with lock:
            store = self.store.holding(model_id)
            with storing(store.models_dir, "stored"):
                sources.begin(store, model_id, sources.Purpose((), repository=repository))
            try:
                folder, source = yield from fetch_repository(repository, model_id, store, self._hub)
            except WriterError:
                if not sources.is_begun(store, model_id):
                    sources.discard(store, model_id)
                raise
            request = ImportRequest(folder, model_id, self.gate_text, title=title, origin=source.origin)
            with closing(import_in_child(request, store)) as events:  # type: ignore[type-var]
                for event in events:
                    if isinstance(event, BuildFinished):
                        sources.discard(store, model_id)  # first: who has this event may not ask for another
                    yield event

    def new_id(self, name: str) -> str:
        """One that no model has, after `name`."""
        stem = _NOT_IN_AN_ID.sub("-", name).strip("-._")[:_MAX_ID_CHARS].rstrip("-._") or "model"
        taken = {item.id.casefold() for item in self.shelf()}  # an id is a folder, and some systems fold its case
        numbered = (f"{stem}-{n}" for n in range(2, len(taken) + 3))
        return next(model_id for model_id in (stem, *numbered) if model_id.casefold() not in taken)

    @cached_property
    def gate_text(self) -> str:
        """What every model is measured with."""
        return (self._resources / "gate" / "alice.txt").read_text(encoding="utf-8")

    @cached_property
    def calibration_text(self) -> str:
        """What weights are fitted to."""
        return (self._resources / "calibration" / "pride-and-prejudice.txt").read_text(encoding="utf-8")

    @property
    def gpt2_tokenizer(self) -> Path:
        """The folder of the one for checkpoints that come without."""
        return self._resources / "gpt2-tokenizer"


def _is_built_here(source: Path) -> bool:
    """Whether Writer has a network of its own for it. Raises WriterError when its description is damaged."""
    folder = source.parent if source.name == "model.safetensors" else source
    if not (folder / "config.json").is_file():
        return True
    read_json(folder / "config.json")
    with suppress(WriterError):
        read_config(folder)
        return True
    return False
