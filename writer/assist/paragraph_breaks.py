"""Between paragraphs the model's words have what the writer's have: a blank line, a line break alone, an indentation.

Only what is given out is changed. The cache keeps what was drawn, and whoever asks next reads the text as it stands.
"""

import re
from collections import Counter

from writer.document.document import Document

_LOOK_CHARS = 4_000  # on either side
_NEAREST = 4  # breaks of which all have to agree but one: more would remember what the writer has left behind
_STANDING = re.compile(r"(\S)[^\S\n]*(\n\s*)(?=\S)")
_DRAWN = re.compile(r"\n\s*")


def break_at(document: Document, start: int, end: int | None = None) -> str | None:
    """As `paragraph_break`, for what is written in the place of that range."""
    end = start if end is None else end
    before = document.slice(max(0, start - _LOOK_CHARS), start)
    return paragraph_break(before, document.slice(end, min(len(document), end + _LOOK_CHARS)))


def paragraph_break(before: str, after: str = "") -> str | None:
    """What stands between paragraphs near a caret between these texts; None where there is nothing to tell by, or where
    line breaks stand within something, as in verse, or are not alike: one of four may be a slip of a key."""
    found = list(_STANDING.finditer(before + after))
    near = [match for match in found if match.start(2) < len(before)][-_NEAREST:] or found[:_NEAREST]
    kinds = Counter(_kind(match[2]) for match in near)
    is_verse = any(match[2].count("\n") == 1 and _goes_on(match[1]) for match in near)
    [(kind, n_alike)] = kinds.most_common(1) or [("", 0)]
    return kind if kind and 4 * n_alike >= 3 * len(near) and not is_verse else None


def with_break(text: str, between: str | None) -> str:
    """`text` with `between` for every break in it; as it is for None.

    What that makes of a beginning is the beginning of what it makes of the whole: so it can be shown as it is drawn."""
    return text if between is None else _DRAWN.sub(lambda _: between, text)


class BreaksKept:
    """The text of one continuation as it arrives, with the writer's break for every one in it."""

    def __init__(self, between: str | None) -> None:
        self._between = between
        self._drawn = self._given = ""

    def add(self, text: str) -> str:
        """This was drawn too: what is given out for it."""
        self._drawn += text
        before, self._given = self._given, with_break(self._drawn, self._between)
        return self._given[len(before) :]

    def take_back(self, text: str) -> str:
        """This end of what was drawn stands no more: nor does that which was given out for it."""
        self._drawn = self._drawn.removesuffix(text)
        before, self._given = self._given, with_break(self._drawn, self._between)
        return before[len(self._given) :]


def _kind(standing: str) -> str:
    """However many blank lines there are, they are one."""
    indentation = standing[standing.rindex("\n") + 1 :]
    return "\n" * min(2, standing.count("\n")) + indentation


def _goes_on(last: str) -> bool:
    """Whether a line that ends so is no whole paragraph."""
    return last.isalnum() or last in ",;"
