"""Which tokens could stand for the beginning of a given text: an index over the bytes of a vocabulary."""

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

TokenIds = NDArray[np.intp]


class Vocabulary:
    """`pieces[id]` are the bytes of a token; tokens without any are never among the answers."""

    def __init__(self, pieces: list[bytes]) -> None:
        order = sorted((piece, i) for i, piece in enumerate(pieces) if piece)
        self._pieces = [piece for piece, _ in order]
        self._ids: TokenIds = np.array([i for _, i in order], np.intp)
        self._says_something = np.array([bool(piece.strip()) for piece in self._pieces], bool)
        self._longest = max(map(len, self._pieces), default=0)

    def beginning_with(self, start: bytes) -> TokenIds:
        """Tokens whose bytes are `start` or go on from it."""
        first, last = self._range(start)
        return self._ids[first:last]

    def leading_to(self, typed: bytes) -> TokenIds:
        """Tokens that agree with the bytes typed: they begin with them, or are the first part of them.

        What follows a space is meant to be a word: then no token will do that adds nothing but more white space."""
        first, last = self._range(typed)
        ids = self._ids[first:last]
        if typed.isspace():  # as after every word: tens of thousands of tokens begin with a space
            ids = ids[self._says_something[first:last]] if typed[-1:] == b" " else ids
        elif typed[-1:] == b" ":
            ids = ids[[bool(piece[len(typed) :].strip()) for piece in self._pieces[first:last]]]
        return np.concatenate([ids, self.first_parts(typed)])

    def first_parts(self, typed: bytes) -> TokenIds:
        """Tokens that `typed` begins with and goes on from, the shortest first."""
        none = self._ids[:0]
        return np.concatenate([none, *(self.exactly(typed[:n]) for n in range(1, min(len(typed), self._longest + 1)))])

    def alike(self, piece: bytes) -> list[int]:
        """Tokens of the same letters, in other capitals, with a space before them or without."""
        word = piece.lstrip(b" ").decode("utf-8", "ignore")
        spellings = {
            f"{space}{form}" for space in ("", " ") for form in (word, word.lower(), word.title(), word.upper())
        }
        return [int(i) for spelling in spellings if word for i in self.exactly(spelling.encode())]

    def _range(self, start: bytes) -> tuple[int, int]:
        first = bisect_left(self._pieces, start)
        end = start.rstrip(b"\xff")  # the least bytes that are greater than all that begin with `start`
        last = bisect_left(self._pieces, end[:-1] + bytes([end[-1] + 1])) if end else len(self._pieces)
        return first, last

    def exactly(self, piece: bytes) -> TokenIds:
        """Tokens whose bytes are `piece`."""
        first = last = bisect_left(self._pieces, piece)
        while last < len(self._pieces) and self._pieces[last] == piece:
            last += 1
        return self._ids[first:last]
