"""Ghost text: when the writer may be offered a continuation unasked, how long to wait, and what becomes of it.

All of it is plain values and pure functions. What the continuation says comes from `ghost_draft`, whether it is good
enough from `calibration`, and the page draws it.
"""

import dataclasses
import re
from dataclasses import dataclass
from enum import StrEnum

from writer.engine.sentences import sentence_ends


class Action(StrEnum):
    """What the writer did last on the page."""

    TYPED = "typed"
    DELETED = "deleted"
    UNDONE = "undone"  # or redone
    MOVED = "moved"  # the caret
    ACCEPTED = "accepted"  # a suggestion, or a part of it
    OTHER = "other"  # anything else that changed the page: pasting, opening, what the model wrote


_ACTIONS_TO_FOLLOW = frozenset({Action.TYPED, Action.MOVED, Action.ACCEPTED})


@dataclass(frozen=True)
class Situation:
    """text_before -- the last characters before the caret, from its line's beginning at least, so that a heading is
    known for one; all of them where there are few
    text_after_in_line -- from the caret to the end of its line
    """

    text_before: str
    text_after_in_line: str = ""
    has_selection: bool = False
    is_composing: bool = False
    last_action: Action = Action.TYPED


def may_suggest(situation: Situation) -> bool:
    """Whether a suggestion would be welcome here. How good it would be is another question."""
    if situation.has_selection or situation.is_composing or situation.last_action not in _ACTIONS_TO_FOLLOW:
        return False
    if situation.text_after_in_line.strip() or not situation.text_before.strip():
        return False
    line = situation.text_before.rpartition("\n")[2]
    return not line.startswith("#")


def reason_against(situation: Situation) -> tuple[str, str] | None:
    """Why none can stand here, in a sentence and a hint, for a writer who asks for one; None where it can."""
    if situation.has_selection:
        return "Ghost text needs a caret, and a passage is selected.", "Press an arrow key first."
    if situation.text_after_in_line.strip():
        return "Ghost text is shown only at the end of a paragraph.", "Ctrl+Return goes on anywhere."
    return None


# A run without white space; where words stand without any between them, as in Chinese and Japanese, one character.
_WIDE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
WORD = re.compile(f"[{_WIDE}]|[^\\s{_WIDE}]+")

_LEAST_PAUSE_MS, _MOST_PAUSE_MS = 200, 300
_FAST_MS, _SLOW_MS = 50.0, 150.0  # from pause to first word: a slow answer is begun later, so that fewer go stale
_PATIENCE = 4  # refusals in a row that mean nothing yet: whoever wants one in four has such runs all the time
_GROWTH = 1.25
_LONGEST_PAUSE_MS = 3000


def pause_ms(measured_latency_ms: float, recent_refusals: int) -> int:
    """How long the keys must rest before a suggestion is looked for: 200 to 300 ms by how long the first word takes,
    and longer, up to 3 s, after more than a few refusals in a row (counted by `refusals_after`)."""
    slowness = min(max((measured_latency_ms - _FAST_MS) / (_SLOW_MS - _FAST_MS), 0.0), 1.0)
    pause = _LEAST_PAUSE_MS + slowness * (_MOST_PAUSE_MS - _LEAST_PAUSE_MS)
    n_steps = min(max(recent_refusals - _PATIENCE, 0), 100)
    return round(min(pause * _GROWTH**n_steps, _LONGEST_PAUSE_MS))


def refusals_after(recent_refusals: int, is_accepted: bool) -> int:
    """The count that `pause_ms` takes, after one more suggestion that was shown. Accepting one makes up for several."""
    return recent_refusals // 3 if is_accepted else recent_refusals + 1


@dataclass(frozen=True)
class Variant:
    """One of several suggestions for the same place. confidence -- see `ghost_draft`."""

    text: str
    confidence: float = 0.0


@dataclass(frozen=True)
class Ghost:
    """The suggestion at the caret, and the others that were made for the same place.

    text -- what is left of it: it goes on right after `before`
    before -- the last characters before the caret; a sentence's end is told by what stands before it
    taken -- the part of the suggestion that stands in the text already
    earlier, later -- its variants, in the order in which they were made
    """

    text: str
    confidence: float = 0.0
    before: str = ""
    taken: str = ""
    earlier: tuple[Variant, ...] = ()
    later: tuple[Variant, ...] = ()

    @property
    def n_variants(self) -> int:
        return len(self.earlier) + 1 + len(self.later)

    # -- taking it -------------------------------------------------------------------------------------------------

    def next_word(self) -> str:
        """The next word with the white space before it and the punctuation on it; "" when nothing is left."""
        match = WORD.search(self.text)
        return self.text[: match.end()] if match else self.text

    def next_sentence(self) -> str:
        """What is left of the sentence; all when the suggestion ends before it does."""
        n_before = len(self.before)
        ends = (end - n_before for end in sentence_ends(self.before + self.text))
        return self.text[: next((end for end in ends if self.text[: max(end, 0)].strip()), len(self.text))]

    def rest_after(self, accepted: str) -> str:
        """What is left when its beginning has been accepted. Raises ValueError when that is not how it begins."""
        if not self.text.startswith(accepted):
            raise ValueError(f"the suggestion does not begin with {accepted!r}")
        return self.text[len(accepted) :]

    def type_through(self, typed: str) -> "Ghost | None":
        """The suggestion after these characters were written, by the writer's own keys or by accepting them: with an
        empty `text` when that was all of it, None when it says something else. Variants that say something else
        go."""
        if not self.text.startswith(typed):
            return None
        return dataclasses.replace(
            self,
            text=self.text[len(typed) :],
            before=self.before + typed,
            taken=self.taken + typed,
            earlier=_going_on(self.earlier, typed),
            later=_going_on(self.later, typed),
        )

    # -- while it is being drafted -----------------------------------------------------------------------------------

    def grown(self, text: str, confidence: float) -> "Ghost | None":
        """With all that has been drafted of it by now, less what is taken already; None when that is not how the
        text begins."""
        if not text.startswith(self.taken):
            return None
        return dataclasses.replace(self, text=text[len(self.taken) :], confidence=confidence)

    # -- its variants --------------------------------------------------------------------------------------------------

    def with_variant(self, text: str, confidence: float) -> "Ghost":
        """Another suggestion for where the caret stands now is the last one and is shown."""
        earlier = (*self.earlier, self._variant(), *self.later)
        return dataclasses.replace(self, text=text, confidence=confidence, taken="", earlier=earlier, later=())

    def next_variant(self) -> "Ghost | None":
        """None after the last one: another must be drafted, or the first one comes again (`first_variant`)."""
        if not self.later:
            return None
        return self._show(self.later[0], (*self.earlier, self._variant()), self.later[1:])

    def previous_variant(self) -> "Ghost":
        """The last one before the first."""
        variants = (self._variant(), *self.later) if self.earlier else self.later
        if not self.earlier:
            return self._show(variants[-1], (self._variant(), *variants[:-1]), ()) if variants else self
        return self._show(self.earlier[-1], self.earlier[:-1], variants)

    def first_variant(self) -> "Ghost":
        variants = (*self.earlier, self._variant(), *self.later)
        return self._show(variants[0], (), variants[1:])

    def _variant(self) -> Variant:
        return Variant(self.text, self.confidence)

    def _show(self, variant: Variant, earlier: tuple[Variant, ...], later: tuple[Variant, ...]) -> "Ghost":
        return dataclasses.replace(
            self, text=variant.text, confidence=variant.confidence, taken="", earlier=earlier, later=later
        )


def _going_on(variants: tuple[Variant, ...], typed: str) -> tuple[Variant, ...]:
    n = len(typed)
    return tuple(Variant(v.text[n:], v.confidence) for v in variants if v.text.startswith(typed) and len(v.text) > n)


# -- computing the next one ahead --------------------------------------------------------------------------------------


def text_to_foresee(text_before: str, ghost: Ghost) -> str:
    """The text before the caret once all of the suggestion is accepted: what the next one is drafted from while this
    one is still looked at. Its tokens stand in the cache already, since drafting has put them there."""
    return text_before + ghost.text


@dataclass(frozen=True)
class Foreseen:
    """A suggestion drafted ahead, for a text that may come to be. text_before -- as `text_to_foresee` tells it"""

    text_before: str
    ghost: Ghost

    def at(self, text_before: str) -> Ghost | None:
        """The suggestion for the text as it is now: also when a beginning of it has been typed; None for another text
        and when nothing of it is left."""
        if not text_before.startswith(self.text_before):
            return None
        ghost = self.ghost.type_through(text_before[len(self.text_before) :])
        return ghost if ghost is not None and ghost.text else None
