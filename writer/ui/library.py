"""Getting, adding, checking and removing models, one at a time and beside the writing."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from writer.engine.devices import DeviceReport, describe_devices
from writer.errors import WriterError
from writer.models.catalog import load_catalog
from writer.models.precision import Precision
from writer.models.progress import Step
from writer.models.shelf import ShelfItem, read_shelf
from writer.models.store import ModelStore
from writer.paths import UserPaths, resources_dir, shipped_models_dir
from writer.ui.model_damage import told_for_a_window
from writer.ui.worker import Worker

if TYPE_CHECKING:
    from writer.models.library import Library

_ADDED = "added:"  # begins the key of a job whose model has no id yet


@dataclass(frozen=True)
class Activity:
    """What is being done to a model.

    can_pause -- it can be left and taken up again; otherwise it can only be given up
    """

    title: str
    step: Step
    can_pause: bool = False

    @property
    def stage(self) -> str:
        """With how far it has come."""
        return " · ".join(part for part in (self.step.stage, self.step.percent) if part)


@dataclass(frozen=True)
class _Verified:
    title: str


@dataclass(frozen=True)
class _Shelf:
    items: tuple[ShelfItem, ...]


@dataclass(eq=False)
class _Job:
    """`key` is the model's id, or stands for a model that has none yet; "" for what no card shows.

    fetches -- given up, it leaves files that are to be deleted
    """

    key: str
    title: str
    events: Callable[[], Iterator[object]]
    can_pause: bool = False
    fetches: bool = False
    was_asked_for: bool = False
    is_given_up: bool = False


class LibraryController(QObject):
    """Knows what is on the shelf, and does one thing at a time to it, in a thread of its own.

    Whatever is asked for while something else is being done waits its turn.
    """

    shelf_changed = Signal(object)  # tuple[ShelfItem, ...]
    activity_changed = Signal(str, object)  # key, Activity; None once it has ended
    installed = Signal(object, bool)  # InstalledModel; whether the writer asked for it
    verified = Signal(str)  # title
    devices_described = Signal(object)  # DeviceReport
    failed = Signal(str, str, str)  # key, message, hint

    def __init__(self, paths: UserPaths, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._paths = paths
        self._store = ModelStore(paths.models, shipped_models_dir())
        self._worker = Worker(self)
        self._running: _Job | None = None
        self._number = 0  # of the running job
        self._waiting: deque[_Job] = deque()
        self._library: Library | None = None  # made and used on the worker's thread
        self.shelf: tuple[ShelfItem, ...] = ()
        self._worker.event_arrived.connect(self._on_event)
        self._worker.finished.connect(self._on_ended)
        self._worker.stopped.connect(self._on_ended)
        self._worker.failed.connect(self._on_failed)
        self.crashed = self._worker.crashed

    # -- what can be asked for -----------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look at the shelf again."""
        self._queue(_Job("", "", self._read_shelf))

    def describe_devices(self) -> None:
        self._queue(_Job("", "", lambda: iter((describe_devices(),))))

    def get(self, model_id: str, precisions: tuple[Precision, ...] = (), *, was_asked_for: bool = True) -> None:
        """Fetch and build a model of the catalogue, or go on with one that was paused."""
        item = next((item for item in self.shelf if item.id == model_id), None)
        if item is not None and item.repository:
            self.add_repository(item.repository)
            return
        self._queue(
            _Job(
                model_id,
                model_id,
                lambda: self._open().get(model_id, precisions),
                can_pause=True,
                fetches=True,
                was_asked_for=was_asked_for,
            )
        )

    def add(self, source: Path) -> None:
        """A model from a folder or a file."""
        self._queue(_Job(_ADDED + str(source), source.name, lambda: self._open().add(source), was_asked_for=True))

    def add_repository(self, name: str) -> None:
        """A model from the hub, as OWNER/NAME, or on with one that was paused."""
        begun = next((item.id for item in self.shelf if item.repository == name), "")
        self._queue(
            _Job(
                begun or _ADDED + name,
                name,
                lambda: self._open().add_repository(name, begun),
                can_pause=True,
                fetches=True,
                was_asked_for=True,
            )
        )

    def pause(self, key: str) -> None:
        """Stop, and keep what has arrived."""
        if self._running is not None and self._running.key == key:
            self._worker.stop()
        for job in [job for job in self._waiting if job.key == key]:
            self._waiting.remove(job)
            self.activity_changed.emit(key, None)

    def cancel(self, key: str) -> None:
        """Stop, and delete what has arrived; without a job, what an earlier one has left."""
        if self._running is not None and self._running.key == key:
            self._running.is_given_up = self._running.fetches
            self._worker.stop()
            return
        waiting = [job.fetches for job in self._waiting if job.key == key]
        is_begun = any(item.is_begun for item in self.shelf if item.id == key)
        self.pause(key)
        if any(waiting) or (is_begun and not waiting):
            self._discard(key)

    def verify(self, model_id: str) -> None:
        """Check every byte."""
        self._queue(_Job(model_id, model_id, lambda: self._verifying(model_id)))

    def remove(self, model_id: str) -> None:
        def removing() -> Iterator[object]:
            yield Step("Removing")
            self._store.remove(model_id)

        self._queue(_Job(model_id, model_id, removing))

    def is_busy_with(self, key: str) -> bool:
        return any(job.key == key for job in (self._running, *self._waiting) if job is not None)

    def close(self) -> None:
        """Stop; what has been fetched is kept."""
        self._waiting.clear()
        self._worker.close()

    # -- on the worker's thread ----------------------------------------------------------------------------------

    def _open(self) -> "Library":
        if self._library is None:
            # These bring the network and the builder, which a window without anything to get does not need.
            from writer.models.download import HubSettings
            from writer.models.library import Library

            hub = HubSettings.from_environment(os.environ)
            self._library = Library(self._store, resources_dir(), self._paths.own_catalog, hub)
        return self._library

    def _read_shelf(self) -> Iterator[object]:
        shipped = resources_dir() / "models.toml"
        try:
            catalog = load_catalog(shipped, self._paths.own_catalog)
        except WriterError:
            yield _Shelf(read_shelf(load_catalog(shipped), self._store))
            raise
        yield _Shelf(read_shelf(catalog, self._store))

    def _verifying(self, model_id: str) -> Iterator[object]:
        from writer.models.build import BuildProgress

        with told_for_a_window():
            model = self._store.get(model_id)
            for done, total in model.verifying():
                yield BuildProgress("Checking every byte", done, total)
        yield _Verified(model.title)

    # -- here ----------------------------------------------------------------------------------------------------

    def _title(self, key: str, otherwise: str) -> str:
        return next((item.title for item in self.shelf if item.id == key), otherwise)

    def _queue(self, job: _Job) -> None:
        if job.key and self.is_busy_with(job.key):
            return
        self._waiting.append(job)
        if self._running is not None and job.key:
            self.activity_changed.emit(
                job.key, Activity(self._title(job.key, job.title), Step("Waiting"), job.can_pause)
            )
        self._go_on()

    def _go_on(self) -> None:
        if self._running is None and self._waiting:
            self._running = self._waiting.popleft()
            self._tell(Step("Beginning"))
            self._number = self._worker.run(self._running.events)

    def _tell(self, step: Step | None) -> None:
        job = self._running
        if job is not None and job.key:
            title = self._title(job.key, job.title)  # the shelf may have been read since the job was asked for
            self.activity_changed.emit(job.key, Activity(title, step, job.can_pause) if step else None)

    def _on_event(self, number: int, event: object) -> None:
        job = self._running
        if job is None or number != self._number:
            return
        match event:
            case _Shelf():
                self.shelf = event.items
                self.shelf_changed.emit(event.items)
            case DeviceReport():
                self.devices_described.emit(event)
            case _Verified():
                self.verified.emit(event.title)
            case Step():
                self._tell(event)
            case _:
                self._on_progress(job, event)

    def _on_progress(self, job: _Job, event: object) -> None:
        from writer.models.build import BuildFinished, BuildProgress
        from writer.models.download import DownloadProgress

        if isinstance(event, BuildFinished):
            self.installed.emit(event.model, job.was_asked_for)
        elif isinstance(event, BuildProgress | DownloadProgress):
            self._tell(event.step)

    def _on_ended(self, number: int) -> None:
        job = self._running
        if job is None or number != self._number:
            return
        self._tell(None)
        self._running = None
        if job.is_given_up:
            self._discard(job.key)
        elif job.key:
            self._waiting.appendleft(_Job("", "", self._read_shelf))
        self._go_on()

    def _on_failed(self, number: int, message: str, hint: str) -> None:
        job = self._running
        if job is None or number != self._number:
            return
        self.failed.emit(job.key, message, hint)
        self._on_ended(number)

    def _discard(self, key: str) -> None:
        def discarding() -> Iterator[object]:
            from writer.models import sources
            from writer.models.install import discard_download

            added = key.removeprefix(_ADDED)
            model_id = key if added == key else sources.begun_as(self._store, added)
            if model_id:
                discard_download(model_id, self._store)
            yield from self._read_shelf()

        self._queue(_Job("", "", discarding))
