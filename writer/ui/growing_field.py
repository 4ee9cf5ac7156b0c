"""A field for a few lines of prose in a side panel."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit

from writer.ui.overrides import nothing, reported

_MOST = 10  # lines
_FRAME = 2 * (1 + 4)  # the style sheet's border and padding


class GrowingField(QPlainTextEdit):
    """As high as its text, within bounds; Tab leaves it."""

    def __init__(self, name: str, title: str, placeholder: str, tip: str, *, fewest_lines: int = 3) -> None:
        super().__init__()
        self._fewest = fewest_lines
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setAccessibleDescription(tip)
        self.setPlaceholderText(placeholder)
        self.setToolTip(tip)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    @property
    def text(self) -> str:
        """What the field holds, with its no-break spaces (`toPlainText` makes others of them)."""
        return self.document().toRawText().replace("\u2029", "\n").replace("\u2028", "\n")

    def set_text(self, text: str) -> None:
        """Show `text`; the caret and undo stay when it is what the field holds."""
        if text != self.text:
            self.setPlainText(text)

    def _fit(self) -> None:
        n_lines = round(self.document().size().height())  # QPlainTextDocumentLayout counts in lines
        lines = min(max(n_lines, self._fewest), _MOST)
        height = lines * self.fontMetrics().lineSpacing() + 2 * round(self.document().documentMargin()) + _FRAME
        if height != self.height():
            self.setFixedHeight(height)
        is_all_seen = n_lines <= _MOST
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOff if is_all_seen else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        )

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()
