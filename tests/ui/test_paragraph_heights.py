"""Tops are the sums of heights, whatever is measured, forgotten and replaced."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from writer.ui.paragraph_heights import ParagraphHeights

TOP, LINE, GAP, CHARS = 56, 20, 6, 10.0


def estimate(length: int) -> int:
    return max(1, -(-(length - 1) // int(CHARS))) * LINE + GAP


LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=8)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("measure"), st.floats(0, 0.999), st.integers(1, 200)),
        st.tuples(st.just("forget"), st.floats(0, 0.999), st.integers(1, 60)),
        st.tuples(st.just("replace"), st.floats(0, 0.999), st.integers(1, 3), LENGTHS),
        st.tuples(st.just("reset")),
    ),
    max_size=12,
)


@given(LENGTHS, STEPS)
def test_as_a_plain_list_of_heights(lengths: list[int], steps: list[tuple[object, ...]]) -> None:
    heights = ParagraphHeights(TOP)
    heights.set_estimate(CHARS, LINE, GAP)
    heights.reset(np.array(lengths))
    plain = [(length, estimate(length), False) for length in lengths]
    for name, *arguments in steps:
        before = TOP + sum(height for _, height, _ in plain)
        delta = None
        if name == "reset":
            heights.reset()
            plain = [(length, estimate(length), False) for length, _, _ in plain]
        else:
            share, amount, *rest = arguments
            assert isinstance(share, float)
            assert isinstance(amount, int)
            index = int(share * len(plain))
            if name == "measure":
                delta = heights.measure(index, amount)
                plain[index] = (plain[index][0], amount, True)
            elif name == "forget":
                heights.forget(index, amount)
                plain[index] = (amount, plain[index][1], False)
            else:
                (new,) = rest
                assert isinstance(new, list)
                n_old = min(amount, len(plain) - index)
                delta = heights.replace(index, n_old, new)
                kept = plain[index][1]
                plain[index : index + n_old] = [(length, estimate(length), False) for length in new]
                plain[index] = (new[0], kept, False)
        tops = [TOP]
        for _, height, _ in plain:
            tops.append(tops[-1] + height)
        assert delta is None or delta == tops[-1] - before
        assert len(heights) == len(plain)
        assert [heights.top(i) for i in range(len(plain) + 1)] == tops
        assert heights.end == tops[-1]
        assert [heights.height(i) for i in range(len(plain))] == [height for _, height, _ in plain]
        assert [heights.is_measured(i) for i in range(len(plain))] == [measured for _, _, measured in plain]
        assert heights.n_measured == sum(measured for _, _, measured in plain)
        for i in range(len(plain)):
            assert heights.at(tops[i]) == heights.at(tops[i + 1] - 1) == i
        assert heights.at(-5) == 0
        assert heights.at(tops[-1] + 5) == len(plain) - 1
