from hypothesis import given
from hypothesis import strategies as st

from writer.document.comparison import compare, restoration
from writer.document.document import Document
from writer.document.provenance import Author, Run, merge_runs
from writer.document.rewriting import restore, rewrite

PIECES = st.lists(
    st.tuples(st.text(st.sampled_from("ab\n😀"), min_size=1, max_size=4), st.sampled_from([None, "g", "h"])), max_size=6
)
Pieces = list[tuple[str, str | None]]


def made_of(pieces: Pieces) -> tuple[str, list[Run]]:
    runs = [Run(len(text), Author.MODEL if name else Author.HUMAN, name) for text, name in pieces]
    return "".join(text for text, _ in pieces), merge_runs(runs)


@given(before=PIECES, after=PIECES)
def test_text_and_authorship_become_the_other_ones_and_one_undo_brings_both_back(before: Pieces, after: Pieces) -> None:
    (old, old_runs), (new, new_runs) = made_of(before), made_of(after)
    document = Document(old, old_runs)
    rewrite(document, new, "Going back", new_runs)
    assert (document.text, document.runs()) == (new, new_runs)
    document.undo()
    assert (document.text, document.runs()) == (old, old_runs)
    assert not document.can_undo


def test_no_more_is_touched_than_differs() -> None:
    document = Document("one two three", [Run(4, Author.HUMAN), Run(4, Author.MODEL, "g"), Run(5, Author.HUMAN)])
    changes = []
    document.subscribe(changes.append)
    rewrite(document, "one 2 three", "Change by another program")
    assert [(change.start, change.removed, change.inserted) for change in changes] == [(4, "two", "2")]
    assert document.undo_label == "Change by another program"
    rewrite(document, "one 2 three", "Nothing")
    assert len(changes) == 1


LINES = st.lists(st.tuples(st.sampled_from(["a", "b\n", "\n", "cd", "\n\n"]), st.sampled_from([None, "g"])), max_size=8)


@given(before=LINES, after=LINES, data=st.data())
def test_parts_brought_back_bear_their_authors_as_far_as_they_are_the_older_text(
    before: Pieces, after: Pieces, data: st.DataObject
) -> None:
    (old, old_runs), (new, new_runs) = made_of(before), made_of(after)
    rows = compare(old, new)
    chosen = data.draw(st.sets(st.integers(0, len(rows) - 1)))
    document = Document(new, new_runs)
    replacements = restoration(rows, old, new, chosen)
    restore(document, replacements, old_runs, "Bringing back")
    owners = Document(old, old_runs)
    shift = 0
    for piece in replacements:
        at = piece.start + shift
        for start, end in piece.sources:
            at = document.text.index(old[start:end], at)
            assert document.runs(at, at + end - start) == owners.runs(start, end)
            at += end - start
        shift += len(piece.text) - (piece.end - piece.start)
    document.undo()
    assert (document.text, document.runs()) == (new, new_runs)
