"""The slim rail at the window's edge, and the one side panel it opens."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from writer.ui.icons import IconButton
from writer.ui.theme import SPACE

_BUTTON_SIZE = 36


class SidePanel(QFrame):
    """Holds the rail's panels under a title row and shows one of them. Its rail opens and closes it."""

    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setFixedWidth(SPACE.panel)
        self._title = QLabel()
        self._title.setProperty("role", "title")
        self.close_button = IconButton("close", "Close the panel", size=16)
        self.close_button.setProperty("role", "quiet-icon")
        self.close_button.setFixedSize(28, 28)
        self.close_button.clicked.connect(self.close_requested)
        self._stack = QStackedWidget()

        header = QHBoxLayout()
        header.setContentsMargins(SPACE.l, SPACE.s, SPACE.s, SPACE.s)
        header.addWidget(self._title, 1)
        header.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 0, 0, 0)  # the frame's line on the left
        layout.setSpacing(0)
        layout.addLayout(header)
        layout.addWidget(self._stack, 1)
        self.hide()

    def add(self, panel: QWidget) -> None:
        self._stack.addWidget(panel)

    def show_panel(self, title: str, panel: QWidget) -> None:
        """Show one of the panels given to `add`."""
        self._title.setText(title)
        self.setAccessibleName(title)
        self._stack.setCurrentWidget(panel)
        self.show()


class Rail(QFrame):
    """A strip of one button for each panel. `side_panel` goes beside it in the window's layout.

    Closed at first; a second press on a panel's button closes it.
    """

    panel_changed = Signal(str)  # the open panel's key, "" when none is open

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "rail")
        self.setFixedWidth(SPACE.rail)
        self.setAccessibleName("Panels")
        self.side_panel = SidePanel()
        self.side_panel.close_requested.connect(self.close)
        self._panels: dict[str, tuple[str, QWidget, QToolButton]] = {}
        self._current: str | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, SPACE.s, 0, SPACE.s)
        self._layout.setSpacing(SPACE.xs)
        self._layout.addStretch(1)
        self._n_top = 0

    @property
    def current(self) -> str | None:
        """Key of the open panel."""
        return self._current

    def add_panel(self, key: str, title: str, icon: str, panel: QWidget, *, at_bottom: bool = False) -> QToolButton:
        """Add a panel with its button, `icon` being a name in `resources/icons`. Returns the button.

        Buttons stand from the top down in the order they came, those `at_bottom` likewise at the foot.
        """
        if key in self._panels:
            raise ValueError(f"the rail has a panel {key!r} already")
        button = IconButton(icon, title)
        button.setCheckable(True)
        button.setFixedSize(_BUTTON_SIZE, _BUTTON_SIZE)
        button.clicked.connect(lambda checked: self.open(key) if checked else self.close())
        place = self._layout.count() if at_bottom else self._n_top
        self._layout.insertWidget(place, button, 0, Qt.AlignmentFlag.AlignHCenter)
        self._n_top += not at_bottom
        self.side_panel.add(panel)
        self._panels[key] = (title, panel, button)
        return button

    def has(self, key: str) -> bool:
        return key in self._panels

    def open(self, key: str) -> None:
        """Show the panel called `key` in place of any other. Raises KeyError for an unknown one."""
        title, panel, _ = self._panels[key]
        self.side_panel.show_panel(title, panel)
        self._set_current(key)

    def toggle(self, key: str) -> None:
        """Show the panel called `key`, or close it if it is the one that shows."""
        if self._current == key:
            self.close()
        else:
            self.open(key)

    def close(self) -> bool:
        """Close the open panel, if any. The rail itself stays (QWidget.close, which this replaces, would hide it)."""
        if self._current is not None:
            focused = QApplication.focusWidget()
            if focused is not None and self.side_panel.isAncestorOf(focused):
                self._panels[self._current][2].setFocus()  # else Qt passes the focus to a neighbour by chance
            self.side_panel.hide()
        self._set_current(None)
        return True

    def _set_current(self, key: str | None) -> None:
        for name, (_, _, button) in self._panels.items():
            button.setChecked(name == key)
        if key != self._current:
            self._current = key
            self.panel_changed.emit(key or "")
