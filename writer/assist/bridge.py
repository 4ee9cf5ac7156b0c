"""Filling a gap between two passages: of several candidates, the one after which the text goes on most naturally.

A causal model never sees what follows the gap, so it is asked how probable each candidate makes it.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from writer.engine.events import PrefillProgress
from writer.engine.kv_cache import KVCache
from writer.engine.score import following_logprobs
from writer.engine.sentences import sentence_ends
from writer.engine.session import ModelSession

_LOOK_AHEAD = 40  # characters that may be needed to tell an end by
_LEAST_SHARE = 2  # a whole sentence is kept when it is at least this part of what is allowed


@dataclass(frozen=True)
class BridgeScore:
    """`index` is the candidate's; `logprob_per_token` is the mean over the text that follows, in nats."""

    index: int
    logprob_per_token: float


BridgeEvent = PrefillProgress | BridgeScore


def rank_bridges(
    session: ModelSession,
    cache: KVCache,
    before_ids: Sequence[int],
    candidates: Sequence[Sequence[int]],
    following_ids: Sequence[int],
) -> Generator[BridgeEvent, None, list[BridgeScore]]:
    """How well `following_ids` follow each candidate after `before_ids`: yields a BridgeScore for each once it is
    known, and returns all, the best first.

    The text before is read once. Of the text that follows as much is scored as fits after the longest candidate, the
    same for all. Each yield is a cancel point. Raises ValueError when nothing of it fits, or nothing is given.
    """
    longest = len(before_ids) + max(map(len, candidates), default=0)
    room = min(session.config.n_ctx, cache.n_slots) - longest
    following = list(following_ids)[: max(0, room)]
    if not longest or not following:
        raise ValueError(f"no room for the text that follows: {longest} tokens stand before it")
    scores = []
    for index, candidate in enumerate(candidates):
        logprobs = yield from following_logprobs(session, cache, [*before_ids, *candidate], following)
        score = BridgeScore(index, float(logprobs.mean()))
        scores.append(score)
        yield score
    return sorted(scores, key=lambda score: -score.logprob_per_token)


def following_of(text_after: str, limit_chars: int) -> str:
    """The beginning of the text after the gap, at most `limit_chars` long: whole sentences where that leaves enough,
    else whole words. The white space before it stays: it is what the bridge has to lead to."""
    if len(text_after) <= limit_chars:
        return text_after
    ends = sentence_ends(text_after[: limit_chars + _LOOK_AHEAD])
    ends = [end for end in ends if limit_chars // _LEAST_SHARE <= end <= limit_chars]
    if ends:
        return text_after[: ends[-1]]
    spaces = [found.start() for found in re.finditer(r"(?<=\S)\s", text_after[: limit_chars + 1])]
    return text_after[: spaces[-1] if spaces else limit_chars]
