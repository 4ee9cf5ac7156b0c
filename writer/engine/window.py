"""Which part of a long text the model is shown.

Learned positions (GPT-2) cannot slide: dropping the oldest token would move every other one and make the whole
cache worthless at each step. So a text that outgrows the window is cut in one large step at the start of a
paragraph or sentence, and the cut stays where it is until the window is full again. The cut is found on a grid
of character offsets, which needs no memory of earlier calls: the same text always gives the same window.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from writer.engine.sentences import sentence_ends

# A token of English holds four to five characters and hardly ever more than sixteen.
_CHARS_PER_TOKEN = 4
_MOST_CHARS_PER_TOKEN = 16

_PARAGRAPH_START = re.compile(r"\n\s*(?=\S)")
_WORD_START = re.compile(r"\s+(?=\S)")

_CUT_REACH = 4  # a cut among tokens is looked for in the first quarter of what may stay
_WORD_BEFORE_CHARS = 32  # by which a full stop is told from the dot of a title
_CUT_LOOK_BACK = 8  # tokens before it that are read for signs of a boundary


@dataclass(frozen=True)
class Window:
    """`token_ids` encode the text from character `start` on."""

    start: int
    token_ids: list[int]


def fit_window(text: str, encode: Callable[[str], list[int]], limit_tokens: int) -> Window:
    """The longest suitable end of `text` of at most `limit_tokens` tokens."""
    if len(text) <= limit_tokens * _MOST_CHARS_PER_TOKEN:
        token_ids = encode(text)
        if len(token_ids) <= limit_tokens:
            return Window(0, token_ids)
    step = max(1, limit_tokens * _CHARS_PER_TOKEN // 2)
    while True:
        first = max(0, len(text) - limit_tokens * _MOST_CHARS_PER_TOKEN) // step + 1
        for point in range(first * step, len(text), step):
            start = start_after(text, point, step)
            token_ids = encode(text[start:])
            if token_ids and len(token_ids) <= limit_tokens:
                return Window(start, token_ids)
        if step == 1:  # one character is more than the window holds
            return Window(len(text), encode(text[-1:])[-limit_tokens:])
        step = max(1, step // 2)  # dense text: tokens of a single character or less


def cut_tokens(token_ids: Sequence[int], token_bytes: Callable[[int], bytes], limit_tokens: int) -> list[int]:
    """The newer part of what has been read and written, when the window is full in the middle of a generation.

    At most `limit_tokens` of the very same ids, cut where a paragraph starts, else a sentence, else a word. (Encoding
    their text anew would break a character that is still incomplete at the end.)
    """
    first = max(0, len(token_ids) - limit_tokens)
    if first == 0:
        return list(token_ids)
    last = first + max(1, limit_tokens // _CUT_REACH)
    return list(token_ids[min(range(first, last), key=lambda i: _cut_rank(token_ids, token_bytes, i)) :])


def _cut_rank(token_ids: Sequence[int], token_bytes: Callable[[int], bytes], i: int) -> int:
    """How good it is to cut before token `i`: 0 for the start of a paragraph, 3 for the middle of a word, 4 for that of
    a character."""
    before = b"".join(map(token_bytes, token_ids[max(0, i - _CUT_LOOK_BACK) : i])).decode("utf-8", "ignore")
    piece = token_bytes(token_ids[i])
    if not piece.strip():
        return 3
    if before.rstrip(" ").endswith("\n"):
        return 0
    if before[-1:].isspace() or piece[:1].isspace():
        return 1 if _is_sentence_start(before + piece.decode("utf-8", "ignore"), len(before)) else 2
    return 4 if piece[0] & 0xC0 == 0x80 else 3  # UTF-8's continuation bytes


def start_after(text: str, point: int, reach: int) -> int:
    """The first paragraph start in the half grid step after `point`, else sentence, else word, else `point`."""
    last = min(len(text), point + reach // 2)
    if paragraph := _PARAGRAPH_START.search(text, point, last):
        return paragraph.end()
    first = max(0, point - _WORD_BEFORE_CHARS)
    for end in sentence_ends(text[first:last], start=point - first, is_over=False):
        if start := _WORD_START.match(text, first + end, last):
            return start.end()
    word = _WORD_START.search(text, point, last)
    return word.end() if word else point


def _is_sentence_start(text: str, place: int) -> bool:
    return len(text[:place].rstrip()) in sentence_ends(text)
