"""A bridge over a gap: continuations of what stands before it, ranked by how well they lead on to what stands after."""

from collections.abc import Iterator
from dataclasses import dataclass

from writer.assist.bridge import BridgeScore, rank_bridges
from writer.engine.config import GenerationConfig
from writer.engine.events import TakenBack, Token
from writer.engine.kv_cache import KVCache
from writer.engine.prompt import Prompt
from writer.engine.session import ModelSession
from writer.engine.steering import Steering
from writer.engine.takes import TakeEvent, TakesEvent, generate_takes
from writer.engine.tokenizer import Tokenizer


@dataclass(frozen=True)
class BridgesRanked:
    """`order` are the numbers of the takes, the best first; `scores` belong to them in that order."""

    order: tuple[int, ...]
    scores: tuple[float, ...]


def propose_bridges(
    session: ModelSession,
    tokenizer: Tokenizer,
    cache: KVCache,
    prompt: Prompt,
    config: GenerationConfig,
    n_takes: int,
    following: str,
    steering: Steering,
) -> Iterator[TakesEvent | BridgeScore | BridgesRanked]:
    """Takes for the place before `following`, as `generate_takes` gives them, and then their ranks.

    A take that came to nothing ranks last."""
    texts = [""] * n_takes
    for event in generate_takes(session, tokenizer, cache, prompt, config, n_takes, steering):
        if isinstance(event, TakeEvent):
            if isinstance(event.event, Token):
                texts[event.take] += event.event.text
            elif isinstance(event.event, TakenBack):
                texts[event.take] = texts[event.take].removesuffix(event.event.text)
        yield event
    typed = prompt.typed.decode("utf-8", "ignore")
    candidates = [tokenizer.encode(typed + text) for text in texts]
    following_ids = tokenizer.encode(following)
    scores: dict[int, float] = {}
    for ranked in rank_bridges(session, cache, prompt.token_ids, candidates, following_ids):
        if isinstance(ranked, BridgeScore):
            scores[ranked.index] = ranked.logprob_per_token
        yield ranked
    written = [number for number, text in enumerate(texts) if text.strip()]
    order = sorted(written, key=lambda number: -scores[number])
    yield BridgesRanked(tuple(order), tuple(scores[number] for number in order))
