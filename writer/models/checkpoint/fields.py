"""Values of a configuration that somebody else wrote: asked for by type, refused in one sentence."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from writer.engine.untrusted_file import parse_json, read_capped
from writer.errors import WriterError
from writer.models.checkpoint.checkpoint import damaged

_MAX_CONFIG_BYTES = 2**20  # a configuration has a few kilobytes


class Fields:
    """`values` as read from `source` (a file name for messages). A field set to null counts as missing."""

    def __init__(self, values: Mapping[str, Any], source: str) -> None:
        self.values = values
        self._source = source

    def get(self, key: str, default: Any = None) -> Any:
        found = self.values.get(key)
        return default if found is None else found

    def whole(self, key: str, default: int | None = None) -> int:
        """Raises WriterError when it is no whole number, or missing with no default."""
        found = self.get(key, default)
        if type(found) is not int:
            raise damaged(self._source, f"{key} is {found!r:.40}, not a whole number")
        return found

    def real(self, key: str, default: float | None = None) -> float:
        """Raises WriterError when it is no finite number, or missing with no default."""
        found = self.get(key, default)
        if type(found) not in (int, float) or not -1e300 < found < 1e300 or not math.isfinite(found):
            raise damaged(self._source, f"{key} is {found!r:.40}, not a number")
        return float(found)


def read_json(path: Path, max_bytes: int = _MAX_CONFIG_BYTES) -> dict[str, Any]:
    """A JSON file that holds an object. Raises WriterError when it is missing or anything else."""
    try:
        values = parse_json(read_capped(path, max_bytes))
    except FileNotFoundError:
        raise WriterError(f"{path.name} is missing from {path.parent}.", "Give the folder that holds it.") from None
    except ValueError as error:
        raise damaged(path.name) from error
    if not isinstance(values, dict):
        raise damaged(path.name)
    return values
