"""The generation loop on small real models."""

import pytest

from writer.engine.config import GenerationConfig
from writer.engine.events import Finished, FinishReason, PrefillProgress, Token
from writer.engine.generate import generate
from writer.engine.tokenizer import Tokenizer
from writer.errors import UsageError, WriterError
from writer.models.precision import Precision

PROMPT = "The keeper climbed the stairs. She did not look back."


@pytest.fixture(scope="module")
def session(small_gpt2):
    return small_gpt2.load(Precision.INT8)


def run(session, tokenizer, prompt=PROMPT, cache=None, **settings):
    config = GenerationConfig(**{"max_new_tokens": 30, "seed": 7, **settings})
    return list(generate(session, tokenizer, cache or session.new_cache(), prompt, config))


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, Token))


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
    assert "\ufffd" not in text_of(events)
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


def test_values_out_of_bounds_are_refused():
    with pytest.raises(UsageError, match="top_p must be between 0 and 1, not 7"):
        GenerationConfig(top_p=7)
