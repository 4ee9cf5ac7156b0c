"""Several continuations of one place at once: branches of one cache, which share what stands before them.

A step feeds one token of each to the model as one sequence, which costs little more than one token alone.
"""

import dataclasses
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass

from writer.engine.config import GenerationConfig
from writer.engine.continuation import Continuation
from writer.engine.events import FinishReason, GenerationEvent, GenerationStatistics, PrefillProgress
from writer.engine.kv_cache import KVCache
from writer.engine.prompt import Prompt
from writer.engine.session import ModelSession
from writer.engine.steering import Steering
from writer.engine.tokenizer import Tokenizer


@dataclass(frozen=True)
class TakeEvent:
    """`event` (Token or TakenBack) is of the take with that number, from 0."""

    take: int
    event: GenerationEvent


@dataclass(frozen=True)
class TakeFinished:
    """Once for each take. `seed` is the one that its words were drawn with."""

    take: int
    reason: FinishReason
    seed: int


@dataclass(frozen=True)
class TakesFinished:
    """Always the last event. `new_tokens` are those of all takes."""

    statistics: GenerationStatistics


TakesEvent = PrefillProgress | TakeEvent | TakeFinished | TakesFinished


def take_seeds(seed: int, n_takes: int) -> list[int]:
    """The first take has the seed itself, so that it is what one continuation alone would have been."""
    return [(seed + take) % 2**63 for take in range(n_takes)]


def generate_takes(
    session: ModelSession,
    tokenizer: Tokenizer,
    cache: KVCache,
    prompt: Prompt,
    config: GenerationConfig,
    n_takes: int,
    steering: Steering = Steering(),  # noqa: B008 - frozen
) -> Iterator[TakesEvent]:
    """Continue `prompt` in `n_takes` ways. The cache's trunk holds the prompt before and after.

    No take becomes longer than the model's window and the cache's slots have room for."""
    room = min(session.config.n_ctx - len(prompt.token_ids), (cache.n_slots - len(prompt.token_ids)) // n_takes)
    config = dataclasses.replace(config, max_new_tokens=max(1, min(config.max_new_tokens, room)))
    seed = secrets.randbits(63) if config.seed is None else config.seed
    seeds = take_seeds(seed, n_takes)
    takes = [Continuation(prompt, config, tokenizer, session.config.eos_token_ids, own, steering) for own in seeds]
    began = time.perf_counter()
    reading = session.prefill(cache, prompt.token_ids)
    begun = next(reading)
    yield begun
    first = (yield from reading).copy()
    prefilled = time.perf_counter()
    cache.fork(n_takes)
    logits = dict.fromkeys(range(n_takes), first)
    try:
        while logits:
            following: dict[int, int] = {}  # what each take is to read next
            for take, scores in logits.items():
                reason = None
                while take not in following and reason is None:
                    n_drawn = len(takes[take].drawn)
                    step = takes[take].draw(scores)
                    for event in (step.taken_back, step.token):
                        if event is not None:
                            yield TakeEvent(take, event)
                    reason = step.reason
                    n_kept = len(takes[take].drawn)
                    if reason is not None or n_kept == n_drawn:  # or another token is to be drawn from the same scores
                        continue
                    if n_kept < n_drawn:  # something was taken back
                        cache.rewind_branch(take, max(0, n_kept - 1))
                    if n_kept == 0:
                        scores = first
                    else:
                        following[take] = takes[take].drawn[-1]
                if reason is not None:
                    yield TakeFinished(take, reason, seeds[take])
            for take in list(following)[cache.n_slots - cache.n_used :]:  # what was taken back has used up the slots
                del following[take]
                taken_back = takes[take].give_up(FinishReason.LENGTH).taken_back
                if taken_back is not None:
                    yield TakeEvent(take, taken_back)
                yield TakeFinished(take, FinishReason.LENGTH, seeds[take])
            if not following:
                break
            rows = session.decode_branches(cache, following)
            logits = dict(zip(following, rows, strict=True))
    finally:
        cache.truncate(len(prompt.token_ids))
    yield TakesFinished(
        GenerationStatistics(
            prompt_tokens=len(prompt.token_ids),
            reused_tokens=begun.reused_tokens,
            new_tokens=sum(len(take.drawn) for take in takes),
            prefill_s=prefilled - began,
            decode_s=time.perf_counter() - prefilled,
            seed=seed,
            window_start_char=prompt.start_char,
        )
    )
