"""Presets change how words are chosen and nothing else."""

import dataclasses
import tomllib
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from writer.assist.presets import (
    BALANCED,
    KEPT,
    PRESETS,
    WILD,
    Preset,
    chosen_values,
    config_from,
    default_config,
    kept_values,
    matching_preset,
)
from writer.engine.config import GenerationConfig

EVERY = pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)


@EVERY
def test_a_preset_keeps_what_the_writer_asked_for(preset: Preset) -> None:
    asked = GenerationConfig(
        max_new_tokens=33,
        min_new_tokens=5,
        seed=7,
        logit_bias=(("sea", 2.0),),
        banned_words=("very",),
        stop_strings=("\n",),
        n_alternatives=3,
    )
    config = preset.apply(asked)
    assert all(getattr(config, name) == getattr(asked, name) for name in KEPT)
    assert (config.temperature, config.top_p, config.min_p) == (preset.temperature, preset.top_p, preset.min_p)


@EVERY
def test_a_preset_undoes_every_other_control_of_choice(preset: Preset) -> None:
    mixed = GenerationConfig(typical_p=0.5, mirostat_tau=5.0, dry_multiplier=0.8, xtc_probability=0.5, top_k=3)
    assert preset.apply(mixed) == preset.apply(GenerationConfig())
    assert matching_preset(preset.apply(mixed)) is preset


def test_no_two_presets_match_the_same_settings() -> None:
    assert len({preset.apply(GenerationConfig()) for preset in PRESETS}) == len(PRESETS)


def test_any_change_of_choice_is_a_mix_of_ones_own() -> None:
    assert matching_preset(default_config()) is BALANCED
    for name, value in {"temperature": 0.81, "dry_base": 2.0, "typical_p": 0.9}.items():
        assert matching_preset(dataclasses.replace(default_config(), **{name: value})) is None
    assert matching_preset(dataclasses.replace(default_config(), max_new_tokens=9, seed=4)) is BALANCED


def test_presets_grow_bolder() -> None:
    temperatures = [preset.temperature for preset in PRESETS]
    assert temperatures == sorted(temperatures)


# -- kept in a settings file ---------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
CONFIGS = st.builds(
    GenerationConfig,
    max_new_tokens=st.integers(20, 400),
    temperature=st.floats(0, 5),
    top_k=st.integers(0, 100),
    top_p=st.sampled_from([0.5, 1.0]),
    repetition_penalty=st.sampled_from([1.0, 1.08]),
    mirostat_tau=st.sampled_from([0.0, 5.0]),
    seed=st.none() | st.integers(0, 2**31),
    banned_words=st.lists(WORDS, max_size=3).map(tuple),
    stop_strings=st.lists(WORDS, max_size=3).map(tuple),
    logit_bias=st.lists(st.tuples(WORDS, st.floats(-5, 5)), max_size=2).map(tuple),
)


@given(CONFIGS)
def test_what_the_writer_chose_survives_a_settings_file(config: GenerationConfig) -> None:
    values = chosen_values(config)
    assert config_from(values) == config
    assert config_from(tomllib.loads(tomli_w.dumps(values))) == config


def test_only_what_was_chosen_is_kept() -> None:
    assert chosen_values(default_config()) == {}
    assert chosen_values(dataclasses.replace(default_config(), seed=4)) == {"seed": 4}
    assert matching_preset(config_from(chosen_values(WILD.apply(default_config())))) is WILD


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"no such control": 1},
        {"temperature": 99.0},
        {"temperature": "hot"},
        {"max_new_tokens": []},
        {"logit_bias": [["sea"]]},
        {"logit_bias": [["sea", "much"]]},
        {"logit_bias": 4},
        {"banned_words": 4},
        {"stop_strings": {"a": 1}},
    ],
    ids=str,
)
def test_values_that_cannot_be_used_leave_the_default(values: dict[str, Any]) -> None:
    assert config_from(values) == default_config()


def test_one_value_that_cannot_be_used_costs_only_itself() -> None:
    values = {"temperature": "hot", "top_k": 40, "warmth": 3, "banned_words": ["suddenly"]}
    assert config_from(values) == dataclasses.replace(default_config(), top_k=40, banned_words=("suddenly",))


def test_p03_what_a_newer_writer_has_set_stays_beside_what_is_changed() -> None:
    raw = {"temperature": "hot", "top_k": 40, "warmth": 3, "min_p": 0.2}
    config = config_from(raw)
    assert kept_values(config, raw) == raw
    assert kept_values(dataclasses.replace(config, top_k=20), raw) == {**raw, "top_k": 20}
    assert kept_values(dataclasses.replace(config, temperature=1.1), raw) == {**raw, "temperature": 1.1}
    back = dataclasses.replace(config, min_p=default_config().min_p)
    assert kept_values(back, raw) == {"temperature": "hot", "top_k": 40, "warmth": 3}
