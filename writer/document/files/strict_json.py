"""Reading JSON that anything may have written."""

import json
from typing import Any, NoReturn


def parse_object(data: bytes) -> dict[str, Any]:
    """The JSON object in `data`, UTF-8.

    Raises ValueError for anything else, also for what Python's reader lets pass or stumbles over: keys given twice,
    numbers that are not finite, and nesting without end.
    """
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_number
        )
    except (RecursionError, MemoryError) as error:
        raise ValueError("nested too deep, or too much") from error
    if isinstance(value, dict):
        return value
    raise ValueError("not an object")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number without bound")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
