"""Which model speaks: the writer's choice, what has just arrived, or the starter on a fresh machine."""

from PySide6.QtCore import QObject, Signal

from writer.errors import WriterError
from writer.models.catalog import STARTER
from writer.models.loaded import LoadedModel
from writer.models.precision import Precision
from writer.models.store import InstalledModel, ModelStore
from writer.ui.library import LibraryController
from writer.ui.model_damage import told_for_a_window
from writer.ui.model_host import ModelHost


class ModelSwitcher(QObject):
    """Has the host load what is to speak. The text, the caret and undo have no part in it."""

    chosen = Signal(str, str)  # the writer's choice, once it speaks: id and precision
    arrived = Signal(object)  # LoadedModel that the writer got or added a moment ago
    failed = Signal(str, str)  # message, hint

    def __init__(
        self, store: ModelStore, host: ModelHost, library: LibraryController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store, self._host, self._library = store, host, library
        self._choice: InstalledModel | None = None  # the writer's own, while it is being read
        self._arrival: InstalledModel | None = None
        host.loaded.connect(self._on_loaded)
        host.failed.connect(self._on_host_failed)
        library.installed.connect(self._on_installed)

    def begin(self, model_id: str, precision: str) -> None:
        """Load the chosen model, else the best there is; on a fresh machine have the starter fetched."""
        try:
            model = self._store.preferred(model_id)
            is_fresh = model is None and not self._store.damaged()
        except WriterError as error:
            self.failed.emit(error.message, error.hint)
            return
        if model is not None:
            forms = model.manifest.precisions
            self._host.load(model, Precision(precision) if model.id == model_id and precision in forms else None)
        elif is_fresh:
            self._library.get(STARTER, was_asked_for=False)

    def use(self, model_id: str, precision: Precision | None = None) -> None:
        """Let another model, or another form of one, speak."""
        try:
            with told_for_a_window():
                self._choice = self._store.get(model_id)
        except WriterError as error:
            self.failed.emit(error.message, error.hint)
            return
        self._host.load(self._choice, precision)

    def _on_installed(self, model: InstalledModel, was_asked_for: bool) -> None:
        speaking = self._host.model
        if speaking is not None and speaking.installed.id == model.id:
            return  # a further form of it, which its card offers
        if was_asked_for or (speaking is None and not self._host.is_loading):
            self._choice = model if was_asked_for else None
            self._arrival = self._choice
            self._host.load(model)

    def _on_loaded(self, model: LoadedModel) -> None:
        choice, self._choice = self._choice, None
        arrival, self._arrival = self._arrival, None
        if choice is not None and choice.id == model.installed.id:
            self.chosen.emit(choice.id, str(model.precision))
        if arrival is not None and arrival.id == model.installed.id:
            self.arrived.emit(model)

    def _on_host_failed(self, message: str, hint: str) -> None:
        self._choice = self._arrival = None
        self._library.refresh()  # it may have been found to be damaged
        self.failed.emit(message, hint)
