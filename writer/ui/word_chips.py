"""Words in a panel that can be taken off a list one by one."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from writer.ui.flow_row import FlowRow
from writer.ui.icons import icon
from writer.ui.overrides import nothing, reported

_ICON = 12
_LONGEST = 24  # code points of a word that are shown


class WordChips(FlowRow):
    """A button for each word; a press takes the word off."""

    removed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._chips: list[QPushButton] = []

    def set_words(self, words: Sequence[str]) -> None:
        if tuple(words) == self._words:
            return
        focused = next((place for place, chip in enumerate(self._chips) if chip.hasFocus()), None)
        self._words = tuple(words)
        known = {chip.property("word"): chip for chip in self._chips}
        self._chips = [known.get(word) or self._chip(word) for word in words]
        if focused is not None and not self._chips and (parent := self.parentWidget()) is not None:
            parent.focusNextChild()
        self.set_widgets(self._chips)
        if focused is not None and self._chips:
            self._chips[min(focused, len(self._chips) - 1)].setFocus()

    def _chip(self, word: str) -> QPushButton:
        shown = word if len(word) <= _LONGEST else f"{word[:_LONGEST]}…"
        chip = QPushButton(shown.replace("&", "&&"))
        chip.setObjectName("neverWord")
        chip.setProperty("word", word)
        chip.setProperty("role", "chip")
        chip.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the cross comes last
        chip.setIconSize(QSize(_ICON, _ICON))
        chip.setIcon(icon("close", _ICON))
        chip.setAccessibleName(f"Suggest “{word}” again")
        chip.setToolTip("Let this word be suggested again.")
        chip.clicked.connect(lambda: self.removed.emit(word))
        return chip

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_chips"):
            for chip in self._chips:
                chip.setIcon(icon("close", _ICON))
            self.updateGeometry()
