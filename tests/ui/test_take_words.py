"""What is said of a take in few words."""

import dataclasses

import pytest

from tests.ui.take_records import FEW, LAMP, NOW, take
from writer.ui.take_words import excerpt, first_words, last_words, made, one_line, short_made


def test_when_it_was_made() -> None:
    assert made(FEW[3], NOW) == "made today at 14:00"
    assert short_made(FEW[1], NOW) == "Yesterday 18:00"


def test_a_time_that_is_none_is_left_out() -> None:
    damaged = dataclasses.replace(FEW[0], time="soon")
    assert made(damaged, NOW) == "made at an unknown time"
    assert short_made(damaged, NOW) == ""


def test_words_are_not_cut() -> None:
    assert one_line(" one\n\n two  three ") == "one two three"
    assert first_words("one two three", 13) == "one two three"
    assert first_words("one two three", 9) == "one two…"
    assert last_words("one two three", 9) == "…three"
    assert last_words("one two", 9) == "one two"


def test_a_row_leads_from_the_place_into_the_take() -> None:
    lead, text = excerpt(take("a"), ())
    assert lead == "…rail, and looked up into the dark. "
    assert text == LAMP.strip()


@pytest.mark.parametrize(
    ("before", "text", "row"),
    [
        ("She was un", "happy now", "She was unhappy now"),  # the model finished the word
        ("She was", " happy now", "She was happy now"),
        ("She was", ", by now,", "She was, by now,"),
        ("She was\n\n", "Happy now", "She was Happy now"),
        ("", "Happy now", "Happy now"),
    ],
)
def test_a_word_begun_before_the_place_stays_one(before: str, text: str, row: str) -> None:
    assert "".join(excerpt(take("a", text, before=before), ())) == row


def test_what_was_searched_for_is_shown_where_it_stands() -> None:
    text = f"{'The sea was calm. ' * 12}A heron stood there."
    lead, shown = excerpt(take("a", text), ("heron",))
    assert lead == ""
    assert shown.startswith("…")
    assert 0 < shown.index("heron") < 40
    assert excerpt(take("a", text), ("sea",))[1].startswith("The sea was calm.")
