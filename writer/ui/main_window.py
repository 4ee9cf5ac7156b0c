"""The window: puts the parts together and connects them. What happens is decided in the parts."""

import dataclasses
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QTimer
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import QApplication, QBoxLayout, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from writer.assist.presets import config_from, kept_values
from writer.assist.suggestion_options import SuggestionOptions
from writer.document.document import Document
from writer.document.takes.take_store import TakeStore
from writer.engine.config import GenerationConfig
from writer.errors import WriterError
from writer.models.store import ModelStore
from writer.paths import UserPaths, resources_dir, shipped_models_dir
from writer.settings import load_settings, save_settings
from writer.ui import theme as themes
from writer.ui.about_panel import AboutPanel
from writer.ui.acceptance_keeper import AcceptanceKeeper
from writer.ui.action_bar import ActionBar
from writer.ui.context_panel import ContextPanel
from writer.ui.editor import Editor
from writer.ui.library import LibraryController
from writer.ui.manuscript_view import ManuscriptView
from writer.ui.manuscripts import Manuscripts
from writer.ui.menus import Menus
from writer.ui.model_host import ModelHost
from writer.ui.model_switcher import ModelSwitcher
from writer.ui.model_view import ModelView
from writer.ui.models_panel import ModelsPanel
from writer.ui.news import News
from writer.ui.notices import NoticeBar
from writer.ui.overrides import nothing, reported
from writer.ui.pages import Pages
from writer.ui.rail import Rail
from writer.ui.sampling_panel import SamplingPanel
from writer.ui.session_keeper import SessionKeeper
from writer.ui.status_bar import StatusBar
from writer.ui.suggestions_panel import SuggestionsPanel
from writer.ui.takes_panel import TakesPanel
from writer.ui.versions_panel import VersionsPanel
from writer.ui.word_strip import WordStrip
from writer.ui.worker import Worker
from writer.ui.writing import Writing
from writer.ui.writing_view import WritingView

_SETTINGS_PAUSE_MS = 500


class MainWindow(QMainWindow):
    """One document, one model, one worker."""

    def __init__(self, paths: UserPaths) -> None:
        super().__init__()
        self._paths = paths
        self.settings = load_settings(paths.settings_file)
        self._settings_timer = QTimer(self)  # a slider that is drawn changes them many times
        self._settings_timer.setSingleShot(True)
        self._settings_timer.setInterval(_SETTINGS_PAUSE_MS)
        self._settings_timer.timeout.connect(self._save_settings)
        self.setMinimumSize(720, 480)
        self.resize(1180, 800)

        self.worker = Worker(self)
        self.versions_panel = VersionsPanel()
        self.host = ModelHost(self.worker, self)
        self.library = LibraryController(paths, self)
        self.switcher = ModelSwitcher(ModelStore(paths.models, shipped_models_dir()), self.host, self.library, self)
        self.notices = NoticeBar()
        self.actions_bar = ActionBar()
        self.editor = Editor(Document(), self._theme())
        self.strip = WordStrip()
        self.pages = Pages(self.editor, self.strip, self.actions_bar)
        self.manuscripts = Manuscripts(self, paths, self.versions_panel, self.pages.recovery)
        self.files = self.manuscripts.files
        self.files.autosaves = self.settings.autosave
        self.status = StatusBar()
        self.sampling = SamplingPanel()
        self.takes_panel = TakesPanel()
        self.context_panel = ContextPanel()
        self.suggestions = SuggestionsPanel()
        ops, errands = self.manuscripts.desk.ops, self.manuscripts.errands
        self.acceptance = AcceptanceKeeper(paths.acceptance_file, ops, errands, self)
        self.writing = Writing(
            self.worker,
            self.editor,
            self.strip,
            self.files,
            TakeStore(paths.takes, ops),
            errands,
            self.acceptance.acceptance,
            lambda: self.sampling.config,
            self,
        )
        self.generation = self.writing.generation
        self.models = ModelsPanel()
        self.about = AboutPanel()
        self.rail = Rail()
        self.rail.add_panel("sampling", "How the model writes", "sampling", self.sampling)
        self.rail.add_panel("takes", "Takes", "takes", self.takes_panel)
        self.rail.add_panel("suggestions", "While you write", "suggestions", self.suggestions)
        self.rail.add_panel("context", "What the model keeps in mind", "context", self.context_panel)
        self.rail.add_panel("versions", "Versions", "versions", self.versions_panel)
        self.rail.add_panel("models", "Models", "models", self.models)
        self.rail.add_panel("about", "About the model", "about", self.about, at_bottom=True)
        self.session = SessionKeeper(
            paths.session_file, self.files, self.manuscripts.drafts, self.editor, self.rail, self
        )

        self._arrange()
        self.news = News(self)
        self.menus = Menus(self)
        self._connect()
        ManuscriptView(self)
        ModelView(self)
        self.writing_view = WritingView(self)
        self.writing_view.options_changed.connect(self._on_options_changed)
        self._apply_settings()

    # -- putting together ----------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        left = _tight(QVBoxLayout())
        left.addWidget(self.notices)
        left.addWidget(self.pages, 1)
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
        self.actions_bar.continue_requested.connect(self.writing.continue_at_caret)
        self.actions_bar.stop_requested.connect(self.writing.stop)
        self.actions_bar.again_requested.connect(self.writing.again)
        self.actions_bar.takes_requested.connect(self.writing.make_takes)
        self.host.loaded.connect(self.writing.set_model)
        self.writing.suggesting.acceptance_changed.connect(self.acceptance.note_change)
        self.switcher.chosen.connect(lambda model_id, form: self._change_settings(model_id=model_id, precision=form))
        self.pages.welcome.begin_requested.connect(self._leave_welcome)
        self.pages.welcome.open_requested.connect(self.files.open)
        self.files.opened.connect(self._on_opened)
        self.about.acknowledged.connect(self._on_acknowledged)
        self.editor.point_size_changed.connect(lambda size: self._change_settings(point_size=size))
        self.sampling.config_changed.connect(self._on_config_changed)
        self.news.version_seen.connect(self._on_version_seen)
        self.menus.theme_group.triggered.connect(self._on_theme_chosen)
        hints = QApplication.styleHints()
        hints.colorSchemeChanged.connect(self._show_theme)

    def _apply_settings(self) -> None:
        self._show_theme()
        self.menus.set_theme(self.settings.theme)
        self.editor.set_point_size(self.settings.point_size)
        self.sampling.set_config(config_from(self.settings.sampling))
        self.writing_view.set_options(SuggestionOptions.from_dict(self.settings.suggestions))
        self.status.show_key_latency(self.settings.shows_key_latency)
        self.about.set_acknowledged(self.settings.acknowledged)
        self.host.set_machine(self.settings.device, self.settings.n_threads)
        self.models.set_machine_choice(self.settings.device, self.settings.n_threads)
        if not self.settings.acknowledged:
            self.rail.open("about")
        if self.settings.window_geometry:
            self.restoreGeometry(QByteArray.fromBase64(self.settings.window_geometry.encode()))
        self.actions_bar.set_ready(ready=False)
        self.news.begin(self.settings.newest_seen)
        self.editor.setFocus()

    # -- model ---------------------------------------------------------------------------------------------------

    def choose_machine(self, device: str, n_threads: int) -> None:
        """Where the model runs, and on how many threads; "" and 0 for the engine's own choice."""
        is_elsewhere = device != self.settings.device
        precision = "" if is_elsewhere else self.settings.precision  # forms are made for one device or the other
        self._change_settings(device=device, n_threads=n_threads, precision=precision)
        self.host.set_machine(device, n_threads)
        self.host.load_again(in_its_own_form=is_elsewhere)

    def begin(self) -> None:
        """Have the model read, or on a fresh machine fetched."""
        self.library.refresh()
        self.switcher.begin(self.settings.model_id, self.settings.precision)

    def show_welcome(self) -> None:
        self.pages.show_welcome()

    def show_guide(self) -> None:
        self.pages.show_page(self.pages.guide)

    def show_about(self) -> None:
        self.pages.show_page(self.pages.about)

    def offer_updates(self, is_on: bool) -> None:
        self._change_settings(offers_updates=is_on)

    def set_autosave(self, is_on: bool) -> None:
        self.files.autosaves = is_on
        self._change_settings(autosave=is_on)

    def show_key_latency(self, is_shown: bool) -> None:
        self.status.show_key_latency(is_shown)
        self._change_settings(shows_key_latency=is_shown)

    def _leave_welcome(self) -> None:
        self._change_settings(welcomed=True)
        self.pages.show_text()

    # -- document ------------------------------------------------------------------------------------------------

    def _on_opened(self) -> None:
        if self.pages.currentWidget() is self.pages.welcome:
            self._leave_welcome()

    def open_file(self, path: Path) -> None:
        self.files.open_path(path)

    def open_welcome(self) -> None:
        """A page to try things out, with the caret where the story breaks off; a newcomer is welcomed first."""
        text = (resources_dir() / "welcome.txt").read_text(encoding="utf-8").rstrip()
        self.files.new(text)
        self.editor.set_caret(len(text))
        if not self.settings.welcomed:
            self.show_welcome()

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
        self._settings_timer.start()

    def _on_options_changed(self, options: SuggestionOptions) -> None:
        self._change_settings(suggestions=options.kept(self.settings.suggestions))

    def _on_config_changed(self, config: GenerationConfig) -> None:
        self._change_settings(sampling=kept_values(config, self.settings.sampling))

    def _on_version_seen(self, version: str) -> None:
        """Kept with the next change, or at the end: a start writes no settings."""
        self.settings = dataclasses.replace(self.settings, newest_seen=version)

    def _save_settings(self) -> None:
        self._settings_timer.stop()
        try:
            save_settings(self._paths.settings_file, self.settings)
        except WriterError as error:
            self.show_error(error.message, error.hint)

    @reported(nothing)
    def closeEvent(self, event: QCloseEvent) -> None:
        self.writing.stop()
        self.context_panel.flush()
        self.acceptance.save()
        if not self.manuscripts.may_close(self.close):
            event.ignore()
            return
        self.session.save()
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        self._change_settings(window_geometry=geometry)
        self._save_settings()
        self.manuscripts.close()
        self.library.close()
        self.news.close()
        self.worker.close()
        event.accept()

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and hasattr(self, "session"):
            if self.isActiveWindow():
                self.manuscripts.outside.look()
            else:
                self.manuscripts.autosave.save_now()


def _tight(layout: QBoxLayout) -> QBoxLayout:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    return layout
