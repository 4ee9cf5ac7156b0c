"""The generation loop: window -> prefill -> (draw, check stops, decode) again and again. Read this first.

`generate()` is a generator of events. It runs on whichever thread iterates it; closing it between two events
is how it is cancelled, and leaves the cache holding exactly the tokens it says it holds.
"""

import secrets
import time
from collections.abc import Iterator

import numpy as np

from writer.engine.config import GenerationConfig
from writer.engine.events import (
    Alternative,
    Finished,
    FinishReason,
    GenerationEvent,
    GenerationStatistics,
    Token,
)
from writer.engine.kv_cache import KVCache
from writer.engine.sampler import SamplerChain
from writer.engine.session import Logits, ModelSession
from writer.engine.stopping_criteria import StopStrings
from writer.engine.tokenizer import StreamingDetokenizer, Tokenizer
from writer.engine.window import cut_tokens, fit_window
from writer.errors import WriterError

# When the window is cut, at least this share of it is left free to write into.
_FREE_SHARE = 4


def generate(
    session: ModelSession, tokenizer: Tokenizer, cache: KVCache, prompt: str, config: GenerationConfig
) -> Iterator[GenerationEvent]:
    """Continue `prompt`. Yields PrefillProgress, then Tokens, and last exactly one Finished.

    One space at the end of the prompt is left to the model: its words begin with their space, so the first
    word is drawn from those and written without it. Raises WriterError for an empty prompt or when the
    model returns numbers that are no probabilities.

    Every token drawn is one Token event, an end of text included. A character that is incomplete when the length
    is reached is left out.
    """
    if not prompt.strip():
        raise WriterError("There is nothing to continue yet.", "Write a sentence or two first.")
    n_ctx = session.config.n_ctx
    reserve = min(config.max_new_tokens, n_ctx // _FREE_SHARE)
    ends_in_space = prompt.endswith(" ") and not prompt[:-1].endswith((" ", "\n"))
    text = prompt[:-1] if ends_in_space else prompt
    window = fit_window(text, tokenizer.encode, n_ctx - reserve)
    seed = secrets.randbits(63) if config.seed is None else config.seed
    chain = SamplerChain.from_config(
        config,
        n_prompt_tokens=len(window.token_ids),
        eos_token_ids=session.config.eos_token_ids,
        encode=tokenizer.encode,
        seed=seed,
    )
    detokenizer = StreamingDetokenizer(tokenizer)
    stops = StopStrings(config.stop_strings)
    space_to_drop = ends_in_space

    began = time.perf_counter()
    reading = session.prefill(cache, window.token_ids)
    begun = next(reading)
    yield begun
    logits = yield from reading
    prefilled = time.perf_counter()

    token_ids = list(window.token_ids)  # everything the sampler's penalties look back on
    n_new = 0
    reason = FinishReason.LENGTH
    while n_new < config.max_new_tokens:
        scores = _starting_with_space(logits, tokenizer) if ends_in_space and n_new == 0 else logits.copy()
        token_id = chain.sample(token_ids, scores)
        chain.accept(token_id)
        n_new += 1
        is_end = token_id in session.config.eos_token_ids
        piece = "" if is_end else detokenizer.add(token_id)
        if space_to_drop and piece:
            piece, space_to_drop = piece.removeprefix(" "), False
        piece, stopped = stops.add(piece)
        if not stopped and (is_end or n_new == config.max_new_tokens):
            piece += stops.finish()
        logprob, alternatives = _report(logits, token_id, tokenizer, config.n_alternatives)
        yield Token(piece, token_id, logprob, alternatives)
        if stopped:
            reason = FinishReason.STOP_STRING
            break
        if is_end:
            reason = FinishReason.END_OF_TEXT
            break
        if n_new == config.max_new_tokens:
            break
        token_ids.append(token_id)
        if len(cache.token_ids) == n_ctx:
            kept = cut_tokens(token_ids[-n_ctx:], tokenizer.token_bytes, n_ctx - reserve)
            logits = yield from session.prefill(cache, kept)
        else:
            logits = session.decode_step(cache, token_id)
    yield Finished(
        reason,
        GenerationStatistics(
            prompt_tokens=len(window.token_ids),
            reused_tokens=begun.reused_tokens,
            new_tokens=n_new,
            prefill_s=prefilled - began,
            decode_s=time.perf_counter() - prefilled,
            seed=seed,
            window_start_char=window.start,
        ),
    )


def _starting_with_space(logits: Logits, tokenizer: Tokenizer) -> Logits:
    """A copy in which only tokens that begin with a space, and more than a space, can be drawn."""
    allowed = tokenizer.word_start_ids()
    scores = np.full_like(logits, -np.inf)
    scores[allowed] = logits[allowed]
    return scores


def _report(
    logits: Logits, token_id: int, tokenizer: Tokenizer, n_alternatives: int
) -> tuple[float, tuple[Alternative, ...]]:
    """The model's own log-probability of the token, and of its likeliest rivals."""
    largest = float(logits.max())
    log_total = largest + float(np.log(np.exp(logits - largest).sum()))
    if not n_alternatives:
        return float(logits[token_id]) - log_total, ()
    top = np.argpartition(logits, -n_alternatives)[-n_alternatives:]
    top = top[np.argsort(-logits[top], kind="stable")]
    alternatives = tuple(Alternative(int(i), tokenizer.decode([int(i)]), float(logits[i]) - log_total) for i in top)
    return float(logits[token_id]) - log_total, alternatives
