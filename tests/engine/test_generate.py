"""The generation loop on small real models."""

import itertools
import re

import numpy as np
import pytest

from tests.engine.reader import Reader
from tests.engine.reading import prefill
from writer.engine.config import GenerationConfig
from writer.engine.events import Finished, FinishReason, PrefillProgress, TakenBack, Token
from writer.engine.generate import generate
from writer.engine.prompt import Prompt, plain_prompt
from writer.engine.steering import Steering
from writer.engine.tokenizer import Tokenizer
from writer.errors import UsageError, WriterError
from writer.models.loaded import LoadedModel
from writer.models.precision import Precision
from writer.models.store import ModelStore
from writer.paths import user_paths

PROMPT = "The keeper climbed the stairs. She did not look back."
FORESTS = "Tyger Tyger, burning bright,\nIn the forests"


@pytest.fixture(scope="module")
def session(small_gpt2):
    return small_gpt2.load(Precision.INT8)


def run(session, tokenizer, prompt=PROMPT, cache=None, **settings):
    config = GenerationConfig(**{"max_new_tokens": 30, "seed": 7, **settings})
    return list(generate(session, tokenizer, cache or session.new_cache(), prompt, config))


def text_of(events):
    return Reader.of(events).text


@pytest.fixture(scope="module")
def poet(poem_home) -> LoadedModel:
    return LoadedModel.load(ModelStore(user_paths({"WRITER_HOME": str(poem_home)}).models).get("poem"))


def recite(poet, prompt="Tyger Tyger, burning", steering=Steering(), **settings):  # noqa: B008
    config = GenerationConfig(**{"max_new_tokens": 40, "temperature": 0.0, **settings})
    return list(generate(poet.session, poet.tokenizer, poet.cache, prompt, config, steering))


def test_events_come_in_order_and_end_exactly_once(session, gpt2_tokenizer):
    events = run(session, gpt2_tokenizer)
    kinds = [type(event) for event in events]
    first_token = kinds.index(Token)
    assert set(kinds[:first_token]) == {PrefillProgress}
    assert kinds.count(Finished) == 1
    assert kinds[-1] is Finished
    statistics = events[-1].statistics
    assert events[-1].reason is FinishReason.LENGTH
    assert statistics.new_tokens == 30
    assert statistics.prompt_tokens == len(gpt2_tokenizer.encode(PROMPT))


def test_same_seed_same_text_and_another_seed_another(session, gpt2_tokenizer):
    assert text_of(run(session, gpt2_tokenizer)) == text_of(run(session, gpt2_tokenizer))
    assert text_of(run(session, gpt2_tokenizer)) != text_of(run(session, gpt2_tokenizer, seed=8))


def test_the_seed_drawn_is_reported_and_repeats_the_text(session, gpt2_tokenizer):
    events = run(session, gpt2_tokenizer, seed=None)
    again = run(session, gpt2_tokenizer, seed=events[-1].statistics.seed)
    assert text_of(events) == text_of(again)


def test_tokens_decode_to_the_text_and_logprobs_are_the_models_own(session, gpt2_tokenizer):
    events = run(session, gpt2_tokenizer, temperature=0, n_alternatives=3)
    tokens = [event for event in events if isinstance(event, Token)]
    assert len(tokens) == events[-1].statistics.new_tokens == 30
    # A random model draws parts of characters too: they are left out of the text (see the detokenizer's tests).
    whole = gpt2_tokenizer.decode(token.token_id for token in tokens)
    assert text_of(events) == whole.replace("\N{REPLACEMENT CHARACTER}", "")
    for token in tokens:
        assert token.alternatives[0].token_id == token.token_id
        assert token.alternatives[0].logprob == pytest.approx(token.logprob)
        assert token.logprob <= 0


def test_a_stop_string_ends_the_text_and_is_left_out(session, gpt2_tokenizer):
    whole = text_of(run(session, gpt2_tokenizer))
    stop = whole[20:24]
    events = run(session, gpt2_tokenizer, stop_strings=(stop,))
    assert events[-1].reason is FinishReason.STOP_STRING
    assert text_of(events) == whole[: whole.index(stop)]


def test_closing_leaves_a_cache_that_can_be_used_again(session, gpt2_tokenizer):
    cache = session.new_cache()
    events = generate(session, gpt2_tokenizer, cache, PROMPT, GenerationConfig(max_new_tokens=30, seed=7))
    for event in events:
        if isinstance(event, Token):
            break
    events.close()
    assert text_of(run(session, gpt2_tokenizer, cache=cache)) == text_of(run(session, gpt2_tokenizer))


def test_writing_goes_on_beyond_the_window(session, gpt2_tokenizer):
    events = run(session, gpt2_tokenizer, prompt="A word. " * 300, max_new_tokens=1500)
    assert events[-1].statistics.new_tokens == 1500
    drawn = b"".join(gpt2_tokenizer.token_bytes(event.token_id) for event in events if isinstance(event, Token))
    # The space is the prompt's last character, and chance also draws bytes that are no characters.
    assert text_of(events) == drawn.decode("utf-8", "ignore").removeprefix(" ")
    cuts = [event for event in events if isinstance(event, PrefillProgress) and event.done_tokens == event.total_tokens]
    assert 2 <= len(cuts) <= 5  # the first reading, and one large cut each time the window was full


class OneByteTokens(Tokenizer):
    """Every token is one byte, so that a text drawn at random is full of characters that never get whole."""

    def token_bytes(self, token_id):
        return bytes([token_id % 256])


def test_no_broken_character_is_ever_shown(session, gpt2_tokenizer):
    tokenizer = OneByteTokens(gpt2_tokenizer.spec)
    for seed in range(12):
        events = run(session, tokenizer, seed=seed, max_new_tokens=12, temperature=1.5)
        drawn = bytes(event.token_id % 256 for event in events if isinstance(event, Token))
        assert text_of(events) == drawn.decode("utf-8", "ignore")
        assert len(drawn) == 12


def test_what_a_stop_string_held_back_comes_with_the_last_token(session, gpt2_tokenizer):
    whole = text_of(run(session, gpt2_tokenizer))
    events = run(session, gpt2_tokenizer, stop_strings=(whole[-3:] + "never",))
    assert text_of(events) == whole
    assert sum(isinstance(event, Token) for event in events) == 30


def test_a_prompt_of_a_million_characters_is_cut(session, gpt2_tokenizer):
    events = run(session, gpt2_tokenizer, prompt="The tide came in. " * 56_000)
    assert events[-1].statistics.window_start_char > 990_000


def test_a_space_at_the_end_is_not_doubled(session, gpt2_tokenizer):
    for seed in range(5):
        assert not text_of(run(session, gpt2_tokenizer, prompt=PROMPT + " ", seed=seed)).startswith(" ")


@pytest.mark.parametrize("prompt", ["", "  \n "])
def test_an_empty_prompt_is_refused(session, gpt2_tokenizer, prompt):
    with pytest.raises(WriterError, match="nothing to continue"):
        run(session, gpt2_tokenizer, prompt=prompt)


@pytest.mark.parametrize("phrase", ["forests", "THE FORESTS", "the night", "in the forests of", "immortal hand or eye"])
def test_a_poem_known_by_heart_goes_round_a_banned_phrase(phrase, poet, poem):
    assert phrase.lower() in Reader.of(recite(poet)).text.lower()
    reader = Reader.of(recite(poet, banned_words=(phrase,)))
    assert len(reader.text) > 60
    assert reader.taken_back
    assert not any(phrase.lower() in seen.lower() for seen in reader.seen)
    assert all(event.text == "" for event in reader.taken_back), "nothing of it flashes"


def test_words_that_only_contain_a_banned_one_are_written(poet):
    assert text_of(recite(poet, banned_words=("forest", "night bright", "burn"))) == text_of(recite(poet))


def test_a_banned_phrase_that_begins_in_the_prompt(poet):
    reader = Reader.of(recite(poet, FORESTS, banned_words=("forests of the night",), max_new_tokens=8))
    assert not any(("forests" + seen).startswith("forests of the night") for seen in reader.seen)
    assert text_of(recite(poet, FORESTS, max_new_tokens=8)).startswith(" of the night")


def test_word_after_word_is_banned_until_hardly_any_is_left(session, gpt2_tokenizer):
    """What a random network writes is full of words in pieces and of broken characters."""
    banned: list[str] = []
    for seed in range(6):
        reader = Reader.of(run(session, gpt2_tokenizer, seed=seed, banned_words=tuple(banned), temperature=0.7))
        assert reader.reason is FinishReason.LENGTH
        assert len(reader.token_ids) == 30
        for phrase in banned:
            whole_word = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE)
            assert not any(whole_word.search(seen) for seen in reader.seen[-1:])
        assert all(event.text == "" for event in reader.taken_back)
        words = re.findall(r"\w+", reader.text)
        banned += [*words[::2], *(f"{one} {other}" for one, other in zip(words[1::6], words[2::6], strict=False))][:12]
    assert len(banned) > 40


def test_the_cache_holds_what_stands_when_closed_at_any_event(session, gpt2_tokenizer):
    whole = text_of(run(session, gpt2_tokenizer))
    words = tuple(re.findall(r"\w+", whole)[:4])
    config = GenerationConfig(max_new_tokens=30, seed=7, banned_words=words)
    prompt = plain_prompt(PROMPT, gpt2_tokenizer, 100)
    cache, n_events = session.new_cache(), len(run(session, gpt2_tokenizer, banned_words=words))
    assert any(isinstance(event, TakenBack) for event in run(session, gpt2_tokenizer, banned_words=words))
    for n in range(1, n_events, 8):
        reader, events = Reader(), generate(session, gpt2_tokenizer, cache, prompt, config)
        for _ in range(n):
            reader.add(next(events))
        events.close()
        standing = [*prompt.token_ids, *reader.token_ids]
        assert cache.token_ids[: len(standing)] == standing[: len(cache.token_ids)]
        expected = session.extend(session.new_cache(), [*cache.token_ids, 11], n_rows=1)[0].copy()
        assert np.abs(session.decode_step(cache, 11) - expected).max() < 0.5  # int8 rounds otherwise step by step
        assert text_of(run(session, gpt2_tokenizer, cache=cache)) == whole


class Fourfold:
    """A stand-in for a guard: the same token four times in a row is a loop."""

    def look(self, token_ids, entropies):
        return len(token_ids) - 3 if len(token_ids) > 3 and len({*token_ids[-4:]}) == 1 else None


def test_a_loop_is_left_and_the_text_goes_on(small_gpt2, gpt2_tokenizer):
    """A word that is wanted before all others is written over and over, until somebody watches."""
    session = small_gpt2.load(Precision.FP32)
    settings = {"temperature": 0.0, "max_new_tokens": 24, "logit_bias": (("sea", 9.0),)}
    assert " sea sea sea sea sea" in text_of(run(session, gpt2_tokenizer, **settings))
    config = GenerationConfig(seed=7, **settings)
    cache = session.new_cache()
    events = list(generate(session, gpt2_tokenizer, cache, PROMPT, config, Steering(watch=Fourfold())))
    reader = Reader.of(events)
    assert any(event.is_loop for event in reader.taken_back)
    assert " sea sea sea sea" not in reader.text
    assert events[-1].statistics.new_tokens == len(reader.token_ids)
    # What stands in the cache is what stands on the page, whatever was taken back between.
    standing = [*gpt2_tokenizer.encode(PROMPT), *reader.token_ids]
    assert cache.token_ids[: len(standing)] == standing[: len(cache.token_ids)]
    fresh = prefill(session, session.new_cache(), [*cache.token_ids, 11])
    assert np.abs(session.decode_step(cache, 11) - fresh).max() < 1e-3


class OnceFromTheFifteenth:
    """Goes back from the 25th token to the 15th while the one there is the first that was drawn."""

    def __init__(self, fifteenth):
        self._fifteenth = fifteenth

    def look(self, token_ids, entropies):
        return 15 if len(token_ids) == 25 and token_ids[15] == self._fifteenth else None


def test_going_back_beyond_where_the_window_was_cut(session, gpt2_tokenizer):
    prompt = Prompt(tuple(gpt2_tokenizer.encode("A word. " * 600)[: session.config.n_ctx - 20]))
    config = GenerationConfig(max_new_tokens=30, seed=5, temperature=0.7)
    cache = session.new_cache()
    whole = Reader.of(generate(session, gpt2_tokenizer, cache, prompt, config))
    assert len(cache.token_ids) < session.config.n_ctx - 20, "the window was cut"
    steering = Steering(watch=OnceFromTheFifteenth(whole.token_ids[15]))
    for n_events in (30, 45, 100):
        events = generate(session, gpt2_tokenizer, cache, prompt, config, steering)
        reader = Reader.of(itertools.islice(events, n_events))
        standing = [*prompt.token_ids, *reader.token_ids]
        n = len(cache.token_ids)
        read = [standing[i : i + n] for i in range(len(standing) - n + 1)]
        assert cache.token_ids in read
    (taken,) = reader.taken_back
    assert taken.n_tokens == 9, "and the 25th had not been given out"
    assert reader.token_ids[:15] == whole.token_ids[:15]
    assert reader.token_ids[15] != whole.token_ids[15]
    assert len(reader.token_ids) == 30


def test_values_out_of_bounds_are_refused():
    with pytest.raises(UsageError, match="top_p must be between 0 and 1, not 7"):
        GenerationConfig(top_p=7)
