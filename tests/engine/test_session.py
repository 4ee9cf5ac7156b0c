"""The cache: however a text gets into it, the logits that follow are the same."""

import numpy as np
import pytest

from writer.engine.kv_cache import KVCache
from writer.engine.session import PREFILL_CHUNK_TOKENS, ModelSession
from writer.errors import WriterError
from writer.models.precision import Precision

LENGTHS = [1, 2, 127, 128, 129, 500, 1024]


def prefill(session: ModelSession, cache: KVCache, token_ids: list[int]) -> np.ndarray:
    reading = session.prefill(cache, token_ids)
    while True:
        try:
            next(reading)
        except StopIteration as stop:
            return stop.value.copy()


def tokens(n: int, seed: int = 0) -> list[int]:
    return np.random.default_rng(seed).integers(0, 50000, n).tolist()


@pytest.fixture(params=["small_gpt2", "small_llama"])
def session(request) -> ModelSession:
    return request.getfixturevalue(request.param).load(Precision.FP32)


@pytest.mark.parametrize("length", LENGTHS)
def test_every_way_into_the_cache_gives_the_same_logits(session, length):
    ids = tokens(length)
    at_once = session.extend(session.new_cache(), ids, n_rows=1)[0].copy()

    cache = session.new_cache()
    assert np.abs(prefill(session, cache, ids) - at_once).max() < 1e-3
    assert cache.token_ids == ids

    half = max(1, length // 2)
    stepped = session.new_cache()
    row = prefill(session, stepped, ids[:half])
    for token_id in ids[half : half + 30]:
        row = session.decode_step(stepped, token_id)
    if length > half + 30:
        row = session.extend(stepped, ids[half + 30 :], n_rows=1)[0]
    assert np.abs(row - at_once).max() < 1e-3

    cache.truncate(half)
    session.extend(cache, tokens(min(20, 1024 - half), seed=9), n_rows=1)
    assert np.abs(prefill(session, cache, ids) - at_once).max() < 1e-3


@pytest.mark.parametrize("length", [1, 100, 700])
def test_four_branches_equal_four_separate_texts(session, length):
    trunk, branches = tokens(length), [tokens(8, seed=i + 1) for i in range(4)]
    cache = session.new_cache(1024 + 64)
    prefill(session, cache, trunk)
    cache.fork(4)
    for depth in range(8):
        rows = session.decode_branches(cache, {b: branches[b][depth] for b in range(4)}).copy()
    for branch in range(4):
        alone = session.extend(session.new_cache(), trunk + branches[branch], n_rows=1)[0]
        assert np.abs(rows[branch] - alone).max() < 1e-3

    # A branch that ended early leaves the others as they were.
    rows = session.decode_branches(cache, {1: 5, 3: 6}).copy()
    alone = session.extend(session.new_cache(), trunk + branches[3] + [6], n_rows=1)[0]
    assert np.abs(rows[1] - alone).max() < 1e-3

    cache.adopt(3)
    assert cache.token_ids == trunk + branches[3] + [6]
    row = session.decode_step(cache, 77)
    alone = session.extend(session.new_cache(), trunk + branches[3] + [6, 77], n_rows=1)[0]
    assert np.abs(row - alone).max() < 1e-3


def test_int8_prefill_in_fixed_chunks_is_the_same_every_time(small_gpt2):
    session = small_gpt2.load(Precision.INT8)
    ids = tokens(300)
    first = prefill(session, session.new_cache(), ids)
    again = prefill(session, session.new_cache(), ids)
    assert np.array_equal(first, again)


def test_a_reused_int8_cache_moves_the_logits_little(small_gpt2, record_property):
    session = small_gpt2.load(Precision.INT8)
    ids = tokens(300)
    fresh = prefill(session, session.new_cache(), ids)
    cache = session.new_cache()
    prefill(session, cache, ids[:200] + tokens(50, seed=4))
    reused = prefill(session, cache, ids)
    moved = float(np.abs(fresh - reused).max() / fresh.std())
    record_property("moved_by_standard_deviations", moved)
    assert moved < 0.05


def test_prefill_can_be_given_up_between_chunks(session):
    ids = tokens(600)
    cache = session.new_cache()
    reading = session.prefill(cache, ids)
    next(reading)
    progress = next(reading)
    reading.close()
    assert progress.done_tokens == PREFILL_CHUNK_TOKENS == len(cache.token_ids)
    whole = session.extend(session.new_cache(), ids, n_rows=1)[0].copy()
    assert np.abs(prefill(session, cache, ids) - whole).max() < 1e-3


def test_prefill_keeps_the_common_prefix(session):
    ids = tokens(400)
    cache = session.new_cache()
    prefill(session, cache, ids)
    progress = next(session.prefill(cache, [*ids[:300], 1, 2, 3]))
    assert progress.reused_tokens == 300


def test_limits_are_refused(session):
    cache = session.new_cache()
    with pytest.raises(ValueError, match="1025"):
        next(session.prefill(cache, tokens(1025)))
    prefill(session, cache, tokens(1024))
    with pytest.raises(ValueError, match="slots"):
        session.decode_step(cache, 1)
    cache.truncate(10)
    cache.fork(2)
    with pytest.raises(ValueError, match="branches"):
        session.decode_step(cache, 1)


def test_a_damaged_graph_is_one_sentence(small_gpt2, tmp_path):
    session = small_gpt2.load(Precision.INT8)
    broken = tmp_path / "int8.onnx"
    broken.write_bytes((small_gpt2.folder / "int8.onnx").read_bytes()[:5000])
    with pytest.raises(WriterError, match=r"int8\.onnx cannot be opened"):
        ModelSession.load(broken, session.config)


def test_cuda_falls_back_to_the_processor_and_says_so(small_gpt2):
    config = small_gpt2.load(Precision.FP32).config
    session = ModelSession.load(small_gpt2.folder / "fp32.onnx", config, device="cuda")
    assert session.device == "cpu"
    assert "processor" in session.fallback_note
