"""The model that speaks: read on the engine's thread while the window is already open."""

from collections.abc import Iterator

from PySide6.QtCore import QObject, Signal

from writer.engine.devices import Device
from writer.engine.threads import most_threads
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
        self._asked: tuple[InstalledModel, Precision | None] | None = None  # while it is being read
        self._device: Device | None = None
        self._n_threads: int | None = None
        self.model: LoadedModel | None = None
        worker.event_arrived.connect(self._on_event)
        worker.failed.connect(self._on_failed)

    @property
    def is_loading(self) -> bool:
        return self._job != 0

    def load(self, installed: InstalledModel, precision: Precision | None = None) -> None:
        """Begin to read `installed`, in its own default form or the one asked for; the present model speaks until that
        is done, and goes on if it fails."""
        device, n_threads = self._device, self._n_threads

        def job() -> Iterator[LoadedModel]:
            with told_for_a_window():
                model = LoadedModel.load(installed, precision, n_threads, device)
            yield model

        self._asked = installed, precision
        self._job = self._worker.run(job)
        self.loading.emit(installed)

    def set_machine(self, device: str, n_threads: int) -> None:
        """Where models run from the next one on, and on how many threads; "" and 0 for the engine's own choice."""
        self._device = device if device in ("cpu", "cuda") else None  # type: ignore[assignment]
        self._n_threads = min(n_threads, most_threads()) if n_threads > 0 else None  # perhaps chosen on another machine

    def load_again(self, *, in_its_own_form: bool) -> None:
        """The model that speaks, or is about to: in the form that suits the device best, or in the one it has."""
        speaking = None if self.model is None else (self.model.installed, self.model.precision)
        wanted = self._asked or speaking
        if wanted is not None:
            installed, precision = wanted
            self.load(installed, None if in_its_own_form else precision)

    def _on_event(self, job: int, event: object) -> None:
        if job == self._job and isinstance(event, LoadedModel):
            self._job, self._asked = 0, None
            self.model = event
            self.loaded.emit(event)

    def _on_failed(self, job: int, message: str, hint: str) -> None:
        if job == self._job:
            self._job, self._asked = 0, None
            self.failed.emit(message, hint)
