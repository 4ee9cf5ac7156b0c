"""The writer's options survive a settings file, and a damaged file never keeps the program from starting."""

import dataclasses
import json
import math
import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from writer.assist.endings import Goal
from writer.assist.suggestion_options import AS_SET, BOUNDS, GOALS, SuggestionOptions

FIELDS = [field.name for field in dataclasses.fields(SuggestionOptions)]
OTHER = SuggestionOptions(
    ghost=False,
    one_in=7,
    strip=True,
    own_words=0.25,
    off_the_record=True,
    continue_goal="scene",
    continue_words=200,
    n_takes=4,
    never=("suddenly", "“Oh”"),
)


def test_every_option_survives_a_settings_file() -> None:
    defaults = SuggestionOptions()
    for name in FIELDS:
        assert getattr(OTHER, name) != getattr(defaults, name), f"{name} would prove nothing"
    assert SuggestionOptions.from_dict(tomllib.loads(tomli_w.dumps(OTHER.to_dict()))) == OTHER
    assert SuggestionOptions.from_dict(json.loads(json.dumps(OTHER.to_dict()))) == OTHER


def test_every_goal_is_one_that_a_continuation_can_have() -> None:
    assert {*GOALS} == {*Goal, AS_SET}
    assert SuggestionOptions.from_dict({"continue_goal": AS_SET}).continue_goal == AS_SET


def test_what_is_missing_has_its_default_and_the_unknown_is_left_out() -> None:
    assert SuggestionOptions.from_dict({}) == SuggestionOptions()
    assert SuggestionOptions.from_dict({"n_takes": 2, "colour": "green"}) == SuggestionOptions(n_takes=2)


@pytest.mark.parametrize("values", [None, 3, "ghost", ["ghost"], [("ghost", False)]])
def test_no_table_at_all(values: object) -> None:
    assert SuggestionOptions.from_dict(values) == SuggestionOptions()


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("one_in", 0, 1),
        ("one_in", 99, 10),
        ("one_in", True, 4),  # a switch is no number, though Python counts with it
        ("one_in", 4.0, 4),
        ("own_words", 1, 1.0),
        ("own_words", 10**400, 1.0),
        ("own_words", -math.inf, 0.0),
        ("own_words", math.nan, 0.5),
        ("n_takes", 7, 4),
        ("n_takes", 1, 2),
        ("continue_words", -3, 5),
        ("continue_goal", "chapter", "words"),
        ("continue_goal", ["words"], "words"),
        ("ghost", 0, True),
        ("ghost", "no", True),
        ("never", ["very", "", " ", 3, "very", "just"], ("very", "just")),
        ("never", "very", ()),
    ],
    ids=lambda value: str(value)[:20],
)
def test_damage_in_one_value_leaves_the_others(name: str, value: object, kept: object) -> None:
    values = {**OTHER.to_dict(), name: value}
    read = SuggestionOptions.from_dict(values)
    assert getattr(read, name) == kept
    assert type(getattr(read, name)) is type(getattr(SuggestionOptions(), name))
    assert dataclasses.replace(read, **{name: getattr(OTHER, name)}) == OTHER


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_whatever_a_file_holds_gives_options_within_bounds(values: dict[str, object]) -> None:
    options = SuggestionOptions.from_dict(values)
    for name, (low, high) in BOUNDS.items():
        assert low <= getattr(options, name) <= high
    assert options.continue_goal in GOALS
    assert SuggestionOptions.from_dict(options.to_dict()) == options


def test_p03_what_a_newer_writer_has_set_stays_beside_what_is_changed() -> None:
    raw = {"one_in": "often", "n_takes": 6, "continue_goal": "chapter", "mood": "dark", "ghost": False}
    options = SuggestionOptions.from_dict(raw)
    assert (options.n_takes, options.continue_goal, options.ghost) == (4, "words", False)
    kept = dataclasses.replace(options, strip=True).kept(raw)
    assert kept == {**options.to_dict(), **raw, "strip": True}
    assert dataclasses.replace(options, n_takes=2).kept(raw)["n_takes"] == 2
    assert SuggestionOptions.from_dict(kept) == dataclasses.replace(options, strip=True)
