from hypothesis import given
from hypothesis import strategies as st

from writer.document.authorship import text_places
from writer.document.authorship.text_places import PROBE_LENGTH, TextPlaces


@given(
    text=st.text("ab😀\ud800 ", max_size=300),
    needles=st.lists(st.text("ab😀\ud800 ", min_size=PROBE_LENGTH, max_size=20), max_size=5),
    cuts=st.lists(st.integers(0, 300), max_size=5),
    block=st.integers(1, 400),
)
def test_every_needle_is_found_where_its_beginning_stands(
    text: str, needles: list[str], cuts: list[int], block: int
) -> None:
    needles += [text[cut : cut + PROBE_LENGTH + 3] for cut in cuts if cut + PROBE_LENGTH <= len(text)]
    usual, text_places._BLOCK_LENGTH = text_places._BLOCK_LENGTH, block
    try:
        places = TextPlaces(text, needles)
    finally:
        text_places._BLOCK_LENGTH = usual
    for needle in needles:
        probe = needle[:PROBE_LENGTH]
        assert places.of(needle) == [at for at in range(len(text)) if text.startswith(probe, at)]


def test_of_what_stands_everywhere_some_places_are_enough() -> None:
    text = " " * 600_000 + "once upon a time"
    places = TextPlaces(text, [" " * PROBE_LENGTH, "once upon a time"])
    assert places.of("once upon a time") == [600_000]
    assert 0 < len(places.of(" " * PROBE_LENGTH)) < 1_000
