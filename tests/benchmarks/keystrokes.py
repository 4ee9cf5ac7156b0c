"""How many keys it takes to write a passage with a strip of words beside it.

A `Typed` says for each word how it came about: how many of its letters were typed, and whether it was then taken from
the strip, with the space after it. Two counts are made of that. Presage's own looks at nothing but words, each with
one separator after it: a word taken is one key, any other its letters and one more. The strict count has every key of
the passage in it, its marks and line breaks too; a space that came with a word is gone again where a mark follows.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

# (text before the word, its letters typed so far, words that were shown for it before) -> words shown now
Strip = Callable[[str, str, frozenset[str]], Sequence[str]]


@dataclass(frozen=True)
class Typed:
    """The word `passage[start:end]`: `n_letters` were typed; is_taken -- the rest came from the strip."""

    start: int
    end: int
    n_letters: int
    is_taken: bool


def write_with_strip(before: str, passage: str, strip: Strip) -> list[Typed]:
    """Type `passage` after `before`; a word is taken as soon as it is shown."""
    typed = []
    for match in WORD.finditer(passage):
        text, word = before + passage[: match.start()], match.group()
        shown: frozenset[str] = frozenset()
        for n_letters in range(len(word)):
            words = strip(text, word[:n_letters], shown)
            if word in words:
                typed.append(Typed(match.start(), match.end(), n_letters, is_taken=True))
                break
            shown |= frozenset(words)
        else:
            typed.append(Typed(match.start(), match.end(), len(word), is_taken=False))
    return typed


def saved_by_words(words: Sequence[Typed]) -> float:
    """Share of the keys saved, counted as presage_simulator does."""
    needed = sum(word.end - word.start + 1 for word in words)
    return 1 - sum(word.n_letters + 1 for word in words) / needed


def saved_of_all_keys(words: Sequence[Typed], passage: str) -> float:
    """Share of all the keys of the passage that is saved."""
    saved = 0
    for word in words:
        if word.is_taken:
            is_spaced = passage[word.end : word.end + 1] == " "
            saved += word.end - word.start - word.n_letters - 1 + is_spaced
    return saved / len(passage)
