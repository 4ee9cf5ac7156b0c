"""The writer's own words: a small model of the open manuscript, which knows its names, invented words and turns.

It counts what followed what, in words for the next-word strip and in tokens for everything that the model writes. It
lives in memory only: nothing of it is ever stored, and `forget` leaves nothing behind.
"""

import re
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from writer.assist.ngram_index import NgramIndex
from writer.assist.word_tokens import typed_word
from writer.engine.logits_processors import Scores
from writer.engine.tokenizer import Tokenizer

Weights = NDArray[np.float64]

_PIECE = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")
_LINE_BREAKS = re.compile(r"[\n\r\u2028\u2029]+")
_PARAGRAPH = "\n"  # stands for the beginning of a paragraph in contexts of words
_SENTENCE_ENDS = frozenset(".!?…:")
_TRANSPARENT = frozenset("\"'“”‘’()[]«»*_-—")  # between the end of a sentence and the word that begins the next one

_UNKNOWN = -2  # a word that is nowhere in the manuscript

_WORDS_LONGEST, _TOKENS_LONGEST = 3, 5
_RECENT_WORDS = 600  # the reach of the memory for what was said just now ...
_RECENT_SHARE = 0.5  # ... and its share in how likely a word is without any context
_BEFORE_CHARS = 200  # of the text before the caret that are looked at
_BATCH = 64  # paragraphs between two cancel points

# How far the manuscript is trusted where the longest context that it knows has so many items, at strength 1, and how
# often such a context must have been seen for half of that. Found on the calibration text with its people and places
# renamed: the starter knows the text itself by heart, and no manuscript.
_TRUST_WORDS = (0.04, 0.06, 0.12, 0.2)
_TRUST_TOKENS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2)
_HALF_TRUST = 1.0
# What came after a context so often is doubted by that much: a word that came once came again one time in six or seven.
_DISCOUNT_WORDS = 0.85
_DISCOUNT_TOKENS = 0.5
# The trust, at strength 1, that a context earns which always goes on in the same way.
_CERTAIN_TRUST = 0.9


def paragraphs_around(text: str, caret: int) -> list[str]:
    """The paragraphs of a manuscript in which somebody writes at `caret`, for `OwnWords.follow`. The word that is being
    typed there is left out, and its paragraph is divided: otherwise the letters typed, and the text after them, would
    be taken for what usually follows."""
    start = caret - len(typed_word(text[max(0, caret - _BEFORE_CHARS) : caret]))
    return [*text[:start].split("\n"), *text[caret:].split("\n")]


class OwnWords:
    """`learn` takes paragraphs; `follow` keeps step with a manuscript that is being edited."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._tokens = NgramIndex(_TOKENS_LONGEST)
        self._words = NgramIndex(_WORDS_LONGEST)
        self.forget()

    def forget(self) -> None:
        """Everything that was learnt."""
        self._tokens.forget()
        self._words.forget()
        self._spelling: list[str] = []
        self._number: dict[str, int] = {}
        self._sorted: list[str] = []  # words only, no marks
        self._counts: Weights = np.zeros(1024)
        self._inside = np.zeros(1024)  # of these: not at the beginning of a sentence, where every word is capitalised
        self._is_word = np.zeros(1024, bool)
        self._pieces: defaultdict[str, list[tuple[tuple[int, int], tuple[int, int]]]] = defaultdict(list)
        self._paragraphs: Counter[str] = Counter()

    @property
    def n_words(self) -> int:
        """Learnt and not unlearnt: words, and marks between them."""
        return len(self._words)

    @property
    def n_bytes(self) -> int:
        """Of the counts, without the spellings."""
        return self._tokens.n_bytes + self._words.n_bytes + self._counts.nbytes + self._inside.nbytes

    # -- learning --------------------------------------------------------------------------------------------------

    def learn(self, text: str) -> None:
        """Each line counts as a paragraph."""
        for paragraph in _LINE_BREAKS.split(text):
            if paragraph.strip():
                self._learn_paragraph(paragraph)

    def unlearn(self, paragraph: str) -> None:
        """Take back one paragraph that was learnt; nothing happens when it was not."""
        if not self._paragraphs[paragraph]:
            return
        self._paragraphs[paragraph] -= 1
        words, tokens = self._pieces[paragraph].pop()
        if not self._pieces[paragraph]:
            del self._pieces[paragraph], self._paragraphs[paragraph]
        self._count(self._numbers(paragraph), -1)
        self._words.remove(words)
        self._tokens.remove(tokens)

    def follow(self, paragraphs: Iterable[str]) -> Iterator[int]:
        """Know exactly these paragraphs: learns the new ones and unlearns those that are gone, so that it costs little
        after a small change. Yields how many changes are left, as cancel points; what was cancelled is made up for by
        the next call."""
        wanted = Counter(paragraph for paragraph in paragraphs if paragraph.strip())
        if not wanted:
            self.forget()
        gone = list((self._paragraphs - wanted).elements())
        new = list((wanted - self._paragraphs).elements())
        for done, paragraph in enumerate(gone):
            if done % _BATCH == 0:
                yield len(gone) + len(new) - done
            self.unlearn(paragraph)
        if self._words.is_sparse or self._tokens.is_sparse:
            self.forget()
            new = list(wanted.elements())
        for done, paragraph in enumerate(new):
            if done % _BATCH == 0:
                yield len(new) - done
            self._learn_paragraph(paragraph)

    def _learn_paragraph(self, paragraph: str) -> None:
        numbers = self._numbers(paragraph)
        self._count(numbers, 1)
        places = self._words.add(numbers), self._tokens.add(self._tokenizer.encode(paragraph.rstrip()))
        self._pieces[paragraph].append(places)
        self._paragraphs[paragraph] += 1

    def _numbers(self, paragraph: str) -> list[int]:
        return [self._number_of(piece) for piece in (_PARAGRAPH, *_PIECE.findall(paragraph))]

    def _number_of(self, piece: str) -> int:
        number = self._number.get(piece)
        if number is None:
            number = self._number[piece] = len(self._spelling)
            self._spelling.append(piece)
            if number == len(self._counts):
                self._counts = np.concatenate([self._counts, np.zeros(number)])
                self._inside = np.concatenate([self._inside, np.zeros(number)])
                self._is_word = np.concatenate([self._is_word, np.zeros(number, bool)])
            if piece[0].isalnum():
                self._is_word[number] = True
                insort(self._sorted, piece)
        return number

    def _count(self, numbers: Sequence[int], by: int) -> None:
        is_start = True
        for number in numbers:
            piece = self._spelling[number]
            if piece[0].isalnum():
                self._counts[number] += by
                self._inside[number] += 0 if is_start else by
                is_start = False
            else:
                is_start = _starts_sentence(piece, is_start)

    # -- words -----------------------------------------------------------------------------------------------------

    def likely_words(self, before: str, typed: str, n_words: int = 32) -> list[tuple[str, float]]:
        """The words that the manuscript makes likely after `before`, and how likely, most likely first; they begin with
        `typed` and are longer. The probabilities are of the whole word, the typed letters included."""
        context, is_start = self._context(before)
        weights, _ = self._predict(context)
        found: defaultdict[str, float] = defaultdict(float)
        numbers = self._beginning_with(typed, is_start)
        if len(numbers) > 4 * n_words:
            numbers = numbers[np.argpartition(-weights[numbers], 4 * n_words)[: 4 * n_words]]
        for number in numbers:
            word = self._as_written(int(number), is_start)
            if weights[number] > 0 and word.startswith(typed) and len(word) > len(typed):
                found[word] += float(weights[number])
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:n_words]

    def trust(self, before: str, strength: float) -> float:
        """The share (0 to 1) that `likely_words` should have beside another model."""
        _, trust = self._predict(self._context(before)[0])
        return strength * trust

    def _context(self, before: str) -> tuple[list[int], bool]:
        """(the last few words and marks, whether a sentence begins after them)"""
        last_line = _LINE_BREAKS.split(before[-_BEFORE_CHARS:])[-1]
        is_cut = len(last_line) >= _BEFORE_CHARS
        pieces = [*([] if is_cut else [_PARAGRAPH]), *_PIECE.findall(last_line)]
        is_start = not is_cut
        for piece in pieces:
            is_start = not piece[0].isalnum() and _starts_sentence(piece, is_start)
        return [self._number.get(piece, _UNKNOWN) for piece in pieces[-_WORDS_LONGEST:]], is_start

    def _predict(self, context: Sequence[int]) -> tuple[Weights, float]:
        """(how likely each word is, the trust that the context deserves). Interpolated absolute discounting (Ney et
        al., 1994)."""
        n = len(self._spelling)
        total = self._counts[:n].sum()
        if not total:
            return np.zeros(n), 0.0
        weights = self._counts[:n] / total
        recent = self._count_words(self._words.latest(_RECENT_WORDS))
        if recent.any():
            weights = (1 - _RECENT_SHARE) * weights + _RECENT_SHARE * recent / recent.sum()
        trust = _TRUST_WORDS[0]
        for length in range(1, min(self._words.longest, len(context)) + 1):
            counts = self._count_words(self._words.followers(context[len(context) - length :]))
            n_seen, n_kinds = counts.sum(), np.count_nonzero(counts)
            if not n_seen:
                break
            weights = (np.maximum(counts - _DISCOUNT_WORDS, 0) + _DISCOUNT_WORDS * n_kinds * weights) / n_seen
            trust = _trust(trust, _TRUST_WORDS[length], n_seen, counts.max())
        return weights, float(trust)

    def _count_words(self, numbers: NDArray[np.int64]) -> Weights:
        """How often each word occurs; marks are left out."""
        n = len(self._spelling)
        counts: Weights = np.bincount(numbers, minlength=n).astype(np.float64)
        counts[~self._is_word[:n]] = 0
        return counts

    def _beginning_with(self, typed: str, is_start: bool) -> NDArray[np.int64]:
        if not typed:
            return np.flatnonzero(self._is_word[: len(self._spelling)])
        starts = {typed, typed[:1].lower() + typed[1:]} if is_start else {typed, typed[:1].upper() + typed[1:]}
        words: list[str] = []
        for start in starts:
            first = bisect_left(self._sorted, start)
            last = bisect_left(self._sorted, start + chr(0x10FFFF))
            words += self._sorted[first:last]
        return np.array([self._number[word] for word in words], np.int64)

    def _as_written(self, number: int, is_start: bool) -> str:
        """As it would stand here: capitalised at the beginning of a sentence, and only there if it was only there."""
        word = self._spelling[number]
        if is_start:
            return word[0].upper() + word[1:]
        lower = word[0].lower() + word[1:]
        is_known = lower in self._number and self._inside[self._number[lower]] > 0
        return lower if is_known and not self._inside[number] else word

    # -- tokens ----------------------------------------------------------------------------------------------------

    def blend(self, strength: float) -> "OwnTokens":
        """The step that mixes the manuscript into a model's scores, for strengths from 0 to 1."""
        return OwnTokens(self._tokens, strength)


class OwnTokens:
    """p = (1 - l) p_model + l p_own, where l grows with how well the manuscript knows the tokens before (a
    LogitsProcessor)."""

    name = "own words"

    def __init__(self, index: NgramIndex, strength: float) -> None:
        self._index = index
        self._strength = strength

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        ids, weights, trust = self._predict(token_ids)
        share = self._strength * trust
        is_possible = np.isfinite(scores[ids])
        ids, weights = ids[is_possible], weights[is_possible]
        share *= weights.sum()  # what cannot stand here says nothing
        if not share:
            return scores
        top = scores.max()
        log_total = top + np.log(np.exp(scores - top).sum())
        own = np.log(share * weights / weights.sum())
        scores += np.float32(np.log1p(-share))
        scores[ids] = np.logaddexp(scores[ids], own + log_total)
        return scores

    def _predict(self, token_ids: Sequence[int]) -> tuple[NDArray[np.int64], Weights, float]:
        """(tokens, how likely each is, the trust that the context deserves); all that is not named is unlikely."""
        likely: dict[int, float] = {}
        trust = 0.0
        for length in range(1, min(self._index.longest, len(token_ids)) + 1):
            followers = self._index.followers(token_ids[len(token_ids) - length :])
            if not len(followers):
                break
            kinds, counts = np.unique(followers, return_counts=True)
            n_seen = len(followers)
            likely = {kind: weight * _DISCOUNT_TOKENS * len(kinds) / n_seen for kind, weight in likely.items()}
            for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
                likely[kind] = likely.get(kind, 0.0) + (count - _DISCOUNT_TOKENS) / n_seen
            trust = _trust(trust, _TRUST_TOKENS[length], n_seen, int(counts.max()))
        return np.array(list(likely), np.int64), np.array(list(likely.values())), trust


def _trust(shorter: float, general: float, n_seen: float, n_likeliest: float) -> float:
    """In a context that was seen so often, given the trust that its shorter part has earned and what contexts of its
    length earn in general."""
    certainty = (n_likeliest - 1) / n_seen
    earned = general + (_CERTAIN_TRUST - general) * certainty**2
    return shorter + n_seen / (n_seen + _HALF_TRUST) * (earned - shorter)


def _starts_sentence(mark: str, is_start: bool) -> bool:
    """Whether a word that follows this mark begins a sentence, given whether one before the mark would have."""
    if mark in _SENTENCE_ENDS or mark == _PARAGRAPH:
        return True
    return is_start and mark in _TRANSPARENT
