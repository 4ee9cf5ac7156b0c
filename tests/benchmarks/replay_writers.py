"""Somebody who writes a passage beside the starter model, and sees nothing but what stands before the caret."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.keystrokes import WORD
from writer.assist.calibration import Acceptance
from writer.assist.context import ContextBuilder
from writer.assist.context_notes import ContextNotes
from writer.assist.ghost import Ghost, Situation, may_suggest
from writer.assist.ghost_draft import GhostGrown, draft_ghost
from writer.assist.next_words import NextWords, WordsFound
from writer.assist.own_words import OwnWords, paragraphs_around
from writer.engine.config import GenerationConfig
from writer.engine.prompt import Prompt
from writer.engine.steering import Steering
from writer.models.loaded import LoadedModel

N_CTX, RESERVE = 1024, 64


class Desk:
    """The model, what it is shown of a text, and the writer's own words, which follow the text up to the caret."""

    def __init__(self, model: LoadedModel, strength: float) -> None:
        self.model = model
        self.strength = strength
        self.own = OwnWords(model.tokenizer)
        self._contexts = ContextBuilder(model.tokenizer, N_CTX, model.session.config.eos_token_ids[0])

    def prompt(self, text: str) -> Prompt:
        start = max(0, len(text) - self._contexts.longest_chars)
        return self._contexts.build(text[start:], start, ContextNotes(), RESERVE).prompt

    def follow(self, text: str) -> None:
        if self.strength > 0:
            for _ in self.own.follow(paragraphs_around(text, len(text))):
                pass


class StripOfModel:
    """The strip as the window shows it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._words = NextWords(desk.model.session, desk.model.tokenizer, desk.model.cache)
        self._before = ""

    def __call__(self, before: str, typed: str, shown: frozenset[str]) -> tuple[str, ...]:
        desk = self._desk
        if before != self._before:
            desk.follow(before)
            self._before = before
        found: tuple[str, ...] = ()
        prompt = desk.prompt(before + typed)
        for event in self._words.find(prompt, typed, own=desk.own, strength=desk.strength, shown=shown):
            if isinstance(event, WordsFound):
                found = event.words
        return found


@dataclass
class GhostCount:
    """n_shown, n_taken -- ghosts, and those of which at least a word was taken"""

    n_keys: int = 0
    n_typed: int = 0
    n_shown: int = 0
    n_taken: int = 0

    @property
    def saved(self) -> float:
        """The share of all keys of the passage."""
        return 1 - self.n_keys / self.n_typed


def write_with_ghosts(before: str, passage: str, desk: Desk, acceptance: Acceptance, one_in: int) -> GhostCount:
    """Pause before each word and after its first letter, take what is right of the ghost with one key (all of it, or
    word by word), and type the rest. A ghost that goes on with what is typed stays."""
    count = GhostCount(n_typed=len(passage))
    starts = {match.start() for match in WORD.finditer(passage)}
    pauses = starts | {start + 1 for start in starts}
    place, ghost = 0, None
    while place < len(passage):
        text = before + passage[:place]
        if ghost is None and place in pauses and may_suggest(Situation(text[-400:])):
            desk.follow(text)
            ghost = _draft(desk, text, passage[place:], acceptance, one_in)
            if ghost is not None:
                count.n_shown += 1
                is_right = passage.startswith(ghost.next_word(), place)
                count.n_taken += is_right
                acceptance.record(ghost.confidence, is_right)
        n = _n_right(ghost, passage[place:]) if ghost is not None else 0
        step = passage[place : place + max(1, n)]
        ghost = ghost.type_through(step) if ghost is not None else None
        if ghost is not None and not ghost.text:
            ghost = None
        place += len(step)
        count.n_keys += 1
    return count


def _n_right(ghost: Ghost, wanted: str) -> int:
    """How many characters one key takes: all of the ghost, a word of it, or none."""
    for part in (ghost.text, ghost.next_word()):
        if part and wanted.startswith(part) and not wanted[len(part) :][:1].isalnum():
            return len(part)
    return 0


def _draft(desk: Desk, text: str, wanted: str, acceptance: Acceptance, one_in: int) -> Ghost | None:
    """What is shown; it is drafted no further than it is right, which changes nothing in what can be taken of it."""
    model, ghost = desk.model, None
    least = acceptance.threshold(one_in) if one_in else -math.inf
    events: Iterator[object] = draft_ghost(
        model.session,
        model.tokenizer,
        model.cache,
        desk.prompt(text),
        GenerationConfig(),
        steering=Steering(blend=desk.own.blend(desk.strength) if desk.strength else None),
        least_confidence=least,
    )
    for event in events:
        if isinstance(event, GhostGrown):
            # How sure it was of the first word is what the gate has judged when the ghost appeared.
            confidence = event.confidence if ghost is None else ghost.confidence
            ghost = Ghost(event.text, confidence, text[-200:])
            if not wanted.startswith(event.text):
                break
    return ghost
