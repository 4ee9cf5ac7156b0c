"""The models on this machine and those that can be got, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from writer.errors import WriterError
from writer.models import sources
from writer.models.catalog import CatalogEntry
from writer.models.disk import using
from writer.models.manifest import NewerModelError
from writer.models.store import InstalledModel, ModelStore


@dataclass(frozen=True)
class ShelfItem:
    """A model that is here, or can be got, or both.

    entry -- None for models of the user's own
    model -- None where none is installed, or its description cannot be read
    problem -- what is wrong with what is installed; "" otherwise
    remedy -- what to do about it at the command line
    is_from_newer -- what is wrong is that a newer Writer built it: it stays as it is
    is_begun -- an earlier run has fetched some of it
    begun_bytes -- how much, if it is begun
    repository -- where from, as OWNER/NAME, if it is begun and in no catalogue
    is_shipped -- what is installed came with Writer, and stays as long as Writer does
    hides_shipped -- what is installed stands before one that came with Writer
    """

    id: str
    entry: CatalogEntry | None
    model: InstalledModel | None
    problem: str = ""
    remedy: str = ""
    is_from_newer: bool = False
    is_begun: bool = False
    begun_bytes: int = 0
    repository: str = ""
    is_shipped: bool = False
    hides_shipped: bool = False

    @property
    def title(self) -> str:
        if self.model is not None:
            return self.model.title
        return self.entry.title if self.entry is not None else self.repository or self.id

    @property
    def is_installed(self) -> bool:
        """Soundly or not."""
        return self.model is not None or bool(self.problem)

    @property
    def is_ready(self) -> bool:
        return self.model is not None and not self.problem


def read_shelf(catalog: Mapping[str, CatalogEntry], store: ModelStore) -> tuple[ShelfItem, ...]:
    """The catalogue's models in its order, then the user's own, those included that have only been begun.

    Raises WriterError for a folder that cannot be read."""
    installed = sorted((*(model.id for model in store.list()), *store.damaged()))
    with using(store.models_dir):
        begun = sorted(folder.name for folder in store.source_folders())
    items = [_item(name, catalog.get(name), store) for name in dict.fromkeys((*catalog, *installed, *begun))]
    return tuple(item for item in items if item.entry is not None or item.is_installed or item.is_begun)


def shelf_item(model: InstalledModel) -> ShelfItem:
    """A model that is here, by itself."""
    item = ShelfItem(model.id, None, model, is_shipped=model.is_shipped)
    try:
        model.check()
    except WriterError as error:
        return replace(item, problem=error.message, remedy=error.hint)
    return item


def _item(model_id: str, entry: CatalogEntry | None, store: ModelStore) -> ShelfItem:
    begun = sources.is_begun(store, model_id)
    has_own, has_shipped = store.has_own(model_id), store.has_shipped(model_id)
    if not (has_own or has_shipped):
        return _with_begun(ShelfItem(model_id, entry, None, is_begun=begun), store)
    try:
        item = shelf_item(store.get(model_id))
    except WriterError as error:
        is_from_newer = isinstance(error, NewerModelError)
        item = ShelfItem(model_id, None, None, error.message, error.hint, is_from_newer, is_shipped=not has_own)
    item = replace(item, entry=entry, is_begun=begun and not item.is_ready, hides_shipped=has_own and has_shipped)
    return _with_begun(item, store)


def _with_begun(item: ShelfItem, store: ModelStore) -> ShelfItem:
    if not item.is_begun:
        return item
    n_bytes, repository = sources.begun_bytes(store, item.id), sources.begun_repository(store, item.id)
    return replace(item, begun_bytes=n_bytes, repository="" if item.entry else repository)
