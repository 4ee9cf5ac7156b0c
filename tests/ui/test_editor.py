"""The page and its document never differ, whatever is typed, composed, streamed or suggested; ghosts, their keys."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from PySide6.QtCore import QEvent, QMimeData, QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QInputMethodEvent, QKeyEvent, QKeySequence, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from writer.document.document import Document
from writer.document.provenance import Author
from writer.ui.editor import Editor
from writer.ui.mirror import displayed
from writer.ui.page_margin import PageMark
from writer.ui.suggestion_key import SuggestionKey
from writer.ui.theme import LIGHT

pytestmark = pytest.mark.usefixtures("steady_caret")


TEXTS = st.text(st.sampled_from("ab 😀é\u00a0\n\u2028\u0301👩\u200d🚀"), max_size=8)
GHOSTS = st.one_of(
    st.text(st.sampled_from("abc .😀é\n"), min_size=1, max_size=9),
    st.just("of a tale that goes on for so long that no row of the page can hold the whole of it " * 2),
)


def make(text: str = "", width: int = 700) -> tuple[Document, Editor]:
    document = Document(text)
    editor = Editor(document, LIGHT)
    editor.resize(width, 400)
    return document, editor


def place_of(editor: Editor, position: int) -> QRect:
    """Where the caret would stand, in the page's pixels."""
    cursor = QTextCursor(editor.document())
    cursor.setPosition(position)
    return editor.cursorRect(cursor).translated(0, editor.verticalScrollBar().value())


def press(editor: Editor, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(editor, key, modifiers)


def compose(editor: Editor, preedit: str, commit: str = "") -> None:
    event = QInputMethodEvent(preedit, [])
    event.setCommitString(commit)
    QApplication.sendEvent(editor, event)


class Suggester:
    """What is typed as suggested keeps the rest, shown again in the same event."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._rest = ""
        editor.typed.connect(self._on_typed)

    def suggest(self, text: str) -> None:
        self._editor.show_ghost(text)
        self._rest = self._editor.ghost

    def _on_typed(self) -> None:
        rest, before = self._rest, self._editor._text_document.text[: self._editor.caret]
        self._rest = ""
        if rest and before.endswith(rest[0]):
            self.suggest(rest[1:])


class EditorMachine(RuleBasedStateMachine):
    """Two pages show one document, and one of them has ghosts. They agree in all that is not the ghost's."""

    def __init__(self) -> None:
        super().__init__()
        assert QApplication.instance() is not None
        self.document, self.editor = make("Once 😀 upon\na time")
        self.plain = Editor(self.document, LIGHT)
        self.plain.resize(700, 400)
        self.suggester = Suggester(self.editor)
        for page in (self.editor, self.plain):  # a bar that comes while a height is asked for changes the answer
            page.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
            page.show()

    def teardown(self) -> None:
        self.editor.deleteLater()
        self.plain.deleteLater()

    @rule(at=st.floats(0, 1), to=st.floats(0, 1))
    def select(self, at: float, to: float) -> None:
        cursor = self.editor.textCursor()
        end = self.editor.document().characterCount() - 1
        cursor.setPosition(int(at * end))
        cursor.setPosition(int(to * end), QTextCursor.MoveMode.KeepAnchor)
        # Qt itself never stops inside a pair of surrogates.
        if self.editor._map.to_utf16(self.editor._map.to_code_point(cursor.position())) == cursor.position():
            anchor = cursor.anchor()
            if self.editor._map.to_utf16(self.editor._map.to_code_point(anchor)) == anchor:
                self.editor.setTextCursor(cursor)

    @rule(back=st.booleans())
    def go_to_a_paragraphs_end(self, back: bool) -> None:
        self.editor.moveCursor(QTextCursor.MoveOperation.EndOfBlock)
        if back:
            self.editor.moveCursor(QTextCursor.MoveOperation.End)

    @rule(text=GHOSTS)
    def suggest(self, text: str) -> None:
        before = self.document.text
        self.suggester.suggest(text)
        assert self.document.text == before
        caret, line = self.editor.caret, self.document.text[self.editor.caret :].split("\n")[0]
        is_welcome = self.editor.selection == (caret, caret) and not line.strip()
        assert self.editor.ghost == (text if is_welcome else "")

    @rule(text=GHOSTS, n=st.integers(1, 4))
    def suggest_and_follow(self, text: str, n: int) -> None:
        self.go_to_a_paragraphs_end(back=False)
        self.suggest(text)
        for i, c in enumerate(text[:n]):
            if c == "\n" or not c.isascii():
                break
            QTest.keyClicks(self.editor, c)
            assert self.editor.ghost == text[i + 1 :]

    @rule()
    def dismiss(self) -> None:
        self.editor.hide_ghost()
        assert self.editor.ghost == ""

    @rule(text=st.text(st.sampled_from("abc ."), max_size=6))
    def type_keys(self, text: str) -> None:
        QTest.keyClicks(self.editor, text)

    @rule(
        key=st.sampled_from(
            [Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_Return, Qt.Key.Key_Left, Qt.Key.Key_Up]
        )
    )
    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.editor, key)

    @rule(text=TEXTS)
    def paste(self, text: str) -> None:
        data = QMimeData()
        data.setText(text)
        self.editor.insertFromMimeData(data)

    @rule(preedit=TEXTS, commit=TEXTS)
    def compose(self, preedit: str, commit: str) -> None:
        preedit = preedit.replace("\n", "")
        compose(self.editor, preedit)
        assert self.editor.is_composing == bool(preedit)
        assert not (preedit and self.editor.ghost)
        self.same()
        compose(self.editor, "", commit.replace("\n", ""))

    @rule(at=st.floats(0, 1), text=TEXTS)
    def stream(self, at: float, text: str) -> None:
        place = int(at * len(self.document))
        with self.document.group("Continue"):
            for c in text:
                self.document.replace(place, place, c, Author.MODEL, "g")
                place += 1

    @rule(back=st.booleans())
    def undo(self, back: bool) -> None:
        QTest.keySequence(self.editor, QKeySequence.StandardKey.Undo if back else QKeySequence.StandardKey.Redo)

    @rule(width=st.sampled_from([300, 700]))
    def resize(self, width: int) -> None:
        self.editor.resize(width, 400)
        self.plain.resize(width, 400)
        QApplication.processEvents()

    @invariant()
    def same(self) -> None:
        for page in (self.editor, self.plain):
            assert page.document().toRawText() == displayed(self.document.text)
            assert 0 <= page.caret <= len(self.document)

    @invariant()
    def same_places(self) -> None:
        if self.editor.is_composing:
            return
        layouts = [page.document().documentLayout() for page in (self.editor, self.plain)]
        position = self.editor.textCursor().position()
        n_more = 0
        block, other = self.editor.document().firstBlock(), self.plain.document().firstBlock()
        while block.isValid():
            area, plain_area = layouts[0].blockBoundingRect(block), layouts[1].blockBoundingRect(other)
            assert area.top() == plain_area.top() + n_more
            n_more += area.height() - plain_area.height()
            if not (self.editor.ghost and block.contains(position)):
                assert area.height() == plain_area.height()
            block, other = block.next(), other.next()
        assert n_more >= 0
        assert place_of(self.editor, position) == place_of(self.plain, position)
        middle = place_of(self.editor, position).center().toPointF()
        hits = [layout.hitTest(middle, Qt.HitTestAccuracy.FuzzyHit) for layout in layouts]
        assert hits[0] == hits[1]


@pytest.mark.usefixtures("qapp")
class TestEditor(EditorMachine.TestCase):  # type: ignore[misc,name-defined]
    pass


LONG = "nd at once, but set her hand upon the last of the crates and waited for whatever would come of it, if it came."


def screen_pixels(editor: Editor) -> object:
    """What has in truth been painted, by every partial update up to now."""
    QApplication.processEvents()
    screen = editor.screen()
    return screen.grabWindow(editor.winId(), 0, 0, editor.width(), editor.height()).toImage()


def test_a_ghost_is_seen_after_the_caret_and_nothing_else_moves(qtbot: QtBot) -> None:
    document, editor = make("One.\nShe did not turn rou\nThe next paragraph.")
    qtbot.addWidget(editor)
    editor.show()
    editor.set_marks((PageMark("a", 0, ""), PageMark("b", 25, ""), PageMark("c", 30, "")))
    editor.set_horizon(30)
    editor.set_caret(25)
    before, caret = screen_pixels(editor), editor.cursorRect()
    next_top = place_of(editor, 26).top()
    editor.show_ghost(LONG)
    assert screen_pixels(editor) == editor.grab().toImage() != before
    assert editor.cursorRect() == caret
    assert place_of(editor, 26).top() == next_top + editor._layout.metrics.line_height  # it takes two rows
    assert document.text == "One.\nShe did not turn rou\nThe next paragraph."
    editor.selectAll()
    editor.copy()
    assert QApplication.clipboard().text() == document.text
    editor.set_caret(25)
    assert editor.ghost == ""
    assert screen_pixels(editor) == before
    assert place_of(editor, 26).top() == next_top


def make_with_ghost(text: str, qtbot: QtBot) -> tuple[Document, Editor]:
    """A page that is shown, with LONG suggested where its first paragraph breaks off."""
    document, editor = make(text)
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(len(text.partition("\n")[0]))
    editor.show_ghost(LONG)
    return document, editor


def test_the_caret_stands_between_the_text_and_the_first_letter_of_the_ghost(qtbot: QtBot) -> None:
    _, editor = make_with_ghost("She did not turn rou", qtbot)
    editor.activateWindow()
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    with_caret = editor.grab().toImage()
    editor.clearFocus()
    without = editor.grab().toImage()
    ground = LIGHT.color("ground").rgb()
    caret = [(x, y) for x, y in itertools.product(range(without.width()), range(without.height()))
             if with_caret.pixel(x, y) != without.pixel(x, y)]  # fmt: skip
    assert len(caret) > 20
    n_covered = sum(without.pixel(x, y) != ground for x, y in caret)
    assert n_covered < len(caret) / 8, "no more than the edges of the two letters"


def test_typing_what_is_suggested_leaves_the_rest_of_it_where_it_is(qtbot: QtBot) -> None:
    document, editor = make_with_ghost("She did not turn rou", qtbot)
    ghost = editor._layout._ghost
    assert ghost is not None
    place, _ = ghost._layout.lineAt(0).cursorToX(2)
    document.replace(20, 20, LONG[:2])
    editor.set_caret(22)
    editor.show_ghost(LONG[2:])
    ghost = editor._layout._ghost
    assert ghost is not None
    assert ghost._layout.lineAt(0).x() == pytest.approx(place, abs=0.1)
    line = editor.document().firstBlock().layout().lineAt(0)
    assert line.cursorToX(22)[0] == pytest.approx(place, abs=0.1), "nor does what was typed come to stand elsewhere"


def test_the_rest_of_a_word_that_finds_no_room_begins_the_next_row(qtbot: QtBot) -> None:
    _, editor = make("It was late when the ferry came in, and nobody had seen it extr")
    qtbot.addWidget(editor)
    editor.show()
    width = next(w for w in range(300, 700) if fits(editor, w) and not fits(editor, w - 1))
    editor.resize(width, 400)
    editor.set_caret(63)
    editor.show_ghost("aordinary")
    ghost = editor._layout._ghost
    assert ghost is not None
    assert (ghost.first_row, ghost.end_row) == (1, 2)
    editor.show_ghost(" a")
    ghost = editor._layout._ghost
    assert ghost is not None
    assert (ghost.first_row, ghost.end_row) == (0, 2)  # the space stays behind


def fits(editor: Editor, width: int) -> bool:
    """Whether the text is in one row."""
    editor.resize(width, 400)
    return editor.document().documentLayout().blockBoundingRect(editor.document().firstBlock()).height() < 50


def test_a_word_longer_than_the_page_is_broken_anywhere(qtbot: QtBot) -> None:
    _, editor = make("It was ")
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(7)
    editor.show_ghost(" " + "x" * 150)
    ghost = editor._layout._ghost
    assert ghost is not None
    assert ghost.first_row == 1
    assert ghost.end_row >= 3
    assert ghost._layout.text()[0] == "x"  # no row begins with the space
    right = editor._layout.metrics.left + editor._layout.metrics.width
    margin = editor.viewport().grab(QRect(right + 4, 0, 50, 300)).toImage()
    editor.hide_ghost()
    assert editor.viewport().grab(QRect(right + 4, 0, 50, 300)).toImage() == margin


def test_a_ghost_may_be_shown_by_whoever_hears_of_a_key_before_the_page(qtbot: QtBot) -> None:
    document = Document("😀 one 😀\ntwo")
    ghosts = ["😀 and more"]
    document.subscribe(lambda change: editor.show_ghost(ghosts[0]))
    editor = Editor(document, LIGHT)
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(7)
    compose(editor, "", "😀")
    assert document.text == "😀 one 😀😀\ntwo"
    assert editor.ghost == ghosts[0]
    assert editor._layout._ghost is not None
    assert screen_pixels(editor) == editor.grab().toImage()


def test_a_click_in_the_ghosts_rows_goes_to_the_end_of_the_text(qtbot: QtBot) -> None:
    _, editor = make_with_ghost("She did not turn rou\nThe next paragraph.", qtbot)
    row = editor._layout.metrics.line_height
    point = editor.cursorRect().center() + QPoint(-100, row)
    QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert editor.caret == 20


@pytest.mark.parametrize(
    "act",
    [
        lambda editor: press(editor, Qt.Key.Key_Left),
        lambda editor: press(editor, Qt.Key.Key_Return),
        lambda editor: press(editor, Qt.Key.Key_Backspace),
        lambda editor: press(editor, Qt.Key.Key_X),
        lambda editor: editor.select(3, 0),
        lambda editor: editor.set_document(Document("one")),
        lambda editor: editor._text_document.replace(0, 0, "word ", Author.MODEL),
        lambda editor: compose(editor, "n"),
        lambda editor: compose(editor, "", "n"),
        lambda editor: editor.undo(),
        lambda editor: QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5)),
    ],
)
def test_the_ghost_goes_when_the_caret_or_the_text_is_another(act: Callable[[Editor], None], qtbot: QtBot) -> None:
    document, editor = make("one")
    qtbot.addWidget(editor)
    editor.show()
    document.replace(3, 3, " two")
    editor.set_caret(7)
    editor.show_ghost(LONG)
    assert editor.ghost
    act(editor)
    assert editor.ghost == ""
    assert editor._layout._ghost is None


@pytest.mark.parametrize("text", ["one two", "one\u00a0\ttwo"])
def test_no_ghost_where_text_stands_to_the_right(text: str, qtbot: QtBot) -> None:
    _, editor = make(text + "  \nthree")
    qtbot.addWidget(editor)
    editor.set_caret(3)
    editor.show_ghost("self")
    assert editor.ghost == ""
    editor.set_caret(len(text))
    editor.show_ghost(" four")
    assert editor.ghost == " four"
    editor.select(2, len(text))
    editor.show_ghost(" four")
    assert editor.ghost == ""
    editor.set_caret(len(text))
    editor.setReadOnly(True)
    editor.show_ghost(" four")
    assert editor.ghost == ""


def test_typing_what_is_suggested_keeps_the_rest_and_nothing_flashes(qtbot: QtBot) -> None:
    document, editor = make("One.\nShe did not turn rou\n" + "The next paragraph.\n" * 30)
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(25)
    suggester = Suggester(editor)
    shown, moved, heights = [], [], []
    editor.verticalScrollBar().rangeChanged.connect(lambda *bounds: heights.append(bounds))
    suggester.suggest(LONG)
    QApplication.processEvents()
    editor.painted.connect(lambda: shown.append((editor.ghost, editor._layout._ghost is not None)))
    editor._layout.shifted.connect(lambda *change: moved.append(change))
    for n, c in enumerate(LONG[:20], start=1):
        QTest.keyClicks(editor, c)
        assert editor.ghost == LONG[n:]
        QApplication.processEvents()
        assert screen_pixels(editor) == editor.grab().toImage()
    assert document.text.split("\n")[1] == "She did not turn rou" + LONG[:20]
    assert all(drawn and text for text, drawn in shown)
    assert not moved
    assert not heights


def test_a_suggested_paragraphs_end_that_is_typed(qtbot: QtBot) -> None:
    document, editor = make("One.")
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(4)
    suggester = Suggester(editor)
    suggester.suggest("\nShe did")
    press(editor, Qt.Key.Key_Return)
    assert document.text == "One.\n"
    assert editor.ghost == "She did"
    assert editor._layout._ghost is not None
    assert screen_pixels(editor) == editor.grab().toImage()


def test_paragraphs_that_come_elsewhere_find_no_room_left_by_the_ghost(qtbot: QtBot) -> None:
    document, editor = make("One.\nShe did not turn rou\nThe next paragraph.\nThe last.")
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(25)
    for place in (0, len("New.\n" + document.text)):
        editor.show_ghost(LONG)
        document.replace(place, place, "New.\n", Author.MODEL)
        editor.set_caret(document.text.index("rou") + 3)
        tops = [place_of(editor, n).top() for n, c in enumerate("\n" + document.text) if c == "\n"]
        row = tops[1] - tops[0]
        assert tops == [tops[0] + n * row for n in range(len(tops))]
        assert screen_pixels(editor) == editor.grab().toImage()


def test_a_letter_that_is_not_suggested_ends_the_ghost_within_its_event(qtbot: QtBot) -> None:
    _, editor = make("She did not turn rou")
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(20)
    suggester = Suggester(editor)
    suggester.suggest(LONG)
    shown = []
    editor.painted.connect(lambda: shown.append(editor._layout._ghost))
    QTest.keyClicks(editor, "x")
    qtbot.waitUntil(lambda: bool(shown))
    assert set(shown) == {None}


def test_an_accepted_word_and_the_rest_shown_again(qtbot: QtBot) -> None:
    document, editor = make("She did not turn rou")
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(20)

    def accept(key: SuggestionKey) -> None:
        rest = editor.ghost[3:]
        document.replace(editor.caret, editor.caret, editor.ghost[:3], Author.MODEL, "g")
        editor.show_ghost(rest)

    editor.suggestion_key.connect(accept)
    editor.show_ghost("nd at once")
    press(editor, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert document.text == "She did not turn round "
    assert editor.ghost == "at once"
    assert screen_pixels(editor) == editor.grab().toImage()
    accept(SuggestionKey.WORD)  # outside any key: from a menu
    assert editor.ghost == "once"
    assert screen_pixels(editor) == editor.grab().toImage()


KEYS = [
    (SuggestionKey.ALL, Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier),
    (SuggestionKey.WORD, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier),
    (SuggestionKey.SENTENCE, Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier),
    (SuggestionKey.SENTENCE, Qt.Key.Key_End, Qt.KeyboardModifier.KeypadModifier),
    (SuggestionKey.DISMISS, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
    (SuggestionKey.NEXT, Qt.Key.Key_BracketRight, Qt.KeyboardModifier.AltModifier),
    (SuggestionKey.PREVIOUS, Qt.Key.Key_BracketLeft, Qt.KeyboardModifier.AltModifier),
]


def overrides(editor: Editor, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, modifiers)
    event.ignore()
    QApplication.sendEvent(editor, event)
    return event.isAccepted()


@pytest.mark.parametrize(("meaning", "key", "modifiers"), KEYS)
def test_keys_answer_a_suggestion_only_while_there_is_one(
    meaning: SuggestionKey, key: Qt.Key, modifiers: Qt.KeyboardModifier, qtbot: QtBot
) -> None:
    document, editor = make("one two\nthree")
    qtbot.addWidget(editor)
    editor.show()
    pressed: list[tuple[SuggestionKey, str]] = []
    editor.suggestion_key.connect(lambda key: pressed.append((key, editor.ghost)))
    editor.set_caret(7)
    plain = overrides(editor, key, modifiers)
    editor.show_ghost(" and")
    assert overrides(editor, key, modifiers)
    press(editor, key, modifiers)
    assert pressed == [(meaning, " and")]
    assert document.text == "one two\nthree"
    assert editor.caret == 7
    assert editor.ghost == ("" if meaning is SuggestionKey.DISMISS else " and")
    editor.hide_ghost()
    assert overrides(editor, key, modifiers) == plain
    press(editor, key, modifiers)
    assert len(pressed) == 1
    if meaning is SuggestionKey.ALL:
        assert document.text == "one two\t\nthree"
    elif meaning is SuggestionKey.WORD:
        assert editor.caret == 8


@pytest.mark.parametrize("modifiers", [Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier])
def test_other_keys_keep_their_meaning(modifiers: Qt.KeyboardModifier, qtbot: QtBot) -> None:
    _, editor = make("one two")
    qtbot.addWidget(editor)
    editor.set_caret(7)
    editor.show_ghost(" and")
    with qtbot.assertNotEmitted(editor.suggestion_key):
        press(editor, Qt.Key.Key_End, modifiers)
        press(editor, Qt.Key.Key_Shift, Qt.KeyboardModifier.ShiftModifier)
    assert editor.ghost == " and"  # nothing moved


def test_a_composition_takes_the_ghosts_place_at_once(qtbot: QtBot) -> None:
    document, editor = make("one")
    qtbot.addWidget(editor)
    editor.show()
    told: list[bool] = []
    editor.composing_changed.connect(told.append)
    editor.set_caret(3)
    editor.show_ghost(LONG)
    compose(editor, "に")
    assert editor._layout._ghost is None
    assert editor.is_composing
    editor.show_ghost(LONG)
    assert editor.ghost == ""
    compose(editor, "にほ")
    assert told == [True]
    compose(editor, "", "日本")
    assert told == [True, False]
    assert document.text == "one日本"
    compose(editor, "に")
    editor.set_document(Document("two"))
    assert told == [True, False, True, False]


def test_a_click_ends_a_composition(qtbot: QtBot) -> None:
    _, editor = make("one")
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(3)
    compose(editor, "に")
    with qtbot.waitSignals([editor.composing_changed, editor.click_in_page]):
        QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert not editor.is_composing


def test_what_was_typed_keeps_two_rows_below_it_in_sight(qtbot: QtBot) -> None:
    document, editor = make("A line.\n" * 60)
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(len(document))
    for _ in range(5):
        QTest.keyClicks(editor, "word")
        press(editor, Qt.Key.Key_Return)
        row = editor._layout.metrics.line_height
        assert editor.cursorRect().bottom() + 2 * row <= editor.viewport().height()


def test_a_larger_face_sets_the_ghost_anew(qtbot: QtBot) -> None:
    _, editor = make_with_ghost("She did not turn rou", qtbot)
    editor.set_point_size(20)
    assert editor.ghost == LONG
    assert editor._layout._ghost is not None
    assert screen_pixels(editor) == editor.grab().toImage()
    editor.resize(400, 400)
    assert editor._layout._ghost is not None
    assert screen_pixels(editor) == editor.grab().toImage()


def test_the_placeholder_gives_way_to_a_ghost(qtbot: QtBot) -> None:
    _, editor = make()
    qtbot.addWidget(editor)
    editor.show()
    empty = screen_pixels(editor)
    editor.show_ghost("Once")
    assert screen_pixels(editor) == editor.grab().toImage()
    assert screen_pixels(editor) != empty
    editor.hide_ghost()
    assert screen_pixels(editor) == empty
    assert screen_pixels(editor) == editor.grab().toImage()


def test_a_screen_reader_hears_of_a_suggestion_once_and_reads_only_the_text(qtbot: QtBot) -> None:
    document, editor = make("one")
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(3)
    said: list[str] = []
    QAccessible.setActive(True)
    try:
        editor._announcer._timer.setInterval(1)
        editor._announcer._timer.timeout.connect(lambda: said.append(editor._announcer._message))
        suggester = Suggester(editor)
        suggester.suggest(" two")
        suggester.suggest(" two three")
        qtbot.waitUntil(lambda: bool(said))
        QTest.keyClicks(editor, " ")
        QTest.qWait(20)
        assert said == ["Suggestion:  two three"]
        text = QAccessible.queryAccessibleInterface(editor).textInterface()
        assert text.text(0, text.characterCount()) == document.text == "one "
        editor.show_ghost("four")
        editor.hide_ghost()
        QTest.qWait(20)
        assert len(said) == 1
    finally:
        QAccessible.setActive(False)
