import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.document.authorship.passage import CONTEXT_LENGTH, Passage, part_pieces, source_of, whole_piece

WORDS = st.text("abc .!\n。“”", max_size=300)


@given(text=st.text("abc .!\n。“”", min_size=1, max_size=300), before=WORDS, after=WORDS)
def test_pieces_are_parts_of_the_passage_and_know_where_they_stood(text: str, before: str, after: str) -> None:
    all_of_it = before + text + after
    passage = Passage(len(before), text, before[-CONTEXT_LENGTH:], after[:CONTEXT_LENGTH])
    source = source_of(3, passage)
    parts = list(part_pieces(source))
    for piece in [whole_piece(source), *parts]:
        assert piece.number == 3
        assert all_of_it.startswith(piece.needle, piece.old)
        assert all_of_it[: piece.old].endswith(piece.before)
        assert all_of_it[piece.old + len(piece.needle) :].startswith(piece.after)
        own = piece.needle[piece.skipped : piece.skipped + piece.length]
        assert own == text[piece.offset : piece.offset + piece.length] != ""
    if len(text) >= 12:
        ends = [piece.offset + piece.length for piece in parts]
        assert all(end <= piece.offset for end, piece in zip(ends, parts[1:], strict=False))


@pytest.mark.parametrize(
    ("between", "pieces"),
    [
        ("He went home. She stayed there.", ["He went home.", "She stayed there."]),
        ("A first line\nand a second one", ["A first line", "and a second one"]),
        (
            "他走进屋子里坐了下来喝了茶。她留在外面看着大海和船只。",
            ["他走进屋子里坐了下来喝了茶。", "她留在外面看着大海和船只。"],
        ),
        ("word " * 20, ["word " * 11 + "word", " word" * 8 + " "]),
    ],
)
def test_sentences_lines_and_parts_of_long_ones(between: str, pieces: list[str]) -> None:
    """Between the two ends, which are looked for with what stands around."""
    passage = Passage(0, f"{'<' * 12}{between}{'>' * 12}")
    assert [piece.needle for piece in part_pieces(source_of(0, passage))][1:-1] == pieces
