import numpy as np
import pytest

from streamer.data.datasets import Recording
from streamer.data.phrase import Phrase
from streamer.material.assemble import group_notes
from streamer.material.bends import inflected, slurred
from streamer.units import hz_to_midi, midi_to_hz, s_to_samples

RATE_HZ = 44_100


def tone(midi, length_s):
    time_s = np.arange(s_to_samples(length_s, RATE_HZ)) / RATE_HZ
    return sum(0.1 / k * np.sin(2 * np.pi * k * midi_to_hz(midi) * time_s) for k in (1, 2, 3)).astype(np.float32)


@pytest.fixture
def banks(tmp_path):
    import soundfile

    recordings = []
    for midi in (60, 64, 67):
        path = tmp_path / f"{midi}.wav"
        soundfile.write(path, np.concatenate([np.zeros(2205, np.float32), tone(midi, 1.5)]), RATE_HZ)
        notes = np.array([[0.05, 1.5, float(midi)]])
        recordings.append(Recording(path, "note", "organ", "made", "none", notes))
    return group_notes(recordings)


def pitch_at(samples, at_s, around_midi):
    """Pitch of 60 ms about a moment, by the best of many correlations: a method of no other part of this program."""
    first = s_to_samples(at_s - 0.03, RATE_HZ)
    part = samples[first : first + s_to_samples(0.06, RATE_HZ)].astype(np.float64)
    lags = np.arange(round(RATE_HZ / midi_to_hz(around_midi + 1.5)), round(RATE_HZ / midi_to_hz(around_midi - 1.5)) + 1)
    fits = []
    for lag in lags:
        a, b = part[:-lag], part[lag:]
        fits.append(a @ b / np.sqrt((a @ a) * (b @ b) + 1e-12))
    return hz_to_midi(RATE_HZ / lags[int(np.argmax(fits))], 440.0)


@pytest.mark.parametrize("seed", range(6))
def test_the_notes_of_a_slur_are_where_their_labels_say(banks, seed):
    phrase = slurred(banks if seed else [], np.random.default_rng(seed), RATE_HZ, 10.0)
    assert len(phrase.samples) == 10 * RATE_HZ
    assert np.all(phrase.notes[:, 1] > phrase.notes[:, 0])
    assert np.all(phrase.notes[1:, 0] >= phrase.notes[:-1, 1] - 1e-6)
    long = [note for note in phrase.notes if note[1] - note[0] > 0.25 and 48 < note[2] < 84]
    off = [
        pitch_at(phrase.samples, 0.5 * (onset_s + offset_s) + shift_s, midi) - midi
        for onset_s, offset_s, midi in long
        for shift_s in (-0.05, 0.0, 0.05)
    ]
    assert not off or abs(np.median(off)) < 0.25


def test_the_same_seed_gives_the_same_slurs(banks):
    one, two = (slurred(banks, np.random.default_rng(5), RATE_HZ, 5.0) for _ in range(2))
    np.testing.assert_array_equal(one.samples, two.samples)
    np.testing.assert_array_equal(one.notes, two.notes)


def test_an_inflected_phrase_keeps_its_notes():
    samples = np.concatenate([np.zeros(8820, np.float32), tone(64, 1.0), tone(67, 1.0), np.zeros(8820, np.float32)])
    notes = np.array([[0.2, 1.2, 64.0], [1.2, 2.2, 67.0]])
    phrase = Phrase(samples, RATE_HZ, notes, "organ", "made", "none", "real", "phrase")
    for seed in range(5):
        other = inflected(phrase, np.random.default_rng(seed))
        np.testing.assert_allclose(other.notes[:, :2], notes[:, :2], atol=0.05)
        np.testing.assert_array_equal(other.notes[:, 2], notes[:, 2])
        swing = [pitch_at(other.samples, other.notes[0, 0] + at_s, 64) for at_s in np.arange(0.3, 0.9, 0.02)]
        assert np.mean(swing) == pytest.approx(64.0, abs=0.3)
