"""The built-in synthesiser: the right pitch, no click, and nothing that goes on sounding."""

import math
import tracemalloc

import numpy as np
import pytest

from streamer.outputs.synth import VOICES, Synth
from streamer.units import midi_to_hz


def play(synth: Synth, seconds: float, rate_hz: int, block: int = 441) -> np.ndarray:
    out = np.full(round(seconds * rate_hz), np.nan, np.float32)
    for start in range(0, len(out), block):
        synth.render(out[start : start + block])
    assert np.isfinite(out).all()
    return out


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("note", [28, 57, 69, 84])
def test_a_note_has_its_pitch_and_ends(rate_hz, note):
    synth = Synth(rate_hz)
    assert synth.silent
    assert not play(synth, 0.1, rate_hz).any()
    synth.note_on(note, 100)
    sound = play(synth, 1.0, rate_hz)
    assert 0.05 < np.abs(sound).max() < 0.5
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * len(sound)))
    f0_hz = np.argmax(spectrum) * rate_hz / (8 * len(sound))
    assert 1200.0 * abs(np.log2(f0_hz / midi_to_hz(note))) < 5.0
    synth.note_off(note)
    play(synth, 0.4, rate_hz)
    assert synth.silent
    assert not play(synth, 0.1, rate_hz).any()


def pitch_of(sound: np.ndarray, rate_hz: int) -> float:
    """In semitones above that of key 0."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * len(sound)))
    return 12.0 * math.log2(np.argmax(spectrum) * rate_hz / (8 * len(sound)) / midi_to_hz(0))


def test_what_is_held_bends_and_what_has_been_let_go_does_not():
    synth = Synth(48_000)
    synth.bend(0.5)
    synth.note_on(60, 100)
    assert pitch_of(play(synth, 0.5, 48_000), 48_000) == pytest.approx(60.5, abs=0.03)
    synth.bend(-2.0)
    assert pitch_of(play(synth, 0.5, 48_000), 48_000) == pytest.approx(58.0, abs=0.03)
    synth.note_off(60)
    synth.bend(12.0)
    assert pitch_of(play(synth, 0.15, 48_000), 48_000) == pytest.approx(58.0, abs=0.1)
    play(synth, 0.5, 48_000)
    synth.note_on(127, 100)  # and an octave above it, where there is nothing to play
    assert np.abs(play(synth, 0.2, 48_000)).max() < 0.5
    synth.all_off()
    play(synth, 0.5, 48_000)
    assert synth.silent


def test_the_tuning_is_that_of_the_tracker():
    synth = Synth(48_000, a4_hz=415.0)
    synth.note_on(69, 100)
    sound = play(synth, 1.0, 48_000)
    assert np.argmax(np.abs(np.fft.rfft(sound))) == pytest.approx(415, abs=1)


def test_beginning_ending_and_stealing_do_not_click():
    rate_hz = 48_000
    synth = Synth(rate_hz)
    parts = []
    for k in range(3 * VOICES):  # far more than there are voices, none of them let go
        synth.note_on(40 + k % 24, 127)
        parts.append(play(synth, 0.02, rate_hz))
    synth.all_off()
    parts.append(play(synth, 0.5, rate_hz))
    sound = np.concatenate(parts)
    assert np.abs(sound).max() < 1.0
    assert synth.silent
    # What a click has and these tones have not: more than the twelfth harmonic of the highest, 3.7 kHz.
    spectrum = np.abs(np.fft.rfft(sound))
    high = np.fft.rfftfreq(len(sound), 1 / rate_hz) > 12_000
    assert 20 * np.log10(spectrum[high].max() / spectrum.max()) < -50.0


def test_soft_is_softer_than_loud():
    levels = []
    for velocity in (1, 60, 127):
        synth = Synth(48_000)
        synth.note_on(60, velocity)
        levels.append(np.abs(play(synth, 0.2, 48_000)).max())
    assert 0.0 < levels[0] < levels[1] < levels[2]


def test_notes_that_came_while_nobody_listened_do_not_stay():
    synth = Synth(48_000)
    for k in range(10_000):
        synth.note_on(k % 128, 100)
        synth.note_off(k % 128)
    play(synth, 1.0, 48_000)
    assert synth.silent


def test_both_channels_get_the_same():
    synth = Synth(48_000)
    synth.note_on(60, 100)
    out = np.zeros((512, 2), np.float32)
    synth.render(out)
    assert out.any()
    assert (out[:, 0] == out[:, 1]).all()


def test_what_the_callback_does_takes_no_memory():
    synth = Synth(48_000)
    out = np.zeros((256, 2), np.float32)
    for note in range(50, 60):
        synth.note_on(note, 100)
    synth.render(out)
    tracemalloc.start()
    for _ in range(10):
        synth.render(out)
    peaks = []
    for _ in range(5):  # other threads of the process that runs the tests may take some meanwhile
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        synth.render(out)
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    tracemalloc.stop()
    assert min(peaks) < 1024  # views and numbers of Python's; one array of a chunk would be as large
