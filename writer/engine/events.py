"""What `generate()` yields. A yield is a cancel point: closing the generator ends the work."""

from dataclasses import dataclass
from enum import Enum


class FinishReason(Enum):
    LENGTH = "length"  # max_new_tokens written
    END_OF_TEXT = "end_of_text"  # the model ended the text itself
    STOP_STRING = "stop_string"


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
    `text` of all Token events joined is exactly the text generated."""

    text: str
    token_id: int
    logprob: float
    alternatives: tuple[Alternative, ...] = ()


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


GenerationEvent = PrefillProgress | Token | Finished
