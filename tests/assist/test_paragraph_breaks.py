"""What stands between paragraphs, and how the model's words come to have it, however they arrive."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.assist.paragraph_breaks import BreaksKept, break_at, paragraph_break, with_break
from writer.document.document import Document

BREAKS = st.sampled_from(["\n", "\n\n", "\n    ", "\n\t", "\n\n\u3000"])
SENTENCES = st.lists(st.sampled_from(["He left.", "“Come!” she said.", "Why?", "And then—", "*No.*"]), min_size=2)
DRAWN = st.text(st.sampled_from("ab. \n\t"), max_size=20)
STANZA = "Tyger Tyger, burning bright,\nIn the forests of the night;\nWhat immortal hand?\n\nIn what distant deeps."


@given(sentences=SENTENCES, between=BREAKS, data=st.data())
def test_paragraphs_all_alike_tell_what_stands_between_them(
    sentences: list[str], between: str, data: st.DataObject
) -> None:
    text = between.join(sentences)
    caret = data.draw(st.integers(0, len(text)))
    assert paragraph_break(text[:caret], text[caret:]) == between
    assert break_at(Document(text), caret) == between


@pytest.mark.parametrize(
    ("before", "after", "between"),
    [
        ("", "", None),
        ("It rained. It poured. ", "", None),
        ("It rained.\n\n", "", None),  # of the place where the writer is nothing is known yet
        ("It rained.\n\n\n\nIt poured. \n \nIt stopped.", "", "\n\n"),
        ("It rained.\nIt poured.\n\nIt stopped.", "", None),
        ("A.\n\nB.\nC.\nD.\nE.\nF", "", "\n"),  # what lies far behind is another matter
        ("A.\n\nB.\n\nC.\n\nD.\nE.", "", "\n\n"),  # the line that ends the file
        ("A.\n\nB.\n\nC.\nD.\nE.", "", None),
        ("A.\n\nB.\n\nC.\nD.", "", None),
        ("Chapter One\n\nIt rained.", "", "\n\n"),
        ("Chapter One\nIt rained.", "", None),
        ("It rained and\npoured all day and\nit stopped.", "", None),  # lines that are wrapped by hand
        (STANZA, "", None),
        (STANZA[: STANZA.index("What")], "", None),
        ("It rained", " all day.\n\nIt stopped.", "\n\n"),
        ("It rained.\nIt poured.\nIt", "stopped.\n\nNight.", "\n"),
        ("It rained.\n", "\nIt poured.", "\n\n"),
    ],
)
def test_what_stands_between_paragraphs_near_the_caret(before: str, after: str, between: str | None) -> None:
    assert paragraph_break(before, after) == between


def test_what_is_written_anew_does_not_count() -> None:
    document = Document("It rained.\nHe left.\n\nNight.")
    start, end = document.text.index("\nHe"), document.text.index("\n\n")
    assert break_at(document, start) is None
    assert break_at(document, start, end) == "\n\n"


@pytest.mark.parametrize(
    ("drawn", "between", "given_out"),
    [
        (" left.\nHe ran.", "\n\n", " left.\n\nHe ran."),
        (" left.\n\n\n    He ran.", "\n", " left.\nHe ran."),
        (" left.\n\nHe ran.\nWhy?\n", "\n    ", " left.\n    He ran.\n    Why?\n    "),
        (" left.\nHe ran.\n\nWhy?", None, " left.\nHe ran.\n\nWhy?"),
    ],
)
def test_every_break_is_the_writers(drawn: str, between: str | None, given_out: str) -> None:
    assert with_break(drawn, between) == given_out


@given(pieces=st.lists(st.one_of(DRAWN, st.integers(0, 12))), between=st.one_of(BREAKS, st.none()))
def test_however_it_arrives_and_is_taken_back_no_other_break_is_ever_given_out(
    pieces: list[str | int], between: str | None
) -> None:
    """pieces -- what arrives, or how many characters of it are taken back"""
    kept, drawn, shown = BreaksKept(between), "", ""
    for piece in pieces:
        if isinstance(piece, str):
            drawn += piece
            shown += kept.add(piece)
        else:
            gone = drawn[max(0, len(drawn) - piece) :]
            drawn = drawn.removesuffix(gone)
            gone = kept.take_back(gone)
            assert shown.endswith(gone)
            shown = shown.removesuffix(gone)
        assert shown == with_break(drawn, between)
        if between is not None:
            assert set(re.findall(r"\n\s*", shown)) <= {between}
        assert shown.split() == drawn.split(), "not a word is changed"
