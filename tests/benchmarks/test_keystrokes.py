"""What the replay counts must be right by hand, or its figures mean nothing."""

from collections.abc import Sequence

import pytest

from tests.benchmarks.keystrokes import Typed, saved_by_words, saved_of_all_keys, write_with_strip
from tests.benchmarks.presage import _read

PASSAGE = "The cat sat, didn't it?"


def knows(*words: str) -> object:
    return lambda before, typed, shown: [word for word in words if word.startswith(typed) and word not in shown]


def test_a_word_is_taken_as_soon_as_it_is_shown() -> None:
    def strip(before: str, typed: str, shown: frozenset[str]) -> Sequence[str]:
        return {"": ["sat"], "c": ["cow", "cat"]}.get(typed, [])

    assert write_with_strip("", PASSAGE, strip) == [
        Typed(0, 3, 3, is_taken=False),
        Typed(4, 7, 1, is_taken=True),
        Typed(8, 11, 0, is_taken=True),
        Typed(13, 19, 6, is_taken=False),
        Typed(20, 22, 2, is_taken=False),
    ]


def test_the_strip_is_told_what_stands_before_and_what_was_shown() -> None:
    asked = []

    def strip(before: str, typed: str, shown: frozenset[str]) -> Sequence[str]:
        asked.append((before, typed, shown))
        return ["mouse"]

    write_with_strip("Once. ", "My cat", strip)
    assert asked[0] == ("Once. ", "", frozenset())
    assert asked[3] == ("Once. My ", "c", frozenset({"mouse"}))
    assert len(asked) == 5


def test_words_are_counted_as_presage_counts() -> None:
    """Each word with one separator: 4 + 4 + 4 + 7 + 3 keys in all, and one for a word taken at once."""
    words = write_with_strip("", PASSAGE, knows("cat", "sat", "didn't"))
    assert saved_by_words(words) == pytest.approx(1 - (4 + 1 + 1 + 1 + 3) / 22)


def test_of_all_keys_a_mark_costs_one_and_the_space_it_closes_up_saves_nothing() -> None:
    words = write_with_strip("", PASSAGE, knows("cat", "sat", "didn't"))
    # "cat " in one key, "sat" in one and "," and " " by hand, "didn't " in one.
    typed_by_hand = len("The ") + 1 + 1 + len(", ") + 1 + len("it?")
    assert saved_of_all_keys(words, PASSAGE) == pytest.approx(1 - typed_by_hand / len(PASSAGE))


def test_nothing_taken_saves_nothing() -> None:
    words = write_with_strip("", PASSAGE, knows())
    assert saved_by_words(words) == 0
    assert saved_of_all_keys(words, PASSAGE) == 0


def test_what_presage_tells_is_read() -> None:
    output = """===> The
   >\x20
he
===> The
   > t
The
===> end
   >\x20
a
===> end
   > e
===> end
   > en
===> end
   > end
==="""
    assert _read(output, "The (end)") == [Typed(0, 3, 1, is_taken=True), Typed(5, 8, 3, is_taken=False)]
