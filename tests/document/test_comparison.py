"""Comparison: nothing is lost or invented in the rows, and restoring rows gives exactly what they said."""

import itertools
import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from writer.document.comparison import Replacement, Row, Side, compare, restoration

WORDS = st.sampled_from(["a", "the", "fox", "red", ".", ",", " ", " ", "\u00a0", "\t", "é", "😀", "don't", "話", "\r"])
PARAGRAPHS = st.one_of(
    st.sampled_from(["", "", "***", "“No,” he said.", "The quick brown fox jumps over the lazy dog."]),
    st.lists(WORDS, max_size=8).map("".join),
)
TEXTS = st.lists(PARAGRAPHS, min_size=1, max_size=8).map("\n".join)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and what a few edits made of it."""
    old = draw(TEXTS)
    new = old
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(new)))
        end = draw(st.integers(start, min(len(new), start + 20)))
        new = new[:start] + draw(st.one_of(WORDS, st.just("\n"), TEXTS)) + new[end:]
    return old, new


PAIRS = st.one_of(edited(), st.tuples(TEXTS, TEXTS))


def apply(new: str, replacements: list[Replacement]) -> str:
    for replacement in reversed(replacements):
        new = new[: replacement.start] + replacement.text + new[replacement.end :]
    return new


def shown(side: Side | None) -> str | None:
    """A paragraph with its changed parts in brackets."""
    if side is None:
        return None
    return "".join(f"[{s.text}]" if s.changed else s.text for s in side.segments)


def changed_rows(old: str, new: str) -> list[tuple[str | None, str | None]]:
    return [(shown(row.old), shown(row.new)) for row in compare(old, new) if row.changed]


def unchanged_text(side: Side) -> str:
    return "".join(segment.text for segment in side.segments if not segment.changed)


def check_side(rows: list[Row], sides: list[Side], text: str) -> None:
    assert "\n".join(text[side.start : side.end] for side in sides) == text
    for side in sides:
        assert "".join(segment.text for segment in side.segments) == text[side.start : side.end]
        assert all(segment.text for segment in side.segments)
        flags = [segment.changed for segment in side.segments]
        assert all(left != right for left, right in itertools.pairwise(flags))


@given(PAIRS)
@example(("", ""))
@example(("", "\n"))
@example(("a\n", "a"))
def test_rows_hold_both_texts_whole(pair: tuple[str, str]) -> None:
    old, new = pair
    rows = compare(old, new)
    check_side(rows, [row.old for row in rows if row.old is not None], old)
    check_side(rows, [row.new for row in rows if row.new is not None], new)
    for row in rows:
        assert row.old is not None or row.new is not None
        if row.old is None or row.new is None:
            continue
        old_paragraph, new_paragraph = old[row.old.start : row.old.end], new[row.new.start : row.new.end]
        assert row.changed == (old_paragraph != new_paragraph)
        assert unchanged_text(row.old) == unchanged_text(row.new)


@given(PAIRS)
@example(("", "a"))
@example(("a", "a\nb\nc"))
@example(("a\nb\nc", "a"))
@example(("b", "a\nb"))
@example(("a\nb", "b"))
def test_restoring_all_rows_gives_the_old_text(pair: tuple[str, str]) -> None:
    old, new = pair
    replacements = restoration(compare(old, new), old, new)
    assert apply(new, replacements) == old
    assert (replacements == []) == (old == new)
    for left, right in itertools.pairwise(replacements):
        assert left.end <= right.start


@given(PAIRS, st.randoms(use_true_random=False))
def test_restoring_some_rows_leaves_the_others(pair: tuple[str, str], chance: random.Random) -> None:
    old, new = pair
    rows = compare(old, new)
    chosen = {index for index in range(len(rows)) if chance.random() < 0.5}
    paragraphs = []
    for index, row in enumerate(rows):
        side, text = (row.old, old) if index in chosen else (row.new, new)
        if side is not None:
            paragraphs.append(text[side.start : side.end])
    assert apply(new, restoration(rows, old, new, chosen)) == "\n".join(paragraphs)


def test_a_paragraph_added_at_the_end_is_the_only_change() -> None:
    old, new = "One.\n\nTwo.", "One.\n\nTwo.\n\nThree."
    assert changed_rows(old, new) == [(None, ""), (None, "[Three.]")]
    rows = compare(old, new)
    assert restoration(rows, old, new, {len(rows) - 2, len(rows) - 1}) == [Replacement(10, 18, "")]


def test_words_are_marked_and_signs_stay_with_neither() -> None:
    assert changed_rows("The quick brown fox jumps.", "The quick red fox jumps high!") == [
        ("The quick [brown] fox jumps[.]", "The quick [red] fox jumps[ high!]")
    ]
    assert changed_rows("I don't know what he said.", "I didn't know what he said.") == [
        ("I [don't] know what he said.", "I [didn't] know what he said.")
    ]


def test_a_space_between_two_changed_words_does_not_scatter_the_marks() -> None:
    assert changed_rows("It was a cold dark night at sea.", "It was a warm bright night at sea.") == [
        ("It was a [cold dark] night at sea.", "It was a [warm bright] night at sea.")
    ]


def test_the_signs_around_both_paragraphs_are_not_marked() -> None:
    assert changed_rows("“Tea is all that I like.”", "“Coffee is all that I want.”") == [
        ("“[Tea] is all that I [like].”", "“[Coffee] is all that I [want].”")
    ]


def test_words_that_come_several_times_are_found_too() -> None:
    assert changed_rows("red ha ha ho ho end", "blue ha ha ho ho fin") == [
        ("[red] ha ha ho ho [end]", "[blue] ha ha ho ho [fin]")
    ]


def test_accents_written_as_marks_stay_with_their_letters() -> None:
    assert changed_rows("The cafe\u0301 was closed today.", "The cafe was closed today.") == [
        ("The [cafe\u0301] was closed today.", "The [cafe] was closed today.")
    ]


def test_signs_without_spaces_between_them_are_marked_one_by_one() -> None:
    assert changed_rows("吾輩は猫である。名前はまだ無い。", "吾輩は犬である。名前はまだ無い。") == [
        ("吾輩は[猫]である。名前はまだ無い。", "吾輩は[犬]である。名前はまだ無い。")
    ]


def test_edited_paragraphs_meet_although_one_came_between() -> None:
    old = "The quick brown fox jumps.\n\nHe said that he would go.\n\nEnd."
    new = "The quick red fox jumps.\n\nSomething else.\n\nHe said that he could go.\n\nEnd."
    assert changed_rows(old, new) == [
        ("The quick [brown] fox jumps.", "The quick [red] fox jumps."),
        (None, "[Something else.]"),
        (None, ""),
        ("He said that he [would] go.", "He said that he [could] go."),
    ]


def test_blank_lines_do_not_draw_unlike_paragraphs_together() -> None:
    old = "Alpha beta gamma delta.\n\nOne two three four.\n\nRed green blue white."
    new = "New.\n\nAlpha beta gamma omega.\n\nOne two three five.\n\nRed green blue black."
    assert [(row[0] is None) for row in changed_rows(old, new)] == [True, True, False, False, False]


def test_a_single_blank_line_is_no_anchor() -> None:
    assert changed_rows("Alpha beta gamma delta.\n\nOld.", "New.\n\nAlpha beta gamma omega.") == [
        (None, "[New.]"),
        (None, ""),
        ("Alpha beta gamma [delta].", "Alpha beta gamma [omega]."),
        ("", None),
        ("[Old.]", None),
    ]


def test_a_paragraph_that_goes_on_meets_its_beginning() -> None:
    old = "Once upon a time"
    new = "Once upon a time" + " there was a great deal more of it than anybody had thought" * 5
    assert changed_rows(old, new) == [("Once upon a time", f"Once upon a time[{new[16:]}]")]


def test_a_rewritten_paragraph_stands_beside_the_old_one() -> None:
    assert changed_rows("Same.\nAbc def.\nSame too.", "Same.\nUvw xyz ghi.\nSame too.") == [
        ("[Abc def.]", "[Uvw xyz ghi.]")
    ]


def novel(n_words: int, chance: random.Random) -> str:
    """Paragraphs of some 50 words with blank lines between them."""
    vocabulary = [f"{chance.choice('bcdfgklm')}{'aeiou'[n % 5]}{n}" for n in range(5_000)]
    paragraphs = []
    while n_words > 0:
        length = chance.randint(1, 100)
        words = (vocabulary[min(int(chance.paretovariate(0.7)), 4_999)] for _ in range(length))
        paragraphs.append(" ".join(words) + ".")
        n_words -= length
    return "\n\n".join(paragraphs)


@pytest.mark.parametrize("n_edits", [3, 2_000])
def test_a_long_text_is_compared_in_little_time(n_edits: int) -> None:
    chance = random.Random(7)
    old = novel(100_000, chance)
    paragraphs = old.split("\n")
    places = chance.sample(range(0, len(paragraphs), 2), min(n_edits, len(paragraphs) // 2))
    for place in places:
        words = paragraphs[place].split(" ")
        words[len(words) // 2] = "changed"
        paragraphs[place] = " ".join(words)
    new = "\n".join(paragraphs)
    began = time.process_time()
    rows = compare(old, new)
    assert time.process_time() - began < 5
    assert sum(row.changed for row in rows) == len(places)
