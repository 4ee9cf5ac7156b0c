"""Document against a naive model: a list of (character, author, generation), and whole copies of it as undo."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from writer.document.change import Change
from writer.document.document import Document
from writer.document.provenance import Author, Run

Cell = tuple[str, Author, str | None]

TEXTS = st.text(st.sampled_from("ab \n😀é\u00a0\r\u2029"), max_size=40)
PLACES = st.floats(0, 1)


def cells(document: Document) -> list[Cell]:
    found: list[Cell] = []
    for span in document.spans():
        found += [(c, span.author, span.generation) for c in document.slice(span.start, span.end)]
    return found


def human(text: str) -> list[Cell]:
    return [(c, Author.HUMAN, None) for c in text]


def type_text(document: Document, text: str) -> None:
    for c in text:
        document.replace(len(document), len(document), c)


def undone_texts(document: Document) -> list[str]:
    texts = []
    while document.undo():
        texts.append(document.text)
    return texts


class DocumentMachine(RuleBasedStateMachine):
    """Every edit outside a group is a step here, as each ends the typing; a listener rebuilds the text by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.document = Document("Once upon a time.")
        self.now = human(self.document.text)
        self.saved = list(self.now)
        self.undo_copies: list[list[Cell]] = []
        self.redo_copies: list[list[Cell]] = []
        self.group_copy: list[Cell] | None = None
        self.group_author = Author.HUMAN
        self.heard = list(self.now)
        self.document.subscribe(self.hear)

    def hear(self, change: Change) -> None:
        removed = [
            (c, r.author, r.generation) for c, r in zip(change.removed, expand(change.removed_runs), strict=True)
        ]
        inserted = [
            (c, r.author, r.generation) for c, r in zip(change.inserted, expand(change.inserted_runs), strict=True)
        ]
        assert self.heard[change.start : change.removed_end] == removed
        self.heard[change.start : change.removed_end] = inserted
        assert self.document.slice(change.start, change.inserted_end) == change.inserted

    def edit(self, at: float, length: int, text: str, author: Author, generation: str | None) -> None:
        start = int(at * len(self.now))
        end = min(len(self.now), start + length)
        before = list(self.now)
        self.document.close_typing_group()
        self.document.replace(start, end, text, author, generation)
        self.now[start:end] = [(c, author, generation) for c in text]
        if start == end and not text:
            return
        self.redo_copies.clear()
        if self.group_copy is None:
            self.undo_copies.append(before)
        elif self.undo_copies[-1:] != [self.group_copy] or not self.group_begun:
            self.undo_copies.append(self.group_copy)
            self.group_begun = True

    @precondition(lambda self: self.group_copy is None)
    @rule(at=PLACES, length=st.integers(0, 9), text=TEXTS, generation=st.sampled_from([None, "g1", "g2"]))
    def edit_alone(self, at: float, length: int, text: str, generation: str | None) -> None:
        self.edit(at, length, text, Author.MODEL if generation else Author.HUMAN, generation)

    @precondition(lambda self: self.group_copy is not None)
    @rule(at=PLACES, length=st.integers(0, 9), text=TEXTS, generation=st.sampled_from(["g1", "g2"]))
    def edit_in_group(self, at: float, length: int, text: str, generation: str) -> None:
        model = self.group_author is Author.MODEL
        self.edit(at, length, text, self.group_author, generation if model else None)

    @precondition(lambda self: self.group_copy is None)
    @rule(author=st.sampled_from(Author))
    def begin_group(self, author: Author) -> None:
        self.document.begin_group("Continue", author)
        self.group_copy, self.group_author, self.group_begun = list(self.now), author, False

    @precondition(lambda self: self.group_copy is not None)
    @rule()
    def end_group(self) -> None:
        self.document.end_group()
        self.group_copy = None

    @rule()
    def undo(self) -> None:
        changes = self.document.undo()
        assert bool(changes) == bool(self.undo_copies)
        if self.undo_copies:
            self.redo_copies.append(self.now)
            self.now = self.undo_copies.pop()
        self.restart_group()

    @rule()
    def redo(self) -> None:
        changes = self.document.redo()
        assert bool(changes) == bool(self.redo_copies)
        if self.redo_copies:
            self.undo_copies.append(self.now)
            self.now = self.redo_copies.pop()
        self.restart_group()

    def restart_group(self) -> None:
        if self.group_copy is not None:
            self.group_copy, self.group_begun = list(self.now), False

    @rule()
    def mark_saved(self) -> None:
        self.document.mark_saved()
        self.saved = list(self.now)

    @invariant()
    def same(self) -> None:
        assert cells(self.document) == self.now
        assert self.heard == self.now
        assert self.document.text == "".join(c for c, _, _ in self.now)
        assert len(self.document) == len(self.now)
        for generation in ("g1", "g2"):
            assert self.document.length_of(generation) == sum(of == generation for _, _, of in self.now)
        assert self.document.can_undo == bool(self.undo_copies)
        assert self.document.can_redo == bool(self.redo_copies)
        # The other way round does not hold: typing a letter and removing it leaves equal text, and two steps.
        assert self.document.modified or self.now == self.saved
        spans = list(self.document.spans())
        for left, right in itertools.pairwise(spans):
            assert left.end == right.start
            assert (left.author, left.generation) != (right.author, right.generation)


def expand(runs: tuple[Run, ...]) -> list[Run]:
    return [run for run in runs for _ in range(run.length)]


TestDocument = DocumentMachine.TestCase


@given(
    edits=st.lists(
        st.tuples(st.sampled_from(["model", "before", "after"]), PLACES, st.integers(0, 3), st.text("xyz ", max_size=3))
    ),
    caret=PLACES,
)
def test_human_edits_beside_a_stream_leave_it_one_step(edits: list[tuple[str, float, int, str]], caret: float) -> None:
    document = Document("Once upon a time there was a house.")
    begin = at = int(caret * len(document))
    document.begin_group("Continue", Author.MODEL)
    for where, place, length, text in edits:
        if where == "model":
            document.replace(at, at, text, Author.MODEL, "g")
            at += len(text)
        elif where == "before":
            start = int(place * begin)
            end = min(start + length, begin)
            document.replace(start, end, text)
            begin, at = begin + len(text) - (end - start), at + len(text) - (end - start)
        else:
            start = at + int(place * (len(document) - at))
            document.replace(start, min(start + length, len(document)), text)
    document.end_group()
    final = cells(document)
    if at > begin:
        assert document.undo_label == "Continue"
        document.undo()
        assert cells(document) == [cell for cell in final if cell[1] is Author.HUMAN]
    undone_texts(document)
    assert document.text == "Once upon a time there was a house."
    while document.redo():
        pass
    assert cells(document) == final


@given(st.lists(st.tuples(st.booleans(), PLACES, st.integers(0, 4), TEXTS)))
def test_human_edits_anywhere_during_a_group_are_undone_exactly(edits: list[tuple[bool, float, int, str]]) -> None:
    document = Document("Once upon a time")
    first = cells(document)
    document.begin_group("Rewrite")
    for by_model, place, length, text in edits:
        start = int(place * len(document))
        end = min(len(document), start + length)
        document.replace(start, end, text, *((Author.MODEL, "g") if by_model else (Author.HUMAN, None)))
    document.end_group()
    last = cells(document)
    undone_texts(document)
    assert cells(document) == first
    while document.redo():
        pass
    assert cells(document) == last
    undone_texts(document)
    assert cells(document) == first


def test_typing_is_undone_word_by_word() -> None:
    document = Document()
    type_text(document, "one two  three")
    assert document.undo_label == "Typing"
    assert undone_texts(document) == ["one two  ", "one ", ""]
    while document.redo():
        pass
    assert document.text == "one two  three"


def test_deletions_are_word_steps_of_their_own() -> None:
    document = Document()
    type_text(document, "one two")
    for _ in range(5):
        document.replace(len(document) - 1, len(document), "")
    assert document.text == "on"
    assert document.undo_label == "Deletion"
    assert undone_texts(document) == ["one ", "one two", "one ", ""]


def test_the_delete_key_takes_words_from_their_beginning() -> None:
    document = Document("one two")
    for _ in range(5):
        document.replace(0, 1, "")
    assert undone_texts(document) == ["two", "one two"]


def test_a_jump_a_paste_and_a_closed_word_begin_new_steps() -> None:
    document = Document("....")
    document.replace(0, 0, "a")
    document.replace(3, 3, "b")
    document.replace(4, 4, "a text longer than any key brings")
    document.replace(37, 37, "c")
    document.close_typing_group()
    document.replace(38, 38, "d")
    assert len(undone_texts(document)) == 5


def test_what_is_typed_over_a_selection_is_one_step_with_it() -> None:
    document = Document("one word")
    document.replace(4, 8, "t")
    document.replace(5, 5, "w")
    document.replace(6, 6, "o")
    assert undone_texts(document) == ["one word"]


def test_typing_inside_generated_text_is_the_humans() -> None:
    document = Document("generated", [Run(9, Author.MODEL, "g")])
    document.replace(3, 4, "!")
    assert cells(document) == [(c, Author.MODEL, "g") for c in "gen"] + human("!") + [
        (c, Author.MODEL, "g") for c in "rated"
    ]
    document.undo()
    assert cells(document) == [(c, Author.MODEL, "g") for c in "generated"]


def test_a_group_is_one_step_and_comes_back_as_the_models() -> None:
    document = Document("Begin.")
    with document.group("Continue"):
        assert document.in_group
        for word in (" and", " so", " on"):
            document.replace(len(document), len(document), word, Author.MODEL, "g7")
    assert not document.in_group
    assert document.undo_label == "Continue"
    document.undo()
    assert (document.text, document.undo_label, document.redo_label) == ("Begin.", "", "Continue")
    document.redo()
    assert [(s.author, s.generation) for s in document.spans()] == [(Author.HUMAN, None), (Author.MODEL, "g7")]


def test_a_group_inside_a_group_joins_it_and_an_empty_one_leaves_nothing() -> None:
    document = Document("x")
    with document.group("Empty"):
        pass
    assert not document.can_undo
    with document.group("Outer"):
        document.replace(1, 1, "y")
        with document.group("Inner"):
            document.replace(0, 1, "")
        document.replace(1, 1, "z")
    assert document.undo_label == "Outer"
    assert undone_texts(document) == ["x"]
    with pytest.raises(RuntimeError):
        document.end_group()


def test_what_follows_from_a_key_is_undone_with_it() -> None:
    document = Document("a ")
    with document.same_step():
        document.replace(0, 0, "x")
    assert (document.text, undone_texts(document)) == ("xa ", ["a "])  # no step before: one of its own
    document.replace(2, 2, ",")
    with document.same_step():
        pass
    with document.same_step():
        document.replace(1, 2, "")
    assert (document.text, document.undo_label) == ("a,", "Typing")
    document.replace(2, 2, "b")
    assert undone_texts(document) == ["a,", "a "]
    assert [document.redo() and document.text for _ in range(2)] == ["a,", "a,b"]


def test_a_human_edit_away_from_the_stream_becomes_a_step_before_it() -> None:
    document = Document("x")
    document.begin_group("Continue")
    document.replace(1, 1, " one", Author.MODEL)
    for at, c in enumerate("Hi "):
        document.replace(at, at, c)
    document.replace(8, 8, " two", Author.MODEL)
    document.end_group()
    assert document.text == "Hi x one two"
    assert undone_texts(document) == ["Hi x", "x"]


def test_a_human_edit_inside_the_stream_cuts_it_in_two() -> None:
    document = Document("x")
    document.begin_group("Continue", Author.MODEL)
    document.replace(1, 1, " one", Author.MODEL)
    document.replace(3, 3, "!")
    document.replace(6, 6, " two", Author.MODEL)
    document.end_group()
    assert document.text == "x o!ne two"
    assert undone_texts(document) == ["x o!ne", "x one", "x"]


def test_undo_takes_back_what_an_open_group_has_written_so_far() -> None:
    document = Document("x")
    document.begin_group("Continue", Author.MODEL)
    document.replace(1, 1, " one", Author.MODEL)
    document.undo()
    assert document.text == "x"
    assert document.in_group
    document.redo()
    document.replace(5, 5, " two", Author.MODEL)
    document.end_group()
    assert undone_texts(document) == ["x one", "x"]


def test_a_long_stream_is_still_one_step() -> None:
    document = Document("x")
    with document.group("Continue", Author.MODEL):
        for _ in range(2_000):
            document.replace(len(document), len(document), "token ", Author.MODEL, "g")
    assert undone_texts(document) == ["x"]
    assert len(document.redo()) < 10
    assert document.text == "x" + "token " * 2_000


def test_a_new_edit_forgets_what_was_undone() -> None:
    document = Document("a")
    type_text(document, "b")
    document.undo()
    type_text(document, "c")
    assert document.redo() == []
    assert document.text == "ac"


def test_modified_follows_undo_back_to_the_save() -> None:
    document = Document("a")
    assert not document.modified
    type_text(document, "b")
    document.mark_saved()
    type_text(document, "c")
    assert document.modified
    document.undo()
    assert not document.modified
    document.undo()
    assert document.modified


def test_saving_in_the_middle_of_a_group_is_not_hidden_by_its_rest() -> None:
    document = Document()
    document.begin_group("Continue", Author.MODEL)
    document.replace(0, 0, "a", Author.MODEL)
    document.mark_saved()
    document.replace(1, 1, "b", Author.MODEL)
    assert document.modified
    document.end_group()
    document.undo()
    assert document.modified


def test_replacing_nothing_by_nothing_changes_nothing() -> None:
    document = Document("abc")
    heard: list[Change] = []
    document.subscribe(heard.append)
    change = document.replace(1, 1, "")
    assert (change.removed, change.inserted, heard, document.revision, document.modified) == ("", "", [], 0, False)
    assert not document.can_undo


def test_a_listener_hears_until_it_leaves_and_may_not_change_the_document() -> None:
    document = Document()
    heard: list[Change] = []
    leave = document.subscribe(heard.append)
    document.replace(0, 0, "a")
    document.undo()
    leave()
    leave()
    document.redo()
    assert [(c.removed, c.inserted) for c in heard] == [("", "a"), ("a", "")]
    assert document.revision == 3
    document.subscribe(lambda _: document.mark_saved() if document.undo() else None)
    with pytest.raises(RuntimeError, match="listener"):
        document.replace(0, 0, "b")
    assert document.text == "ba"


def test_a_failing_listener_does_not_leave_half_an_undo() -> None:
    document = Document("abc")
    with document.group("Replace all"):
        document.replace(0, 1, "x")
        document.replace(2, 3, "z")
    heard: list[Change] = []

    def fail(_: Change) -> None:
        raise OSError("no")

    document.subscribe(fail)
    document.subscribe(heard.append)
    with pytest.raises(OSError, match="no"):
        document.undo()
    assert document.text == "abc"
    assert len(heard) == 2
    assert document.redo_label == "Replace all"


def test_a_long_text_edited_all_over_stays_right() -> None:
    text = "word " * 240_000
    document, expected = Document(text), text
    for i in range(300):
        at = (i * 791_929) % len(expected)
        end = min(len(expected), at + (i % 5) * 700)
        document.replace(at, end, "new" * (i % 3), Author.MODEL if i % 2 else Author.HUMAN, str(i) if i % 2 else None)
        expected = expected[:at] + "new" * (i % 3) + expected[end:]
    assert document.text == expected
    assert sum(span.end - span.start for span in document.spans()) == len(expected)
    undone_texts(document)
    assert document.text == text
    assert [(s.start, s.end) for s in document.spans()] == [(0, len(text))]


@pytest.mark.parametrize(("start", "end"), [(-1, 0), (2, 1), (0, 4)])
def test_places_outside_the_text_are_refused(start: int, end: int) -> None:
    document = Document("abc")
    with pytest.raises(IndexError):
        document.replace(start, end, "x")
    with pytest.raises(IndexError):
        document.slice(start, end)
    with pytest.raises(IndexError):
        document.spans(start, end)
    assert document.text == "abc"
