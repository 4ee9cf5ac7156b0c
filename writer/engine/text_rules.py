"""What may not stand in a text that is being written, and where it ends: rules about its letters, whatever its tokens.

A rule says how much of the text may be shown whatever follows, so that nothing flashes up that is taken back.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from unicodedata import category


@dataclass(frozen=True)
class Verdict:
    """safe -- so many characters may be shown whatever follows
    end -- the text ends after so many characters; None while it goes on
    unwanted_from -- what begins at this character must not be written; None for nothing
    """

    safe: int
    end: int | None = None
    unwanted_from: int | None = None


class TextRule(Protocol):
    """Says the same of the same text at any time."""

    def look(self, text: str, n_safe: int, *, is_over: bool) -> Verdict:
        """text -- all that has been drawn
        n_safe -- characters of it that every rule has let go before
        is_over -- nothing follows
        """


class StopStrings:
    """The text ends before the first of these strings."""

    def __init__(self, stop_strings: Sequence[str]) -> None:
        self._stops = tuple(stop_strings)

    def look(self, text: str, n_safe: int, *, is_over: bool) -> Verdict:
        found = [at for at in (text.find(stop, n_safe) for stop in self._stops) if at >= 0]
        if found:
            return Verdict(min(found), end=min(found))
        if is_over:
            return Verdict(len(text))
        return Verdict(len(text) - max((_overlap(text, stop, n_safe) for stop in self._stops), default=0))


class BannedPhrases:
    """Words and phrases that are never written, in capitals or not, whatever white space stands between the words, ends
    of lines too, and whatever cannot be seen in them. A word that only contains one is another word."""

    def __init__(self, phrases: Sequence[str], before: str = "") -> None:
        """before -- what stands before the text: a phrase may begin there"""
        self._before = before
        flat = (_flat(_fold(phrase))[0] for phrase in phrases)
        self._phrases = sorted(filter(None, flat), key=len, reverse=True)
        self._longest = max(map(len, self._phrases), default=0)
        self._pattern = re.compile("|".join(map(_whole, self._phrases)) or "(?!)")

    def look(self, text: str, n_safe: int, *, is_over: bool) -> Verdict:
        whole, lead = self._before + text, len(self._before)
        # A phrase that was being written may have begun so far back; the character before tells whether a word did.
        first = _back(whole, lead + n_safe, self._longest + 1)
        (tail, places), lead = _flat(_fold(whole[first:])), lead - first
        safe = len(tail)
        match = self._pattern.search(tail, min(first, 1))
        while match:
            if places[match.end() - 1] >= lead:  # or it is the writer's own
                if match.end() < len(tail) or is_over or not tail[-1].isalnum():
                    from_ = max(0, places[match.start()] - lead)
                    return Verdict(n_safe, unwanted_from=from_)
                safe = min(safe, match.start())  # a letter that follows would make another word of it
            match = self._pattern.search(tail, match.start() + 1)
        if not is_over:
            safe = min(safe, len(tail) - max((_begun(tail, phrase) for phrase in self._phrases), default=0))
        if safe == len(tail):
            return Verdict(len(text))
        end = first + places[safe]
        while end > first and (whole[end - 1] == " " or _is_invisible(whole[end - 1])):
            end -= 1  # the space before a word goes with it
        return Verdict(max(0, end - first - lead))


def _flat(text: str) -> tuple[str, list[int]]:
    """(each run of white space one space and nothing invisible, where each of these characters stands in `text`)"""
    flat, places = list[str](), list[int]()
    for place, letter in enumerate(text):
        is_space = letter.isspace()
        if not _is_invisible(letter) and not (is_space and flat[-1:] == [" "]):
            flat.append(" " if is_space else letter)
            places.append(place)
    return "".join(flat), places


def _back(text: str, end: int, n_flat: int) -> int:
    """Where the last `n_flat` characters of the flat form of `text[:end]` begin; 0 when there are not so many."""
    at, is_in_space = end, False
    while at > 0 and n_flat > 0:
        at -= 1
        if not _is_invisible(text[at]):
            was_in_space, is_in_space = is_in_space, text[at].isspace()
            n_flat -= not (was_in_space and is_in_space)
    return at


def _is_invisible(letter: str) -> bool:
    """Soft hyphens, zero-width joiners and spaces, and their like: Unicode's format characters."""
    return not letter.isascii() and category(letter) == "Cf"


def _whole(phrase: str) -> str:
    # An underscore is no letter: it stands around words in italics.
    before = r"(?<![^\W_])" if phrase[:1].isalnum() else ""
    after = r"(?![^\W_])" if phrase[-1:].isalnum() else ""
    return before + re.escape(phrase) + after


def _fold(text: str) -> str:
    """Small letters and straight apostrophes; as long as the text."""
    return text.lower() if text.isascii() else "".join(map(_fold_letter, text))


def _fold_letter(letter: str) -> str:
    if letter == "’":
        return "'"
    return next((folded for folded in (letter.casefold(), letter.lower()) if len(folded) == 1), letter)


def _begun(text: str, phrase: str) -> int:
    """Length of the longest end of `text` that begins `phrase`, is not all of it, and begins a word if that does."""
    n = _overlap(text, phrase, 0)
    while n and phrase[0].isalnum() and text[-n - 1 : -n].isalnum():
        n = _overlap(text, phrase[:n], 0)
    return n


def _overlap(text: str, wanted: str, first: int) -> int:
    """Length of the longest end of `text` from `first` on that begins `wanted` and is not all of it."""
    lengths = range(min(len(wanted) - 1, len(text) - first), 0, -1)
    return next((n for n in lengths if text.endswith(wanted[:n])), 0)
