"""Steps that move the scores of single tokens before one is drawn, for what the text has so far.

Each is a `LogitsProcessor`, with what is said of those in `logits_processors`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from writer.engine.logits_processors import Scores

_LARGEST_PENALTY = 1e30  # beyond any score, and far from where float32 ends


def _ends_with(token_ids: Sequence[int], ending: Sequence[int]) -> bool:
    return len(ending) <= len(token_ids) and list(token_ids[len(token_ids) - len(ending) :]) == list(ending)


class SequenceBias:
    """Adds a bias to the last token of each sequence when the tokens before it have just been written.

    word_starts -- those of the sequences that stand at the beginning of a word alone
    ends_in_letter -- whether a word may go on after that token
    """

    name = "bias"

    def __init__(
        self,
        biases: Mapping[tuple[int, ...], float],
        word_starts: Collection[tuple[int, ...]] = (),
        ends_in_letter: Callable[[int], bool] = lambda _: False,
    ) -> None:
        self._biases = dict(biases)
        self._word_starts, self._ends_in_letter = frozenset(word_starts), ends_in_letter

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        for sequence, bias in self._biases.items():
            if not _ends_with(token_ids, sequence[:-1]):
                continue
            before = token_ids[: len(token_ids) - len(sequence) + 1][-1:]
            if sequence in self._word_starts and before and self._ends_in_letter(before[0]):
                continue
            scores[sequence[-1]] += bias
        return scores


class RepetitionPenalty:
    """Divides positive and multiplies negative scores of tokens that occur (Keskar et al., 2019)."""

    name = "repetition"

    def __init__(self, penalty: float, last_tokens: int = 0) -> None:
        self._penalty = np.float32(penalty)
        self._last_tokens = last_tokens

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        seen = np.asarray(token_ids[-self._last_tokens :], np.intp)  # one that occurs twice gets the same value twice
        values = scores[seen]
        scores[seen] = np.where(values < 0, values * self._penalty, values / self._penalty)
        return scores


class FrequencyPresencePenalty:
    """score -= count * frequency + (count > 0) * presence (llama.cpp's and OpenAI's penalties)."""

    name = "frequency/presence"

    def __init__(self, frequency: float, presence: float, last_tokens: int = 0) -> None:
        self._frequency = np.float32(frequency)
        self._presence = np.float32(presence)
        self._last_tokens = last_tokens

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        seen, counts = np.unique(np.asarray(token_ids[-self._last_tokens :], np.intp), return_counts=True)
        scores[seen] -= counts.astype(np.float32) * self._frequency + self._presence
        return scores


class Dry:
    """Don't repeat yourself: a token that would prolong a repetition of length L >= allowed loses
    multiplier * base ** (L - allowed). Repetitions do not reach across breakers, which are never penalised
    (p-e-w's DRY, as in llama.cpp)."""

    name = "dry"

    def __init__(self, multiplier: float, base: float, allowed_length: int, breakers: frozenset[int]) -> None:
        self._multiplier = multiplier
        self._base = base
        self._allowed_length = allowed_length
        self._breakers = breakers
        self._largest_exponent = np.log(_LARGEST_PENALTY) / np.log(base) if base > 1 else np.inf

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        n = len(token_ids)
        reach = 0  # tokens since the last breaker: no repetition is longer
        while reach < n and token_ids[n - 1 - reach] not in self._breakers:
            reach += 1
        if reach < self._allowed_length:
            return scores
        longest: dict[int, int] = {}
        for follower, length in enumerate(self._suffix_matches(token_ids)):
            token_id = token_ids[follower]
            length = min(length, reach)
            if length >= self._allowed_length and token_id not in self._breakers:
                longest[token_id] = max(longest.get(token_id, 0), length)
        for token_id, length in longest.items():
            exponent = min(length - self._allowed_length, self._largest_exponent)
            penalty = min(self._multiplier * self._base**exponent, _LARGEST_PENALTY)
            scores[token_id] -= np.float32(penalty)
        return scores

    @staticmethod
    def _suffix_matches(token_ids: Sequence[int]) -> list[int]:
        """For each place i: how many tokens before i equal the tokens at the very end.
        The Z algorithm on the reversed text, linear in its length."""
        text = list(token_ids[::-1])
        n = len(text)
        z = [0] * n
        left = right = 0
        for i in range(1, n):
            length = min(right - i, z[i - left]) if i < right else 0
            while i + length < n and text[length] == text[i + length]:
                length += 1
            z[i] = length
            if i + length > right:
                left, right = i, i + length
        # text[i] is token n-1-i; the token that followed it stands at n-i.
        matches = [0] * n
        for i in range(1, n):
            matches[n - i] = z[i]
        return matches


class NoRepeatNGram:
    """Bans every token that would complete an n-gram already in the text."""

    name = "no-repeat"

    def __init__(self, size: int) -> None:
        self._size = size

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        n = self._size
        if len(token_ids) < n:
            return scores
        ids = np.asarray(token_ids, np.intp)
        places = np.arange(len(ids) - n + 1)
        for offset in range(n - 1):
            places = places[ids[places + offset] == ids[len(ids) - n + 1 + offset]]
        scores[ids[places + n - 1]] = -np.inf
        return scores


class MinNewTokens:
    """Bans the end of the text before enough has been written."""

    name = "min new tokens"

    def __init__(self, n_prompt_tokens: int, n_tokens: int, eos_token_ids: Sequence[int]) -> None:
        self._first_allowed = n_prompt_tokens + n_tokens
        self._eos_token_ids = list(eos_token_ids)

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        if len(token_ids) < self._first_allowed:
            scores[self._eos_token_ids] = -np.inf
        return scores
