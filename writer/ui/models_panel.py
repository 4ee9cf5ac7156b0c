"""The models: those on this machine, those to get, and the way to add others."""

from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QInputDialog,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from writer.engine.devices import DeviceReport
from writer.models.precision import Precision
from writer.models.shelf import ShelfItem
from writer.ui.library import Activity
from writer.ui.machine_section import MachineSection
from writer.ui.model_card import ModelCard
from writer.ui.overrides import nothing, reported
from writer.ui.scroll_column import ScrollColumn

_FILE_SUFFIXES = (".gguf", ".onnx", ".safetensors")
_FILE_FILTER = "Models (*.gguf *.onnx *.safetensors)"


class ModelsPanel(QWidget):
    """Shows the shelf and says what the writer wants of it. Folders and model files can be dropped on it."""

    get_requested = Signal(str, object)  # id, tuple[Precision, ...]
    pause_requested = Signal(str)
    cancel_requested = Signal(str)
    use_requested = Signal(str, object)  # id, Precision
    verify_requested = Signal(str)
    remove_requested = Signal(str)
    add_requested = Signal(object)  # Path
    add_repository_requested = Signal(str)
    devices_requested = Signal()
    machine_chosen = Signal(str, int)  # device and threads: see MachineSection

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._cards: dict[str, ModelCard] = {}
        self._activities: dict[str, Activity] = {}
        self._shelf: tuple[ShelfItem, ...] = ()
        self._used: tuple[str, Precision | None] = ("", None)
        self._here = _section("On this machine")
        self._to_get = _section("To get")
        self._empty = QLabel("None yet. Choose one below; you can write meanwhile.")
        self._empty.setWordWrap(True)
        self._empty.setProperty("role", "muted")
        self._add = QPushButton("Add another model")
        self._add.setMenu(self._make_menu())
        self._add_hint = QLabel("Or drop a folder or a .gguf file here.")
        self._add_hint.setProperty("role", "muted")
        self._machine_title = _section("This machine")
        self._machine = MachineSection()
        self._machine.choice_changed.connect(self.machine_chosen)

        scroll = ScrollColumn()
        self._column = scroll.column
        self._column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self._arrange()

    # -- what is shown -------------------------------------------------------------------------------------------

    def set_shelf(self, shelf: tuple[ShelfItem, ...]) -> None:
        self._shelf = shelf
        self._arrange()

    def set_activity(self, key: str, activity: Activity | None) -> None:
        """What is being done to a model; one that is not on the shelf yet gets a card for the time being."""
        is_new = (key in self._activities) != (activity is not None)
        if activity is None:
            self._activities.pop(key, None)
        else:
            self._activities[key] = activity
        if is_new:
            self._arrange()
        elif key in self._cards:
            self._cards[key].set_activity(activity)

    def set_used(self, model_id: str, precision: Precision | None) -> None:
        """The model that speaks."""
        self._used = (model_id, precision)
        for card in self._cards.values():
            card.set_used(precision if card.item.id == model_id else None)

    def set_devices(self, report: DeviceReport) -> None:
        self._machine.set_report(report)

    def set_machine_choice(self, device: str, n_threads: int) -> None:
        self._machine.set_choice(device, n_threads)

    def _arrange(self) -> None:
        known = {item.id for item in self._shelf}
        passing = tuple(ShelfItem(key, None, None) for key in self._activities if key not in known)
        here = [item for item in self._shelf if item.is_installed]
        to_get = [item for item in self._shelf if not item.is_installed]
        # What is being fetched stands first, where its progress is seen.
        to_get.sort(key=lambda item: item.id not in self._activities and not item.is_begun)
        for key in self._cards.keys() - known - {item.id for item in passing}:
            card = self._cards.pop(key)
            card.hide()
            card.deleteLater()
        for item in (*here, *passing, *to_get):
            self._show(item)
        column: list[QWidget] = [self._here, self._empty]
        column += [self._cards[item.id] for item in (*here, *passing)]
        column += [self._to_get, *(self._cards[item.id] for item in to_get)]
        column += [self._add, self._add_hint, self._machine_title, self._machine]
        for place, widget in enumerate(column):
            # Not by takeAt: Python would keep the layout's item alive, and with it the height it remembers.
            self._column.removeWidget(widget)
            self._column.insertWidget(place, widget)
        stops = [
            stop
            for widget in column
            for stop in (widget.stops if isinstance(widget, ModelCard | MachineSection) else (widget,))
        ]
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)
        # Now that they have a parent: without one they would be windows.
        self._empty.setVisible(not here and not passing)
        self._to_get.setVisible(bool(to_get))

    def _show(self, item: ShelfItem) -> None:
        card = self._cards.get(item.id)
        if card is None:
            card = self._cards[item.id] = ModelCard(item)
            card.get_requested.connect(self.get_requested)
            card.pause_requested.connect(self.pause_requested)
            card.cancel_requested.connect(self.cancel_requested)
            card.use_requested.connect(self.use_requested)
            card.verify_requested.connect(self.verify_requested)
            card.remove_requested.connect(self.remove_requested)
        elif card.item != item:
            card.set_item(item)
        model_id, precision = self._used
        card.set_used(precision if item.id == model_id else None)
        card.set_activity(self._activities.get(item.id))

    # -- adding --------------------------------------------------------------------------------------------------

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction("From a folder…", self._choose_folder)
        menu.addAction("From a file…", self._choose_file)
        menu.addAction("From the hub…", self._choose_repository)
        return menu

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Add the model in a folder")
        if folder:
            self.add_requested.emit(Path(folder))

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Add the model in a file", filter=_FILE_FILTER)
        if name:
            self.add_requested.emit(Path(name))

    def _choose_repository(self) -> None:
        name, is_given = QInputDialog.getText(self, "Add a model from the hub", "Its name there, as OWNER/NAME:")
        if is_given and name.strip():
            self.add_repository_requested.emit(name.strip())

    @reported(nothing)
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if models_in(event.mimeData()):
            event.acceptProposedAction()
            self._show_drop(is_over=True)

    @reported(nothing)
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_drop(is_over=False)

    @reported(nothing)
    def dropEvent(self, event: QDropEvent) -> None:
        self._show_drop(is_over=False)
        for path in models_in(event.mimeData()):
            self.add_requested.emit(path)
        event.acceptProposedAction()

    def _show_drop(self, *, is_over: bool) -> None:
        self._add_hint.setText("Let go to add it." if is_over else "Or drop a folder or a .gguf file here.")

    @reported(nothing)
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._machine.is_described:
            self.devices_requested.emit()


def models_in(data: QMimeData) -> list[Path]:
    """The folders and model files that are dragged."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.is_dir() or path.suffix.lower() in _FILE_SUFFIXES]


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "section")
    return label
