"""What may not stand in a text that is being written, and where it ends: rules about its letters, whatever its tokens.

A rule says how much of the text may be shown whatever follows, so that nothing flashes up that is taken back.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


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
    """Words and phrases that are never written, in capitals or not. A word that only contains one is another word."""

    def __init__(self, phrases: Sequence[str], before: str = "") -> None:
        """before -- what stands before the text: a phrase may begin there"""
        self._before = before
        self._phrases = tuple(phrase.lower() for phrase in phrases)
        self._pattern = re.compile("|".join(map(_whole, sorted(phrases, key=len, reverse=True))), re.IGNORECASE)

    def look(self, text: str, n_safe: int, *, is_over: bool) -> Verdict:
        whole, lead = self._before + text, len(self._before)
        for match in self._pattern.finditer(whole, self._earliest(lead + n_safe)):
            if match.end() <= lead:
                continue  # it is the writer's own
            if match.end() < len(whole) or is_over or not whole[-1:].isalnum():
                return Verdict(max(0, match.start() - lead), unwanted_from=max(0, match.start() - lead))
            return Verdict(max(0, match.start() - lead))  # a letter that follows would make another word of it
        if is_over:
            return Verdict(len(text))
        lowered = whole.lower()
        if len(lowered) != len(whole):  # some capitals have two small letters: then nothing is held back
            lowered = whole
        held = max((_overlap(lowered, phrase, 0) for phrase in self._phrases), default=0)
        return Verdict(max(0, len(text) - held))

    def _earliest(self, at: int) -> int:
        """A phrase that was being written may have begun so far back."""
        return max(0, at - max(map(len, self._phrases), default=0))


def _whole(phrase: str) -> str:
    before = r"(?<!\w)" if phrase[:1].isalnum() else ""
    after = r"(?!\w)" if phrase[-1:].isalnum() else ""
    return before + re.escape(phrase) + after


def _overlap(text: str, wanted: str, first: int) -> int:
    """Length of the longest end of `text` from `first` on that begins `wanted` and is not all of it."""
    lengths = range(min(len(wanted) - 1, len(text) - first), 0, -1)
    return next((n for n in lengths if text.endswith(wanted[:n])), 0)
