"""The generation loop: prefill -> (draw, look, decode) again and again. Read this first.

`generate()` is a generator of events. It runs on whichever thread iterates it; closing it between two events
is how it is cancelled, and leaves the cache holding exactly the tokens it says it holds.
"""

import secrets
import time
from collections.abc import Iterator

from writer.engine.config import GenerationConfig
from writer.engine.continuation import Continuation
from writer.engine.events import Finished, GenerationEvent, GenerationStatistics
from writer.engine.kv_cache import KVCache
from writer.engine.prompt import Prompt, plain_prompt
from writer.engine.session import ModelSession
from writer.engine.steering import Steering
from writer.engine.tokenizer import Tokenizer
from writer.engine.window import cut_tokens
from writer.errors import WriterError

# When the window is cut, at least this share of it is left free to write into.
_FREE_SHARE = 4


def reserve_tokens(n_ctx: int, max_new_tokens: int) -> int:
    """How much of a window of `n_ctx` tokens is kept free for what is written."""
    return min(max_new_tokens, n_ctx // _FREE_SHARE)


def generate(
    session: ModelSession,
    tokenizer: Tokenizer,
    cache: KVCache,
    prompt: Prompt | str,
    config: GenerationConfig,
    steering: Steering = Steering(),  # noqa: B008 - frozen
) -> Iterator[GenerationEvent]:
    """Continue `prompt`. Yields PrefillProgress, then Tokens and what is taken back of them, and last exactly one
    Finished.

    A text is taken as it stands, except for one space at its end: it is left to the model, whose words begin with one.
    Raises WriterError for an empty prompt or when the model returns numbers that are no probabilities.

    Every token that stands is one Token event, an end of text included. A character that is incomplete when the length
    is reached is left out.
    """
    n_ctx = session.config.n_ctx
    reserve = reserve_tokens(n_ctx, config.max_new_tokens)
    if isinstance(prompt, str):
        if not prompt.strip():
            raise WriterError("There is nothing to continue yet.", "Write a sentence or two first.")
        prompt = plain_prompt(prompt, tokenizer, n_ctx - reserve)
    seed = secrets.randbits(63) if config.seed is None else config.seed
    writing = Continuation(prompt, config, tokenizer, session.config.eos_token_ids, seed, steering)

    began = time.perf_counter()
    reading = session.prefill(cache, prompt.token_ids)
    begun = next(reading)
    yield begun
    logits = yield from reading
    prefilled = time.perf_counter()

    base = list(prompt.token_ids)  # what stands in the cache before `drawn[n_cut:]`
    n_cut = 0
    while True:
        n_drawn = len(writing.drawn)
        step = writing.draw(logits)
        if step.taken_back is not None:
            yield step.taken_back
        if step.token is not None:
            yield step.token
        if step.reason is not None:
            break
        n_kept = len(writing.drawn)
        if n_kept == n_drawn:  # another token is to be drawn from the same scores
            continue
        if n_kept < n_drawn:  # something was taken back
            if n_kept < n_cut:
                base, n_cut = list(prompt.token_ids), 0
            wanted = [*base, *writing.drawn[n_cut:]]
            logits = yield from session.prefill(cache, wanted[-n_ctx:])
        elif len(cache.token_ids) == n_ctx:
            base = cut_tokens([*base, *writing.drawn[n_cut:]][-n_ctx:], tokenizer.token_bytes, n_ctx - reserve)
            n_cut = n_kept
            logits = yield from session.prefill(cache, base)
        else:
            logits = session.decode_step(cache, writing.drawn[-1])
    yield Finished(
        step.reason,
        GenerationStatistics(
            prompt_tokens=len(prompt.token_ids),
            reused_tokens=begun.reused_tokens,
            new_tokens=len(writing.drawn),
            prefill_s=prefilled - began,
            decode_s=time.perf_counter() - prefilled,
            seed=seed,
            window_start_char=prompt.start_char,
        ),
    )
