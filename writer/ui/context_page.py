"""Exactly what the model sees: token by token, with where each comes from and how much room it takes."""

import codecs
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from writer.assist.context import Context, Origin
from writer.engine.tokenizer import Tokenizer
from writer.ui.budget_bar import BudgetBar
from writer.ui.desk_page import DeskPage
from writer.ui.flow_row import FlowRow
from writer.ui.labels import plain_label
from writer.ui.origins import TITLES, origin_color
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE
from writer.ui.token_text import ShownPart, TokenText

__all__ = ["ContextPage", "ShownPart", "shown_parts"]

_SWATCH = 10
_TIPS = {
    Origin.MEMORY: "What you noted as memory",
    Origin.LORE: "Lore entries whose words come up",
    Origin.PIN: "Passages that you have pinned",
    Origin.TEXT: "Your text before the caret",
    Origin.NOTE: "Your author’s note",
}
_NOTHING = "Nothing: there is no text before the caret, and there are no notes."


def shown_parts(context: Context, tokenizer: Tokenizer) -> list[ShownPart]:
    """For `ContextPage.show_context`. Bytes that are no text are shown as �."""
    parts = []
    for part in context.parts:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        tokens = [decoder.decode(tokenizer.token_bytes(token_id)) for token_id in part.token_ids]
        if tokens:
            tokens[-1] += decoder.decode(b"", final=True)
        parts.append(ShownPart(part.origin, part.title, tuple(tokens), part.is_shortened))
    return parts


class ContextPage(DeskPage):
    """Shows a context. It does not follow the text by itself: show the context anew when it has changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("What the model sees", "Back", "Back to your text", parent)
        self._parts: tuple[ShownPart, ...] = ()
        self._n_ctx = 0
        self._used = plain_label("tokensUsed", "muted")
        self._used.setWordWrap(False)
        self.bar.addWidget(self._used)
        self._budget = BudgetBar()
        self._legend = FlowRow()
        self._left_out = plain_label("leftOut", "muted")
        self._typed = plain_label("halfTyped", "muted")
        overview = QFrame()
        overview.setProperty("role", "columnTitles")
        column = QVBoxLayout(overview)
        column.setContentsMargins(SPACE.l, SPACE.m, SPACE.l, SPACE.s)
        column.setSpacing(SPACE.s)
        for widget in (self._budget, self._legend, self._typed, self._left_out):
            column.addWidget(widget)
        self._nothing = plain_label("nothingSeen", "muted")
        self._nothing.setContentsMargins(SPACE.l, SPACE.l, SPACE.l, SPACE.l)
        self._nothing.setText(_NOTHING)
        self._text = TokenText()
        self.body.addWidget(overview)
        self.body.addWidget(self._nothing)
        self.body.addWidget(self._text, 1)
        self.setFocusProxy(self._text)  # so that the arrow keys scroll at once
        self.show_context((), 0)

    def show_context(
        self, parts: Sequence[ShownPart], n_ctx: int, *, typed: str = "", left_out: Sequence[str] = ()
    ) -> None:
        """parts -- in the model's order
        n_ctx -- tokens that it can see
        typed -- the beginning of a word before the caret that is no token yet: the model goes on from it
        left_out -- titles of what had no room
        """
        self._parts, self._n_ctx = tuple(parts), n_ctx
        used = sum(len(part.tokens) for part in self._parts)
        self._used.setText(f"{used:,} of {n_ctx:,} tokens")
        self._budget.set_segments([(part.origin, len(part.tokens)) for part in self._parts], n_ctx)
        self._show_legend()
        self._left_out.setText(f"There was no room for: {', '.join(left_out)}.")
        self._left_out.setVisible(bool(left_out))
        self._typed.setText(f"What it writes begins with “{typed.strip()}”, which you have typed.")
        self._typed.setVisible(bool(typed.strip()))
        self._nothing.setVisible(not used)
        self._text.show_parts(self._parts)

    def _show_legend(self) -> None:
        counts = dict.fromkeys(Origin, 0)
        for part in self._parts:
            counts[part.origin] += len(part.tokens)
        entries: list[QWidget] = [self._legend_entry(origin, n) for origin, n in counts.items() if n]
        n_left = self._n_ctx - sum(counts.values())
        if n_left > 0:
            left = plain_label("tokensLeft", "muted")
            left.setWordWrap(False)
            left.setText(f"{n_left:,} left for what it writes")
            left.setContentsMargins(SPACE.s, SPACE.xs, 0, SPACE.xs)
            entries.append(left)
        self._legend.set_widgets(entries)

    def _legend_entry(self, origin: Origin, n_tokens: int) -> QPushButton:
        entry = QPushButton(f"{TITLES[origin]} {n_tokens:,}")
        entry.setObjectName(f"legend-{origin}")
        entry.setProperty("role", "chip")
        swatch = QPixmap(_SWATCH + SPACE.xs, _SWATCH)  # with room before the words
        swatch.fill(Qt.GlobalColor.transparent)
        painter = QPainter(swatch)
        painter.fillRect(0, 0, _SWATCH, _SWATCH, origin_color(origin))
        painter.end()
        entry.setIconSize(swatch.size())
        entry.setIcon(QIcon(swatch))
        entry.setToolTip(f"{_TIPS[origin]}. Press to go there.")
        entry.clicked.connect(lambda: self._text.show_origin(origin))
        return entry

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_legend"):
            self._show_legend()
