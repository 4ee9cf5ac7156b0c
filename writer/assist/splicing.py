"""Accepting takes sentence by sentence: the text that is to be put in, with the white space right on all sides."""

import re
from collections.abc import Sequence

from writer.engine.sentences import split_sentences

_CLOSING = tuple(".,;:!?…)]”’»")
_OPENING = tuple("([“‘«")
_HALF_WORD = re.compile(r"\w+\Z")


def splice(takes: Sequence[str], chosen: Sequence[tuple[int, int]], before: str, after: str = "") -> str:
    """The sentences chosen, in that order, as they are put in between `before` and `after`.

    takes -- whole texts of the takes, as they go on from `before`
    chosen -- (take, sentence) pairs; sentences are counted as `split_sentences` does
    before, after -- what stands around the place; a few characters suffice

    The first sentence of a take goes on from `before` letter for letter, in the middle of a word too.
    """
    text, last = "", None
    for take, sentence in chosen:
        piece = split_sentences(takes[take])[sentence]
        if text and last == (take, sentence - 1):
            text += piece
        elif sentence == 0 and not text:
            text = piece if not before[-1:].isspace() else piece.lstrip(" ")
        else:
            text = text.rstrip() + _space_before(piece, text, before) + piece.lstrip()
        last = (take, sentence)
    body = text.rstrip()
    if not body or not after or after[0].isspace() or after.startswith(_CLOSING):
        return body
    return body + (text[len(body) :] or " ")


def whole(text: str, before_then: str, before: str, after: str) -> str:
    """A whole take as it is put in between `before` and `after`.

    before_then -- what stood before it when it was made: a word that it went on with is begun anew where that is gone
    """
    half = _HALF_WORD.search(before_then)
    if half is not None and text[:1].isalnum() and not before.endswith(half[0]):
        text = f" {half[0]}{text}"
    return splice([text], [(0, number) for number in range(len(split_sentences(text)))], before, after)


def _space_before(piece: str, text: str, before: str) -> str:
    """Between `piece` and what was chosen before it, or else `before`: an end of a paragraph on either side counts for
    more than a space."""
    if not text and (not before or before[-1].isspace() or before.endswith(_OPENING)):
        return ""
    trailing, leading = text[len(text.rstrip()) :], piece[: len(piece) - len(piece.lstrip())]
    return max(" ", trailing, leading, key=lambda space: space.count("\n"))
