"""The syntax of `assist.pattern`: what a regular expression is made of."""

from collections.abc import Callable
from dataclasses import dataclass

TOO_MUCH = "The pattern repeats too much."

CATEGORIES: dict[str, Callable[[str], bool]] = {
    "w": lambda c: c.isalnum() or c == "_",
    "d": str.isdecimal,
    "s": str.isspace,
}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


class PatternError(ValueError):
    """The message says in one sentence what is wrong, for the writer."""


@dataclass(frozen=True)
class Chars:
    """One character: any of these, or none of them."""

    ranges: tuple[tuple[str, str], ...] = ()
    categories: tuple[Callable[[str], bool], ...] = ()
    is_negated: bool = False

    def holds(self, char: str) -> bool:
        forms = {char, char.lower(), char.upper()}
        found = any(first <= form <= last for first, last in self.ranges for form in forms)
        return (found or any(holds(char) for holds in self.categories)) != self.is_negated


@dataclass(frozen=True)
class Place:
    """Matches no character: "b" and "B" for a word's edge and none, "^" and "$" for the ends of the text."""

    kind: str


@dataclass(frozen=True)
class Sequence:
    parts: "tuple[Node, ...]"


@dataclass(frozen=True)
class Choice:
    parts: "tuple[Node, ...]"


@dataclass(frozen=True)
class Repeat:
    part: "Node"
    least: int
    most: int | None


Node = Chars | Place | Sequence | Choice | Repeat


class Parser:
    """Reads a pattern. `parse` raises PatternError for what is none."""

    def __init__(self, pattern: str) -> None:
        self._pattern, self._at = pattern, 0

    def parse(self) -> Node:
        node = self._choice()
        if self._at < len(self._pattern):
            raise PatternError("A closing parenthesis has no opening one.")
        return node

    def _next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        if not (char := self._next()):
            raise PatternError("The pattern ends too early.")
        self._at += 1
        return char

    def _skip(self, text: str) -> bool:
        if found := self._pattern.startswith(text, self._at):
            self._at += len(text)
        return found

    def _choice(self) -> Node:
        parts = [self._sequence()]
        while self._skip("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeats(self._atom()))
        return Sequence(tuple(parts))

    def _atom(self) -> Node:
        char = self._take()
        if char == "(":
            if self._next() == "?" and not self._skip("?:"):
                raise PatternError("Groups that begin with (? are not supported, except for (?:.")
            node = self._choice()
            if not self._skip(")"):
                raise PatternError("A parenthesis is not closed.")
            return node
        if char in "*+?" or (char == "{" and self._counts(self._at) is not None):
            raise PatternError(f"There is nothing before {char} that could repeat.")
        if char in "^$":
            return Place(char)
        if char == ".":
            return Chars((("\n", "\n"),), is_negated=True)
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape("bB")
        return Chars(((char, char),))

    def _escape(self, places: str) -> Chars | Place:
        char = self._take()
        if char in places and places:
            return Place(char)
        if char.lower() in CATEGORIES:
            return Chars(categories=(CATEGORIES[char.lower()],), is_negated=char.isupper())
        if char.isalnum() and char not in _ESCAPED:
            raise PatternError(f"\\{char} is not supported.")
        literal = _ESCAPED.get(char, char)
        return Chars(((literal, literal),))

    def _class(self) -> Chars:
        is_negated = self._skip("^")
        ranges: list[tuple[str, str]] = []
        categories: list[Callable[[str], bool]] = []
        is_first = True
        while is_first or self._next() != "]":
            is_first = False
            one = self._class_member()
            if not one.ranges:
                categories.append(one.holds)
                continue
            first = last = one.ranges[0][0]
            if self._next() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("", "]"):
                self._at += 1
                end = self._class_member()
                if not end.ranges or end.ranges[0][0] < first:
                    raise PatternError("A range in brackets runs backwards.")
                last = end.ranges[0][0]
            ranges.append((first, last))
        self._at += 1
        return Chars(tuple(ranges), tuple(categories), is_negated)

    def _class_member(self) -> Chars:
        if not self._next():
            raise PatternError("A bracket is not closed.")
        char = self._take()
        if char != "\\":
            return Chars(((char, char),))
        node = self._escape("")
        assert isinstance(node, Chars)
        return node

    def _repeats(self, part: Node) -> Node:
        char = self._next()
        if not char or char not in "*+?{":
            return part
        if char == "{":
            found = self._counts(self._at + 1)
            if found is None:  # as `re` has it: then it is the character
                return part
            least, most, self._at = found
        else:
            self._at += 1
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        if most is not None and most < least:
            raise PatternError("A repeat ends before it begins.")
        if isinstance(part, Place):
            raise PatternError(f"There is nothing before {char} that could repeat.")
        self._skip("?")  # as few as possible: of no matter to whether it matches at all
        if self._next() in ("*", "+", "?") or (self._next() == "{" and self._counts(self._at + 1) is not None):
            raise PatternError("A repeat follows another repeat.")
        return Repeat(part, least, most)

    def _counts(self, at: int) -> tuple[int, int | None, int] | None:
        """What stands in braces whose content begins at `at`: (least, most, index after them)."""
        end = self._pattern.find("}", at)
        least, comma, most = self._pattern[at : max(at, end)].partition(",")
        if end < 0 or not (least + most).isdecimal() or not (least + most).isascii():
            return None
        if max(len(least), len(most)) > 4:
            raise PatternError(TOO_MUCH)
        first = int(least or 0)
        return first, (int(most) if most else None) if comma else first, end + 1
