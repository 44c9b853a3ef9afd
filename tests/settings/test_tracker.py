"""The tracker's settings: every one once, and what presets, variables and flags make of them."""

import re
from dataclasses import fields

import pytest

from streamer.config import PRESETS, TrackerConfig, apply_preset
from streamer.errors import ConfigError
from streamer.settings.description import settings_of
from streamer.settings.layers import Origin
from streamer.settings.tracker import PRESET, TRACKER, config_of, resolve_tracker


def test_every_field_is_described_and_every_setting_stands_once():
    described = settings_of(TrackerConfig)
    assert list(described) == [field.name for field in fields(TrackerConfig)]
    names = [setting.name for setting in TRACKER]
    assert sorted(names) == sorted([PRESET.name, *(setting.name for setting in described.values())])
    assert len({setting.flag for setting in TRACKER}) == len(TRACKER)


@pytest.mark.parametrize("setting", TRACKER, ids=lambda setting: setting.name)
def test_every_default_is_in_its_range(setting):
    setting.check(setting.default)


def test_with_nothing_given_it_is_the_default():
    resolved = resolve_tracker()
    assert config_of(resolved) == TrackerConfig()
    assert {found.origin for found in resolved.values()} == {Origin.DEFAULT}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_what_apply_preset_makes(name):
    assert config_of(resolve_tracker(flags={"preset": name})) == apply_preset(TrackerConfig(), name)


def test_a_flag_that_says_the_default_wins_over_a_preset():
    resolved = resolve_tracker(flags={"preset": "voice", "gate": -56.0})
    assert resolved["gate"].origin is Origin.FLAG
    assert resolved["low"].origin is Origin.PRESET
    assert config_of(resolved).gate_db == -56.0


def test_the_preset_itself_may_come_from_any_layer():
    resolved = resolve_tracker({"preset": "bass"}, {"preset": "voice"}, {"a4": 442.0})
    assert resolved["preset"].value == "voice"
    assert resolved["gate"].value == -50.0
    assert config_of(resolved).a4_hz == 442.0


def test_a_contradiction_names_the_variables():
    with pytest.raises(ConfigError, match=re.escape("(set in the environment: STREAMER_MODEL)")):
        config_of(resolve_tracker(environment={"model": "my.model"}, flags={"detector": "yin"}))


@pytest.mark.parametrize("wrong", [{"gate_db": float("nan")}, {"a4_hz": float("inf")}, {"hop": 12}, {"low_midi": 20}])
def test_the_configuration_has_the_same_ranges(wrong):
    with pytest.raises(ConfigError, match="must be"):
        TrackerConfig(**wrong)
