"""What a user has chosen, kept as TOML. A damaged file never keeps the program from starting."""

import dataclasses
import math
import os
import tempfile
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from writer.errors import WriterError


@dataclass(frozen=True)
class Settings:
    """All settings with their defaults. `sampling` holds GenerationConfig fields that differ from its defaults."""

    model_id: str = ""  # "" is the best one installed
    precision: str = ""  # of that model; "" is its own default
    autosave: bool = True  # of manuscripts that have a name
    welcomed: bool = False  # the first page has been seen
    theme: str = "system"
    acknowledged: bool = False  # the bias and accuracy notice
    point_size: float = 14.0
    window_geometry: str = ""  # Qt's own, base64
    sampling: dict[str, Any] = field(default_factory=dict)
    suggestions: dict[str, Any] = field(default_factory=dict)  # SuggestionOptions
    shows_key_latency: bool = False


def load_settings(path: Path) -> Settings:
    """Settings from `path`. What is missing or of the wrong type has its default; an unreadable file is set aside."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        with suppress(OSError):
            path.replace(path.with_name(path.name + ".damaged"))
        return Settings()
    except OSError:
        return Settings()
    defaults = Settings()
    known: dict[str, Any] = {}
    for f in dataclasses.fields(Settings):
        default, value = getattr(defaults, f.name), values.get(f.name)
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        if type(value) is type(default) and not (isinstance(value, float) and not math.isfinite(value)):
            known[f.name] = value
    return Settings(**known)


def save_settings(path: Path, settings: Settings) -> None:
    """Replace the file wholly or not at all. Raises WriterError."""
    data = tomli_w.dumps(dataclasses.asdict(settings)).encode()
    try:
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
