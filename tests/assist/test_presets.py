"""Presets change how words are chosen and nothing else."""

import dataclasses

import pytest

from writer.assist.presets import BALANCED, KEPT, PRESETS, Preset, default_config, matching_preset
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
