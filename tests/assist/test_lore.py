"""Which lore entries are found, and in which order."""

import time

import pytest

from writer.assist.context_notes import LoreEntry
from writer.assist.lore import found_lore, key_problem, select_lore


def entry(*keys: str, id_: str = "", text: str = "A fact.", **values: object) -> LoreEntry:
    return LoreEntry(id_ or "/".join(keys), keys[0] if keys else "", keys, text, **values)  # type: ignore[arg-type]


def ids(entries: list[LoreEntry]) -> list[str]:
    return [one.id for one in entries]


@pytest.mark.parametrize(
    ("key", "text", "is_found"),
    [
        ("Maria", "then maria spoke", True),
        ("Maria", "MARIA!", True),
        ("Maria", "Maria’s hat", True),
        ("Maria", "“Maria”", True),
        ("Maria", "Marian spoke", False),
        ("Maria", "Ave_Maria", False),
        ("old house", "the old\n  house", True),
        ("O'Brien", "Then O’Brien came", True),
        ("café", "a café", True),
        ("Straße", "die STRASSE", True),
        ("C++", "he wrote C++ well", True),
        ("C++", "he wrote C+ well", False),
        ("(", "a ( b", True),
        ("cat", "a concatenated cat", True),
        ("", "anything", False),
        (" ", "any thing", False),
    ],
)
def test_a_word_is_found_whole_and_in_any_case(key: str, text: str, is_found: bool) -> None:
    assert bool(found_lore([entry(key)], text)) is is_found


def test_the_greater_priority_comes_first_and_then_the_writers_order() -> None:
    entries = [entry("a"), entry("b", priority=2), entry("c"), entry("d", priority=2)]
    assert ids(found_lore(entries, "a b c d")) == ["b", "d", "a", "c"]


def test_what_is_switched_off_or_empty_is_not_told() -> None:
    entries = [entry("a", enabled=False), entry("b", text=" "), entry(id_="no keys")]
    assert found_lore(entries, "a b", kept=["a", "b"]) == []


def test_an_entry_without_room_is_passed_over_for_smaller_ones() -> None:
    entries = [entry("a", text="1 2 3"), entry("b", text="1 2 3 4 5"), entry("c", text="1 2")]
    chosen = select_lore(entries, "a b c", 5, lambda text: len(text.split()))
    assert ids(chosen) == ["a", "c"]


def test_kept_entries_count_as_found() -> None:
    assert ids(found_lore([entry("a"), entry("b"), entry("c")], "c", kept={"a"})) == ["a", "c"]


def test_patterns_are_found_and_bad_ones_are_not() -> None:
    entries = [entry("mari(a|e)", is_regex=True), entry("(", "king", is_regex=True), entry("[z", is_regex=True)]
    assert ids(found_lore(entries, "Marie\nand the king")) == ["mari(a|e)", "(/king"]


def test_a_pattern_is_looked_for_in_one_paragraph() -> None:
    assert found_lore([entry("king.*crown", is_regex=True)], "the king has a crown")
    assert not found_lore([entry(r"king\s*crown", is_regex=True)], "king\ncrown")
    assert found_lore([entry("^crown$", is_regex=True)], "king\ncrown\nand")


def test_a_key_says_what_is_wrong_with_it() -> None:
    assert key_problem("(", is_regex=False) == ""
    assert key_problem("(", is_regex=True).endswith(".")
    assert key_problem(" ", is_regex=False).endswith(".")
    assert key_problem("a+", is_regex=True) == ""


HEAVY = "a[ab]{181}c"


def test_a_pattern_that_takes_long_is_given_up() -> None:
    entries = [entry(HEAVY, is_regex=True)]
    assert found_lore(entries, "ab" * 200 + "c")
    assert not found_lore(entries, "ab" * 1900 + "c")


def test_patterns_share_the_time_there_is() -> None:
    heavy = [entry(f"{HEAVY}{n}", is_regex=True, priority=1) for n in range(20)]
    assert found_lore([*heavy[:5], entry("b", is_regex=True)], "ab" * 1900)
    assert not found_lore([*heavy, entry("b", is_regex=True)], "ab" * 1900)


def test_patterns_beyond_a_number_are_not_looked_for() -> None:
    entries = [entry(f"x{n}", is_regex=True) for n in range(199)]
    assert ids(found_lore([*entries, entry("a", is_regex=True), entry("b", is_regex=True)], "a b")) == ["a"]


def test_hostile_lore_takes_no_more_than_its_share_of_time() -> None:
    patterns = ["(a+)+b", "a[ab]{180}c", "(.*a){40}b", "a.{0,190}z"]
    entries = [entry(f"{pattern}{n}", is_regex=True) for pattern in patterns for n in range(150)]
    text = "ab" * 5000
    began = time.process_time()
    assert found_lore(entries, text) == []
    assert time.process_time() - began < 4


def test_many_words_in_a_long_text_cost_milliseconds() -> None:
    entries = [entry(f"Name{n}", f"Other name {n}") for n in range(300)]
    text = "The old house by the sea was quiet again that night. " * 80
    began = time.process_time()
    for _ in range(10):
        found_lore(entries, text)
    assert (time.process_time() - began) / 10 < 0.01
