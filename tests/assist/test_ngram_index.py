from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.assist.ngram_index import NgramIndex

_PIECES = st.lists(st.lists(st.integers(0, 3), max_size=12), max_size=30)


def by_hand(pieces: Sequence[Sequence[int]], context: Sequence[int]) -> list[int]:
    n = len(context)
    return [piece[i + n] for piece in pieces for i in range(len(piece) - n) if list(piece[i : i + n]) == list(context)]


@given(_PIECES, st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_tells_what_followed_in_the_order_of_the_text(pieces: list[list[int]], context: list[int]) -> None:
    index = NgramIndex(3)
    for piece in pieces:
        index.add(piece)
    assert index.followers(context).tolist() == by_hand(pieces, context)


@given(_PIECES, st.lists(st.integers(0, 3), min_size=1, max_size=3), st.data())
def test_a_removed_piece_is_as_if_it_had_never_been(
    pieces: list[list[int]], context: list[int], data: st.DataObject
) -> None:
    index = NgramIndex(3)
    places = [index.add(piece) for piece in pieces]
    gone = data.draw(st.sets(st.integers(0, max(0, len(pieces) - 1)), max_size=len(pieces)))
    for i in gone:
        if i < len(pieces):
            index.remove(places[i])
    left = [piece for i, piece in enumerate(pieces) if i not in gone]
    assert index.followers(context).tolist() == by_hand(left, context)
    assert len(index) == sum(map(len, left))


def test_answers_are_the_same_before_and_after_sorting() -> None:
    random = np.random.default_rng(3)
    pieces = [random.integers(0, 30, 40).tolist() for _ in range(400)]  # several times what is left unsorted
    index = NgramIndex(3)
    places = [index.add(piece) for piece in pieces]
    for i in range(0, 400, 7):
        index.remove(places[i])
    left = [piece for i, piece in enumerate(pieces) if i % 7]
    for context in (pieces[5][3:5], pieces[200][:1], pieces[398][10:13], [99], pieces[0][0:3]):
        assert index.followers(context).tolist() == by_hand(left, context)


def test_of_a_common_context_the_latest_are_told() -> None:
    index = NgramIndex(1)
    for i in range(12_000):
        index.add([1, i % 50])
    followers = index.followers([1])
    assert len(followers) < 12_000
    assert followers[-3:].tolist() == [47, 48, 49]


def test_half_a_million_items_take_little_room() -> None:
    index = NgramIndex(3)
    random = np.random.default_rng(1)
    for _ in range(500):
        index.add(random.integers(0, 20_000, 1_000).tolist())
    assert index.n_bytes < 50e6
    assert len(index) == 500_000


def test_forgets_everything() -> None:
    index = NgramIndex(2)
    index.add([1, 2, 3])
    index.forget()
    assert index.followers([1, 2]).tolist() == []
    assert len(index) == 0


def test_is_sparse_once_most_was_removed() -> None:
    index = NgramIndex(1)
    places = [index.add(list(range(100))) for _ in range(200)]
    assert not index.is_sparse
    for place in places[:150]:
        index.remove(place)
    assert index.is_sparse


@pytest.mark.parametrize(("n", "latest"), [(2, [5]), (100, [1, 2, 5])])
def test_the_latest_items_leave_out_what_was_removed(n: int, latest: list[int]) -> None:
    index = NgramIndex(1)
    index.add([1, 2])
    middle = index.add([3, 4])
    index.add([5])
    index.remove(middle)
    assert index.latest(n).tolist() == latest
