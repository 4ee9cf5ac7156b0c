"""The form for CUDA, run on the processor, says what full precision says."""

import numpy as np
import pytest

from tests.engine.conftest import Pair
from tests.engine.reading import prefill, tokens
from writer.engine.imported_session import ImportedSession
from writer.models.precision import Precision

# 11 bits round by 0.05 % at most. What all layers and products make of that, as shares of the logits' spread: on
# average, and for the one of fifteen million that differs most.
TOLERATED_MEAN = 0.01
TOLERATED_MOST = 0.05


@pytest.fixture(params=["small_gpt2", "small_llama"])
def pair(request: pytest.FixtureRequest) -> Pair:
    return request.getfixturevalue(request.param)


def test_logits_are_near_full_precision_wherever_the_rows_stand(pair: Pair) -> None:
    full, half = pair.load(Precision.FP32), pair.load(Precision.FP16)
    assert isinstance(half, ImportedSession)
    ids = tokens(300)
    expected = full.extend(full.new_cache(), ids, n_rows=300).copy()
    cache = half.new_cache()
    found = [half.extend(cache, ids[:200], n_rows=200), half.extend(cache, ids[200:], n_rows=100)]
    error = (np.concatenate(found) - expected) / expected.std()
    assert found[0].dtype == np.float32
    assert np.sqrt(np.mean(error**2)) < TOLERATED_MEAN
    assert np.abs(error).max() < TOLERATED_MOST


def test_greedy_text_is_that_of_full_precision(pair: Pair) -> None:
    """Up to ties that rounding may turn over; after one, both go on with the same word."""
    full, half = pair.load(Precision.FP32), pair.load(Precision.FP16)
    full_cache, half_cache = full.new_cache(), half.new_cache()
    expected, found = prefill(full, full_cache, tokens(40)), prefill(half, half_cache, tokens(40))
    written, n_ties = [], 0
    while len(written) < 100:
        written.append(int(expected.argmax()))
        if found.argmax() != expected.argmax():
            n_ties += 1
            assert expected.max() - expected[found.argmax()] < TOLERATED_MOST * expected.std()
        expected, found = (full.decode_step(full_cache, written[-1]), half.decode_step(half_cache, written[-1]))
    assert n_ties <= 2
    assert len(set(written)) > 5, "a text that repeats one token proves little"


def test_branches_equal_separate_texts(pair: Pair) -> None:
    session = pair.load(Precision.FP16)
    trunk, takes = tokens(50), [tokens(4, seed) for seed in (1, 2)]
    cache = session.new_cache()
    prefill(session, cache, trunk)
    cache.fork(2)
    for depth in range(4):
        rows = session.decode_branches(cache, {branch: takes[branch][depth] for branch in range(2)})
    for branch in range(2):
        alone = prefill(session, session.new_cache(), trunk + takes[branch])
        assert np.abs(rows[branch] - alone).max() < TOLERATED_MOST * alone.std()
    cache.adopt(1)
    assert cache.token_ids == trunk + takes[1]
    assert cache.past[0].data_type() == "tensor(float16)"


def test_the_weights_take_half_the_room(pair: Pair) -> None:
    sizes = {}
    for precision in (Precision.FP32, Precision.FP16):
        pair.load(precision)
        sizes[precision] = (pair.folder / f"{precision}.onnx.data").stat().st_size
    # The tied table of words, nearly all of such a small model, is stored once in both.
    assert sizes[Precision.FP32] < 6 * pair.reference.num_parameters()
    assert sizes[Precision.FP16] < 0.55 * sizes[Precision.FP32]
