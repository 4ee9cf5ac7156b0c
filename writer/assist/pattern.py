"""Regular expressions that cannot hang the window, however they are written.

`re` goes back and tries again: "(a+)+b" takes longer than a life on forty letters, it can be neither timed out nor
stopped from another thread, and no list of forbidden shapes is complete ("a*a*a*a*b" has no nested quantifier). A lore
list comes with the document, so its patterns may be anybody's. Here all the places where a match may stand are
followed at once, so that a search takes time in proportion to the text. What that cannot do (groups that are referred
back to, looking ahead and behind) is refused.

The syntax is that of `re`, in any case (upper or lower): letters, `.`, `[a-z]`, `[^x]`, `\\w \\d \\s \\W \\D \\S`,
`\\b \\B ^ $`, `( ) (?: ) |`, `* + ? {m} {m,} {m,n}`.
"""

from collections.abc import Callable
from dataclasses import dataclass

LONGEST_PATTERN = 200  # characters
_MOST_STATES = 400  # {1000} makes a thousand copies of what it repeats; a step costs so much at most
_MOST_BUILT = 4 * _MOST_STATES  # what is empty makes no states, however often it is repeated
_MOST_LED = 20_000  # of ways without a character: some milliseconds; a hundred parts that may all be missing have more
_MOST_REMEMBERED = 1000  # steps of one pattern
_TOO_MUCH = "The pattern repeats too much."

_CATEGORIES: dict[str, Callable[[str], bool]] = {
    "w": lambda c: c.isalnum() or c == "_",
    "d": str.isdecimal,
    "s": str.isspace,
}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


class PatternError(ValueError):
    """The message says in one sentence what is wrong, for the writer."""


@dataclass(frozen=True)
class _Chars:
    """One character: any of these, or none of them."""

    ranges: tuple[tuple[str, str], ...] = ()
    categories: tuple[Callable[[str], bool], ...] = ()
    is_negated: bool = False

    def holds(self, char: str) -> bool:
        forms = {char, char.lower(), char.upper()}
        found = any(first <= form <= last for first, last in self.ranges for form in forms)
        return (found or any(holds(char) for holds in self.categories)) != self.is_negated


@dataclass(frozen=True)
class _Place:
    """Matches no character: "b" and "B" for a word's edge and none, "^" and "$" for the ends of the text."""

    kind: str


_Step = _Chars | _Place | None  # None: goes on at once
_States = frozenset[int]


@dataclass(frozen=True)
class _Sequence:
    parts: "tuple[_Node, ...]"


@dataclass(frozen=True)
class _Choice:
    parts: "tuple[_Node, ...]"


@dataclass(frozen=True)
class _Repeat:
    part: "_Node"
    least: int
    most: int | None


_Node = _Chars | _Place | _Sequence | _Choice | _Repeat


class Pattern:
    """A compiled pattern. Raises PatternError when it is none, or too long, or of a kind that takes too long."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > LONGEST_PATTERN:
            raise PatternError(f"A pattern may have at most {LONGEST_PATTERN} characters.")
        self._steps: list[tuple[_Step, tuple[int, ...]]] = []  # of each state: what it takes, which ones follow
        self._n_built = self._n_led = 0
        self._end = self._add(None, ())
        self._first = self._build(_Parser(pattern).parse(), self._end)
        self._has_places = any(isinstance(step, _Place) for step, _ in self._steps)
        self._reached = [self._lead(state) for state in range(len(self._steps))]
        self._takers: dict[str, _States] = {}
        self._moves: dict[tuple[_States, str], _States] = {}

    def search(self, text: str, most_work: int) -> tuple[bool, int]:
        """(whether it matches somewhere in `text`, the work that it took: about one for each character).

        A search that takes more than `most_work` ends there, and has found nothing."""
        waiting: _States = frozenset({self._first})
        is_word = _CATEGORIES["w"]
        was_word = False
        work = 0
        for i in range(len(text) + 1):
            char = text[i : i + 1]
            now_word = bool(char) and is_word(char)
            ends = (i == 0) + 2 * (not char) + 4 * (was_word != now_word)
            key = (waiting, char + str(ends))
            moved = self._moves.get(key)
            if moved is None:
                if len(self._moves) >= _MOST_REMEMBERED:
                    self._moves.clear()
                moved = self._moves[key] = self._move(waiting, char, ends)
            waiting, was_word = moved, now_word
            work += max(1, len(waiting))
            if self._end in waiting:
                return True, work
            if work > most_work:
                break
        return False, work

    def _move(self, states: _States, char: str, ends: int) -> _States:
        """Where these lead with `char`; a match may also begin after it. The end alone when one ends before it."""
        here = frozenset[int]().union(*(self._reached[state][ends] for state in states))
        if self._end in here:
            return frozenset({self._end})
        takers = self._takers.get(char)
        if takers is None:
            found = (i for i, (step, _) in enumerate(self._steps) if isinstance(step, _Chars) and step.holds(char))
            if len(self._takers) >= _MOST_REMEMBERED:
                self._takers.clear()
            takers = self._takers[char] = frozenset(found) if char else frozenset()
        return frozenset({self._first}).union(*(self._steps[state][1] for state in here & takers))

    def _lead(self, first: int) -> tuple[_States, ...]:
        """By what is so at a place (1: the text begins, 2: it ends, 4: a word begins or ends there): the states with a
        character or the end of the match to which this one leads without a character."""
        reached: list[_States] = []
        for ends in range(8 if self._has_places else 1):
            holds = {"^": bool(ends & 1), "$": bool(ends & 2), "b": bool(ends & 4), "B": not ends & 4}
            found, waiting = {first}, [first]
            while waiting:
                step, following = self._steps[waiting.pop()]
                if step is None or (isinstance(step, _Place) and holds[step.kind]):
                    new = [state for state in following if state not in found]
                    found.update(new)
                    waiting += new
            self._n_led += len(found)
            if self._n_led > _MOST_LED:
                raise PatternError(_TOO_MUCH)
            reached.append(frozenset(i for i in found if i == self._end or isinstance(self._steps[i][0], _Chars)))
        return tuple(reached * (8 // len(reached)))

    # -- compiling -------------------------------------------------------------------------------------------------

    def _add(self, step: _Step, following: tuple[int, ...]) -> int:
        if len(self._steps) >= _MOST_STATES:
            raise PatternError(_TOO_MUCH)
        self._steps.append((step, following))
        return len(self._steps) - 1

    def _build(self, node: "_Node", following: int) -> int:
        """The state from which `node` leads to `following`."""
        self._n_built += 1
        if self._n_built > _MOST_BUILT:
            raise PatternError(_TOO_MUCH)
        if isinstance(node, _Sequence):
            for part in reversed(node.parts):
                following = self._build(part, following)
            return following
        if isinstance(node, _Choice):
            return self._add(None, tuple(self._build(part, following) for part in node.parts))
        if isinstance(node, _Repeat):
            if node.most is None:
                again = self._add(None, ())
                self._steps[again] = (None, (self._build(node.part, again), following))
                following = again
            else:
                end = following
                for _ in range(node.most - node.least):
                    following = self._add(None, (self._build(node.part, following), end))
            for _ in range(node.least):
                following = self._build(node.part, following)
            return following
        return self._add(node, (following,))


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern, self._at = pattern, 0

    def parse(self) -> _Node:
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

    def _choice(self) -> _Node:
        parts = [self._sequence()]
        while self._skip("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else _Choice(tuple(parts))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeats(self._atom()))
        return _Sequence(tuple(parts))

    def _atom(self) -> _Node:
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
            return _Place(char)
        if char == ".":
            return _Chars((("\n", "\n"),), is_negated=True)
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape("bB")
        return _Chars(((char, char),))

    def _escape(self, places: str) -> _Chars | _Place:
        char = self._take()
        if char in places and places:
            return _Place(char)
        if char.lower() in _CATEGORIES:
            return _Chars(categories=(_CATEGORIES[char.lower()],), is_negated=char.isupper())
        if char.isalnum() and char not in _ESCAPED:
            raise PatternError(f"\\{char} is not supported.")
        literal = _ESCAPED.get(char, char)
        return _Chars(((literal, literal),))

    def _class(self) -> _Chars:
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
        return _Chars(tuple(ranges), tuple(categories), is_negated)

    def _class_member(self) -> _Chars:
        if not self._next():
            raise PatternError("A bracket is not closed.")
        char = self._take()
        if char != "\\":
            return _Chars(((char, char),))
        node = self._escape("")
        assert isinstance(node, _Chars)
        return node

    def _repeats(self, part: _Node) -> _Node:
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
        if isinstance(part, _Place):
            raise PatternError(f"There is nothing before {char} that could repeat.")
        self._skip("?")  # as few as possible: of no matter to whether it matches at all
        if self._next() in ("*", "+", "?") or (self._next() == "{" and self._counts(self._at + 1) is not None):
            raise PatternError("A repeat follows another repeat.")
        return _Repeat(part, least, most)

    def _counts(self, at: int) -> tuple[int, int | None, int] | None:
        """What stands in braces whose content begins at `at`: (least, most, index after them)."""
        end = self._pattern.find("}", at)
        least, comma, most = self._pattern[at : max(at, end)].partition(",")
        if end < 0 or not (least + most).isdecimal() or not (least + most).isascii():
            return None
        if max(len(least), len(most)) > 4:
            raise PatternError(_TOO_MUCH)
        first = int(least or 0)
        return first, (int(most) if most else None) if comma else first, end + 1
