"""What a model is (`ModelConfig`) and how it is asked to write (`GenerationConfig`)."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from writer.errors import UsageError, WriterError

Architecture = Literal["gpt2", "llama", "imported"]  # imported: a graph that another program exported


@dataclass(frozen=True)
class ModelConfig:
    """Shape of a decoder-only transformer. Letters used in shape comments throughout the engine:
    B rows, T new tokens, P past tokens, V vocabulary, L layers, H heads, D head size, E width."""

    architecture: Architecture
    n_vocab: int  # V
    n_ctx: int  # longest sequence the model may see
    n_embd: int  # E
    n_layer: int  # L
    n_head: int  # H, query heads
    n_kv_head: int  # key and value heads; equal to n_head without grouped attention
    head_dim: int  # D
    n_inner: int  # width of the feed-forward layer
    norm_eps: float
    eos_token_ids: tuple[int, ...]
    tied_head: bool = True  # the output head is the transposed token embedding
    rope_theta: float = 0.0  # llama only

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Raises WriterError when a field is missing or unknown."""
        try:
            return cls(**{**values, "eos_token_ids": tuple(values["eos_token_ids"])})
        except (KeyError, TypeError) as error:
            raise WriterError("The model's manifest is damaged.", "Remove the model and get it again.") from error


def _option(
    default: Any, title: str, help: str, low: float = -math.inf, high: float = math.inf, main: bool = False
) -> Any:
    """A sampling control declared once: command line, panel and checks are made from it."""
    metadata = {"title": title, "help": help, "low": low, "high": high, "main": main}
    if isinstance(default, tuple):
        return field(default=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class GenerationConfig:
    """Every control of one generation. Values out of bounds raise UsageError at construction.

    Field metadata (`title`, `help`, `low`, `high`, `main`) is the single source of the command line's
    options and of the sampling panel. A control at its neutral value adds no step to the sampler.
    """

    max_new_tokens: int = _option(
        120,
        "Length in tokens",
        "The most tokens to write (a token is about three quarters of a word).",
        1,
        4096,
        main=True,
    )
    temperature: float = _option(
        0.8,
        "Boldness",
        "Low keeps to the likeliest words, high takes risks; 0 always takes the likeliest.",
        0.0,
        5.0,
        main=True,
    )
    top_k: int = _option(0, "Top-k", "Choose among only this many likeliest words; 0 is off.", 0, 100_000, main=True)
    top_p: float = _option(
        0.95,
        "Top-p",
        "Choose among the likeliest words that together hold this share of the probability; 1 is off.",
        0.0,
        1.0,
        main=True,
    )
    min_p: float = _option(
        0.0, "Min-p", "Drop words less likely than this share of the likeliest one; 0 is off.", 0.0, 1.0, main=True
    )
    typical_p: float = _option(
        1.0,
        "Typical-p",
        "Keep words whose surprise is near the average, up to this share of the probability; 1 is off.",
        0.0,
        1.0,
    )
    epsilon_cutoff: float = _option(0.0, "Epsilon cut-off", "Drop words less likely than this; 0 is off.", 0.0, 1.0)
    eta_cutoff: float = _option(
        0.0, "Eta cut-off", "Drop unlikely words, fewer of them where the model is unsure; 0 is off.", 0.0, 1.0
    )
    repetition_penalty: float = _option(
        1.0,
        "Repetition penalty",
        "Above 1 makes words that already stand in the text less likely.",
        0.1,
        10.0,
        main=True,
    )
    frequency_penalty: float = _option(
        0.0, "Frequency penalty", "Lowers a word by this much for every time it was used.", -10.0, 10.0
    )
    presence_penalty: float = _option(
        0.0, "Presence penalty", "Lowers a word by this much once it was used at all.", -10.0, 10.0
    )
    penalty_range: int = _option(
        0, "Penalty range", "How many of the last tokens the three penalties look at; 0 is all.", 0, 1_000_000
    )
    no_repeat_ngram_size: int = _option(
        0, "No repeated phrases of", "Never write the same run of this many tokens twice; 0 is off.", 0, 1000
    )
    dry_multiplier: float = _option(
        0.0, "DRY strength", "Penalises going on with a phrase that stands in the text already; 0 is off.", 0.0, 100.0
    )
    dry_base: float = _option(
        1.75, "DRY base", "How fast the DRY penalty grows with the length of the repeated phrase.", 1.0, 10.0
    )
    dry_allowed_length: int = _option(
        2, "DRY allowed length", "Repeated phrases shorter than this many tokens go unpunished.", 1, 1000
    )
    dry_breakers: tuple[str, ...] = _option(
        ("\n", ":", '"', "*"), "DRY breakers", "A repeated phrase is not followed across these."
    )
    xtc_probability: float = _option(
        0.0, "XTC chance", "How often to leave out the most obvious words; 0 is off.", 0.0, 1.0
    )
    xtc_threshold: float = _option(0.1, "XTC threshold", "A word counts as obvious from this probability on.", 0.0, 1.0)
    mirostat_tau: float = _option(
        0.0,
        "Mirostat target",
        "Steers towards this average surprise in bits, in place of the cut-offs; 0 is off.",
        0.0,
        20.0,
    )
    mirostat_eta: float = _option(0.1, "Mirostat rate", "How quickly mirostat corrects itself.", 0.0, 1.0)
    min_new_tokens: int = _option(0, "Least length in tokens", "Do not end the text before this many tokens.", 0, 4096)
    logit_bias: tuple[tuple[str, float], ...] = _option(
        (), "Word bias", "Makes given words likelier (above 0) or rarer (below 0)."
    )
    banned_words: tuple[str, ...] = _option((), "Banned words", "Words never to write.")
    stop_strings: tuple[str, ...] = _option((), "Stop at", "Stop when one of these has been written; it is left out.")
    seed: int | None = _option(
        None,
        "Seed",
        "The same seed, text and settings give the same continuation; empty draws a new one.",
        0,
        2**63 - 1,
        main=True,
    )
    n_alternatives: int = _option(
        0, "Alternatives", "Report this many likeliest tokens beside each one written.", 0, 100
    )

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if isinstance(value, (int, float)) and not f.metadata["low"] <= value <= f.metadata["high"]:
                raise UsageError(
                    f"{f.name} must be between {f.metadata['low']:g} and {f.metadata['high']:g}, not {value:g}."
                )
        if "" in self.stop_strings or "" in self.banned_words or any(not word for word, _ in self.logit_bias):
            raise UsageError("A stop string, banned word or biased word must not be empty.")
