"""How long a continuation is to be, and where it ends: with a sentence, a paragraph, a scene or after so many words."""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from writer.engine.sentences import LINE_END, sentence_ends
from writer.engine.text_rules import Verdict

_SCENE_WORDS = 400
# Most prose has four tokens to three words; a sentence in progress has to come to its end.
_TOKENS_PER_WORD = 1.5
_SENTENCE_TOKENS = 120
_PARAGRAPH_TOKENS = 320
_MOST_TOKENS = 4096

_WORD = re.compile(r"\S+")
_SCENE_BREAK = re.compile(r"\s*\n[^\S\n]*(?:#|(?:\*[^\S\n]*){3}|[-—–~_=]{3}|⁂|\n[^\S\n]*\n)")
_BEGUN_SCENE_BREAK = re.compile(r"\s*\n[\s*—–~_=-]*$")


class Goal(StrEnum):
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"
    SCENE = "scene"
    WORDS = "words"


@dataclass(frozen=True)
class Length:
    """words -- about so many, for WORDS alone: the sentence in which they are reached is written to its end"""

    goal: Goal = Goal.WORDS
    words: int = 60


def max_new_tokens(length: Length) -> int:
    """Enough for nearly every text of that length, and an end to all others."""
    match length.goal:
        case Goal.SENTENCE:
            return _SENTENCE_TOKENS
        case Goal.PARAGRAPH:
            return _PARAGRAPH_TOKENS
        case Goal.SCENE:
            words = _SCENE_WORDS
        case Goal.WORDS:
            words = length.words
    return min(_MOST_TOKENS, round(words * _TOKENS_PER_WORD) + _SENTENCE_TOKENS // 2)


class Ending:
    """Ends the text where the goal is met. What comes after a sentence shows that it has ended: it is held back until
    then. A text that is over before the goal is met ends with its last whole sentence, if it has one."""

    def __init__(self, length: Length) -> None:
        self._length = length
        self._least_words = {Goal.WORDS: length.words, Goal.SCENE: _SCENE_WORDS}.get(length.goal, 1)

    def look(self, text: str, n_safe: int, *, is_over: bool) -> Verdict:
        n_blank = len(text) - len(text.lstrip())
        if n_blank == len(text):
            return Verdict(len(text))
        found = self._break(text, n_blank)
        if found is not None:
            return Verdict(found, end=found)
        safe = self._held_from(text)
        start = self._earliest_end(text)
        if start is not None:
            possible = sentence_ends(text, start=start)
            certain = sentence_ends(text, start=start, is_over=is_over)
            if possible and possible[0] in certain:
                return Verdict(possible[0], end=possible[0])
            safe = min([safe, *possible[:1]])
        if not is_over:
            return Verdict(safe)
        whole = sentence_ends(text)
        return Verdict(len(text), end=whole[-1] if whole and whole[-1] < len(text) else None)

    def _earliest_end(self, text: str) -> int | None:
        """Where the last of the words wanted begins, if that many are there and a sentence's end would do."""
        if self._length.goal is Goal.PARAGRAPH:
            return None
        word = next(islice(_WORD.finditer(text), max(1, self._least_words) - 1, None), None)
        return word.start() if word else None

    def _break(self, text: str, n_blank: int) -> int | None:
        """Where a paragraph or a scene has ended."""
        match self._length.goal:
            case Goal.PARAGRAPH:
                ends = sentence_ends(text, start=n_blank, is_over=False)
                return next((end for end in ends if LINE_END.match(text, end)), None)
            case Goal.SCENE:
                found = _SCENE_BREAK.search(text, n_blank)
                return found.start() if found else None
        return None

    def _held_from(self, text: str) -> int:
        """White space at the end, and what may become a scene break, would not stand if the text ended before them."""
        begun = _BEGUN_SCENE_BREAK.search(text) if self._length.goal is Goal.SCENE else None
        return begun.start() if begun else len(text.rstrip())
