"""How the rows of a comparison become changes, folds and marked pieces."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from writer.document.comparison import Row, compare
from writer.ui.comparison_items import Change, Mark, Piece, Stretch, arrange, is_blank, n_changed_words, pieces

WORDS = " ".join(f"word{number}" for number in range(4_000))


def changes(rows: list[Row]) -> list[Change]:
    return [item for item in arrange(rows) if isinstance(item, Change)]


def olds(rows: list[Row], change: Change) -> list[Piece]:
    return pieces([rows[index].old for index in change.rows])


def news(rows: list[Row], change: Change) -> list[Piece]:
    return pieces([rows[index].new for index in change.rows])


def shown(found: list[Piece]) -> str:
    return "".join(piece.text for piece in found)


def test_equal_texts_are_one_stretch() -> None:
    rows = compare("one\n\ntwo", "one\n\ntwo")
    assert arrange(rows) == [Stretch(0, 3, 2)]
    assert arrange([]) == []


def test_changes_stand_between_stretches() -> None:
    rows = compare("a a\nb b b b\nc c\nd d", "a a\nb b x b\nc c\nd d")
    assert arrange(rows) == [Stretch(0, 1, 1), Change((1,)), Stretch(2, 4, 2)]


def test_empty_lines_between_changes_are_no_stretch() -> None:
    rows = compare("one two three\n\nfour five six", "one two thrice\n\nfour five sixty")
    assert arrange(rows) == [Change((0,)), Change((2,))]


def test_an_empty_line_goes_with_the_paragraph_it_came_with() -> None:
    rows = compare("first\n\nlast", "first\n\nnew here\n\nlast")
    [change] = changes(rows)
    assert len(change.rows) == 2
    assert shown(news(rows, change)).replace("\n", "").replace("¶", "") == "new here"
    assert "¶" in shown(news(rows, change))
    assert olds(rows, change) == []


def test_an_empty_line_alone_is_a_change_that_is_seen() -> None:
    rows = compare("one\ntwo", "one\n\ntwo")
    [change] = changes(rows)
    assert news(rows, change) == [Piece("¶", Mark.CHANGED)]


def test_words_that_differ_are_marked() -> None:
    rows = compare("the lamp was old", "the lamp was new")
    [change] = changes(rows)
    assert olds(rows, change) == [Piece("the lamp was ", Mark.ALIKE), Piece("old", Mark.CHANGED)]
    assert news(rows, change) == [Piece("the lamp was ", Mark.ALIKE), Piece("new", Mark.CHANGED)]


def test_white_space_that_came_or_went_is_seen_and_told_apart() -> None:
    rows = compare("a long enough line\u00a0", "a long enough line ")
    [change] = changes(rows)
    assert olds(rows, change)[-1] == Piece("°", Mark.CHANGED)
    assert news(rows, change)[-1] == Piece("·", Mark.CHANGED)


def test_a_long_paragraph_is_shown_around_its_change() -> None:
    at = len(WORDS) // 2
    rows = compare(WORDS, f"{WORDS[:at]} inserted {WORDS[at:]}")
    [change] = changes(rows)
    found = news(rows, change)
    assert len(shown(found)) < 3_000
    assert [piece.mark for piece in found].count(Mark.ASIDE) == 2
    [marked] = [place for place, piece in enumerate(found) if piece.mark is Mark.CHANGED]
    assert "inserted" in found[marked].text
    assert WORDS[at - 50 : at - 20] in found[marked - 1].text
    assert WORDS[at + 20 : at + 50] in found[marked + 1].text


def test_a_usual_paragraph_is_shown_whole() -> None:
    text = WORDS[:5_000]
    rows = compare(text, f"{text} end")
    [change] = changes(rows)
    assert shown(news(rows, change)) == f"{text} end"


def test_what_is_endless_is_cut_and_says_so() -> None:
    rows = compare("", "x" * 100_000)
    [change] = changes(rows)
    found = news(rows, change)
    assert len(shown(found)) < 41_000
    assert found[-1].mark is Mark.ASIDE
    assert "not shown" in found[-1].text


def test_words_are_counted_on_each_side() -> None:
    rows = compare("one two three\ngone for good", "one two four five\n")
    assert n_changed_words(row.old for row in rows) == 4
    assert n_changed_words(row.new for row in rows) == 2


LINES = st.lists(st.sampled_from(["", " ", "a b c d e f", "a b c d e g", "x", "\u00a0"]), max_size=12).map("\n".join)


@given(LINES, LINES)
def test_every_row_that_differs_is_in_one_change(old: str, new: str) -> None:
    rows = compare(old, new)
    items = arrange(rows)
    in_changes = list(chain.from_iterable(item.rows for item in items if isinstance(item, Change)))
    assert in_changes == [index for index, row in enumerate(rows) if row.changed]
    in_stretches = [index for item in items if isinstance(item, Stretch) for index in range(item.first, item.end)]
    unseen = set(range(len(rows))) - set(in_changes) - set(in_stretches)
    assert all(is_blank(rows[index]) for index in unseen)
    for change in changes(rows):  # there is always something to see
        assert any(piece.mark is Mark.CHANGED for piece in (*olds(rows, change), *news(rows, change)))
