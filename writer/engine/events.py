"""What `generate()` yields. A yield is a cancel point: closing the generator ends the work."""

from dataclasses import dataclass
from enum import Enum


class FinishReason(Enum):
    LENGTH = "length"  # max_new_tokens written
    END_OF_TEXT = "end_of_text"  # the model ended the text itself
    STOP_STRING = "stop_string"
    ENDING = "ending"  # as much as was asked for: a sentence, a paragraph, so many words
    LOOP = "loop"  # it went round in circles whatever was done
    NOTHING_ALLOWED = "nothing_allowed"  # all that could follow is banned


@dataclass(frozen=True)
class PrefillProgress:
    """The model has read `done_tokens` of the `total_tokens` it is shown; `reused_tokens` came from the cache."""

    done_tokens: int
    total_tokens: int
    reused_tokens: int


@dataclass(frozen=True)
class Alternative:
    token_id: int
    text: str
    logprob: float


@dataclass(frozen=True)
class Token:
    """One drawn token. `text` is "" while a character is still incomplete or might belong to a stop string, and for
    an end of text, unless something was held back.

    `logprob` is the model's own natural log-probability, before any sampler step.
    `text` of all Token events joined, less what is taken back, is exactly the text generated."""

    text: str
    token_id: int
    logprob: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True)
class TakenBack:
    """The last `n_tokens` tokens do not stand, nor does `text`, the end of what was given out as text.

    is_loop -- they repeated what stood before; otherwise the text had to end before them, or led to a banned word
    """

    text: str
    n_tokens: int
    is_loop: bool = False


@dataclass(frozen=True)
class GenerationStatistics:
    prompt_tokens: int
    reused_tokens: int
    new_tokens: int
    prefill_s: float
    decode_s: float
    seed: int
    window_start_char: int  # the model saw the prompt from this character on

    @property
    def tokens_per_s(self) -> float:
        return self.new_tokens / self.decode_s if self.decode_s > 0 else 0.0


@dataclass(frozen=True)
class Finished:
    """Always the last event, exactly once, unless the consumer closes the generator first."""

    reason: FinishReason
    statistics: GenerationStatistics


GenerationEvent = PrefillProgress | Token | TakenBack | Finished
