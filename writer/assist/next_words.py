"""The next-word strip: the few whole words that are likeliest where the caret stands.

The model reads the text up to where the word begins, and only tokens that agree with the letters typed are looked at.
Words of several tokens are found by branches: with each letter the likeliest beginnings of which it is not known what
follows go side by side through the model, in one step.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from writer.assist.own_words import OwnWords
from writer.assist.splicing import CLOSING_MARKS
from writer.assist.word_tokens import typed_word, word_tokens
from writer.engine.events import PrefillProgress
from writer.engine.kv_cache import KVCache
from writer.engine.logits_processors import Scores, softmax
from writer.engine.prompt import Prompt
from writer.engine.session import ModelSession
from writer.engine.tokenizer import Tokenizer
from writer.engine.vocabulary import TokenIds

__all__ = ["NextWords", "WordsFound", "insertion_of", "needs_space", "typed_word"]

_N_BRANCHES = 6  # in the one step of a letter; 4 saved 0.2 % fewer keys, 8 no more
_LONGEST_BRANCH = 3  # tokens: few words have more, and each lengthens the step
_N_BEGINNINGS = 64  # tokens that are kept as candidates without a branch of their own
_N_ENDINGS = 12  # ways to go on that are kept of each branch
# A beginning of so many letters is a whole word so often, where no branch has found out.
_WHOLE_WORD = {1: 0.35, 2: 0.5, 3: 0.6}
_WHOLE_LONG_WORD = 0.75
_LEAST = 1e-12  # of what stands below a fraction
# Of all words that go on with the letters typed, those letters alone too: what has less is often none, only pieces
# that fit one another; and of pieces after which nobody has looked, more is asked. On two chapters five in six such
# strings were below, and two of a thousand words that were wanted.
_LEAST_SHARE, _LEAST_SHARE_UNSEEN = 0.002, 0.01
_BEFORE_TOKENS = 64  # that own words look back on
_CLOSING = ",;.!?:…)]}”»"
_QUOTES = "\"'’"


@dataclass(frozen=True)
class WordsFound:
    """words -- distinct, likeliest first; each begins with the letters typed and is longer
    following -- where those letters are likely to be a whole word: words for after it, in the room that is left. None
        begins with the letters typed, so that nobody takes it for more of them
    """

    words: tuple[str, ...]
    following: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Path:
    """A word as far as it is spelled: by these tokens after the trunk, with this probability."""

    token_ids: tuple[int, ...]
    spelled: bytes
    probability: float


def needs_space(text_before: str) -> bool:
    """Whether a new word at the end of this text would stick to what stands there."""
    last, rest = text_before[-1:], text_before[:-1]
    if last in _QUOTES and last:  # a closing one has no space before it
        return bool(rest) and not rest[-1].isspace() and rest[-1] not in "([{-—“‘" + _QUOTES
    return bool(last) and last in _CLOSING


def insertion_of(word: str, typed: str, text_before: str) -> str:
    """What is inserted when `word` is chosen after `text_before`, which ends with the letters typed: what is missing of
    it, and a space after it; before it one where it would stick to a mark."""
    if not word.startswith(typed):
        raise ValueError(f"{word!r} does not begin with {typed!r}")
    space = " " if not typed and needs_space(text_before) else ""
    return f"{space}{word[len(typed) :]} "


class NextWords:
    """Finds the words for one caret after the other. What it has seen of a word is kept until the next word begins, so
    that each letter typed makes the answers better, and costs less than the one before."""

    def __init__(self, session: ModelSession, tokenizer: Tokenizer, cache: KVCache) -> None:
        self._session, self._tokenizer, self._cache = session, tokenizer, cache
        self._tree: _WordTree | None = None

    def find(
        self,
        prompt: Prompt,
        typed: str,
        *,
        n_words: int = 5,
        own: OwnWords | None = None,
        strength: float = 0.0,
        never: frozenset[str] = frozenset(),
        shown: frozenset[str] = frozenset(),
    ) -> Iterator[WordsFound | PrefillProgress]:
        """Yields better words with every WordsFound; each yield is a cancel point.

        typed -- the letters of the word that stand before the caret; the prompt's typed bytes end with them
        own, strength -- the manuscript's own words and how much they weigh, 0 to 1
        never -- words that are not shown, in whatever case
        shown -- words that were shown for this word before and not taken: others come first

        Within a word the manuscript's words come whatever the model thinks of them, and others only where it thinks
        them likely: there may be fewer than `n_words`.

        Leaves no branches in the cache. Yields nothing within a word so long that the prompt has only its end to spell.
        Raises ValueError when the prompt does not end with `typed`.
        """
        if len(prompt.typed) < len(typed.encode()) and typed.encode().endswith(prompt.typed):
            return
        settled, lead = _split(prompt, typed, self._tokenizer)
        trunk = (*prompt.token_ids, *settled)
        tree = self._tree
        if tree is None or (tree.trunk, tree.lead) != (trunk, lead):
            expected = tree.expected_after(trunk) if tree is not None else None
            if expected is None:
                expected = softmax((yield from self._session.prefill(self._cache, trunk)))
            self._tree = tree = _WordTree(self._tokenizer, trunk, lead, expected)

        def own_words(further: str, typed: str) -> tuple[float, dict[str, float]]:
            """(their share of all, of which each word has so much) after the trunk and what stands behind that"""
            if own is None or strength <= 0:
                return 0.0, {}
            before = self._tokenizer.decode(trunk[-_BEFORE_TOKENS:]) + further
            share = own.trust(before, strength)
            return share, {word: share * p for word, p in own.likely_words(before, typed)}

        share, likely = own_words("", typed)
        banned = {word.casefold() for word in never}

        def found() -> WordsFound:
            weights, seen = defaultdict(float, likely), set[str]()
            over = 0.0  # how probable it is that the word is what is typed and no more
            for word, probability, is_seen in tree.words(typed):
                if word == typed:
                    over += (1 - share) * probability
                    continue
                weights[word] += (1 - share) * probability
                if is_seen:
                    seen.add(word)
            total = sum(weights.values()) + over if typed else 0.0

            def is_likely(word: str) -> bool:
                least = _LEAST_SHARE if word in seen else _LEAST_SHARE_UNSEEN
                return word in likely or weights[word] >= least * total

            words = [word for word in weights if word.casefold() not in banned and is_likely(word)]
            ranked = sorted(words, key=lambda word: (word in shown, -weights[word], word))[:n_words]
            following: list[str] = []
            after = tree.after(typed) if len(ranked) < n_words and over > total / 2 else None
            if after is not None:
                after_share, chances = own_words(f"{lead}{typed}", "")
                for word, probability, _ in after.words(""):
                    chances[word] = chances.get(word, 0.0) + (1 - after_share) * probability
                likeliest = sorted(chances, key=lambda word: (-chances[word], word))
                unwelcome = {w for w in likeliest if w.casefold() in banned or w.startswith(typed) or _is_initial(w)}
                following = [w for w in likeliest if w not in unwelcome]
            return WordsFound(tuple(ranked), tuple(following[: n_words - len(ranked)]))

        yield found()
        for progress in tree.look_further(typed, self._session, self._cache):
            yield found() if progress is None else progress


def closes_up(mark: str, before: str) -> bool:
    """Whether what is typed next takes the place of the space that came with a word.

    before -- the paragraph up to that space"""
    if mark == '"':
        return before.count('"') % 2 == 1  # it ends what another one began
    return mark in CLOSING_MARKS or mark in {" ", "\n", "'", "-", "—"}


def _is_initial(word: str) -> bool:
    """A single capital, where nobody has looked what follows, is the beginning of a name."""
    return len(word) == 1 and word.isupper() and word != "I"


def _split(prompt: Prompt, typed: str, tokenizer: Tokenizer) -> tuple[list[int], str]:
    """(tokens that the word itself does not touch, the space that belongs to it or nothing)"""
    text = prompt.typed.decode("utf-8", "replace")
    if not text.endswith(typed):
        raise ValueError("the prompt does not end with the letters typed")
    before = text[: len(text) - len(typed)]
    lead = " " if before.endswith(" ") else ""
    settled = before[: len(before) - len(lead)]
    if not typed and not lead:
        known = tokenizer.decode(prompt.token_ids[-_BEFORE_TOKENS:]) + settled
        lead = " " if needs_space(known) else ""
    return _encode_before_word(settled, tokenizer), lead


def _encode_before_word(text: str, tokenizer: Tokenizer) -> list[int]:
    """The tokens of `text` as they are where a word follows, which decides what white space sticks together."""
    if not text:
        return []
    token_ids = tokenizer.encode(text + "x")
    if tokenizer.token_bytes(token_ids[-1]) != b"x":
        return tokenizer.encode(text)
    return token_ids[:-1]


class _WordTree:
    """What the model expects of one word: a tree of tokens, of which the likeliest branches were looked at.

    trunk -- the tokens before it
    lead -- the space that belongs to the first token, or nothing
    """

    def __init__(self, tokenizer: Tokenizer, trunk: tuple[int, ...], lead: str, expected: Scores) -> None:
        """expected -- probabilities (V,) of the token that follows the trunk, or any multiple of them"""
        self.trunk, self.lead = trunk, lead
        self._tokenizer = tokenizer
        self._tokens = word_tokens(tokenizer)
        # Probabilities are those of words, given that one begins here.
        begun = max(float(expected[self._possible(lead.encode(), is_first=True)].sum()), _LEAST)
        self._rows: dict[tuple[int, ...], Scores] = {(): expected / np.float32(begun)}

    def expected_after(self, trunk: tuple[int, ...]) -> Scores | None:
        """What a tree at `trunk` begins with, where one of this tree's branches has seen it: most words are looked at
        before their last letter is typed."""
        n_own = len(self.trunk)
        return self._rows.get(trunk[n_own:]) if trunk[:n_own] == self.trunk else None

    def after(self, typed: str) -> "_WordTree | None":
        """What may follow `typed` as a whole word, where one of the branches has seen it."""
        whole = [path for path in self._paths(typed) if path.token_ids in self._rows and self._word(path, "") == typed]
        path = max(whole, key=lambda path: path.probability, default=None)
        if path is None:
            return None
        return _WordTree(self._tokenizer, (*self.trunk, *path.token_ids), " ", self._rows[path.token_ids])

    def words(self, typed: str) -> Iterator[tuple[str, float, bool]]:
        """Whole words that begin with `typed`, itself too, with their probability, and whether they are a token of
        their own or it was seen what follows. A word may come more than once, spelled by different tokens."""
        for path in self._paths(typed):
            word = self._word(path, typed)
            if word:
                is_seen = path.token_ids in self._rows or len(path.token_ids) == 1
                yield word, path.probability * self._share_over(path, len(word)), is_seen

    def _share_over(self, path: _Path, n_letters: int) -> float:
        """How probable it is that no letter follows it."""
        row = self._rows.get(path.token_ids)
        if row is None:
            return _WHOLE_WORD.get(n_letters, _WHOLE_LONG_WORD)
        return float(row[self._tokens.ends].sum())

    def look_further(self, typed: str, session: ModelSession, cache: KVCache) -> Iterator[PrefillProgress | None]:
        """Look at the likeliest paths that were not looked at yet; yields None when that is done."""
        unknown = [path for path in self._paths(typed) if path.token_ids not in self._rows]
        unknown = [path for path in unknown if len(path.token_ids) <= _LONGEST_BRANCH]
        chosen = sorted(unknown, key=lambda path: -path.probability)[:_N_BRANCHES]
        if not chosen:
            return
        try:
            rows = yield from session.begin_branches(cache, self.trunk, [path.token_ids for path in chosen])
            for path, row in zip(chosen, rows, strict=True):
                self._rows[path.token_ids] = softmax(row)
        finally:
            cache.fork(0)
        yield None

    def _paths(self, typed: str) -> Iterator[_Path]:
        """Every path that agrees with what is typed and is not too unlikely beside its neighbours."""
        waiting = self._grow(_Path((), b"", 1.0), typed, _N_BEGINNINGS)
        while waiting:
            path = waiting.pop()
            yield path
            if path.token_ids in self._rows:
                waiting += self._grow(path, typed, _N_ENDINGS)

    def _grow(self, path: _Path, typed: str, limit: int) -> list[_Path]:
        """The likeliest tokens that go on with the word and agree with what is typed."""
        wanted = (self.lead + typed).encode()[len(path.spelled) :]
        weights = self._rows[path.token_ids]
        ids = self._possible(wanted, is_first=not path.token_ids)
        if len(ids) > limit:
            ids = ids[np.argpartition(-weights[ids], limit)[:limit]]
        return [
            _Path(
                (*path.token_ids, i),
                path.spelled + self._tokenizer.token_bytes(i),
                path.probability * float(weights[i]),
            )
            for i in ids.tolist()
        ]

    def _possible(self, wanted: bytes, *, is_first: bool) -> TokenIds:
        if not wanted:
            return self._tokens.beginnings if is_first else self._tokens.inner
        if wanted == b" ":
            return self._tokens.spaced
        ids = self._tokenizer.vocabulary.leading_to(wanted)
        return ids[self._tokens.is_part[ids]]

    def _word(self, path: _Path, typed: str) -> str:
        """What the path spells when that could be a whole word, else nothing."""
        try:
            word = path.spelled.decode()[len(self.lead) :]
        except UnicodeDecodeError:
            return ""
        return word if len(word) >= len(typed) and word[-1:].isalnum() else ""
