"""The model that speaks: read on the engine's thread while the window is already open."""

from collections.abc import Iterator

from PySide6.QtCore import QObject, Signal

from writer.models.loaded import LoadedModel
from writer.models.precision import Precision
from writer.models.store import InstalledModel
from writer.ui.model_damage import told_for_a_window
from writer.ui.worker import Worker


class ModelHost(QObject):
    """Holds the loaded model. It is handed to the worker's jobs and never used on this thread."""

    loading = Signal(object)  # InstalledModel
    loaded = Signal(object)  # LoadedModel
    failed = Signal(str, str)  # message, hint

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._job = 0
        self.model: LoadedModel | None = None
        worker.event_arrived.connect(self._on_event)
        worker.failed.connect(self._on_failed)

    @property
    def is_loading(self) -> bool:
        return self._job != 0

    def load(self, installed: InstalledModel, precision: Precision | None = None) -> None:
        """Begin to read `installed`, in its own default form or the one asked for; the present model speaks until that
        is done, and goes on if it fails."""

        def job() -> Iterator[LoadedModel]:
            with told_for_a_window():
                model = LoadedModel.load(installed, precision)
            yield model

        self._job = self._worker.run(job)
        self.loading.emit(installed)

    def _on_event(self, job: int, event: object) -> None:
        if job == self._job and isinstance(event, LoadedModel):
            self._job = 0
            self.model = event
            self.loaded.emit(event)

    def _on_failed(self, job: int, message: str, hint: str) -> None:
        if job == self._job:
            self._job = 0
            self.failed.emit(message, hint)
