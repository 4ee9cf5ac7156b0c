"""Document against a naive model: a list of (character, author, generation), and whole copies as undo."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from writer.document.document import Change, Document
from writer.document.provenance import Author, Run

TEXTS = st.text(st.sampled_from("ab \n😀é\u00a0"), max_size=12)


def cells(document: Document) -> list[tuple[str, Author, str | None]]:
    found = []
    for span in document.spans(0, len(document)):
        found += [(c, span.author, span.generation) for c in document.slice(span.start, span.end)]
    return found


class DocumentMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.document = Document("Once upon a time.")
        self.model = [(c, Author.HUMAN, None) for c in self.document.text]
        self.changes: list[Change] = []
        self.document.subscribe(self.changes.append)
        self.seen = list(self.document.text)
        self.snapshots: list[list[tuple[str, Author, str | None]]] = [list(self.model)]

    def edit(self, at: float, length: int, text: str, author: Author, generation: str | None) -> None:
        start = int(at * len(self.model))
        end = min(len(self.model), start + length)
        self.document.replace(start, end, text, author, generation)
        self.model[start:end] = [(c, author, generation) for c in text]
        self.snapshots.append(list(self.model))

    @rule(at=st.floats(0, 1), length=st.integers(0, 9), text=TEXTS)
    def human(self, at: float, length: int, text: str) -> None:
        self.edit(at, length, text, Author.HUMAN, None)

    @rule(at=st.floats(0, 1), text=TEXTS, name=st.sampled_from(["g1", "g2"]))
    def model_writes(self, at: float, text: str, name: str) -> None:
        with self.document.group("Continue"):
            for c in text:
                self.edit(at, 0, c, Author.MODEL, name)

    @rule()
    def close_typing(self) -> None:
        self.document.close_typing()

    @precondition(lambda self: self.document.undo_label is not None)
    @rule(n=st.integers(1, 5))
    def undo_and_redo(self, n: int) -> None:
        before = cells(self.document)
        done = sum(bool(self.document.undo()) for _ in range(n))
        assert cells(self.document) in self.snapshots
        for _ in range(done):
            self.document.redo()
        assert cells(self.document) == before

    @precondition(lambda self: self.document.undo_label is not None)
    @rule()
    def undo(self) -> None:
        self.document.undo()
        self.model = cells(self.document)
        assert self.model in self.snapshots

    @invariant()
    def same(self) -> None:
        assert cells(self.document) == self.model
        assert self.document.text == "".join(c for c, _, _ in self.model)
        for change in self.changes:
            assert self.seen[change.start : change.start + len(change.removed)] == list(change.removed)
            self.seen[change.start : change.start + len(change.removed)] = change.inserted
        self.changes.clear()
        assert "".join(self.seen) == self.document.text


TestDocument = DocumentMachine.TestCase


def type_text(document: Document, text: str) -> None:
    for c in text:
        document.replace(len(document), len(document), c)


def test_typing_is_undone_word_by_word() -> None:
    document = Document()
    type_text(document, "one two three")
    texts = []
    while document.undo():
        texts.append(document.text)
    assert texts == ["one two ", "one ", ""]
    while document.redo():
        pass
    assert document.text == "one two three"


def test_backspaces_are_one_step_and_not_the_typings() -> None:
    document = Document()
    type_text(document, "word")
    for _ in range(2):
        document.replace(len(document) - 1, len(document), "")
    document.undo()
    assert document.text == "word"
    document.undo()
    assert document.text == ""


def test_a_paste_is_a_step_of_its_own() -> None:
    document = Document()
    type_text(document, "a")
    document.replace(1, 1, "a longer text from elsewhere\n")
    type_text(document, "b")
    document.undo()
    document.undo()
    assert document.text == "a"


def test_a_group_is_one_step_and_comes_back_as_the_models() -> None:
    document = Document("Begin.")
    with document.group("Continue"):
        for word in (" and", " so", " on"):
            document.replace(len(document), len(document), word, Author.MODEL, "g7")
    assert document.undo_label == "Continue"
    document.undo()
    assert (document.text, document.undo_label, document.redo_label) == ("Begin.", None, "Continue")
    document.redo()
    assert [(s.author, s.generation) for s in document.spans(0, len(document))] == [
        (Author.HUMAN, None),
        (Author.MODEL, "g7"),
    ]


def test_the_writer_stepping_in_ends_a_group() -> None:
    document = Document("x")
    document.begin_group("Continue")
    document.replace(1, 1, " one", Author.MODEL)
    document.replace(0, 0, "!")
    document.replace(6, 6, " two", Author.MODEL)
    document.end_group()
    assert document.text == "!x one two"
    steps = []
    while document.undo():
        steps.append(document.text)
    assert steps == ["!x one", "x one", "x"]


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
    document.begin_group("Continue")
    document.replace(0, 0, "a", Author.MODEL)
    document.mark_saved()
    document.replace(1, 1, "b", Author.MODEL)
    assert document.modified


def test_a_long_text_edited_all_over_stays_right() -> None:
    text = "word " * 20_000
    document, expected = Document(text), text
    for i in range(300):
        at = (i * 7919) % len(expected)
        document.replace(at, min(len(expected), at + i % 5), "new" * (i % 3))
        expected = expected[:at] + "new" * (i % 3) + expected[min(len(expected), at + i % 5) :]
    assert document.text == expected
    while document.undo():
        pass
    assert document.text == text


@pytest.mark.parametrize(("start", "end"), [(-1, 0), (2, 1), (0, 4)])
def test_places_outside_the_text_are_refused(start: int, end: int) -> None:
    document = Document("abc")
    with pytest.raises(IndexError):
        document.replace(start, end, "x")
    with pytest.raises(IndexError):
        document.slice(start, end)
    assert document.text == "abc"


def test_runs_must_cover_the_text() -> None:
    with pytest.raises(ValueError, match="authorship"):
        Document("abc", [Run(2, Author.MODEL)])
