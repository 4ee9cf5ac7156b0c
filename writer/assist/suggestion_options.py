"""What a writer wants of suggestions and continuations, kept as plain values for a settings file."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from writer.compatibility import carried_over

AS_SET = "as_set"  # as many tokens as the sampling controls say
GOALS = ("sentence", "paragraph", "scene", "words", AS_SET)  # how far a continuation goes
BOUNDS: Mapping[str, tuple[float, float]] = {
    "one_in": (1, 10),
    "own_words": (0.0, 1.0),
    "continue_words": (5, 1_000),
    "n_takes": (2, 4),
}


@dataclass(frozen=True)
class SuggestionOptions:
    """one_in -- ghost text appears when the writer would take at least one in so many
    own_words -- share of the writer's own words in what is suggested, 0 to 1
    continue_goal -- one of GOALS; continue_words counts for "words" alone
    n_takes -- how many takes are written side by side
    never -- words that are never suggested
    """

    ghost: bool = True
    one_in: int = 4
    strip: bool = False
    own_words: float = 0.5
    off_the_record: bool = False
    continue_goal: str = "words"
    continue_words: int = 60
    n_takes: int = 3
    never: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For TOML or JSON."""
        return dataclasses.asdict(self) | {"never": list(self.never)}

    def kept(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """`to_dict` for a settings file that has `raw`: what a newer Writer has put there stays."""
        after = self.to_dict()
        return carried_over(raw, type(self).from_dict(raw).to_dict(), after, after.keys())

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """What `to_dict` gave. Never raises: what is missing or of another kind has its default, a number beyond its
        bounds is brought back to them."""
        if not isinstance(values, Mapping):
            return cls()
        known = {}
        for field in dataclasses.fields(cls):
            value = _usable(field.name, values.get(field.name), field.default)
            if value is not None:
                known[field.name] = value
        return cls(**known)


def _usable(name: str, value: object, default: object) -> Any:
    """None where nothing usable is kept."""
    if name == "never":
        return _words(value)
    if name == "continue_goal":
        return value if value in GOALS else None
    if name in BOUNDS:
        return _number(value, default, *BOUNDS[name])
    return value if isinstance(value, bool) else None


def _number(value: object, default: object, low: float, high: float) -> float | None:
    """A whole number does for a fraction, not the other way round."""
    is_fraction = isinstance(default, float)
    if type(value) is int or (is_fraction and isinstance(value, float) and not math.isnan(value)):
        within = min(max(value, low), high)
        return float(within) if is_fraction else int(within)
    return None


def _words(value: object) -> tuple[str, ...] | None:
    """Each word once, in their order."""
    if not isinstance(value, list | tuple):
        return None
    return tuple(dict.fromkeys(word for word in value if isinstance(word, str) and word.strip()))
