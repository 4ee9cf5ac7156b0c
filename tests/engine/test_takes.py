"""Several takes as branches of one cache: each is what it would have been alone."""

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from tests.engine.reader import Reader
from writer.engine.config import GenerationConfig
from writer.engine.events import FinishReason, PrefillProgress
from writer.engine.generate import generate
from writer.engine.prompt import Prompt, healed_prompt, plain_prompt
from writer.engine.session import ModelSession
from writer.engine.steering import Steering
from writer.engine.takes import TakeEvent, TakeFinished, TakesFinished, generate_takes, take_seeds
from writer.engine.text_rules import Verdict
from writer.models.precision import Precision

TEXT = "The keeper climbed the stairs. She did not look back."


@pytest.fixture(scope="module", params=["small_gpt2", "small_llama"])
def session(request) -> ModelSession:
    return request.getfixturevalue(request.param).load(Precision.FP32)


@pytest.fixture(scope="module")
def prompt(gpt2_tokenizer) -> Prompt:
    return plain_prompt(TEXT, gpt2_tokenizer, 100)


def config(**settings: Any) -> GenerationConfig:
    return GenerationConfig(**{"max_new_tokens": 24, "seed": 11, "temperature": 0.8, "top_p": 1.0, **settings})


class Readers:
    def __init__(self, n: int) -> None:
        self.takes = [Reader() for _ in range(n)]
        self.seeds: dict[int, int] = {}
        self.last: Any = None

    def add(self, event: Any) -> None:
        assert not isinstance(self.last, TakesFinished), "it is the last event"
        self.last = event
        if isinstance(event, TakeEvent):
            assert self.takes[event.take].reason is None
            self.takes[event.take].add(event.event)
        elif isinstance(event, TakeFinished):
            assert event.take not in self.seeds
            self.takes[event.take].reason, self.seeds[event.take] = event.reason, event.seed
        elif isinstance(event, PrefillProgress):
            assert not any(reader.seen[1:] for reader in self.takes)


def takes(session, tokenizer, prompt, settings, n=3, cache=None, steering=Steering()):  # noqa: B008
    readers = Readers(n)
    for event in generate_takes(
        session, tokenizer, cache or session.new_cache(1024 * 3 // 2), prompt, settings, n, steering
    ):
        readers.add(event)
    assert isinstance(readers.last, TakesFinished)
    assert [*sorted(readers.seeds)] == [*range(n)]
    return readers


def alone(session, tokenizer, prompt, settings, steering=Steering()):  # noqa: B008
    return Reader.of(generate(session, tokenizer, session.new_cache(), prompt, settings, steering))


def assert_same(take: Reader, other: Reader) -> None:
    assert (take.token_ids, take.text, take.reason) == (other.token_ids, other.text, other.reason)
    assert [*dict.fromkeys(take.seen)] == [*dict.fromkeys(other.seen)]


def test_the_first_take_is_what_one_continuation_would_have_been(session, gpt2_tokenizer, prompt):
    greedy = config(temperature=0.0)
    found = takes(session, gpt2_tokenizer, prompt, greedy, 2).takes[0]
    assert_same(found, alone(session, gpt2_tokenizer, prompt, greedy))
    assert len(found.token_ids) == 24


def test_each_take_is_what_its_seed_would_have_written(session, gpt2_tokenizer, prompt):
    found = takes(session, gpt2_tokenizer, prompt, config(), 4)
    assert [found.seeds[take] for take in range(4)] == take_seeds(11, 4)
    for take, reader in enumerate(found.takes):
        own = config(seed=found.seeds[take])
        assert_same(reader, alone(session, gpt2_tokenizer, prompt, own))
    assert len({reader.text for reader in found.takes}) == 4
    assert found.last.statistics.new_tokens == 96
    assert found.last.statistics.seed == 11


def test_a_drawn_seed_is_told_and_repeats_the_takes(session, gpt2_tokenizer, prompt):
    first = takes(session, gpt2_tokenizer, prompt, config(seed=None), 2)
    again = takes(session, gpt2_tokenizer, prompt, config(seed=first.last.statistics.seed), 2)
    assert [reader.text for reader in first.takes] == [reader.text for reader in again.takes]


@pytest.mark.parametrize("n_words", [1, 5, 40])
def test_takes_that_go_back_equal_continuations_alone(n_words, session, gpt2_tokenizer, prompt):
    free = takes(session, gpt2_tokenizer, prompt, config(), 3).takes
    words = [
        word for words in zip(*(re.findall(r"\w+", reader.text) for reader in free), strict=False) for word in words
    ]
    banned = config(banned_words=tuple(words[:n_words]))
    found = takes(session, gpt2_tokenizer, prompt, banned, 3)
    assert any(reader.taken_back for reader in found.takes)
    for take, reader in enumerate(found.takes):
        own = dataclasses.replace(banned, seed=found.seeds[take])
        assert_same(reader, alone(session, gpt2_tokenizer, prompt, own))
        for word in words[:n_words]:
            assert not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", reader.text, re.IGNORECASE)


class EndsAtSeventhLetter:
    def look(self, text, n_safe, *, is_over):
        return Verdict(7, end=7) if len(text) > 7 and sum(map(ord, text[:7])) % 2 else Verdict(min(7, len(text)))


class Fourth:
    """A stand-in for a guard: every fourth token of an even number is a loop."""

    def look(self, token_ids, entropies):
        return len(token_ids) - 3 if len(token_ids) >= 4 and not token_ids[-1] % 4 else None


def test_takes_end_each_for_itself(session, gpt2_tokenizer, prompt):
    steering = Steering((EndsAtSeventhLetter(),), Fourth())
    found = takes(session, gpt2_tokenizer, prompt, config(), 6, steering=steering)
    for take, reader in enumerate(found.takes):
        assert_same(reader, alone(session, gpt2_tokenizer, prompt, config(seed=found.seeds[take]), steering))
    assert len({reader.reason for reader in found.takes}) > 1
    assert any(event.is_loop for reader in found.takes for event in reader.taken_back)


def test_takes_go_on_in_the_middle_of_a_word(session, gpt2_tokenizer):
    healed = healed_prompt(gpt2_tokenizer.encode("The keeper climbed the sta"), gpt2_tokenizer, 50256)
    assert healed.typed == b" sta"
    for take, reader in enumerate(takes(session, gpt2_tokenizer, healed, config(), 3).takes):
        assert_same(reader, alone(session, gpt2_tokenizer, healed, config(seed=take_seeds(11, 3)[take])))
        assert gpt2_tokenizer.decode(reader.token_ids).startswith(" sta")


def test_the_cache_is_whole_after_closing_at_any_event(session, gpt2_tokenizer, prompt):
    cache = session.new_cache(1200)
    expected = session.extend(session.new_cache(), [*prompt.token_ids, 7], n_rows=1)[0].copy()
    banned = config(max_new_tokens=6, banned_words=tuple(re.findall(r"\w+", takes(
        session, gpt2_tokenizer, prompt, config(max_new_tokens=6), 2).takes[1].text)[:2]))  # fmt: skip
    n_events = sum(1 for _ in generate_takes(session, gpt2_tokenizer, cache, prompt, banned, 2))
    for n in range(1, n_events + 1):
        events = generate_takes(session, gpt2_tokenizer, cache, prompt, banned, 2)
        for _ in range(n):
            next(events)
        events.close()
        assert cache.branches == []
        assert cache.n_used == len(cache.token_ids)
        assert cache.token_ids == list(prompt.token_ids)[: len(cache.token_ids)]
        if n > 3:
            assert cache.token_ids == list(prompt.token_ids)
            assert np.abs(session.decode_step(cache, 7) - expected).max() < 1e-3


def test_the_prompt_stays_in_the_cache_for_the_next_takes(session, gpt2_tokenizer, prompt):
    cache = session.new_cache(1200)
    first = takes(session, gpt2_tokenizer, prompt, config(), 3, cache)
    again = takes(session, gpt2_tokenizer, prompt, config(), 3, cache)
    assert cache.token_ids == list(prompt.token_ids)
    assert again.last.statistics.reused_tokens == len(prompt.token_ids) - 2
    assert [reader.text for reader in first.takes] == [reader.text for reader in again.takes]


@pytest.mark.parametrize("n_free", [0, 1, 9])
def test_takes_end_where_the_window_does(n_free, small_gpt2, gpt2_tokenizer):
    session = small_gpt2.load(Precision.FP32)
    full = Prompt(tuple(gpt2_tokenizer.encode("A word. " * 600)[: 1024 - n_free]))
    found = takes(session, gpt2_tokenizer, full, config(), 2)
    assert [len(reader.token_ids) for reader in found.takes] == [max(1, n_free)] * 2
    assert {reader.reason for reader in found.takes} == {FinishReason.LENGTH}


class HoldsThreeLetters:
    def look(self, text, n_safe, *, is_over):
        return Verdict(len(text) if is_over else max(0, len(text) - 3))


def test_slots_used_up_by_going_back_end_a_take_without_a_broken_rest(small_gpt2, gpt2_tokenizer, prompt):
    session = small_gpt2.load(Precision.FP32)
    n_prompt, n_given_up = len(prompt.token_ids), 0
    steering = Steering((HoldsThreeLetters(),), Fourth())
    for n_free in range(10, 22, 3):
        cache = session.new_cache(n_prompt + n_free)
        found = takes(session, gpt2_tokenizer, prompt, config(), 3, cache, steering)
        for reader in found.takes:
            room = n_free // 3
            if len(reader.token_ids) < room and reader.reason is FinishReason.LENGTH:
                n_given_up += 1
            assert len(reader.token_ids) <= room
            assert gpt2_tokenizer.decode(reader.token_ids).replace("\N{REPLACEMENT CHARACTER}", "") == reader.text
        assert cache.n_used == n_prompt
    assert n_given_up
