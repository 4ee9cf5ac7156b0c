"""What leads a continuation besides its settings, from outside the engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from writer.engine.logits_processors import LogitsProcessor
from writer.engine.text_rules import TextRule


class LoopWatch(Protocol):
    """Notices when a text turns in a circle."""

    def look(self, token_ids: Sequence[int], entropies: Sequence[float]) -> int | None:
        """How many of the tokens drawn are good; None while all are.

        entropies -- of the model's own distribution before each of them, nats
        """


@dataclass(frozen=True)
class Steering:
    """rules -- about the letters of the text
    watch -- when to go back
    blend -- the first step of the sampler: another model's opinion mixed into the scores
    whole_word -- how much likelier it is than the model thinks that the letters typed are a whole word, nats
    """

    rules: tuple[TextRule, ...] = ()
    watch: LoopWatch | None = None
    blend: LogitsProcessor | None = None
    whole_word: float = 0.0
