"""SamplerChain: a GenerationConfig turned into an ordered list of steps and a draw."""

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from writer.engine import logits_processors as steps
from writer.engine import penalties
from writer.engine.config import GenerationConfig
from writer.engine.cutoffs import tokens_within
from writer.engine.logits_processors import LogitsProcessor, Scores, softmax
from writer.errors import WriterError


class SamplerChain:
    """The steps that are switched on, in order, and the draw at the end. `str()` prints the order.

    `sample` proposes a token, `accept` tells the chain what was really taken. One seeded generator serves every
    chance in the chain, so the same seed, text and settings draw the same tokens.
    """

    def __init__(self, processors: Sequence[LogitsProcessor], random: np.random.Generator | None) -> None:
        self._processors = tuple(processors)
        self._random = random  # None: always the likeliest token
        n_last = sum(1 for _ in takewhile(lambda process: isinstance(process, _CUT_OFFS), reversed(self._processors)))
        self._others = self._processors[: len(self._processors) - n_last]
        self._cut_offs = self._processors[len(self._others) :]

    @classmethod
    def from_config(
        cls,
        config: GenerationConfig,
        *,
        n_prompt_tokens: int,
        eos_token_ids: Sequence[int],
        encode: Callable[[str], list[int]],
        ends_in_letter: Callable[[int], bool],
        seed: int,
        blend: LogitsProcessor | None = None,
    ) -> "SamplerChain":
        """`encode` turns the words of biases into tokens, both bare and after a space; a bare one that is wanted is not
        begun after a token of which `ends_in_letter` is true. `blend` comes before all."""
        random = np.random.Generator(np.random.PCG64(seed))
        processors = [blend] if blend is not None else []
        processors += _processors(config, n_prompt_tokens, eos_token_ids, encode, ends_in_letter, random)
        return cls(processors, None if _is_greedy(config) else random)

    def sample(self, token_ids: Sequence[int], scores: Scores) -> int:
        """Draw a token from scores (V,), which may be changed. Raises WriterError when they are no numbers."""
        if not np.isfinite(scores.max()):
            raise WriterError(
                "The model returned numbers that are not valid, so nothing can be written with it.",
                "Remove the model and get it again, or build it in another precision.",
            )
        for process in self._others:
            untouched = scores.copy() if isinstance(process, _BANS) else None
            scores = process(token_ids, scores)
            if untouched is not None and not np.isfinite(scores.max()):
                scores = untouched  # everything was banned: better an unwanted word than none
        if self._random is None:
            return int(scores.argmax())
        # Few tokens remain after the cut-offs: draw among those alone.
        possible = self._within_cut_offs(token_ids, scores)
        total = np.cumsum(softmax(scores[possible]), dtype=np.float64)
        drawn = int(np.searchsorted(total, self._random.random() * total[-1], side="right"))
        return int(possible[min(drawn, len(possible) - 1)])

    def _within_cut_offs(self, token_ids: Sequence[int], scores: Scores) -> NDArray[np.intp]:
        """Tokens that the last steps leave."""
        top_k, top_p, min_p = 0, 1.0, 0.0
        for process in self._cut_offs:
            match process:
                case steps.TopK():
                    top_k = process.k
                case steps.TopP():
                    top_p = process.p
                case steps.MinP():
                    min_p = process.min_p
        possible = tokens_within(scores, top_k, top_p, min_p)
        if possible is None:
            for process in self._cut_offs:
                scores = process(token_ids, scores)
            possible = np.flatnonzero(scores > -np.inf)
        return possible

    def accept(self, token_id: int) -> None:
        for process in self._processors:
            if isinstance(process, steps.Mirostat):
                process.accept(token_id)

    def __str__(self) -> str:
        last = "likeliest" if self._random is None else "draw"
        return " -> ".join([*(process.name for process in self._processors), last])


_COLDEST = 1e-4
_CUT_OFFS = (steps.TopK, steps.TopP, steps.MinP)
_BANS = (penalties.SequenceBias, penalties.NoRepeatNGram, penalties.MinNewTokens)


def _processors(
    config: GenerationConfig,
    n_prompt_tokens: int,
    eos_token_ids: Sequence[int],
    encode: Callable[[str], list[int]],
    ends_in_letter: Callable[[int], bool],
    random: np.random.Generator,
) -> Iterator[LogitsProcessor]:
    """Transformers' order where it has the step; a control at its neutral value adds none."""
    if config.logit_bias:
        wanted = [word for word, bias in config.logit_bias if bias > 0 and word[0].isalnum()]
        bare = {tuple(encode(word)) for word in wanted}
        yield penalties.SequenceBias(_word_biases(config.logit_bias, encode), bare, ends_in_letter)
    if config.repetition_penalty != 1:
        yield penalties.RepetitionPenalty(config.repetition_penalty, config.penalty_range)
    if config.frequency_penalty or config.presence_penalty:
        yield penalties.FrequencyPresencePenalty(
            config.frequency_penalty, config.presence_penalty, config.penalty_range
        )
    if config.dry_multiplier:
        breakers = frozenset(ids[-1] for text in config.dry_breakers for ids in _spellings(text, encode))
        yield penalties.Dry(config.dry_multiplier, config.dry_base, config.dry_allowed_length, breakers)
    if config.no_repeat_ngram_size:
        yield penalties.NoRepeatNGram(config.no_repeat_ngram_size)
    if config.min_new_tokens and eos_token_ids:
        yield penalties.MinNewTokens(n_prompt_tokens, config.min_new_tokens, eos_token_ids)
    if _is_greedy(config):
        return  # the cut-offs cannot change which token is likeliest
    if config.temperature != 1:
        yield steps.Temperature(config.temperature)
    if config.mirostat_tau:
        yield steps.Mirostat(config.mirostat_tau, config.mirostat_eta)
        return
    if config.top_k:
        yield steps.TopK(config.top_k)
    if config.top_p < 1:
        yield steps.TopP(config.top_p)
    if config.min_p:
        yield steps.MinP(config.min_p)
    if config.typical_p < 1:
        yield steps.TypicalP(config.typical_p)
    if config.epsilon_cutoff:
        yield steps.EpsilonCutoff(config.epsilon_cutoff)
    if config.eta_cutoff:
        yield steps.EtaCutoff(config.eta_cutoff)
    if config.xtc_probability:
        yield steps.Xtc(config.xtc_probability, config.xtc_threshold, random)


def _is_greedy(config: GenerationConfig) -> bool:
    """Whether the likeliest token is always taken: below some temperature nothing else can be drawn anyway, and
    dividing by it would leave the range of float32."""
    return config.temperature < _COLDEST


def _word_biases(
    biases: Sequence[tuple[str, float]], encode: Callable[[str], list[int]]
) -> dict[tuple[int, ...], float]:
    """A word that is wanted is made likelier at each of its tokens, or it would hardly ever be begun; one that is not,
    at the last alone, since others begin alike. So do many more words without a space before them, which are not made
    likelier by their beginning: it is often a single letter. What is said of a whole word comes before what is said of
    another one's beginning."""
    whole = {ids: bias for word, bias in biases for ids in _spellings(word, encode)}
    spaced = {tuple(encode(" " + word)): bias for word, bias in biases if bias > 0}
    begun = {ids[:n]: bias for ids, bias in spaced.items() for n in range(1, len(ids))}
    return {**begun, **whole}


def _spellings(word: str, encode: Callable[[str], list[int]]) -> list[tuple[int, ...]]:
    """Token sequences of a word at the start of a line and after a space."""
    return list(dict.fromkeys(tuple(ids) for ids in (encode(word), encode(" " + word)) if ids))
