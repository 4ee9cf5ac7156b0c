"""The window: puts the parts together and connects them. What happens is decided in the parts."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QTimer
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import QApplication, QBoxLayout, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from writer.assist.presets import chosen_values, config_from
from writer.document.document import Document
from writer.errors import WriterError
from writer.models.loaded import LoadedModel
from writer.models.store import InstalledModel, ModelStore
from writer.paths import UserPaths, resources_dir
from writer.settings import load_settings, save_settings
from writer.ui import theme as themes
from writer.ui.about_panel import AboutPanel
from writer.ui.action_bar import ActionBar
from writer.ui.editor import Editor
from writer.ui.files import FileController
from writer.ui.form_row import quality
from writer.ui.generation import GenerationController, State
from writer.ui.library import Activity, LibraryController
from writer.ui.menus import Menus
from writer.ui.model_host import ModelHost
from writer.ui.model_switcher import ModelSwitcher
from writer.ui.models_panel import ModelsPanel
from writer.ui.notices import NoticeBar
from writer.ui.overrides import nothing, reported
from writer.ui.rail import Rail
from writer.ui.sampling_panel import SamplingPanel
from writer.ui.status_bar import StatusBar
from writer.ui.welcome_page import WelcomePage
from writer.ui.worker import Worker

_WORD_COUNT_PAUSE_MS = 250


class MainWindow(QMainWindow):
    """One document, one model, one worker."""

    def __init__(self, paths: UserPaths) -> None:
        super().__init__()
        self._paths = paths
        self.settings = load_settings(paths.settings_file)
        self.setMinimumSize(720, 480)
        self.resize(1180, 800)

        self.worker = Worker(self)
        self.host = ModelHost(self.worker, self)
        self.library = LibraryController(paths, self)
        self.switcher = ModelSwitcher(ModelStore(paths.models), self.host, self.library, self)
        self.generation = GenerationController(self.worker, self)
        self.files = FileController(self)
        self.notices = NoticeBar()
        self.editor = Editor(self.files.document, self._theme())
        self.actions_bar = ActionBar()
        self.status = StatusBar()
        self.sampling = SamplingPanel()
        self.models = ModelsPanel()
        self.about = AboutPanel()
        self.welcome = WelcomePage()
        self.rail = Rail()
        self.rail.add_panel("sampling", "How the model writes", "sampling", self.sampling)
        self.rail.add_panel("models", "Models", "models", self.models)
        self.rail.add_panel("about", "About the model", "about", self.about, at_bottom=True)
        self._word_timer = QTimer(self)
        self._word_timer.setSingleShot(True)
        self._word_timer.setInterval(_WORD_COUNT_PAUSE_MS)
        self._unsubscribe: Callable[[], None] = lambda: None

        self._arrange()
        self.menus = Menus(self)
        self._connect()
        self._apply_settings()
        self._on_document_opened(self.files.document)

    # -- putting together ----------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        desk = QWidget()
        page = _tight(QVBoxLayout(desk))
        page.addWidget(self.editor, 1)
        page.addWidget(self.actions_bar)
        self._pages = QStackedWidget()
        self._pages.addWidget(desk)
        self._pages.addWidget(self.welcome)
        left = _tight(QVBoxLayout())
        left.addWidget(self.notices)
        left.addWidget(self._pages, 1)
        row = _tight(QHBoxLayout())
        row.addLayout(left, 1)
        row.addWidget(self.rail.side_panel)
        row.addWidget(self.rail)
        center = QWidget()
        column = _tight(QVBoxLayout(center))
        column.addLayout(row, 1)
        column.addWidget(self.status)
        self.setCentralWidget(center)

    def _connect(self) -> None:
        self.actions_bar.continue_requested.connect(self.continue_writing)
        self.actions_bar.stop_requested.connect(self.generation.stop)
        self.generation.state_changed.connect(self._on_state_changed)
        self.generation.reading.connect(self._on_reading)
        self.generation.rate_changed.connect(self.status.set_rate)
        self.generation.context_changed.connect(self._on_context_changed)
        self.generation.failed.connect(self.show_error)
        self.host.loading.connect(self._on_model_loading)
        self.host.loaded.connect(self._on_model_loaded)
        self.switcher.failed.connect(self._on_model_failed)
        self.switcher.chosen.connect(lambda model_id, form: self._change_settings(model_id=model_id, precision=form))
        self.switcher.arrived.connect(self._on_model_arrived)
        self._connect_library()
        self.files.opened.connect(self._on_document_opened)
        self.files.title_changed.connect(self._show_title)
        self.files.failed.connect(self.show_error)
        self.files.informed.connect(self.notices.show_notice)
        self.about.acknowledged.connect(self._on_acknowledged)
        self.editor.typing_begun.connect(self.generation.stop)  # so that undo takes back the key first
        self.editor.point_size_changed.connect(lambda size: self._change_settings(point_size=size))
        self.sampling.config_changed.connect(lambda config: self._change_settings(sampling=chosen_values(config)))
        self.menus.theme_group.triggered.connect(self._on_theme_chosen)
        self._word_timer.timeout.connect(self._count_words)
        hints = QApplication.styleHints()
        hints.colorSchemeChanged.connect(self._show_theme)

    def _connect_library(self) -> None:
        library = self.library
        for view in (self.models, self.welcome):
            library.shelf_changed.connect(view.set_shelf)
            view.get_requested.connect(library.get)
            view.pause_requested.connect(library.pause)
            view.cancel_requested.connect(library.cancel)
            view.use_requested.connect(self.switcher.use)
        self.models.verify_requested.connect(library.verify)
        self.models.remove_requested.connect(library.remove)
        self.models.add_requested.connect(library.add)
        self.models.add_repository_requested.connect(library.add_repository)
        self.models.devices_requested.connect(library.describe_devices)
        library.devices_described.connect(self.models.set_devices)
        library.activity_changed.connect(self._on_activity_changed)
        library.verified.connect(lambda title: self.notices.show_notice(f"Every byte of {title} is right."))
        library.failed.connect(lambda _key, message, hint: self.show_error(message, hint))
        self.status.activity_clicked.connect(lambda: self.rail.open("models"))
        self.welcome.begin_requested.connect(self._leave_welcome)
        self.welcome.open_requested.connect(self.files.open)

    def _apply_settings(self) -> None:
        self._show_theme()
        self.menus.set_theme(self.settings.theme)
        self.editor.set_point_size(self.settings.point_size)
        self.sampling.set_config(config_from(self.settings.sampling))
        self.about.set_acknowledged(self.settings.acknowledged)
        if not self.settings.acknowledged:
            self.rail.open("about")
        if self.settings.window_geometry:
            self.restoreGeometry(QByteArray.fromBase64(self.settings.window_geometry.encode()))
        self.actions_bar.set_ready(ready=False)
        self.editor.setFocus()

    # -- model ---------------------------------------------------------------------------------------------------

    def begin(self, *, is_first_page: bool) -> None:
        """Have the model read, or on a fresh machine fetched; a newcomer without a file is welcomed."""
        if is_first_page and not self.settings.welcomed:
            self.show_welcome()
        self.library.refresh()
        self.switcher.begin(self.settings.model_id, self.settings.precision)

    def show_welcome(self) -> None:
        self._pages.setCurrentWidget(self.welcome)
        self.welcome.begin_button.setFocus()

    def _leave_welcome(self) -> None:
        self._change_settings(welcomed=True)
        self._pages.setCurrentIndex(0)
        self.editor.setFocus()

    def _on_model_loading(self, model: InstalledModel) -> None:
        self.status.set_state("Waking the model", busy=False)
        if self.host.model is None:
            self.status.set_model(model.title, "")

    def _on_model_loaded(self, model: LoadedModel) -> None:
        manifest = model.installed.manifest
        device = "CUDA" if model.session.device == "cuda" else "processor"
        self.status.set_model(manifest.title, device)
        self.status.set_state("Ready", busy=False)
        self.status.set_context(0, model.session.config.n_ctx)
        self.about.set_model(
            manifest.title, manifest.licence, model.precision.label, manifest.parameters, device, manifest.disclaimer
        )
        for view in (self.models, self.welcome):
            view.set_used(model.installed.id, model.precision)
        self.actions_bar.set_ready(ready=True)
        self.menus.continue_writing.setEnabled(True)
        for note in (model.device_note, manifest.note):
            if note:
                self.notices.show_notice(note)

    def _on_model_arrived(self, model: LoadedModel) -> None:
        manifest = model.installed.manifest
        found = quality(manifest.precisions[model.precision]) if manifest.is_compared else ""
        hint = f"Its {model.precision.label} form, measured here: {found[0].lower()}{found[1:]}." if found else ""
        self.notices.show_notice(f"{manifest.title} is here and speaks now.", hint)

    def _on_model_failed(self, message: str, hint: str) -> None:
        if self.host.model is None:
            self.status.set_model("", "")
            self.status.set_state("", busy=False)
        else:
            self._on_model_loaded(self.host.model)
        self.show_error(message, hint)

    def _on_activity_changed(self, key: str, activity: Activity | None) -> None:
        for view in (self.models, self.welcome):
            view.set_activity(key, activity)
        self.status.set_activity(key, activity)

    # -- writing -------------------------------------------------------------------------------------------------

    def continue_writing(self) -> None:
        """Let the model go on at the caret, or at the end of what is selected."""
        if self.host.model is None:
            return
        _, caret = self.editor.selection
        self.editor.set_caret(caret)
        self.editor.setFocus()
        self.generation.start(self.host.model, self.files.document, caret, self.sampling.config)

    def _on_state_changed(self, state: State) -> None:
        running = state is not State.IDLE
        self.actions_bar.set_running(running=running)
        self.menus.stop.setEnabled(running)
        titles = {State.IDLE: "Ready", State.READING: "Reading", State.WRITING: "Writing"}
        self.status.set_state(titles[state], busy=running)

    def _on_reading(self, done: int, total: int) -> None:
        self.status.set_state(f"Reading {done:,} of {total:,}", busy=True)

    def _on_context_changed(self, used: int) -> None:
        if self.host.model is not None:
            self.status.set_context(used, self.host.model.session.config.n_ctx)

    # -- document ------------------------------------------------------------------------------------------------

    def _on_document_opened(self, document: Document) -> None:
        self.generation.stop()
        self._unsubscribe()
        self._unsubscribe = document.subscribe(lambda _: self._on_text_changed())
        if self._pages.currentWidget() is self.welcome:
            self._leave_welcome()
        self.editor.set_document(document)
        self._on_text_changed()

    def _on_text_changed(self) -> None:
        self.setWindowModified(self.files.document.modified)
        if not self._word_timer.isActive():
            self._word_timer.start()

    def _count_words(self) -> None:
        self.status.set_words(len(self.files.document.text.split()))

    def _show_title(self) -> None:
        self.setWindowTitle(f"{self.files.title}[*] — Writer")
        self.setWindowFilePath(str(self.files.path or ""))
        self.setWindowModified(self.files.document.modified)

    def open_file(self, path: Path) -> None:
        self.files.open_path(path)

    def open_welcome(self) -> None:
        """The first page a newcomer sees, with the caret where the story breaks off."""
        text = (resources_dir() / "welcome.txt").read_text(encoding="utf-8").rstrip()
        self.files.new(text)
        self.editor.set_caret(len(text))

    # -- view ----------------------------------------------------------------------------------------------------

    def show_error(self, message: str, hint: str = "") -> None:
        self.notices.show_notice(message, hint, "error")

    def _theme(self) -> themes.Theme:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        return themes.resolve(self.settings.theme, app)

    def _show_theme(self) -> None:
        theme = self._theme()
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.setPalette(themes.palette(theme))
        app.setStyleSheet(themes.stylesheet(theme))
        self.editor.set_theme(theme)

    def _on_theme_chosen(self, action: QAction) -> None:
        self._change_settings(theme=action.data())
        self._show_theme()

    def _on_acknowledged(self) -> None:
        self._change_settings(acknowledged=True)
        self.about.set_acknowledged(True)
        self.rail.close()
        self.editor.setFocus()

    # -- settings ------------------------------------------------------------------------------------------------

    def _change_settings(self, **changes: object) -> None:
        self.settings = dataclasses.replace(self.settings, **changes)  # type: ignore[arg-type]

    @reported(nothing)
    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.files.may_discard():
            event.ignore()
            return
        self.generation.stop()
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        self._change_settings(window_geometry=geometry)
        try:
            save_settings(self._paths.settings_file, self.settings)
        except WriterError as error:
            self.show_error(error.message, error.hint)  # no reason not to close
        self.library.close()
        self.worker.close()
        event.accept()


def _tight(layout: QBoxLayout) -> QBoxLayout:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    return layout
