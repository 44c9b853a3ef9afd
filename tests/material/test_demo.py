"""The performance of `streamer demo`: it must hold the notes it says it holds."""

import sys
import time
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest

from streamer.audio.source import EndOfStream
from streamer.errors import DeviceError
from streamer.material.demo import DemoSource, Performance, PlayedNote, demo_performance, match_notes
from streamer.units import hz_to_midi, midi_to_hz

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def performance() -> Performance:
    return demo_performance(RATE_HZ)


def sounding(performance: Performance, note: PlayedNote) -> np.ndarray:
    start, end = round((note.onset_s + 0.04) * RATE_HZ), round((note.offset_s - 0.03) * RATE_HZ)
    return performance.samples[start:end].astype(float)


def period_error_cents(samples: np.ndarray, midi: float) -> float:
    """How far the autocorrelation's peak near the expected period lies from it."""
    lag = RATE_HZ / midi_to_hz(midi)
    size = 1 << (2 * len(samples)).bit_length()
    power = np.abs(np.fft.rfft(samples, size)) ** 2
    fine = 8  # interpolates the autocorrelation by padding its spectrum
    correlation = np.fft.irfft(power, size * fine)
    low, high = int(lag * fine * 0.92), int(lag * fine * 1.08) + 1
    best = low + int(np.argmax(correlation[low:high]))
    return 100 * (hz_to_midi(RATE_HZ * fine / best) - midi)


def test_every_note_sounds_at_its_pitch(performance):
    for note in performance.notes:
        assert abs(period_error_cents(sounding(performance, note), note.midi)) < 30, note


def test_every_note_is_loud_enough_and_nothing_clips(performance):
    assert np.abs(performance.samples).max() <= 0.51
    for note in performance.notes:
        assert np.sqrt(np.mean(sounding(performance, note) ** 2)) > 10 ** (-30 / 20), note


def test_it_is_quiet_where_no_note_is_true(performance):
    edges = [0.0, *(t for note in performance.notes for t in (note.onset_s, note.offset_s))]
    for off_s, on_s in zip(edges[::2], edges[1::2], strict=False):
        if on_s - off_s > 0.6:  # the last note's ring and the room have gone by then
            part = performance.samples[round((off_s + 0.5) * RATE_HZ) : round(on_s * RATE_HZ)]
            assert np.sqrt(np.mean(part.astype(float) ** 2)) < 10 ** (-45 / 20)


def test_it_holds_what_is_hard(performance):
    notes = performance.notes
    assert 30 <= len(performance.samples) / RATE_HZ <= 40
    assert len(notes) > 60
    assert all(a.offset_s <= b.onset_s + 1e-9 for a, b in pairwise(notes))
    assert any(a.midi == b.midi == c.midi for a, b, c in zip(notes, notes[1:], notes[2:], strict=False)), "repeated"
    assert min(note.midi for note in notes) < 45, "low strings"
    assert sum(note.offset_s - note.onset_s < 0.17 for note in notes) >= 16, "runs"
    assert any(b.onset_s - a.offset_s > 0.6 for a, b in pairwise(notes)), "silence"


def test_it_is_the_same_each_time_and_its_notes_at_each_rate(performance):
    again = demo_performance(RATE_HZ)
    assert np.array_equal(again.samples, performance.samples)
    other = demo_performance(22_050)
    assert other.notes == performance.notes
    assert abs(len(other.samples) / 22_050 - len(performance.samples) / RATE_HZ) < 0.001


def note(onset_s: float, midi: float) -> PlayedNote:
    return PlayedNote(onset_s, onset_s + 0.3, midi)


@pytest.mark.parametrize(
    ("tracked", "pairs"),
    [
        ([], []),
        ([note(1.05, 60.4), note(2.0, 64)], [(0, 0), (1, 1)]),
        ([note(1.0, 60.6), note(2.2, 64)], []),  # wrong pitch, too late
        ([note(1.0, 60), note(1.05, 60)], [(0, 0)]),  # one to one: the second is a false note
        ([note(0.95, 72), note(1.0, 60), note(1.95, 64)], [(0, 1), (1, 2)]),
    ],
)
def test_tracked_notes_are_matched_one_to_one(tracked, pairs):
    assert match_notes([note(1.0, 60), note(2.0, 64)], tracked) == pairs


def test_a_performance_matches_itself(performance):
    assert match_notes(performance.notes, performance.notes) == [(i, i) for i in range(len(performance.notes))]


def test_the_source_delivers_every_sample_once_and_never_early():
    samples = np.arange(1000, dtype=np.float32)
    source = DemoSource(Performance(samples, 8000, ()), block=96)
    source.start()
    blocks = []
    for _ in range(-(-1000 // 96)):
        block = source.read(1.0)
        assert block is not None
        assert time.monotonic_ns() >= block.captured_ns
        blocks.append(block)
    with pytest.raises(EndOfStream):
        source.read(1.0)
    assert np.array_equal(np.concatenate([block.samples for block in blocks]), samples)
    assert [block.start for block in blocks] == list(range(0, 1000, 96))
    assert blocks[-1].captured_ns - blocks[0].captured_ns == pytest.approx((1000 - 96) / 8000 * 1e9)
    source.close()
    source.close()


def test_without_an_output_play_says_what_to_do(monkeypatch):
    class PortAudioError(Exception):
        pass

    def refuse(**_: object) -> None:
        raise PortAudioError("Error querying device -1", -1)

    fake = ModuleType("sounddevice")
    fake.PortAudioError = PortAudioError  # type: ignore[attr-defined]
    fake.OutputStream = refuse  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    source = DemoSource(Performance(np.zeros(10, np.float32), 8000, ()), play=True)
    with pytest.raises(DeviceError, match=r"no usable audio output.*--play"):
        source.start()
