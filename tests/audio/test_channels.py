"""One channel of several: what is taken, and that it depends on nothing but the samples before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.audio.channels import ChannelMixer
from streamer.errors import ConfigError

RATE_HZ = 48_000
SEGMENT = RATE_HZ // 400


def tone(seconds: float = 0.5, f0_hz: float = 220.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * f0_hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def noise(count: int, amplitude: float, seed: int = 0) -> np.ndarray:
    return (amplitude * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


def stereo(*channels: np.ndarray) -> np.ndarray:
    return np.stack(channels, axis=1)


def mixed(samples: np.ndarray, channel: int | None = None) -> tuple[np.ndarray, str]:
    mixer = ChannelMixer(samples.shape[1], RATE_HZ, channel)
    return mixer.mix(samples), mixer.taken


def test_channels_that_agree_are_meant_to_the_bit() -> None:
    samples = stereo(tone(), 0.7 * tone() + noise(RATE_HZ // 2, 0.01))
    heard, taken = mixed(samples)
    assert np.array_equal(heard, samples.mean(axis=1, dtype=np.float32))
    assert taken == "the mean of 2 channels"


@pytest.mark.parametrize("right", [-1.0, -0.8, -0.7])
def test_opposite_phase_gives_the_strongest(right: float) -> None:
    samples = stereo(tone(), right * tone())
    heard, taken = mixed(samples)
    assert np.array_equal(heard[SEGMENT:], samples[SEGMENT:, 0])
    assert taken == "channel 1 of 2, as their mean cancels"


def test_a_silent_side_halves_nothing() -> None:
    for silence in (np.zeros(RATE_HZ // 2, np.float32), noise(RATE_HZ // 2, 0.0003)):
        samples = stereo(silence, tone())
        heard, taken = mixed(samples)
        assert np.array_equal(heard[SEGMENT:], samples[SEGMENT:, 1])
        assert taken == "channel 2 of 2, as the rest is silent"


def test_a_side_that_sounds_later_is_taken_in() -> None:
    first, later = tone(), noise(RATE_HZ // 2, 0.1)
    silence = np.zeros(RATE_HZ // 2, np.float32)
    samples = np.concatenate([stereo(first, silence), stereo(first, later)])
    heard, taken = mixed(samples)
    assert np.array_equal(heard[len(first) + SEGMENT :], samples[len(first) + SEGMENT :].mean(axis=1))
    assert taken == "the mean of 2 channels"


def test_a_click_on_one_side_does_not_hide_the_other_for_long() -> None:
    click = np.zeros(4 * RATE_HZ, np.float32)
    click[100] = 1.0
    soft = 0.01 * tone(4.0)
    heard, _ = mixed(stereo(click, soft))
    assert np.abs(heard[-RATE_HZ // 2 :]).max() > 0.4 * np.abs(soft).max()


def test_the_channel_does_not_change_while_both_sound() -> None:
    """In opposite phase at first, then alike: a change back would be a step in the midst of a note."""
    samples = np.concatenate([stereo(tone(), -tone()), stereo(tone(), 0.9 * tone())])
    heard, taken = mixed(samples)
    assert np.array_equal(heard[SEGMENT:], samples[SEGMENT:, 0])
    assert taken.startswith("channel 1 of 2")


def test_where_the_channel_falls_silent_the_other_is_taken() -> None:
    silence = np.zeros(RATE_HZ // 2, np.float32)
    samples = np.concatenate([stereo(tone(), -tone()), stereo(silence, tone())])
    heard, _ = mixed(samples)
    assert np.array_equal(heard[-RATE_HZ // 10 :], samples[-RATE_HZ // 10 :, 1])


def test_channels_without_likeness_are_meant() -> None:
    samples = stereo(*(noise(RATE_HZ, 0.1, seed) for seed in range(2)))
    heard, taken = mixed(samples)
    assert taken == "the mean of 2 channels"
    assert np.array_equal(heard, samples.mean(axis=1, dtype=np.float32))


def test_a_wish_is_followed() -> None:
    samples = stereo(tone(), -tone(), noise(RATE_HZ // 2, 0.1))
    for channel in (1, 2, 3):
        heard, taken = mixed(samples, channel)
        assert np.array_equal(heard, samples[:, channel - 1])
        assert taken == f"channel {channel} of 3"
    with pytest.raises(ConfigError, match="there is no channel 4: they are 1 to 3"):
        ChannelMixer(3, RATE_HZ, 4)
    with pytest.raises(ConfigError, match="there is no channel 2: the only one is 1"):
        ChannelMixer(1, RATE_HZ, 2)


def test_what_is_no_number_or_no_sound_is_made_harmless() -> None:
    for channels in (1, 2):
        samples = np.full((2000, channels), 0.5, np.float32)
        samples[10], samples[20], samples[30] = np.nan, -np.inf, 3e38
        heard, _ = mixed(samples)
        assert heard[[0, 10, 20, 30, 1999]].tolist() == [0.5, 0.0, 0.0, 1000.0, 0.5]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 700), max_size=12), st.integers(0, 3))
def test_it_does_not_depend_on_how_the_samples_are_cut(lengths: list[int], kind: int) -> None:
    one, other = 0.3 * noise(6000, 1.0, 1), 0.3 * noise(6000, 1.0, 2)
    gate = np.repeat(np.random.default_rng(kind).integers(0, 2, (12, 2)), 500, axis=0).astype(np.float32)
    samples = stereo(one, [other, -one, 0.9 * one, 0 * one][kind]) * gate
    whole = ChannelMixer(2, RATE_HZ)
    cut = ChannelMixer(2, RATE_HZ)
    at, parts = 0, []
    for length in [*lengths, len(samples)]:
        parts.append(cut.mix(samples[at : at + length]))
        at += length
    assert np.array_equal(np.concatenate(parts), whole.mix(samples))
    assert cut.taken == whole.taken
