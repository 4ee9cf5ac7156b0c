"""What a user has chosen, kept as TOML. A damaged file never keeps the program from starting.

What a newer Writer has set stays in the file until the writer changes that very setting: see `compatibility`.
"""

import dataclasses
import math
import os
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from writer.compatibility import carried_over
from writer.errors import WriterError


@dataclass(frozen=True)
class Settings:
    """All settings with their defaults. `sampling` holds GenerationConfig fields that differ from its defaults."""

    model_id: str = ""  # "" is the best one installed
    precision: str = ""  # of that model; "" is its own default
    device: str = ""  # where models run, "cpu" or "cuda"; "" is the best there is
    n_threads: int = 0  # 0 is one for each core
    autosave: bool = True  # of manuscripts that have a name
    welcomed: bool = False  # the first page has been seen
    theme: str = "system"
    acknowledged: bool = False  # the bias and accuracy notice
    point_size: float = 14.0
    window_geometry: str = ""  # Qt's own, base64
    sampling: dict[str, Any] = field(default_factory=dict)
    suggestions: dict[str, Any] = field(default_factory=dict)  # SuggestionOptions
    shows_key_latency: bool = False
    newest_seen: str = ""  # the newest Writer that was run with these settings; "" before the first start
    offers_updates: bool = False  # the menu has "Check for updates…"


def load_settings(path: Path) -> Settings:
    """Settings from `path`. What is missing or of the wrong type has its default; an unreadable file is set aside."""
    try:
        return _understood(_read(path))
    except OSError:
        return Settings()


def save_settings(path: Path, settings: Settings) -> None:
    """Replace the file wholly or not at all. Raises WriterError."""
    try:
        raw = _read(path)
        before, after = dataclasses.asdict(_understood(raw)), dataclasses.asdict(settings)
        data = tomli_w.dumps(carried_over(raw, before, after, after.keys())).encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".settings.", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise WriterError(
            f"Your settings cannot be saved: {error.strerror}.", f"Check the folder {path.parent}."
        ) from error


def _read(path: Path) -> dict[str, Any]:
    """The file's values as they are: none when it is missing, or damaged, which sets it aside. Raises OSError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        with suppress(OSError):
            path.replace(path.with_name(path.name + ".damaged"))
        return {}


def _understood(values: Mapping[str, Any]) -> Settings:
    defaults = Settings()
    known: dict[str, Any] = {}
    for f in dataclasses.fields(Settings):
        default, value = getattr(defaults, f.name), values.get(f.name)
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        if type(value) is type(default) and not (isinstance(value, float) and not math.isfinite(value)):
            known[f.name] = value
    return Settings(**known)
