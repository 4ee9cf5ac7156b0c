"""Ready-made ways of choosing words, for small models (0.1 to 0.4 billion parameters).

A preset sets every control that shapes the choice of the next word and keeps what the writer asked for beside it:
lengths, seed, words wanted and unwanted, where to stop.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from writer.compatibility import carried_over
from writer.engine.config import GenerationConfig
from writer.errors import WriterError

KEPT = frozenset(
    {"max_new_tokens", "min_new_tokens", "seed", "logit_bias", "banned_words", "stop_strings", "n_alternatives"}
)


@dataclass(frozen=True)
class Preset:
    """A named set of sampler values; the controls it does not name stay neutral."""

    name: str
    title: str
    summary: str
    temperature: float
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    penalty_range: int = 0

    def apply(self, config: GenerationConfig) -> GenerationConfig:
        """`config` with this preset's choice of words, and its own lengths, seed and word lists."""
        values = {name: getattr(config, name) for name in KEPT}
        values |= {
            f.name: getattr(self, f.name)
            for f in dataclasses.fields(self)
            if f.name not in ("name", "title", "summary")
        }
        return GenerationConfig(**values)


# Small models fall into loops below a temperature of about 1 (Holtzman et al. 2020, arXiv:1904.09751), so each preset
# carries a repetition penalty, milder than CTRL's 1.2 (Keskar et al. 2019, arXiv:1909.05858), which over a long text
# wears out common words; the range keeps it to about the last page.
FOCUSED = Preset(
    "focused",
    "Focused",
    "Stays close to what you wrote.",
    temperature=0.6,
    top_k=40,
    top_p=0.9,
    repetition_penalty=1.1,
    penalty_range=256,
)
BALANCED = Preset(
    "balanced",
    "Balanced",
    "Fluent, with a surprise now and then.",
    temperature=0.8,
    top_p=0.95,
    min_p=0.08,
    repetition_penalty=1.08,
    penalty_range=256,
)
# min-p keeps a high temperature coherent (Nguyen et al. 2024, arXiv:2407.01082).
WILD = Preset(
    "wild",
    "Wild",
    "Takes risks, and may lose the thread.",
    temperature=1.2,
    min_p=0.05,
    repetition_penalty=1.05,
    penalty_range=256,
)
PRESETS = (FOCUSED, BALANCED, WILD)


def default_config() -> GenerationConfig:
    """What a window starts with: Balanced."""
    return BALANCED.apply(GenerationConfig())


def matching_preset(config: GenerationConfig) -> Preset | None:
    """The preset whose choice of words `config` has, or None when the writer has mixed their own."""
    return next((preset for preset in PRESETS if preset.apply(config) == config), None)


def chosen_values(config: GenerationConfig) -> dict[str, Any]:
    """What differs from `default_config`, for a settings file."""
    defaults = default_config()
    values = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    return {name: value for name, value in values.items() if value not in (getattr(defaults, name), None)}


def config_from(values: Mapping[str, Any]) -> GenerationConfig:
    """What `chosen_values` came from, lists in place of tuples. A value that cannot be used leaves its default."""
    config = default_config()
    for name, value in values.items():
        try:
            control = _as_control(value, getattr(config, name))
            if name == "logit_bias":
                control = tuple((str(word), float(bias)) for word, bias in control)
            config = dataclasses.replace(config, **{name: control})
        except (WriterError, AttributeError, TypeError, ValueError):
            continue
    return config


def kept_values(config: GenerationConfig, raw: Mapping[str, Any]) -> dict[str, Any]:
    """`chosen_values` for a settings file that has `raw`: what a newer Writer has put there stays."""
    known = [f.name for f in dataclasses.fields(config)]
    return carried_over(raw, chosen_values(config_from(raw)), chosen_values(config), known)


def _as_control(value: Any, default: Any) -> Any:
    """A value of a settings file, of the kind that `default` is. Raises TypeError for another kind."""
    if isinstance(value, list):
        value = tuple(value)
    elif type(value) is int and isinstance(default, float):
        value = float(value)
    if type(value) is not (int if default is None else type(default)):
        raise TypeError(f"{value!r} in place of {default!r}")
    return value
