"""Notes: a JSON object, whatever it says, and nothing that a file could fail on."""

import json
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.document.notes import NO_NOTES, checked_notes

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def nested(n: int) -> dict[str, Any]:
    value: Any = "deep"
    for _ in range(n):
        value = [value]
    return {"lore": value}


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_json_can_hold_comes_back(values: dict[str, Any]) -> None:
    assert checked_notes(values) == values
    assert json.loads(json.dumps(checked_notes(values))) == values


def test_the_copy_is_ones_own_and_plain() -> None:
    lore = [{"title": "The keeper"}]
    given_values = OrderedDict(lore=lore, keys=("a", "b"))
    notes = checked_notes(given_values)
    lore[0]["title"] = "Another"
    lore.append({})
    assert notes == {"lore": [{"title": "The keeper"}], "keys": ["a", "b"]}
    assert type(notes) is dict
    assert checked_notes(NO_NOTES) == {}


@pytest.mark.parametrize("values", [None, [], "text", 3, {"a": {1}}, {"a": b""}, {(1, 2): 3}, {"a": object()}])
def test_what_is_no_json_object_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match="notes"):
        checked_notes(values)


@pytest.mark.parametrize(
    "number", [float("nan"), float("inf"), -float("inf"), 10**5_000], ids=["nan", "inf", "-inf", "long"]
)
def test_numbers_that_json_has_no_form_for_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        checked_notes({"a": [number]})


def test_a_circle_and_nesting_without_end_are_refused_and_usual_depth_is_not() -> None:
    circle: dict[str, Any] = {}
    circle["a"] = circle
    for values in (circle, nested(32), nested(100_000)):
        with pytest.raises(ValueError, match=r"\w"):
            checked_notes(values)
    assert checked_notes(nested(31)) == nested(31)
