"""Loops are caught early, and nothing that writers write is taken for one."""

import itertools
import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.reader import Reader, read
from writer.assist.loop_guard import LoopGuard, find_loop
from writer.engine.config import GenerationConfig
from writer.engine.continuation import Continuation
from writer.engine.events import FinishReason
from writer.engine.generate import generate
from writer.engine.prompt import plain_prompt
from writer.engine.steering import Steering
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

SURE, UNSURE = 0.1, 4.0  # nats
NOVELS = ("gate/alice.txt", "calibration/pride-and-prejudice.txt")


@pytest.fixture(scope="module")
def gpt2_tokenizer() -> Tokenizer:
    files = resources_dir() / "gpt2-tokenizer"
    return Tokenizer(TokenizerSpec.from_gpt2_files(files / "vocab.json", files / "merges.txt"))


def starter_tokenizer(starter_home) -> Tokenizer:
    return ModelStore(user_paths({"WRITER_HOME": str(starter_home)}).models).get("starter").tokenizer()


def first_alarm(token_ids: Sequence[int], entropy: float) -> tuple[int, int] | None:
    """(tokens written, tokens that were good) when a loop is first seen."""
    for n in range(1, len(token_ids) + 1):
        n_good = find_loop(token_ids[:n], [entropy] * n)
        if n_good is not None:
            return n, n_good
    return None


@pytest.mark.parametrize("period", range(1, 65))
def test_every_exact_loop_is_caught_early_and_its_first_round_is_kept(period: int) -> None:
    before = [*range(1000, 1030)]
    alarm = first_alarm([*before, *list(range(period)) * 20], UNSURE)
    assert alarm is not None
    n_written, n_good = alarm
    assert n_good == 30 + period
    assert n_written - 30 <= max(12 + period, 3.34 * period + 3)


@pytest.mark.parametrize("period", range(33, 65))
def test_a_long_loop_is_caught_sooner_when_the_model_is_sure(period: int) -> None:
    alarm = first_alarm([*range(1000, 1030), *list(range(period)) * 20], SURE)
    assert alarm is not None
    assert alarm[0] - 30 <= period + 72
    assert alarm[1] == 30 + period


@given(
    before=st.integers(0, 100),
    period=st.integers(1, 32),
    after=st.lists(st.integers(2000, 2400), unique=True, max_size=90),
    entropy=st.sampled_from([SURE, UNSURE]),
)
def test_a_refrain_of_three_is_no_loop(before: int, period: int, after: list[int], entropy: float) -> None:
    refrain = list(range(period))
    text = [*range(1000, 1000 + before), *refrain * 3, *refrain[: min(2, period - 1)], *after]
    assert first_alarm(text, entropy) is None


@pytest.mark.parametrize(
    "text",
    [
        "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream.",
        "Never, never, never, never, never! Pray you undo this button.",  # King Lear
        "Tomorrow, and tomorrow, and tomorrow, creeps in this petty pace from day to day.",  # Macbeth
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
        "it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of "
        "Darkness, it was the spring of hope, it was the winter of despair.",  # A Tale of Two Cities
        "Nevermore.\n\nNevermore.\n\nNevermore.\n\nHe closed the door.",
        "* * * * *\n\n* * *",
        "“Ha, ha, ha, ha, ha!” he laughed. “Ha, ha!”",
    ],
)
def test_what_writers_repeat_is_no_loop(text: str, gpt2_tokenizer: Tokenizer, starter_home) -> None:
    for tokenizer in (gpt2_tokenizer, starter_tokenizer(starter_home)):
        assert first_alarm(tokenizer.encode(text), SURE) is None


def test_phrases_in_turn_are_a_loop_only_when_the_model_is_sure_of_them(gpt2_tokenizer: Tokenizer) -> None:
    """As a small model wrote it: the speaker changes, and nothing else."""
    speech = '"I am glad to hear that you are not so cruel as to be so to your own daughter," continued {} Bennet.\n\n'
    opening = "They sat down at once. "
    text = opening + "".join(speech.format(who) for who in ("Mr.", "Mrs.", "the elder", "Mrs.", "Mr.", "old", "Mr."))
    ids = gpt2_tokenizer.encode(text)
    alarm = first_alarm(ids, SURE)
    assert alarm is not None
    n_written, n_good = alarm
    assert gpt2_tokenizer.decode(ids[:n_good]).count("I am glad") == 1
    assert gpt2_tokenizer.decode(ids[:n_written]).count("I am glad") <= 5
    assert first_alarm(ids, UNSURE) is None


def assert_no_alarm(text: str, tokenizer: Tokenizer, step: int) -> None:
    """As if a model had written the whole novel and been sure of every word."""
    ids = tokenizer.encode(text)
    sure = [0.0] * len(ids)
    for end in range(1, len(ids) + 1, step):
        begin = max(0, end - 300)
        assert find_loop(ids[begin:end], sure[begin:end]) is None, tokenizer.decode(ids[end - 80 : end])


@pytest.mark.parametrize("novel", NOVELS)
def test_a_novel_has_no_loops(novel: str, gpt2_tokenizer: Tokenizer) -> None:
    assert_no_alarm((resources_dir() / novel).read_text(encoding="utf-8"), gpt2_tokenizer, 11)


@pytest.mark.long
@pytest.mark.parametrize("novel", NOVELS)
def test_a_novel_has_no_loops_wherever_it_stops(novel: str, gpt2_tokenizer: Tokenizer, starter_home) -> None:
    lines = (resources_dir() / novel).read_text(encoding="utf-8")
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in lines.split("\n\n"))
    for tokenizer in (gpt2_tokenizer, starter_tokenizer(starter_home)):
        assert_no_alarm(text, tokenizer, 1)


@pytest.fixture(scope="module")
def starter(starter_home) -> LoadedModel:
    return LoadedModel.load(ModelStore(user_paths({"WRITER_HOME": str(starter_home)}).models).get("starter"))


def test_no_model_is_as_sure_of_a_novel_as_of_a_loop(starter: LoadedModel) -> None:
    ids = starter.tokenizer.encode((resources_dir() / NOVELS[0]).read_text(encoding="utf-8")[60_000:62_000])
    rows = starter.session.extend(starter.session.new_cache(), ids, n_rows=len(ids)).astype(np.float64)
    rows -= rows.max(axis=1, keepdims=True)
    weights = np.exp(rows)
    total = weights.sum(axis=1)
    entropies = (np.log(total) - (weights * rows).sum(axis=1) / total)[:-1]
    means = np.convolve(entropies, np.ones(72) / 72, "valid")
    assert means.min() > 1.5
    assert all(find_loop(ids[1 : n + 1], entropies[:n].tolist()) is None for n in range(1, len(entropies), 3))


def test_a_loop_of_the_starter_is_left_and_the_text_goes_on(starter: LoadedModel) -> None:
    config = GenerationConfig(temperature=0.0, max_new_tokens=70)
    prompt = "Once more she said it. She was very tired, and she was very tired, and she"

    def write(steering: Steering) -> Reader:
        return Reader.of(generate(starter.session, starter.tokenizer, starter.cache, prompt, config, steering))

    repeated = re.compile(r"(.{12,}?)\1\1\1", re.DOTALL)
    assert repeated.search(write(Steering()).text)
    reader = write(Steering(watch=LoopGuard()))
    loops = [event for event in reader.taken_back if event.is_loop]
    assert loops
    assert all(event.text for event in loops)
    assert not repeated.search(reader.text)
    assert len(reader.text) > 60


def test_a_word_that_is_wanted_above_all_ends_the_text_at_last(gpt2_tokenizer: Tokenizer) -> None:
    config = GenerationConfig(temperature=0.0, max_new_tokens=200)
    prompt = plain_prompt("Said he:", gpt2_tokenizer, 100)
    writing = Continuation(prompt, config, gpt2_tokenizer, (50256,), 1, Steering(watch=LoopGuard()))
    scores = np.zeros(gpt2_tokenizer.n_vocab, np.float32)
    scores[gpt2_tokenizer.encode(" no yes but so")] = 9999, 4, 3, 2
    reader = read(writing, itertools.repeat(scores, 300))
    assert reader.reason is FinishReason.LOOP
    assert [event.is_loop for event in reader.taken_back] == [True] * 4
    assert reader.text == " no yes no yes no but no"
    assert not any(" no" * 13 in seen for seen in reader.seen)
