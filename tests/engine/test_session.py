"""The cache: however a text gets into it, the logits that follow are the same."""

import sys

import numpy as np
import pytest

from tests.engine.reading import prefill, read, tokens
from writer.engine.session import PREFILL_CHUNK_TOKENS, ModelSession
from writer.errors import WriterError
from writer.models.precision import Precision
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

LENGTHS = [1, 2, 127, 128, 129, 500, 1024]


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


# 4 branches of 8 tokens, one step of two of them, and one token after: from 1,014 on the slots exceed n_ctx, and 1,014
# is the longest trunk whose last position is still one that the model knows.
@pytest.mark.parametrize("length", [1, 100, 700, 985, 1014])
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


@pytest.mark.parametrize("n_read", [0, 57, 60, 64])  # of the trunk, and beyond it
def test_branches_begin_in_the_step_that_reads_the_rest_of_the_trunk(session, n_read):
    trunk, begun = tokens(60), [[5], [6, 16, 26], [7, 17]]
    cache = session.new_cache(200)
    if n_read:
        prefill(session, cache, [*trunk, 1, 2, 3, 4][:n_read])
    rows = read(session.begin_branches(cache, trunk, begun))
    assert (cache.token_ids, cache.branches) == (trunk, begun)
    second = session.decode_branches(cache, {2: 9, 0: 8}).copy()
    for row, text in zip([*rows, *second], [*begun, [7, 17, 9], [5, 8]], strict=True):
        alone = session.extend(session.new_cache(), trunk + text, n_rows=1)[0]
        assert np.abs(row - alone).max() < 1e-3
    cache.adopt(1)
    assert cache.token_ids == [*trunk, 6, 16, 26]
    row = session.decode_step(cache, 77)
    alone = session.extend(session.new_cache(), [*trunk, 6, 16, 26, 77], n_rows=1)[0]
    assert np.abs(row - alone).max() < 1e-3


def test_branches_without_room_leave_the_cache_as_far_as_it_is_read(session):
    cache = session.new_cache(62)
    prefill(session, cache, tokens(57))
    with pytest.raises(ValueError, match="63 tokens do not fit"):
        read(session.begin_branches(cache, tokens(60), [[5], [6], [7]]))
    assert (cache.token_ids, cache.branches, cache.n_used) == (tokens(60)[:57], [], 57)
    alone = session.extend(session.new_cache(), tokens(60), n_rows=1)[0].copy()
    assert np.abs(prefill(session, cache, tokens(60)) - alone).max() < 1e-3


@pytest.mark.parametrize("length", [1, 200, 1014])
def test_branches_taken_back_leave_no_trace(session, length):
    """Fork, decode, take it all back, and do it again: the logits are the same, whatever stands in the stale slots."""
    trunk, branches = tokens(length), [tokens(8, seed=i + 1) for i in range(4)]
    cache = session.new_cache(1024 + 64)

    def write(texts: list[list[int]]) -> list[np.ndarray]:
        cache.fork(len(texts))
        return [
            session.decode_branches(cache, {b: text[depth] for b, text in enumerate(texts)}).copy()
            for depth in range(8)
        ]

    prefill(session, cache, trunk)
    first = write(branches)
    cache.truncate(length)
    assert np.array_equal(write(branches), first)
    # One branch fewer, and other words: the slots are shared out in another way.
    fewer = write([tokens(8, seed=20), branches[2], branches[0]])
    for one, two in zip(first, fewer, strict=True):
        assert np.abs(one[[2, 0]] - two[1:]).max() < 1e-3
    # Back into the trunk, and on from there with the same words.
    cache.truncate(length // 2)
    prefill(session, cache, trunk)
    assert np.abs(np.array(write(branches)) - np.array(first)).max() < 1e-3


@pytest.mark.parametrize("n_kept", [0, 1, 5, 8])
def test_a_branch_goes_back_and_goes_on_while_the_others_stay(session, n_kept):
    trunk, branches = tokens(60), [tokens(8, seed=i + 1) for i in range(3)]
    cache = session.new_cache(200)
    prefill(session, cache, trunk)
    cache.fork(3)
    for depth in range(8):
        session.decode_branches(cache, {b: branches[b][depth] for b in range(3)})
    cache.rewind_branch(1, n_kept)
    assert cache.branches == [branches[0], branches[1][:n_kept], branches[2]]
    assert cache.n_used == 60 + 24, "its slots are stale until the branches go"
    session.decode_branches(cache, {1: 91})
    rows = session.decode_branches(cache, {2: 93, 1: 92}).copy()
    texts = [[*branches[2], 93], [*branches[1][:n_kept], 91, 92]]
    for row, text in zip(rows, texts, strict=True):
        alone = session.extend(session.new_cache(), trunk + text, n_rows=1)[0]
        assert np.abs(row - alone).max() < 1e-3
    cache.adopt(1)
    assert cache.token_ids == trunk + texts[1]
    alone = session.extend(session.new_cache(), [*trunk, *texts[1], 94], n_rows=1)[0].copy()
    assert np.abs(session.decode_step(cache, 94) - alone).max() < 1e-3


def test_branches_end_where_the_models_positions_do(session):
    cache = session.new_cache(1024 + 64)
    prefill(session, cache, tokens(1022))
    cache.fork(2)
    for token_id in (5, 6):
        session.decode_branches(cache, {0: token_id, 1: token_id + 10})
    with pytest.raises(ValueError, match="position 1024 lies beyond"):
        session.decode_branches(cache, {0: 7, 1: 8})
    assert cache.branches == [[5, 6], [15, 16]]


def test_int8_prefill_in_fixed_chunks_is_the_same_every_time(small_gpt2):
    session = small_gpt2.load(Precision.INT8)
    ids = tokens(300)
    first = prefill(session, session.new_cache(), ids)
    again = prefill(session, session.new_cache(), ids)
    assert np.array_equal(first, again)


@pytest.fixture(scope="module")
def starter(starter_home) -> tuple[ModelSession, list[int]]:
    """A network deep enough for small differences to grow, and tokens of prose."""
    model = ModelStore(user_paths({"WRITER_HOME": str(starter_home)}).models).get("starter")
    text = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")
    return ModelSession.load(model.graph(Precision.INT8), model.config), model.tokenizer().encode(text[:5000])


@pytest.mark.parametrize(
    ("length", "n_again"),
    [
        (300, 250),
        (300, 100),
        (300, 2),
        (300, 1),
        (129, 60),
        (257, 100),
    ],
)
def test_a_reused_int8_cache_does_not_move_the_logits(starter, length, n_again):
    """Which part was kept, and where the chunks ended, cannot be told from the logits: a seed replays exactly."""
    session, prose = starter
    ids = prose[:length]
    fresh = prefill(session, session.new_cache(), ids)
    cache = session.new_cache()
    prefill(session, cache, ids[:-n_again] + prose[1000:1050])
    assert np.array_equal(prefill(session, cache, ids), fresh)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    scores = logits.astype(np.float64)
    scores -= scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def test_how_far_single_steps_move_int8_logits(starter, capsys, record_property):
    """A step of one token adds up attention in another order than a chunk does. That is some 1e-6, but it tips
    roundings to bytes over, and thirty layers make more of it. It stays near what int8 costs anyway."""
    session, prose = starter
    ids = prose[:400]
    in_chunks = session.extend(session.new_cache(), ids, n_rows=200).copy()
    cache = session.new_cache()
    session.extend(cache, ids[:200], n_rows=1)
    in_steps = np.array([session.decode_step(cache, token_id).copy() for token_id in ids[200:]])

    moved = np.abs(in_chunks - in_steps).max(axis=1) / in_chunks.std(axis=1)
    chunks, steps = log_softmax(in_chunks), log_softmax(in_steps)
    divergence = (np.exp(chunks) * (chunks - steps)).sum(axis=1)
    changed = (chunks.argmax(axis=1) != steps.argmax(axis=1)).mean()
    figures = {
        "largest move of a logit, in standard deviations, mean": moved.mean(),
        "the same, at the worst of 200 places": moved.max(),
        "divergence, mean, in nats": divergence.mean(),
        "share of places where the likeliest token changed": changed,
    }
    with capsys.disabled():
        print("\nstarter at int8, read in steps of one token in place of chunks:", file=sys.stderr)
        for name, value in figures.items():
            record_property(name, float(value))
            print(f"  {name}: {value:.3f}", file=sys.stderr)
    assert moved.max() < 2
    assert divergence.mean() < 0.02


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
