"""How a piece of generated text came about, so that it can be told, and made again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class GenerationRecord:
    """One generation: what a model's spans of that id refer to.

    model_hash -- SHA-256 of what ran, hex: of the names and hashes of its files
    settings -- the sampling settings that differ from their defaults, by name
    context_hash -- SHA-256 of the token ids that the model was given (four bytes each, the lowest first), hex
    time -- when it began, ISO 8601 with the offset from UTC
    others -- fields of a newer Writer, which stay where they are
    """

    id: str
    model_id: str
    model_hash: str = ""
    precision: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    context_hash: str = ""
    time: str = ""
    others: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        known = {**vars(self), "settings": dict(self.settings)}
        del known["others"]
        return {**self.others, **known}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "GenerationRecord":
        """Raises ValueError for what is no record."""
        names = cls.__dataclass_fields__.keys() - {"others"}
        known: dict[str, Any] = {name: value for name, value in values.items() if name in names}
        seed, settings = known.get("seed"), known.get("settings", {})
        texts = [value for name, value in known.items() if name not in ("seed", "settings")]
        if not all(isinstance(text, str) for text in texts) or not isinstance(settings, dict):
            raise ValueError("a generation record has a field of the wrong type")
        if not isinstance(seed, int | None) or not known.get("id"):
            raise ValueError("a generation record has no id, or no whole number for a seed")
        others = {name: value for name, value in values.items() if name not in names}
        return cls(**{"model_id": "", **known}, others=others)
