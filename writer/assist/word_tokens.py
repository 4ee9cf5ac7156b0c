"""Words in letters and in tokens: which one is being typed, and which tokens begin words, go on with them, or show that
they are over."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from writer.engine.tokenizer import Tokenizer
from writer.engine.vocabulary import TokenIds

APOSTROPHES = "'’"


def typed_word(text_before: str) -> str:
    """The part of a word that stands before the caret: letters and digits, with apostrophes between them."""
    start = len(text_before)
    while start > 0:
        character = text_before[start - 1]
        is_inner = (
            character in APOSTROPHES and start > 1 and text_before[start - 2].isalnum() and start < len(text_before)
        )
        if not (character.isalnum() or is_inner):
            break
        start -= 1
    return text_before[start:]


@dataclass(frozen=True)
class WordTokens:
    """How the tokens of a vocabulary stand to words.

    is_part -- (V,) may be part of a word or its beginning, with the space before it or without
    beginnings, spaced -- those that begin a word without a space, or with one
    inner -- those that go on with a word
    ends -- those that cannot: with them the word before is whole
    """

    is_part: NDArray[np.bool_]
    beginnings: TokenIds
    spaced: TokenIds
    inner: TokenIds
    ends: TokenIds


@lru_cache(maxsize=2)
def word_tokens(tokenizer: Tokenizer) -> WordTokens:
    n_vocab = tokenizer.n_vocab
    is_part, is_beginning, is_spaced, is_inner, is_end = (np.zeros(n_vocab, bool) for _ in range(5))
    for i in range(n_vocab):
        piece = tokenizer.token_bytes(i)
        try:
            text = piece.decode()
        except UnicodeDecodeError:  # part of a character: a letter as a rule
            is_part[i] = is_inner[i] = True
            continue
        is_beginning[i] = text.isalnum()
        is_spaced[i] = text[:1] == " " and text[1:].isalnum()
        is_inner[i] = text.isalnum() or (text[:1] in APOSTROPHES and text[1:].isalnum()) or text == "’"
        is_part[i] = is_inner[i] or is_spaced[i]
        is_end[i] = not is_inner[i]
    parts = (np.flatnonzero(mask) for mask in (is_beginning, is_spaced, is_inner, is_end))
    return WordTokens(is_part, *parts)
