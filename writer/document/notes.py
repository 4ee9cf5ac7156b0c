"""What the writer wants a model to know about a text, kept with it: a JSON object whose keys mean nothing here."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Notes = Mapping[str, Any]
"""Not to be changed by anybody: threads share them."""

NO_NOTES: Notes = MappingProxyType({})

_DEEPEST = 32  # nested: far from where JSON's own reader and writer give up, so that no file can fail because of it


def checked_notes(values: object) -> dict[str, Any]:
    """A copy of `values` as JSON gives it back. Raises ValueError for what is no JSON object, or nested too deeply."""
    match values:
        case Mapping():
            try:
                copy: dict[str, Any] = json.loads(json.dumps(dict(values), allow_nan=False))
            except (TypeError, RecursionError) as error:
                raise ValueError("notes that JSON cannot hold") from error
            _check_depth(copy, _DEEPEST)
            return copy
        case _:
            raise ValueError("notes that are no object")


def _check_depth(value: Any, room: int) -> None:
    if isinstance(value, dict | list):
        if not room:
            raise ValueError("notes that are nested too deeply")
        for part in value.values() if isinstance(value, dict) else value:
            _check_depth(part, room - 1)
