import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.engine.stopping_criteria import StopStrings

TEXT = st.text(st.sampled_from("abc"), max_size=12)


@given(
    text=TEXT,
    cuts=st.lists(st.integers(0, 12)),
    stops=st.lists(st.text(st.sampled_from("abc"), min_size=1, max_size=4)),
)
def test_text_up_to_the_first_stop_string_however_it_arrives(text: str, cuts: list[int], stops: list[str]) -> None:
    criteria, shown, stopped = StopStrings(stops), "", False
    edges = [0, *sorted(cut for cut in cuts if cut <= len(text)), len(text)]
    for begin, end in itertools.pairwise(edges):
        piece, stopped = criteria.add(text[begin:end])
        shown += piece
        if stopped:
            break
        held = text[:end][len(shown) :]
        assert held == "" or any(stop.startswith(held) for stop in stops)  # no more is held back than must be
    if not stopped:
        shown += criteria.finish()
    assert stopped == any(stop in text for stop in stops)
    if not stopped:
        assert shown == text
    else:
        # Among stop strings the first to be complete ends the text; where it began, the text is cut.
        end = min(text.find(stop) + len(stop) for stop in stops if stop in text)
        assert shown in {text[: text.find(stop)] for stop in stops if stop in text}
        assert len(shown) <= end


@pytest.mark.parametrize(("pieces", "shown"), [(["one\n", "\ntwo"], "one"), (["one\n", "two"], "one\ntwo")])
def test_a_paragraph_end(pieces: list[str], shown: str) -> None:
    criteria = StopStrings(["\n\n"])
    found = ""
    for piece in pieces:
        text, stopped = criteria.add(piece)
        found += text
        if stopped:
            break
    else:
        found += criteria.finish()
    assert found == shown
