"""What the model suggests while one writes, and how far it goes on."""

import dataclasses
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from writer.assist.suggestion_options import AS_SET, BOUNDS, SuggestionOptions
from writer.ui.acceptance_graph import AcceptanceGraph, Curve
from writer.ui.option_rows import (
    Choice,
    NumberField,
    Question,
    caption,
    drop_down,
    heading,
    link,
    pass_wheel_by,
    switch,
)
from writer.ui.scroll_column import ScrollColumn
from writer.ui.theme import SPACE
from writer.ui.word_chips import WordChips

_STEP = 5  # percent that one step of the dial is
_GOALS = {
    "sentence": "To the end of the sentence",
    "paragraph": "To the end of the paragraph",
    "scene": "To the end of the scene",
    "words": "For about so many words",
    AS_SET: "For the length in tokens",
}
_GOAL_TIP = (
    "How far Continue goes, and each take; ghost text ends by itself. The last sentence is whole, except for the length"
    " in tokens, which is set in “How the model writes”."
)
_TAKES = tuple((str(n), str(n), f"Write {n} continuations side by side, to choose from.") for n in (2, 3, 4))
_WORDS_TIP = (
    "Continue writes about so many words, and so does each take; the last sentence is always whole. Ghost text ends by"
    " itself."
)


class SuggestionsPanel(QWidget):
    """Edits one SuggestionOptions."""

    options_changed = Signal(object)  # SuggestionOptions, for the writer's changes only
    erase_requested = Signal()  # what was learnt of the writer's words, and which suggestions were taken

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = SuggestionOptions()
        scroll = ScrollColumn()
        self._column = scroll.column
        self._column.setSpacing(SPACE.s)
        self._add_ghost()
        self._add_next_words()
        self._add_own_words()
        self._add_continue()
        self._column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self._show_options()

    @property
    def options(self) -> SuggestionOptions:
        return self._options

    def set_options(self, options: SuggestionOptions) -> None:
        self._options = options
        self._show_options()

    def set_acceptance(self, curve: Curve, one_in: int, threshold: float | None = None) -> None:
        """See AcceptanceGraph.set_acceptance."""
        self.graph.set_acceptance(curve, one_in, threshold)

    # -- sections ------------------------------------------------------------------------------------------------

    def _add_ghost(self) -> None:
        self._ghost = switch(
            "ghost",
            "Suggest how to go on",
            "When you pause, a few grey words show how the sentence may go on. They are not in your text until you"
            " take them, and never longer than a sentence.",
        )
        self._ghost.toggled.connect(lambda is_on: self._change(ghost=is_on))
        self._one_in = NumberField(
            "oneIn",
            "Show it if I would take 1 in",
            "A small number shows little, and what it shows fits often. A large one shows more that you will pass by.",
            *_bounds("one_in"),
        )
        self._one_in.value_changed.connect(self._on_one_in_changed)
        self.graph = AcceptanceGraph()
        self._add(
            heading("Ghost text"),
            self._ghost,
            caption("ghostKeys", "Tab takes it all, Ctrl+Right one word, End the sentence. Esc takes it away."),
            self._one_in,
            self.graph,
            caption("ghostRecord", "Writer remembers only how sure it was and whether you took it, not the words."),
        )

    def _add_next_words(self) -> None:
        self._strip = switch(
            "strip",
            "Show five words to choose from",
            "A line below the page offers the words that are likely to come next, or finishes the one you are typing.",
        )
        self._strip.toggled.connect(lambda is_on: self._change(strip=is_on))
        self._never_title = QLabel("Never suggested")
        self._never = WordChips()
        self._never.removed.connect(self._on_never_removed)
        self._add(
            heading("Next words"),
            self._strip,
            caption("stripKeys", "Alt+1 to Alt+5 put a word in. Ctrl+click a word, and it is never suggested again."),
            self._never_title,
            self._never,
        )

    def _add_own_words(self) -> None:
        tip = (
            "How much the words of this text count: its names, the words you made up, your turns of phrase."
            " At the left end only the model speaks."
        )
        self._strength = QSlider(Qt.Orientation.Horizontal)
        self._strength.setObjectName("ownWords")
        self._strength.setAccessibleName("Lean towards my own words")
        self._strength.setAccessibleDescription(tip)
        self._strength.setToolTip(tip)
        self._strength.setRange(0, 100 // _STEP)
        self._strength.setPageStep(4)
        self._strength.valueChanged.connect(lambda ticks: self._change(own_words=ticks * _STEP / 100))
        pass_wheel_by(self._strength)
        title = QLabel("Lean towards my own words")
        title.setBuddy(self._strength)
        title.setToolTip(tip)
        self._strength_text = QLabel()
        self._strength_text.setProperty("role", "muted")
        row = QHBoxLayout()
        row.addWidget(title, 1)
        row.addWidget(self._strength_text)
        self._off_the_record = switch(
            "offTheRecord",
            "Off the record",
            "While this is on, nothing is learnt: neither your words nor which suggestions you take.",
        )
        self._off_the_record.toggled.connect(lambda is_on: self._change(off_the_record=is_on))
        self._erase = link("erase", "Erase what was learnt", "Forget your words, and which suggestions you took.")
        self._erase.clicked.connect(self._ask_erasing)
        words = "Forget your words, and which suggestions you took? Your text stays."
        self._question = Question("erase", words, "Erase", "Forget it for good.")
        self._question.confirmed.connect(self._on_erase_confirmed)
        self._question.declined.connect(self._take_question_away)
        self._question.hide()
        self._column.addWidget(heading("Your words"))
        self._column.addLayout(row)
        self._add(
            self._strength,
            caption("ownWordsPrivate", "Learnt from the open text alone, and never written to the disk."),
            self._off_the_record,
        )
        self._column.addWidget(self._erase, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addWidget(self._question)

    def _add_continue(self) -> None:
        self._goal = drop_down("goal", "How far Continue and takes go", _GOAL_TIP)
        for key, text in _GOALS.items():
            self._goal.addItem(text, key)
        self._goal.activated.connect(lambda _place: self._change(continue_goal=self._goal.currentData()))
        self._words = NumberField("continueWords", "Number of words", _WORDS_TIP, *_bounds("continue_words"))
        self._words.value_changed.connect(lambda value: self._change(continue_words=value))
        self._takes = Choice("takes", "Takes side by side", _TAKES)
        self._takes.chosen.connect(lambda key: self._change(n_takes=int(key)))
        takes = QHBoxLayout()
        takes.addWidget(QLabel("Takes side by side"), 1)
        takes.addWidget(self._takes, 1)
        self._add(heading("Continue and takes"), self._goal, self._words)
        self._column.addLayout(takes)

    def _add(self, *widgets: QWidget) -> None:
        for widget in widgets:
            self._column.addWidget(widget)

    # -- values --------------------------------------------------------------------------------------------------

    def _show_options(self) -> None:
        options = self._options
        for box, is_on in (
            (self._ghost, options.ghost),
            (self._strip, options.strip),
            (self._off_the_record, options.off_the_record),
        ):
            with QSignalBlocker(box):
                box.setChecked(is_on)
        with QSignalBlocker(self._strength):
            self._strength.setValue(round(options.own_words * 100 / _STEP))
        self._one_in.set_value(options.one_in)
        self._words.set_value(options.continue_words)
        self._goal.setCurrentIndex(self._goal.findData(options.continue_goal))
        self._takes.set_key(str(options.n_takes))
        self._never.set_words(options.never)
        self._show_consequences()

    def _show_consequences(self) -> None:
        """What depends on other controls."""
        options = self._options
        self._one_in.setEnabled(options.ghost)
        self.graph.setEnabled(options.ghost)
        self._words.setEnabled(options.continue_goal == "words")
        percent = round(options.own_words * 100)
        self._strength_text.setText(f"{percent} %" if percent else "Off")
        for widget in (self._never_title, self._never):
            widget.setVisible(bool(options.never))

    def _change(self, **values: Any) -> None:
        options = dataclasses.replace(self._options, **values)
        if options != self._options:
            self._options = options
            self._show_consequences()
            self.options_changed.emit(options)

    def _on_one_in_changed(self, one_in: int) -> None:
        self.graph.set_one_in(one_in)
        self._change(one_in=one_in)

    def _on_never_removed(self, word: str) -> None:
        never = tuple(kept for kept in self._options.never if kept != word)
        self._never.set_words(never)
        self._change(never=never)

    # -- erasing -------------------------------------------------------------------------------------------------

    def _ask_erasing(self) -> None:
        self._erase.hide()
        self._question.show()
        self._question.no.setFocus()

    def _take_question_away(self) -> None:
        had_focus = self._question.yes.hasFocus() or self._question.no.hasFocus()
        self._erase.show()
        if had_focus:
            self._erase.setFocus()  # before the buttons vanish: Qt would pass the focus on by chance
        self._question.hide()

    def _on_erase_confirmed(self) -> None:
        self._take_question_away()
        self.erase_requested.emit()


def _bounds(name: str) -> tuple[int, int]:
    low, high = BOUNDS[name]
    return int(low), int(high)
