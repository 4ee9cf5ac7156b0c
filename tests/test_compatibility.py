"""What a newer Writer has put into a file of values."""

from hypothesis import given
from hypothesis import strategies as st

from writer.compatibility import carried_over

NAMES = st.sampled_from("abcdef")  # this Writer knows a to d
KNOWN = "abcd"
VALUES = st.dictionaries(NAMES, st.integers(0, 9), max_size=6)


def read(raw: dict[str, int]) -> dict[str, int]:
    """As this Writer reads: what is above 5 makes no sense to it and counts as 0, its default."""
    return {name: value if value <= 5 else 0 for name, value in raw.items() if name in KNOWN}


def test_what_is_not_known_and_what_has_not_changed_stays() -> None:
    raw = {"a": 9, "b": 1, "e": 7}
    assert carried_over(raw, read(raw), {"a": 0, "b": 2, "c": 3}, KNOWN) == {"a": 9, "b": 2, "c": 3, "e": 7}


def test_what_goes_back_to_its_default_goes() -> None:
    assert carried_over({"a": 4, "e": 1}, {"a": 4}, {}, KNOWN) == {"e": 1}


@given(VALUES, st.dictionaries(st.sampled_from(KNOWN), st.integers(0, 5), max_size=4))
def test_this_writer_reads_back_what_it_kept_and_a_newer_one_loses_nothing(
    raw: dict[str, int], after: dict[str, int]
) -> None:
    kept = carried_over(raw, read(raw), after, KNOWN)
    assert read(kept) == after
    for name, value in raw.items():
        if name not in KNOWN or read(raw).get(name) == after.get(name):
            assert kept.get(name) == value
