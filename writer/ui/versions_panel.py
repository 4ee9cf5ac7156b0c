"""The versions of the text: keep one, look at one, go back to one."""

from datetime import datetime
from itertools import pairwise

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from writer.document.versions.version_store import Version
from writer.ui.icons import icon
from writer.ui.labels import plain_label
from writer.ui.moments import day_text
from writer.ui.overrides import nothing, reported
from writer.ui.scroll_column import ScrollColumn
from writer.ui.theme import SPACE
from writer.ui.version_row import ICON_SIZE, LONGEST_NAME, VersionRow

_PORTION = 50  # versions that are shown at once
_NONE_YET = (
    "None yet. Writer keeps a version at every save, before the model writes and before a large deletion.\n\n"
    "Before you try something bold, keep one yourself: then you can always go back to it."
)


class VersionsPanel(QWidget):
    """Shows the versions and says what the writer wants of them. It does nothing itself."""

    keep_requested = Signal(str)  # its name, "" for none
    compare_requested = Signal(object)  # Version
    restore_requested = Signal(object)  # Version
    rename_requested = Signal(object, str)  # Version, its new name
    delete_requested = Signal(object)  # Version

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._versions: tuple[Version, ...] = ()
        self._now: datetime | None = None
        self._n_shown = _PORTION
        self._rows: dict[tuple[str, int, str], VersionRow] = {}
        self._days: list[QWidget] = []
        self._more_icon = icon("more", ICON_SIZE)
        self._name = QLineEdit()
        self._name.setObjectName("keepName")
        self._name.setPlaceholderText("A name, if you like")
        self._name.setAccessibleName("Name of the version to keep")
        self._name.setToolTip("A version with a name is never thinned out.")
        self._name.setMaxLength(LONGEST_NAME)
        self._name.returnPressed.connect(self._on_keep)
        self._keep = QPushButton("Keep this version")
        self._keep.setObjectName("keep")
        self._keep.setToolTip("Keep the text as it is now, so that you can always go back to it.")
        self._keep.clicked.connect(self._on_keep)
        self._none_yet = plain_label("noVersions", "muted")
        self._none_yet.setText(_NONE_YET)
        self._older = QPushButton()
        self._older.setObjectName("older")
        self._older.setToolTip("Show versions from further back.")
        self._older.clicked.connect(self._on_older_clicked)

        scroll = ScrollColumn()
        self._column = scroll.column
        self._column.setSpacing(SPACE.s)
        for widget in (self._name, self._keep, self._none_yet, self._older):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        self._older.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def set_versions(self, versions: tuple[Version, ...], now: datetime) -> None:
        """versions -- newest first, as the store lists them; now -- with a timezone, that of the writer's clock"""
        if [version.key for version in versions[:1]] != [version.key for version in self._versions[:1]]:
            self._n_shown = _PORTION  # another document's
        self._versions, self._now = versions, now
        if self.isVisible():  # rows that nobody looks at would only take time
            self._arrange(now)

    def _arrange(self, now: datetime) -> None:
        shown = self._versions[: self._n_shown]
        lost_focus = self._drop_rows({_identity(version) for version in shown})
        place = self._column.indexOf(self._none_yet) + 1
        stops: list[QWidget] = [self._name, self._keep]
        day = ""
        for number, version in enumerate(shown):
            before = self._versions[number + 1] if number + 1 < len(self._versions) else None
            row = self._row(version)
            row.show_version(version, before, now)
            if (new_day := day_text(version.time, now)) != day:
                day = new_day
                self._put(self._heading(day), place)
                place += 1
            self._put(row, place)
            place += 1
            stops += row.stops
        for before_stop, after_stop in pairwise([*stops, self._older]):
            QWidget.setTabOrder(before_stop, after_stop)
        self._none_yet.setVisible(not shown)
        n_older = len(self._versions) - len(shown)
        self._older.setText(f"Show older: {n_older:,} more")
        self._older.setVisible(n_older > 0)
        if lost_focus is not None:
            rows = [self._rows[_identity(version)] for version in shown]
            (rows[min(lost_focus, len(rows) - 1)].more if rows else self._keep).setFocus()

    def _drop_rows(self, staying: set[tuple[str, int, str]]) -> int | None:
        """Returns the place of the row that had the focus and is gone; Qt would pass the focus on by chance."""
        focused = QApplication.focusWidget()
        lost_focus = None
        in_order = sorted(self._rows.items(), key=lambda entry: self._column.indexOf(entry[1]))
        for place, (key, row) in enumerate(in_order):
            if key not in staying and focused is not None and row.isAncestorOf(focused):
                lost_focus = place
        gone = [self._rows.pop(key) for key in self._rows.keys() - staying]
        for widget in (*gone, *self._days):
            self._column.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._days = []
        return lost_focus

    def _row(self, version: Version) -> VersionRow:
        row = self._rows.get(_identity(version))
        if row is None:
            row = self._rows[_identity(version)] = VersionRow(version, self._more_icon)
            row.compare_requested.connect(self.compare_requested)
            row.restore_requested.connect(self.restore_requested)
            row.rename_requested.connect(self.rename_requested)
            row.delete_requested.connect(self.delete_requested)
        return row

    def _heading(self, day: str) -> QWidget:
        heading = plain_label("day", "section")
        heading.setText(day)
        heading.setIndent(0)
        self._days.append(heading)
        return heading

    def _put(self, widget: QWidget, place: int) -> None:
        if self._column.indexOf(widget) != place:
            self._column.removeWidget(widget)
            self._column.insertWidget(place, widget)

    def _on_keep(self) -> None:
        name = self._name.text().strip()
        self._name.clear()
        self.keep_requested.emit(name)

    def _on_older_clicked(self) -> None:
        first_new = self._versions[self._n_shown]
        self._n_shown += _PORTION
        if self._now is not None:
            self._arrange(self._now)
        self._rows[_identity(first_new)].compare.setFocus()

    @reported(nothing)
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._now is not None:
            self._arrange(self._now)

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_none_yet"):
            self._more_icon = icon("more", ICON_SIZE)
            for row in self._rows.values():
                row.set_more_icon(self._more_icon)


def _identity(version: Version) -> tuple[str, int, str]:
    return version.key, version.sequence, version.content
