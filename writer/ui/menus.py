"""The menus: every command by name, with its key."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu

from writer.assist.suggestion_options import SuggestionOptions
from writer.ui import theme as themes
from writer.ui.word_strip import N_SLOTS

if TYPE_CHECKING:
    from writer.ui.main_window import MainWindow

_THEMES = (("system", "As the desktop"), ("light", "Light"), ("dark", "Dark"), ("sepia", "Sepia"))


class Menus:
    """Fills a window's menu bar. The actions that change with what goes on are attributes."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self.theme_group = QActionGroup(window)
        self._make_file_menu()
        self.undo, self.redo = self._make_edit_menu()
        self.continue_writing, self.stop = self._make_write_menu()
        self._make_view_menu()
        self._make_help_menu()

    def set_theme(self, name: str) -> None:
        for action in self.theme_group.actions():
            action.setChecked(action.data() == name)

    def _make_file_menu(self) -> None:
        key, window = QKeySequence.StandardKey, self._window
        files = window.files
        menu = self._menu("&File")
        self._add(menu, "&New", key.New, files.new)
        self._add(menu, "&Open…", key.Open, files.open)
        self._recent = menu.addMenu("Open &recent")
        self._recent.aboutToShow.connect(self._fill_recent)
        self._add(menu, "&Drafts…", "", window.manuscripts.drafts.show)
        menu.addSeparator()
        self._add(menu, "&Save", key.Save, files.save)
        self._add(menu, "Save &as…", "Ctrl+Shift+S", files.save_as)
        autosave = menu.addAction("Save &by itself")
        autosave.setCheckable(True)
        autosave.setChecked(files.autosaves)
        autosave.setToolTip("A text that has a file is saved soon after each change.")
        autosave.toggled.connect(window.set_autosave)
        menu.addSeparator()
        self._add(menu, "&Keep this version", "Ctrl+Shift+K", window.manuscripts.versions.keep)
        self._add(menu, "&Versions…", "Ctrl+Shift+H", lambda: window.rail.toggle("versions"))
        menu.addSeparator()
        self._add(menu, "&Quit", "Ctrl+Q", window.close)

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path in self._window.session.recent:
            action = self._recent.addAction(str(path).replace("&", "&&"))
            action.setEnabled(path.exists())
            action.triggered.connect(lambda _=False, path=path: self._window.files.open_path(path))
        if self._recent.isEmpty():
            self._recent.addAction("None yet").setEnabled(False)

    def _make_edit_menu(self) -> tuple[QAction, QAction]:
        key, editor = QKeySequence.StandardKey, self._window.editor
        menu = self._menu("&Edit")
        undo = self._add(menu, "&Undo", key.Undo, editor.undo)
        redo = self._add(menu, "&Redo", key.Redo, editor.redo)
        usual = [keys.toString() for keys in QKeySequence.keyBindings(key.Redo)]
        redo.setShortcuts([QKeySequence(keys) for keys in dict.fromkeys([*usual, "Ctrl+Y"])])
        menu.addSeparator()
        self._add(menu, "Cu&t", key.Cut, editor.cut)
        self._add(menu, "&Copy", key.Copy, editor.copy)
        self._add(menu, "&Paste", key.Paste, editor.paste)
        self._add(menu, "Select &all", key.SelectAll, editor.selectAll)
        menu.aboutToShow.connect(self._name_undo)
        return undo, redo

    def _make_write_menu(self) -> tuple[QAction, QAction]:
        window = self._window
        menu = self._menu("&Write")
        writing = window.writing
        go_on = self._add(menu, "&Continue", "Ctrl+Return", writing.continue_at_caret)
        stop = self._add(menu, "&Stop", "Esc", writing.stop)
        go_on.setEnabled(False)
        stop.setEnabled(False)
        self._add(menu, "&Again", "Ctrl+R", writing.again)
        self._add(menu, "&Takes", "Ctrl+Shift+Return", writing.make_takes)
        self._add(menu, "&Bridge the gap", "Ctrl+B", writing.bridge)
        menu.addSeparator()
        self._add(menu, "Sugg&est here", "Ctrl+Space", writing.suggest)
        self.ghost = self._check(menu, "&Ghost text", "Ctrl+Shift+G", lambda on: self._set_option(ghost=on))
        self.strip = self._check(menu, "&Next words", "F9", lambda on: self._set_option(strip=on))
        for number in range(N_SLOTS):
            shortcut = QShortcut(QKeySequence(f"Alt+{number + 1}"), window)
            shortcut.activated.connect(lambda number=number: writing.word_suggesting.choose(number))
        menu.addSeparator()
        menu.addSeparator()
        self._add(menu, "&How the model writes…", "Ctrl+,", lambda: window.rail.toggle("sampling"))
        self._add(menu, "Ta&kes…", "Ctrl+Shift+T", lambda: window.rail.toggle("takes"))
        self._add(menu, "&While you write…", "Ctrl+Shift+W", lambda: window.rail.toggle("suggestions"))
        self._add(menu, "What the model keeps in min&d…", "Ctrl+Shift+D", lambda: window.rail.toggle("context"))
        self._add(menu, "&Models…", "Ctrl+Shift+M", lambda: window.rail.toggle("models"))
        return go_on, stop

    def _make_view_menu(self) -> None:
        key, editor = QKeySequence.StandardKey, self._window.editor
        menu = self._menu("&View")
        for name, title in _THEMES:
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setData(name)
            self.theme_group.addAction(action)
        menu.addSeparator()
        self._add(menu, "&Larger text", key.ZoomIn, lambda: editor.set_point_size(editor.point_size + 1))
        self._add(menu, "S&maller text", key.ZoomOut, lambda: editor.set_point_size(editor.point_size - 1))
        self._add(menu, "&Usual size", "Ctrl+0", lambda: editor.set_point_size(themes.PAGE_POINT_SIZE))
        menu.addSeparator()
        latency = self._check(menu, "How fast &keys are", "", self._window.show_key_latency)
        latency.setChecked(self._window.settings.shows_key_latency)

    def _make_help_menu(self) -> None:
        menu = self._menu("&Help")
        self._add(menu, "&Guide", "", self._window.show_guide)
        self._add(menu, "What’s &new", "", self._window.news.show)
        self._add(menu, "&Welcome page", "", self._window.show_welcome)
        self._add(menu, "&About the model: bias and accuracy", "F1", lambda: self._window.rail.open("about"))
        menu.addSeparator()
        if self._window.news.place is not None:
            self._add_updates(menu)
            menu.addSeparator()
        self._add(menu, "About W&riter", "", self._window.show_about)

    def _add_updates(self, menu: QMenu) -> None:
        """Asking is off until the writer turns it on, and then happens when they press it."""
        window = self._window
        is_on = window.settings.offers_updates
        check = self._add(menu, "Check for &updates…", "", window.news.check)
        check.setVisible(is_on)
        window.news.is_checking_changed.connect(lambda is_checking: check.setEnabled(not is_checking))
        offer = self._check(menu, "&Offer to check for updates", "", check.setVisible)
        offer.setChecked(is_on)
        offer.toggled.connect(window.offer_updates)

    def show_options(self, options: SuggestionOptions) -> None:
        """Bring what is checked up to what is set."""
        self.ghost.setChecked(options.ghost)
        self.strip.setChecked(options.strip)

    def _set_option(self, **changes: object) -> None:
        options = self._window.writing.options
        if any(getattr(options, name) != value for name, value in changes.items()):
            self._window.writing_view.change_options(**changes)

    def _name_undo(self) -> None:
        document = self._window.files.document
        for action, verb, label in (
            (self.undo, "&Undo", document.undo_label),
            (self.redo, "&Redo", document.redo_label),
        ):
            action.setText(f"{verb} {label.lower()}" if label else verb)

    def _menu(self, title: str) -> QMenu:
        return self._window.menuBar().addMenu(title)

    def _check(self, menu: QMenu, text: str, shortcut: str, slot: Callable[[bool], object]) -> QAction:
        """A command that is on or off."""
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setShortcut(shortcut)
        action.toggled.connect(slot)
        return action

    def _add(
        self, menu: QMenu, text: str, shortcut: QKeySequence.StandardKey | str, slot: Callable[[], object]
    ) -> QAction:
        action = menu.addAction(text)
        action.setShortcut(shortcut)
        action.triggered.connect(lambda: slot())  # without the "checked" that Qt passes along
        return action
