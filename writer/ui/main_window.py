"""The window: puts the parts together and connects them. What happens is decided in the parts."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QTimer
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QMenu, QVBoxLayout, QWidget

from writer.assist.presets import default_config
from writer.document.document import Document
from writer.engine.config import GenerationConfig
from writer.errors import WriterError
from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore
from writer.paths import UserPaths, resources_dir
from writer.settings import Settings, load_settings, save_settings
from writer.ui import theme as themes
from writer.ui.about_panel import AboutPanel
from writer.ui.action_bar import ActionBar
from writer.ui.editor import Editor
from writer.ui.files import FileController
from writer.ui.generation import GenerationController, State
from writer.ui.model_host import ModelHost
from writer.ui.notices import NoticeBar
from writer.ui.overrides import nothing, reported
from writer.ui.rail import Rail
from writer.ui.sampling_panel import SamplingPanel
from writer.ui.status_bar import StatusBar
from writer.ui.worker import Worker

_WORD_COUNT_PAUSE_MS = 250
_THEMES = (("system", "As the desktop"), ("light", "Light"), ("dark", "Dark"), ("sepia", "Sepia"))


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
        self.generation = GenerationController(self.worker, self)
        self.files = FileController(self)
        self.notices = NoticeBar()
        self.editor = Editor(self.files.document, self._theme())
        self.actions_bar = ActionBar()
        self.status = StatusBar()
        self.sampling = SamplingPanel()
        self.about = AboutPanel()
        self.rail = Rail()
        self.rail.add_panel("sampling", "How the model writes", "sampling", self.sampling)
        self.rail.add_panel("about", "About the model", "about", self.about, at_bottom=True)
        self._word_timer = QTimer(self)
        self._word_timer.setSingleShot(True)
        self._word_timer.setInterval(_WORD_COUNT_PAUSE_MS)
        self._unsubscribe: Callable[[], None] = lambda: None

        self._arrange()
        self._make_menus()
        self._connect()
        self._apply_settings()
        self._on_document_opened(self.files.document)

    # -- putting together ----------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        page = QVBoxLayout()
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(self.notices)
        page.addWidget(self.editor, 1)
        page.addWidget(self.actions_bar)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(page, 1)
        row.addWidget(self.rail.side_panel)
        row.addWidget(self.rail)
        center = QWidget()
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row, 1)
        column.addWidget(self.status)
        self.setCentralWidget(center)

    def _make_menus(self) -> None:
        key = QKeySequence.StandardKey
        file_menu = self.menuBar().addMenu("&File")
        self._add(file_menu, "&New", key.New, self.files.new)
        self._add(file_menu, "&Open…", key.Open, self.files.open)
        file_menu.addSeparator()
        self._add(file_menu, "&Save", key.Save, self.files.save)
        self._add(file_menu, "Save &as…", "Ctrl+Shift+S", self.files.save_as)
        file_menu.addSeparator()
        self._add(file_menu, "&Quit", "Ctrl+Q", self.close)

        edit_menu = self.menuBar().addMenu("&Edit")
        self.undo_action = self._add(edit_menu, "&Undo", key.Undo, self.editor.undo)
        self.redo_action = self._add(edit_menu, "&Redo", key.Redo, self.editor.redo)
        edit_menu.addSeparator()
        self._add(edit_menu, "Cu&t", key.Cut, self.editor.cut)
        self._add(edit_menu, "&Copy", key.Copy, self.editor.copy)
        self._add(edit_menu, "&Paste", key.Paste, self.editor.paste)
        self._add(edit_menu, "Select &all", key.SelectAll, self.editor.selectAll)
        edit_menu.aboutToShow.connect(self._name_undo)

        write_menu = self.menuBar().addMenu("&Write")
        self.continue_action = self._add(write_menu, "&Continue", "Ctrl+Return", self.continue_writing)
        self.stop_action = self._add(write_menu, "&Stop", "Esc", self.generation.stop)
        self.stop_action.setEnabled(False)
        write_menu.addSeparator()
        self._add(write_menu, "&How the model writes…", "Ctrl+,", lambda: self._toggle_panel("sampling"))

        view_menu = self.menuBar().addMenu("&View")
        self._theme_group = QActionGroup(self)
        for name, title in _THEMES:
            action = view_menu.addAction(title)
            action.setCheckable(True)
            action.setData(name)
            self._theme_group.addAction(action)
        view_menu.addSeparator()
        self._add(view_menu, "&Larger text", key.ZoomIn, lambda: self._zoom(1))
        self._add(view_menu, "S&maller text", key.ZoomOut, lambda: self._zoom(-1))
        self._add(view_menu, "&Usual size", "Ctrl+0", lambda: self.editor.set_point_size(themes.PAGE_POINT_SIZE))

        help_menu = self.menuBar().addMenu("&Help")
        self._add(help_menu, "&About the model: bias and accuracy", "F1", lambda: self.rail.open("about"))

    def _add(
        self, menu: QMenu, text: str, shortcut: QKeySequence.StandardKey | str, slot: Callable[[], object]
    ) -> QAction:
        action = menu.addAction(text)
        action.setShortcut(shortcut)
        action.triggered.connect(lambda: slot())  # without the "checked" that Qt passes along
        return action

    def _connect(self) -> None:
        self.actions_bar.continue_requested.connect(self.continue_writing)
        self.actions_bar.stop_requested.connect(self.generation.stop)
        self.generation.state_changed.connect(self._on_state_changed)
        self.generation.reading.connect(self._on_reading)
        self.generation.rate_changed.connect(self.status.set_rate)
        self.generation.context_changed.connect(self._on_context_changed)
        self.generation.failed.connect(self.show_error)
        self.host.loaded.connect(self._on_model_loaded)
        self.host.failed.connect(self._on_model_failed)
        self.files.opened.connect(self._on_document_opened)
        self.files.title_changed.connect(self._show_title)
        self.files.failed.connect(self.show_error)
        self.files.informed.connect(self.notices.show_notice)
        self.about.acknowledged.connect(self._on_acknowledged)
        self.editor.typing_begun.connect(self.generation.stop)  # so that undo takes back the key first
        self.editor.point_size_changed.connect(lambda size: self._change_settings(point_size=size))
        self.sampling.config_changed.connect(self._on_sampling_changed)
        self._theme_group.triggered.connect(self._on_theme_chosen)
        self._word_timer.timeout.connect(self._count_words)
        hints = QApplication.styleHints()
        hints.colorSchemeChanged.connect(self._show_theme)

    def _apply_settings(self) -> None:
        self._show_theme()
        for action in self._theme_group.actions():
            action.setChecked(action.data() == self.settings.theme)
        self.editor.set_point_size(self.settings.point_size)
        self.sampling.set_config(_sampling(self.settings))
        self.about.set_acknowledged(self.settings.acknowledged)
        if not self.settings.acknowledged:
            self.rail.open("about")
        if self.settings.window_geometry:
            self.restoreGeometry(QByteArray.fromBase64(self.settings.window_geometry.encode()))
        self.actions_bar.set_ready(ready=False)
        self.continue_action.setEnabled(False)
        self.editor.setFocus()

    # -- model ---------------------------------------------------------------------------------------------------

    def load_model(self, store: ModelStore) -> None:
        """Begin to read the chosen model, or the first one installed."""
        chosen = store.preferred(self.settings.model_id)
        if chosen is None:
            return
        self.status.set_state("Waking the model", busy=False)
        self.status.set_model(chosen.manifest.title, "")
        self.host.load(chosen)

    def _on_model_loaded(self, model: LoadedModel) -> None:
        manifest = model.installed.manifest
        device = "CUDA" if model.session.device == "cuda" else "processor"
        self.status.set_model(manifest.title, device)
        self.status.set_state("Ready", busy=False)
        self.status.set_context(0, model.session.config.n_ctx)
        self.about.set_model(
            manifest.title,
            manifest.licence,
            manifest.default_precision.label,
            manifest.parameters,
            device,
            manifest.disclaimer,
        )
        self.actions_bar.set_ready(ready=True)
        self.continue_action.setEnabled(True)
        for note in (model.device_note, manifest.note):
            if note:
                self.notices.show_notice(note)

    def _on_model_failed(self, message: str, hint: str) -> None:
        if self.host.model is None:
            self.status.set_model("", "")
            self.status.set_state("No model", busy=False)
        else:
            self._on_model_loaded(self.host.model)
        self.show_error(message, hint)

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
        self.stop_action.setEnabled(running)
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

    def _name_undo(self) -> None:
        document = self.files.document
        for action, verb, label in (
            (self.undo_action, "&Undo", document.undo_label),
            (self.redo_action, "&Redo", document.redo_label),
        ):
            action.setText(f"{verb} {label.lower()}" if label else verb)

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

    def _zoom(self, steps: int) -> None:
        self.editor.set_point_size(self.editor.point_size + steps)

    def _toggle_panel(self, key: str) -> None:
        if self.rail.current == key:
            self.rail.close()
        else:
            self.rail.open(key)

    def _on_acknowledged(self) -> None:
        self._change_settings(acknowledged=True)
        self.about.set_acknowledged(True)
        self.rail.close()
        self.editor.setFocus()

    # -- settings ------------------------------------------------------------------------------------------------

    def _on_sampling_changed(self, config: GenerationConfig) -> None:
        defaults = default_config()
        chosen = {
            f.name: getattr(config, f.name)
            for f in dataclasses.fields(config)
            if getattr(config, f.name) not in (getattr(defaults, f.name), None)
        }
        self._change_settings(sampling=chosen)

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
        self.worker.close()
        event.accept()


def _sampling(settings: Settings) -> GenerationConfig:
    """The writer's own mix of controls, or the usual one where nothing usable is kept."""
    try:
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.sampling.items()}
        if "logit_bias" in values:
            values["logit_bias"] = tuple((str(word), float(bias)) for word, bias in values["logit_bias"])
        return dataclasses.replace(default_config(), **values)
    except (WriterError, TypeError, ValueError):
        return default_config()
