"""Drafting a ghost text: the likeliest continuation, word by word, for as long as it is worth showing.

How sure the model is of a ghost (`confidence`) is the log-probability of its words in nats, divided by the square root
of how many they are. For one word it is the log-probability itself: on two novels, the starter's first words were right
about as often as it said. The plain sum for several words would tell how often all of them are right,
and ghosts that a writer can use would hardly ever be longer than one word; their mean keeps ghosts going that are
wrong after the first word. Words are counted rather than tokens, because how many tokens a vocabulary needs for a word
is no matter of belief: so models with other vocabularies come out alike.

What is given counts for nothing: of a word half typed only how likely its rest is, among all that go on from the
letters that stand there. Mixed-in words of the writer's own count as they were mixed in.
"""

import math
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from writer.assist.ghost import WORD
from writer.engine.config import GenerationConfig
from writer.engine.continuation import Continuation
from writer.engine.events import FinishReason, PrefillProgress
from writer.engine.kv_cache import KVCache
from writer.engine.logits_processors import Scores, log_sum
from writer.engine.prompt import Prompt, spelling_tokens
from writer.engine.sentences import sentence_ends
from writer.engine.session import Logits, ModelSession
from writer.engine.steering import Steering
from writer.engine.text_rules import Verdict
from writer.engine.tokenizer import Tokenizer

_TOKENS_PER_WORD = 3  # more than prose has, punctuation included
_MORE_TOKENS = 12  # for the word half typed, and to see that the last one is whole
_LEAD_TOKENS = 16  # of the prompt: enough to tell whether a full stop ends a sentence
_LINE_BREAKS = "\n\r\v\f\x85\u2028\u2029"
_NEVER = np.float32(-1e9)  # a score that is never drawn and, unlike minus infinity, can be reckoned with
_WHITE_SPACE = (b" ", b"\t", b"\n", b"\r")
_WHOLE = frozenset({FinishReason.END_OF_TEXT, FinishReason.STOP_STRING, FinishReason.ENDING})


@dataclass(frozen=True)
class DraftStep:
    """The model has taken a step that adds nothing to show: a cancel point."""


@dataclass(frozen=True)
class GhostGrown:
    """text -- whole words, which go on exactly from the letters that stand before the caret
    confidence -- in that text, see above; at most 0
    is_complete -- nothing follows
    """

    text: str
    confidence: float
    is_complete: bool


GhostEvent = PrefillProgress | DraftStep | GhostGrown


def draft_ghost(
    session: ModelSession,
    tokenizer: Tokenizer,
    cache: KVCache,
    prompt: Prompt,
    config: GenerationConfig,
    *,
    steering: Steering = Steering(),  # noqa: B008 - frozen
    longest_words: int = 12,
    n_variant: int = 0,
    least_confidence: float = -math.inf,
) -> Iterator[GhostEvent]:
    """Draft what follows `prompt`: to the end of the sentence or line, `longest_words` words, or as far as its
    confidence stays at `least_confidence` or above. GhostGrown comes as soon as one word stands, then with each
    further word, and last with `is_complete`; never when there is nothing worth showing. Each event is a cancel point.

    Of `config` only the writer's own wishes count (biased and banned words, stop strings): the rest serves longer
    texts. `n_variant` leaves out so many of the likeliest first words; each of them costs the steps of a word.
    The cache's trunk holds prompt and draft afterwards, so that what goes on from an accepted ghost is read already.
    Raises WriterError when the model returns numbers that are no probabilities.
    """
    room = session.config.n_ctx - len(prompt.token_ids) + 1  # the last token is drawn and not read
    config = GenerationConfig(
        temperature=0.0,
        max_new_tokens=max(1, min(longest_words * _TOKENS_PER_WORD + _MORE_TOKENS, room)),
        logit_bias=config.logit_bias,
        banned_words=config.banned_words,
        stop_strings=config.stop_strings,
    )
    draft = _Draft(tokenizer, prompt, config, session.config.eos_token_ids, steering, n_variant)
    logits = yield from session.prefill(cache, prompt.token_ids)
    shown: GhostGrown | None = None
    while True:
        n_read = len(draft.drawn)
        reason = draft.draw(logits)
        text, is_complete = presentable(draft.text, draft.lead, longest_words, is_whole=reason in _WHOLE)
        confidence = draft.confidence(text)
        if confidence < least_confidence:
            break
        if text and (shown is None or text != shown.text):
            shown = GhostGrown(text, confidence, is_complete)
            yield shown
        else:
            yield DraftStep()
        if is_complete or reason is not None or draft.next_confidence(text) < least_confidence:
            break
        logits = yield from _read(session, cache, prompt.token_ids, draft.drawn, n_read, logits)
    if shown is not None and not shown.is_complete:
        yield GhostGrown(shown.text, shown.confidence, is_complete=True)


def presentable(text: str, lead: str, longest_words: int, *, is_whole: bool) -> tuple[str, bool]:
    """What may be shown of a text drawn so far, and whether that is all of it, whatever else is drawn.

    lead -- what stands before it
    is_whole -- nothing goes on from it; otherwise its last word and its last sentence may
    """
    at_break = min((at for at in map(text.find, _LINE_BREAKS) if at >= 0), default=None)
    if at_break is not None:
        text, is_whole = text[:at_break].rstrip(), True
    n_lead = len(lead)
    for end in (end - n_lead for end in sentence_ends(lead + text, is_over=is_whole)):
        if end > 0 and _says_something(text[:end]):
            return text[:end], True
    ends, closed = _ends_of_words(text, is_whole=is_whole)
    is_complete = is_whole or len(ends) >= longest_words
    return text[: [0, *ends[:longest_words]][-1] if is_complete else closed], is_complete


# Whatever comes after such a word, it can be shown: it is no number, abbreviation or compound with a hyphen.
_CLOSED_WORD = re.compile(r"[^\W\d_]{2,}(?=[.,;:!?…)\]”»\"—–])")


def _ends_of_words(text: str, *, is_whole: bool) -> tuple[list[int], int]:
    """Where words end to which nothing can be added any more, and how much of the text ends with a word to which no
    letter can be: a full stop or quotation mark may be still. Dashes and dots on their own are no words."""
    matches = [match for match in WORD.finditer(text) if _says_something(match.group())]
    ends = [match.end() for match in matches]
    if not ends or ends[-1] < len(text) or is_whole:
        return ends, [0, *ends][-1]
    ends.pop()
    closed = [match.end() for match in _CLOSED_WORD.finditer(text, matches[-1].start())]
    return ends, [0, *ends, *closed][-1]


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, text))


class _Draft:
    """A continuation that is being drafted; `text` is all that has been drawn of it, `drawn` its tokens."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        prompt: Prompt,
        config: GenerationConfig,
        eos_token_ids: tuple[int, ...],
        steering: Steering,
        n_variant: int,
    ) -> None:
        self._tokenizer, self._prompt, self._blend = tokenizer, prompt, steering.blend
        rules = (*steering.rules, _OtherFirstWord(n_variant)) if n_variant else steering.rules
        # What is mixed in is mixed in here, so that it counts for the confidence.
        without_blend = Steering(rules, steering.watch)
        self._writing = Continuation(prompt, config, tokenizer, eos_token_ids, 0, without_blend)
        self._logprobs: list[float] = []  # of each token drawn
        self.text = ""
        bytes_before = b"".join(map(tokenizer.token_bytes, prompt.token_ids[-_LEAD_TOKENS:])) + prompt.typed
        self.lead = bytes_before.decode("utf-8", "ignore")

    @property
    def drawn(self) -> list[int]:
        return self._writing.drawn

    def draw(self, logits: Logits) -> FinishReason | None:
        """Draw one token from the scores (V,) for it; the reason why nothing follows, if nothing does."""
        scores = logits
        if self._blend is not None:
            mixed = self._blend([*self._prompt.token_ids, *self.drawn], logits.copy())
            scores = np.maximum(mixed, _NEVER)
        n_spelled = sum(len(self._tokenizer.token_bytes(i)) for i in self.drawn)
        typed = self._prompt.typed[n_spelled:]
        possible = spelling_tokens(typed, self._tokenizer) if typed else ()
        log_total = log_sum(scores[possible] if len(possible) else scores)
        allowed = scores
        if n_spelled == len(self._prompt.typed) and (not self.lead or self.lead[-1].isspace()):
            allowed = self._without_white_space(scores)
        step = self._writing.draw(allowed)
        if step.taken_back is not None:
            self.text = self.text.removesuffix(step.taken_back.text)
            if step.taken_back.is_loop:
                return FinishReason.LOOP
        if step.token is not None:
            self.text += step.token.text
            self._logprobs.append(min(0.0, float(scores[step.token.token_id]) - log_total))
        del self._logprobs[len(self.drawn) :]
        return step.reason

    def confidence(self, text: str) -> float:
        """In `text`, the beginning of what has been drawn; 0 in nothing."""
        n_bytes = len(text.encode())
        n_spelled = -len(self._prompt.typed)
        total = 0.0
        for token_id, logprob in zip(self.drawn, self._logprobs, strict=True):
            if max(0, n_spelled) >= n_bytes:
                break
            total += logprob
            n_spelled += len(self._tokenizer.token_bytes(token_id))
        return total / math.sqrt(max(1, _n_words(text)))

    def next_confidence(self, text: str) -> float:
        """The most that it can be once `text` has one word more."""
        return sum(self._logprobs) / math.sqrt(_n_words(text) + 1)

    def _without_white_space(self, scores: Scores) -> Scores:
        """None may be drawn where some stands already."""
        allowed = scores.copy()
        for space in _WHITE_SPACE:
            allowed[self._tokenizer.vocabulary.beginning_with(space)] = _NEVER
        return allowed


def _read(
    session: ModelSession,
    cache: KVCache,
    prompt_ids: tuple[int, ...],
    drawn: list[int],
    n_read: int,
    logits: Logits,
) -> Generator[PrefillProgress, None, Logits]:
    """The scores that follow `drawn`, of which `n_read` had been read when `logits` followed them."""
    if len(drawn) == n_read:  # what was drawn from them must not stand
        return logits
    if len(drawn) == n_read + 1:
        return session.decode_step(cache, drawn[-1])
    return (yield from session.prefill(cache, [*prompt_ids, *drawn]))


class _OtherFirstWord:
    """Refuses the first `n` different words that the text is tried to begin with."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._refused: set[str] = set()

    def look(self, text: str, n_safe: int, *, is_over: bool) -> Verdict:
        ends, closed = _ends_of_words(text, is_whole=is_over)
        if not closed:
            return Verdict(len(text))
        word = "".join(filter(str.isalnum, text[: [*ends, closed][0]].lower()))
        if len(self._refused) < self._n:
            self._refused.add(word)
        return Verdict(0, unwanted_from=0) if word in self._refused else Verdict(len(text))


def _n_words(text: str) -> int:
    return len(_ends_of_words(text, is_whole=True)[0])
