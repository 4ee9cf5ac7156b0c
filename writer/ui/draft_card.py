"""One draft that was found: what it is, where it belongs, and when it was last changed. It can be chosen."""

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout

from writer.document.drafts.recovery import DraftFound
from writer.ui.labels import plain_label
from writer.ui.moments import moment_text
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_UNTITLED = "Untitled"
_NO_FILE = "Never saved to a file"
_COPY = "A copy made while the file was being written"
_IN_USE = "Open in another Writer."


class DraftCard(QPushButton):
    """Shows a DraftFound; the chosen one is checked."""

    open_requested = Signal()  # by Return or a double click, as in any list

    def __init__(self, found: DraftFound, now: datetime) -> None:
        super().__init__()
        self.found = found
        self.setCheckable(True)
        self.setProperty("role", "draft")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)  # as high as its words need
        facts = (
            ("draftTitle", "strong", found.title or _UNTITLED),
            ("draftPlace", "muted", _COPY if found.is_copy else place_text(found.path)),
            ("draftFacts", "muted", _facts_text(found, now)),
            ("draftProblem", "danger", _IN_USE if found.in_use else found.problem),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.m, SPACE.s, SPACE.m, SPACE.s)
        column.setSpacing(2)
        for name, role, text in facts:
            label = plain_label(name, role)
            label.setText(text)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(label)
            label.setVisible(bool(text))  # now that it has a parent: without one it would be a window
        self.setAccessibleName(", ".join(text for _, _, text in facts if text))

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.setChecked(True)
            self.open_requested.emit()
        else:
            super().keyPressEvent(event)

    @reported(nothing)
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.open_requested.emit()

    @reported(QSize)
    def sizeHint(self) -> QSize:
        """What stands in it: a button of Qt's reckons with its own text only."""
        layout = self.layout()
        return layout.sizeHint() if layout is not None else QSize()

    @reported(QSize)
    def minimumSizeHint(self) -> QSize:
        layout = self.layout()
        return layout.minimumSize() if layout is not None else QSize()


def place_text(path: Path | None) -> str:
    """The folder, with the home folder as people write it."""
    if path is None:
        return _NO_FILE
    try:
        return str(Path("~") / path.parent.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path.parent)


def _facts_text(found: DraftFound, now: datetime) -> str:
    words = f"{found.n_words:,} word{'s' if found.n_words != 1 else ''}"
    return f"Last changed {moment_text(found.last_changed, now)}\n{words}"
