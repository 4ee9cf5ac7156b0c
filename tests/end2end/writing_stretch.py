"""A writer at work, by a script: types a novel key by key, and uses all the help there is, at odd moments.

It watches what must hold all the time: the model's words come into the text only when they were asked for, where the
caret is, and the page shows the document.
"""

import random
import time
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from writer.assist.context_notes import ContextNotes
from writer.document.change import Change
from writer.document.provenance import Author
from writer.paths import resources_dir
from writer.ui.main_window import MainWindow
from writer.ui.mirror import displayed

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


class Stretch:
    """`go_on` writes for so many seconds. Counters tell what came of it."""

    def __init__(self, window: MainWindow, seed: int = 5) -> None:
        self._window, self._chance = window, random.Random(seed)
        book = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")
        self._words = book[:60_000].split(" ")
        self._at = 0
        self.n_keys = self.n_ghosts = self.n_accepted = self.n_words_taken = self.n_continued = self.n_takes = 0
        self._may_write = False
        self.stale: list[str] = []
        window.files.document.subscribe(self._on_change)

    def go_on(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._type_a_word()
            roll = self._chance.random()
            if roll < 0.30:
                self._wait_for_ghost()
            elif roll < 0.45:
                self._take_a_word()
            elif roll < 0.50:
                self._continue()
            elif roll < 0.53:
                self._make_takes()
            elif roll < 0.60:
                self._undo_and_redo()
            elif roll < 0.63:
                self._change_notes()
            elif roll < 0.66:
                self._wander()
            self.check()
        self._window.writing.stop()
        self.check()

    @property
    def has_had_all(self) -> bool:
        """Whether every kind of help has come at least once."""
        counts = (self.n_keys, self.n_ghosts, self.n_accepted, self.n_words_taken, self.n_continued, self.n_takes)
        return min(counts) > 0

    def check(self) -> None:
        """What must hold at any time."""
        editor, document = self._window.editor, self._window.files.document
        assert editor.document().toRawText() == displayed(document.text), "the page shows the document"
        assert sum(span.end - span.start for span in document.spans()) == len(document)
        assert not self.stale, self.stale

    def _on_change(self, change: Change) -> None:
        if change.author is Author.MODEL and change.inserted and not self._may_write:
            self.stale.append(change.inserted)

    def _asked(self, act: Callable[[], object]) -> None:
        """What is done here may put the model's words into the text."""
        self._may_write = True
        act()
        self._may_write = self._window.writing.generation.state.value != "idle"

    def _press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self._page(), key, modifier)

    def _page(self) -> QWidget:
        self._window.editor.setFocus()
        return self._window.editor

    def _type_a_word(self) -> None:
        self._may_write = False
        self._window.editor.set_caret(len(self._window.files.document))
        for character in self._words[self._at] + " ":
            if character == "\n":
                self._press(Qt.Key.Key_Return)
            else:
                QTest.keyClicks(self._page(), character)
            self.n_keys += 1
            QTest.qWait(self._chance.choice((5, 15, 30, 60)))
        self._at = (self._at + 1) % len(self._words)

    def _wait_for_ghost(self) -> None:
        end = time.monotonic() + 1.0
        while not self._window.editor.ghost and time.monotonic() < end:
            QTest.qWait(10)
        if not self._window.editor.ghost:
            return
        self.n_ghosts += 1
        key, modifier = self._chance.choice(
            (
                (Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier),
                (Qt.Key.Key_Right, CTRL),
                (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier),
                (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
                (Qt.Key.Key_BracketRight, ALT),
            )
        )
        n_before = len(self._window.files.document)
        self._asked(lambda: self._press(key, modifier))
        self.n_accepted += len(self._window.files.document) > n_before

    def _take_a_word(self) -> None:
        QTest.keyClicks(self._page(), self._chance.choice("tsahw"))
        end = time.monotonic() + 1.0
        while not self._window.strip.words and time.monotonic() < end:
            QTest.qWait(10)
        n_before = len(self._window.files.document)
        number = self._chance.randrange(5)
        self._asked(lambda: self._press(Qt.Key(Qt.Key.Key_1 + number), ALT))
        self.n_words_taken += len(self._window.files.document) > n_before

    def _continue(self) -> None:
        self._asked(lambda: self._press(Qt.Key.Key_Return, CTRL))
        QTest.qWait(self._chance.choice((20, 300, 1_500)))
        self.n_continued += 1
        if self._chance.random() < 0.5:
            self._press(Qt.Key.Key_Escape)
        if self._chance.random() < 0.3:
            self._asked(self._window.writing.again)
            QTest.qWait(300)

    def _make_takes(self) -> None:
        self._window.writing.make_takes(self._chance.randrange(2, 5))
        QTest.qWait(self._chance.choice((200, 1_000)))
        self.n_takes += 1
        self._asked(lambda: self._window.writing.taking.accept(0))
        self._window.rail.close()

    def _undo_and_redo(self) -> None:
        self._may_write = True  # a redo brings the model's words back
        for _ in range(self._chance.randrange(1, 4)):
            self._window.editor.undo()
        for _ in range(self._chance.randrange(3)):
            self._window.editor.redo()
        self._may_write = False

    def _change_notes(self) -> None:
        memory = self._chance.choice(("", "A child falls asleep by a river.", "Everything is upside down."))
        self._window.files.document.set_notes(ContextNotes(memory=memory).to_json())

    def _wander(self) -> None:
        self._window.editor.set_caret(self._chance.randrange(len(self._window.files.document) + 1))
        QTest.qWait(self._chance.choice((20, 700)))
