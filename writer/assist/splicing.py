"""Accepting takes sentence by sentence: the text that is to be put in, with the white space right on all sides."""

import re
from collections.abc import Sequence

from writer.engine.sentences import split_sentences

CLOSING_MARKS = tuple(".,;:!?…)]}”’»")  # no space stands before them
_OPENING = tuple("([“‘«")
_HALF_WORD = re.compile(r"\w+\Z")


def splice(
    takes: Sequence[str],
    chosen: Sequence[tuple[int, int]],
    before: str,
    after: str = "",
    *,
    before_then: str | None = None,
) -> str:
    """The sentences chosen, in that order, as they are put in between `before` and `after`.

    takes -- whole texts of the takes
    chosen -- (take, sentence) pairs; sentences are counted as `split_sentences` does
    before, after -- what stands around the place; a few characters suffice
    before_then -- what stood before it when the takes were made; None for `before`

    The first sentence of a take goes on letter for letter from where the take was made, in the middle of a word too.
    Anywhere else that word is begun anew.
    """
    then = before if before_then is None else before_then
    text, last = "", None
    for take, sentence in chosen:
        piece = split_sentences(takes[take])[sentence]
        if text and last == (take, sentence - 1):
            text += piece
        elif sentence == 0 and not text:
            text = _first(piece, then, before)
        else:
            piece = (_half_word(piece, then) if sentence == 0 else "") + piece
            text = text.rstrip() + _space_before(piece, text, before) + piece.lstrip()
        last = (take, sentence)
    body = text.rstrip()
    return body + (text[len(body) :] or " ") if body and needs_space_before(after) else body


def needs_space_before(after: str) -> bool:
    """Whether what stands there is a word, or opens one, that must not touch the word before it."""
    return bool(after) and not after[0].isspace() and not after.startswith(CLOSING_MARKS)


def whole(text: str, before_then: str, before: str, after: str) -> str:
    """A whole take that was made after `before_then`, as it is put in between `before` and `after`."""
    chosen = [(0, number) for number in range(len(split_sentences(text)))]
    return splice([text], chosen, before, after, before_then=before_then)


def _half_word(piece: str, then: str) -> str:
    """The letters before `piece` that it went on with; "" when it began a word of its own."""
    half = _HALF_WORD.search(then)
    return half[0] if half is not None and piece[:1].isalnum() else ""


def _first(piece: str, then: str, before: str) -> str:
    """The beginning of a take that was made after `then`, for after `before`."""
    half, standing = _half_word(piece, then), _HALF_WORD.search(before)
    if half and standing is not None and standing[0] == half:
        return piece
    piece = half + piece
    if _is_open(before):
        return piece.lstrip(" ")
    began_anew = bool(half) or _is_open(then)
    needs_space = began_anew and piece[:1].strip() and not piece.startswith(CLOSING_MARKS)
    return f" {piece}" if needs_space else piece


def _is_open(before: str) -> bool:
    """Whether a word that begins there needs no space before it."""
    return not before or before[-1].isspace() or before.endswith(_OPENING)


def _space_before(piece: str, text: str, before: str) -> str:
    """Between `piece` and what was chosen before it, or else `before`: an end of a paragraph on either side counts for
    more than a space."""
    if not text and _is_open(before):
        return ""
    trailing, leading = text[len(text.rstrip()) :], piece[: len(piece) - len(piece.lstrip())]
    return max(" ", trailing, leading, key=lambda space: space.count("\n"))
