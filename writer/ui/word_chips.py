"""Words in a panel that can be taken off a list one by one."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from writer.ui.icons import icon
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_ICON = 12
_LONGEST = 24  # code points of a word that are shown


class WordChips(QWidget):
    """A button for each word, in as many lines as they need."""

    removed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._chips: list[QPushButton] = []
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_words(self, words: Sequence[str]) -> None:
        if tuple(words) == self._words:
            return
        focused = next((place for place, chip in enumerate(self._chips) if chip.hasFocus()), None)
        self._words = tuple(words)
        gone, self._chips = self._chips, [self._chip(word) for word in words]
        for before, after in zip(self._chips, self._chips[1:], strict=False):
            QWidget.setTabOrder(before, after)
        self._arrange(self.width())
        self.updateGeometry()
        if focused is not None and self._chips:
            self._chips[min(focused, len(self._chips) - 1)].setFocus()
        elif focused is not None and (parent := self.parentWidget()) is not None:
            parent.focusNextChild()
        for chip in gone:
            chip.hide()
            chip.deleteLater()

    def _chip(self, word: str) -> QPushButton:
        shown = word if len(word) <= _LONGEST else f"{word[:_LONGEST]}…"
        chip = QPushButton(shown.replace("&", "&&"), self)
        chip.setObjectName("neverWord")
        chip.setProperty("role", "chip")
        chip.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the cross comes last
        chip.setIconSize(QSize(_ICON, _ICON))
        chip.setIcon(icon("close", _ICON))
        chip.setAccessibleName(f"Suggest “{word}” again")
        chip.setToolTip("Let this word be suggested again.")
        chip.clicked.connect(lambda: self.removed.emit(word))
        chip.show()
        return chip

    def _arrange(self, width: int, *, is_trial: bool = False) -> int:
        """Put the chips in lines no longer than `width`; returns the height they take."""
        x = y = 0
        for chip in self._chips:
            size = chip.sizeHint()
            if x and x + size.width() > width:
                x, y = 0, y + size.height() + SPACE.xs
            if not is_trial:
                chip.setGeometry(x, y, size.width(), size.height())
            x += size.width() + SPACE.xs
        return y + (self._chips[-1].sizeHint().height() if self._chips else 0)

    @reported(lambda: True)
    def hasHeightForWidth(self) -> bool:
        return True

    @reported(lambda: 0)
    def heightForWidth(self, width: int) -> int:
        return self._arrange(width, is_trial=True)

    @reported(QSize)
    def sizeHint(self) -> QSize:
        return QSize(self.width(), self.heightForWidth(self.width()))

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange(event.size().width())

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_chips"):
            for chip in self._chips:
                chip.setIcon(icon("close", _ICON))
            self.updateGeometry()
