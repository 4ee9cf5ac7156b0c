"""Regular expressions that cannot hang the window, however they are written.

`re` goes back and tries again: "(a+)+b" takes longer than a life on forty letters, it can be neither timed out nor
stopped from another thread, and no list of forbidden shapes is complete ("a*a*a*a*b" has no nested quantifier). A lore
list comes with the document, so its patterns may be anybody's. Here all the places where a match may stand are
followed at once, so that a search takes time in proportion to the text. What that cannot do (groups that are referred
back to, looking ahead and behind) is refused.

The syntax is that of `re`, in any case (upper or lower): letters, `.`, `[a-z]`, `[^x]`, `\\w \\d \\s \\W \\D \\S`,
`\\b \\B ^ $`, `( ) (?: ) |`, `* + ? {m} {m,} {m,n}`.
"""

from writer.assist.pattern_syntax import (
    CATEGORIES,
    TOO_MUCH,
    Chars,
    Choice,
    Node,
    Parser,
    PatternError,
    Place,
    Repeat,
    Sequence,
)

__all__ = ["Pattern", "PatternError"]

LONGEST_PATTERN = 200  # characters
_MOST_STATES = 400  # {1000} makes a thousand copies of what it repeats; a step costs so much at most
_MOST_BUILT = 4 * _MOST_STATES  # what is empty makes no states, however often it is repeated
_MOST_LED = 8000  # of ways without a character: some milliseconds; a hundred parts that may all be missing have more
_MOST_REMEMBERED = 1000  # steps of one pattern

_Step = Chars | Place | None  # None: goes on at once
_States = frozenset[int]


class Pattern:
    """A compiled pattern. Raises PatternError when it is none, or too long, or of a kind that takes too long."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > LONGEST_PATTERN:
            raise PatternError(f"A pattern may have at most {LONGEST_PATTERN} characters.")
        self._steps: list[tuple[_Step, tuple[int, ...]]] = []  # of each state: what it takes, which ones follow
        self._n_built = self._n_led = 0
        self._end = self._add(None, ())
        self._first = self._build(Parser(pattern).parse(), self._end)
        self._has_places = any(isinstance(step, Place) for step, _ in self._steps)
        self._reached = [self._lead(state) for state in range(len(self._steps))]
        self._takers: dict[str, _States] = {}
        self._moves: dict[tuple[_States, str], _States] = {}

    def search(self, text: str, most_work: int) -> tuple[bool, int]:
        """(whether it matches somewhere in `text`, the work that it took: about one for each character).

        A search that takes more than `most_work` ends there, and has found nothing."""
        waiting: _States = frozenset({self._first})
        is_word = CATEGORIES["w"]
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
            found = (i for i, (step, _) in enumerate(self._steps) if isinstance(step, Chars) and step.holds(char))
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
                if step is None or (isinstance(step, Place) and holds[step.kind]):
                    new = [state for state in following if state not in found]
                    found.update(new)
                    waiting += new
            self._n_led += len(found)
            if self._n_led > _MOST_LED:
                raise PatternError(TOO_MUCH)
            reached.append(frozenset(i for i in found if i == self._end or isinstance(self._steps[i][0], Chars)))
        return tuple(reached * (8 // len(reached)))

    # -- compiling -------------------------------------------------------------------------------------------------

    def _add(self, step: _Step, following: tuple[int, ...]) -> int:
        if len(self._steps) >= _MOST_STATES:
            raise PatternError(TOO_MUCH)
        self._steps.append((step, following))
        return len(self._steps) - 1

    def _build(self, node: "Node", following: int) -> int:
        """The state from which `node` leads to `following`."""
        self._n_built += 1
        if self._n_built > _MOST_BUILT:
            raise PatternError(TOO_MUCH)
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                following = self._build(part, following)
            return following
        if isinstance(node, Choice):
            return self._add(None, tuple(self._build(part, following) for part in node.parts))
        if isinstance(node, Repeat):
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
