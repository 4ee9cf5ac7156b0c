"""Translation between UTF-16 and code points, against Python's own encoder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.ui.mirror import Utf16Map, displayed

TEXTS = st.text(st.sampled_from("ab 😀é🚀\n"), max_size=30)


def n_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(TEXTS, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), TEXTS), max_size=8))
def test_positions_translate_after_any_edits(text: str, edits: list[tuple[float, int, str]]) -> None:
    positions = Utf16Map(text)
    for place, n_removed, inserted in [(0.0, 0, ""), *edits]:
        start = int(place * len(text))
        n_removed = min(n_removed, len(text) - start)
        positions.replace(start, n_removed, inserted)
        text = text[:start] + inserted + text[start + n_removed :]
        assert len(positions) == n_units(text)
        for index in range(len(text) + 1):
            at = n_units(text[:index])
            assert positions.to_utf16(index) == at
            assert positions.to_code_point(at) == index
            if index < len(text) and n_units(text[index]) == 2:
                assert positions.to_code_point(at + 1) == index


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\n", "\u2029"),
        ("\r", "\u200b"),
        ("\ufdd0", "\ufffd"),
        ("\ufdd1", "\ufffd"),
        ("\ufffc", "\ufffd"),
        (chr(0xD800), "\ufffd"),
        (chr(0xDFFF), "\ufffd"),
        ("\ud7ff", "\ud7ff"),
        ("\ue000", "\ue000"),
        ("😀", "😀"),
    ],
)
def test_what_a_page_cannot_hold_has_one_stand_in(character: str, shown: str) -> None:
    assert displayed(f"a{character}b") == f"a{shown}b"
    assert displayed(character * 2) == shown * 2
