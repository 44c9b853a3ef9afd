"""The tracker as its users meet it: the right notes, whatever the chunks, level, rate, tuning and faults."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer import Gap, NoteOff, NoteOn, PitchEstimate, TrackerConfig, make_tracker
from streamer.analysis.framing import Hopper
from streamer.config import HOP_S, auto_hop
from streamer.detectors.base import PitchOnlyDetector
from streamer.detectors.trained import TrainedDetector
from streamer.errors import AudioFormatError, ConfigError
from streamer.model import shipped_model
from streamer.tracker import Tracker, make_decider
from streamer.units import midi_to_hz
from tests.tones import melody, pluck

RATE_HZ = 48_000
TUNE = [64, 67, 71, 76, 72, 67, 60, 55]


def run(samples, rate_hz=RATE_HZ, **config):
    config.setdefault("hop", auto_hop(rate_hz))
    tracker = make_tracker(TrackerConfig(**config), rate_hz)
    return tracker.process(samples) + tracker.flush()


def notes_of(events):
    return [event.note for event in events if isinstance(event, NoteOn)]


@pytest.fixture(scope="module")
def tune():
    return melody(TUNE, RATE_HZ)


@pytest.fixture(scope="module")
def whole(tune):
    return run(tune[0])


def test_hears_the_notes_of_a_melody_soon_after_their_onsets(tune, whole):
    begun = [event for event in whole if isinstance(event, NoteOn)]
    assert [event.note for event in begun] == TUNE
    for event, onset_s in zip(begun, tune[1], strict=True):
        assert abs(event.onset / RATE_HZ - onset_s) < 0.03
        assert 0.0 <= event.sample / RATE_HZ - onset_s < 0.08
        assert abs(event.midi - event.note) < 0.5  # as far as could be told by then
    ended = [event for event in whole if isinstance(event, NoteOff)]
    assert [event.midi for event in ended] == pytest.approx(TUNE, abs=0.05)


def test_every_note_on_is_followed_by_its_own_note_off(whole):
    sounding = None
    for event in whole:
        if isinstance(event, NoteOn):
            assert sounding is None
            assert event.onset <= event.sample
            sounding = event
        elif isinstance(event, NoteOff):
            assert sounding is not None
            assert event.note == sounding.note
            assert sounding.onset < event.offset <= event.sample
            sounding = None
    assert sounding is None


@pytest.mark.parametrize("chunks", ["ones", "primes", "random"])
def test_events_do_not_depend_on_chunks(tune, whole, chunks):
    samples = tune[0][: 2 * RATE_HZ]
    expected = run(samples)
    rng = np.random.default_rng(1)
    sizes = {"ones": [1], "primes": [2, 3, 5, 7, 127, 131, 1009], "random": rng.integers(1, 3000, 500).tolist()}[chunks]
    tracker = make_tracker(TrackerConfig(), RATE_HZ)
    events, at, k = [], 0, 0
    while at < len(samples):
        size = sizes[k % len(sizes)]
        events += tracker.process(samples[at : at + size])
        at, k = at + size, k + 1
    assert events + tracker.flush() == expected  # bit for bit: dataclasses of ints and floats


def test_notes_are_the_same_where_nobody_takes_pitch(tune, whole):
    samples = tune[0][: 2 * RATE_HZ]
    tracker = make_tracker(TrackerConfig(), RATE_HZ, hops_at_once=32, pitch_estimates=False)
    notes = [event for event in run(samples) if not isinstance(event, PitchEstimate)]
    assert notes
    assert tracker.process(samples) + tracker.flush() == notes


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 700), st.integers(1, 20_000))
def test_events_do_not_depend_on_how_many_hops_are_analysed_at_once(tune, whole, hops, chunk):
    samples = tune[0][: 2 * RATE_HZ]
    tracker = make_tracker(TrackerConfig(), RATE_HZ, hops_at_once=hops)
    events = []
    for start in range(0, len(samples), chunk):
        events += tracker.process(samples[start : start + chunk])
    assert events + tracker.flush() == run(samples)


def test_events_come_as_they_are_decided_and_none_is_lost_by_who_stops_early(tune):
    samples = tune[0][: 2 * RATE_HZ]
    tracker = make_tracker(TrackerConfig(), RATE_HZ, hops_at_once=5)
    tracker.push(samples)
    events = []
    while True:
        some = list(islice(tracker.events(), 7))
        events += some
        if len(some) < 7:
            break
    assert events + tracker.flush() == run(samples)


def test_a_note_is_known_before_the_rest_of_its_block_is_analysed(tune):
    analysed = []

    class Counting(TrainedDetector):
        def analyse(self, hops):
            analysed.append(len(hops))
            return super().analyse(hops)

    config = TrackerConfig()
    tracker = Tracker(Counting(config, RATE_HZ, shipped_model().scorer), make_decider(config, RATE_HZ, shipped_model()))
    tracker.push(tune[0])
    first = next(event for event in tracker.events() if isinstance(event, NoteOn))
    assert first.note == TUNE[0]
    assert sum(analysed) * 128 == first.sample < len(tune[0])


def test_deciders_share_evidence_and_leave_it_as_it_is(tune):
    config = TrackerConfig()
    detector = TrainedDetector(config, RATE_HZ, shipped_model().scorer)
    evidence = detector.analyse(Hopper(detector.config.hop).push(tune[0]))
    kept = [array.copy() for array in (evidence.scores, evidence.onset_scores, evidence.features)]
    one, other = (make_decider(config, RATE_HZ, shipped_model()) for _ in range(2))
    assert list(one.events(evidence)) == list(other.events(evidence))
    now = (evidence.scores, evidence.onset_scores, evidence.features)
    assert all(np.array_equal(a, b) for a, b in zip(kept, now, strict=True))


def test_notes_are_numbered_through_gaps(tune):
    tracker = make_tracker(TrackerConfig(), RATE_HZ)
    events = [*tracker.process(tune[0]), *tracker.gap(500), *tracker.process(tune[0]), *tracker.flush()]
    assert [event.note_id for event in events if isinstance(event, NoteOn)] == list(range(1, 2 * len(TUNE) + 1))
    assert [event.note_id for event in events if isinstance(event, NoteOff)] == list(range(1, 2 * len(TUNE) + 1))


def test_estimates_never_look_ahead(whole):
    for event in whole:
        if isinstance(event, PitchEstimate):
            assert event.centre <= event.sample
            assert event.sample % 128 == 0


def test_what_follows_changes_nothing_that_was_said(tune, whole):
    half = len(tune[0]) // 2 // 128 * 128
    tracker = make_tracker(TrackerConfig(), RATE_HZ)
    assert tracker.process(tune[0][:half]) == [e for e in whole if e.sample <= half]


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 32_000, 44_100, 96_000])
def test_same_notes_at_every_sample_rate(rate_hz):
    samples, onsets_s = melody(TUNE, rate_hz)
    begun = [event for event in run(samples, rate_hz) if isinstance(event, NoteOn)]
    assert [event.note for event in begun] == TUNE
    assert max(abs(e.onset / rate_hz - t) for e, t in zip(begun, onsets_s, strict=True)) < 0.03


@settings(max_examples=8, deadline=None)
@given(st.floats(-38.0, 6.0))
def test_same_notes_at_every_gain(gain_db):
    samples, _ = melody(TUNE[:4], RATE_HZ, level=1.0)
    assert notes_of(run(np.clip(samples * 10 ** (gain_db / 20), -1, 1).astype(np.float32))) == TUNE[:4]


@pytest.mark.parametrize("by", [-24, -12, -5, 7, 12, 24])
def test_transposed_music_gives_transposed_notes(by):
    samples, _ = melody([note + by for note in TUNE], RATE_HZ)
    assert notes_of(run(samples)) == [note + by for note in TUNE]


@pytest.mark.parametrize("a4_hz", [415.0, 432.0, 466.0])
def test_follows_the_tuning(a4_hz):
    samples, _ = melody(TUNE, RATE_HZ, a4_hz=a4_hz)
    assert notes_of(run(samples, a4_hz=a4_hz)) == TUNE


@pytest.mark.parametrize("cents", [-40, -20, 20, 40])
def test_out_of_tune_notes_are_named_and_measured(cents):
    samples = np.concatenate([np.zeros(9600, np.float32), pluck(60 + cents / 100, 0.5, RATE_HZ)])
    events = run(samples)
    assert notes_of(events) == [60]
    ended = next(event for event in events if isinstance(event, NoteOff))
    assert ended.midi == pytest.approx(60 + cents / 100, abs=0.05)


class Sliding(PitchOnlyDetector):
    """Hears one note that slides from a little under its pitch into it."""

    age = 0

    def __init__(self, config, rate_hz):
        super().__init__(config, rate_hz)
        self.hops = 0

    def estimate(self, hop):
        since_s = self.hops * self.config.hop / self.rate_hz
        self.hops += 1
        return midi_to_hz(52.1 - 0.65 * np.exp(-since_s / 0.04)), 0.99


def test_a_note_told_too_early_for_its_name_is_measured_where_it_settles():
    config = TrackerConfig()
    tracker = Tracker(Sliding(config, RATE_HZ), make_decider(config, RATE_HZ))
    events = tracker.process(pluck(52.1, 0.6, RATE_HZ)) + tracker.flush()
    begun, ended = (event for event in events if isinstance(event, NoteOn | NoteOff))
    assert begun.note == ended.note == 51  # what has been sent cannot be taken back
    assert ended.midi == pytest.approx(52.1, abs=0.05)


def test_repeated_notes_are_struck_again():
    samples, _ = melody([57] * 6, RATE_HZ, note_s=0.2, gap_s=0.01)
    assert notes_of(run(samples)) == [57] * 6


def test_range_is_kept(tune):
    assert set(notes_of(run(tune[0], low_midi=60, high_midi=72))) <= set(range(60, 73))


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(RATE_HZ, np.float32),
        np.full(RATE_HZ, 0.3, np.float32),
        np.full(RATE_HZ, 1e-42, np.float32),
        np.full(RATE_HZ, np.nan, np.float32),
        np.full(RATE_HZ, np.inf, np.float32),
        np.full(RATE_HZ, 3e38, np.float32),
        (np.random.default_rng(0).standard_normal(RATE_HZ) * 0.1).astype(np.float32),
        (np.random.default_rng(0).standard_normal(RATE_HZ) * 10.0).clip(-1, 1).astype(np.float32),
    ],
    ids=["silence", "offset", "denormals", "nan", "inf", "huge", "noise", "clipped noise"],
)
def test_what_is_no_music_gives_no_note(samples):
    assert notes_of(run(samples)) == []


def test_faulty_samples_between_notes_change_no_note(tune):
    samples = tune[0].copy()
    samples[4800:4810] = np.nan
    samples[5000] = np.inf
    assert notes_of(run(samples)) == TUNE


def test_an_offset_changes_no_note(tune):
    assert notes_of(run(tune[0] * 0.5 + np.float32(0.05))) == TUNE


def test_clipping_changes_no_note(tune):
    assert notes_of(run(np.clip(tune[0] * 8, -1, 1))) == TUNE


def test_a_gap_ends_the_note_and_time_goes_on(tune):
    samples, onsets_s = tune
    cut = round((onsets_s[2] + 0.15) * RATE_HZ)
    tracker = make_tracker(TrackerConfig(), RATE_HZ)
    before = tracker.process(samples[:cut])
    events = tracker.gap(4800)
    assert [type(event) for event in events] == [NoteOff, Gap]
    assert events[1] == Gap(cut + 4800, 4800)
    later = round(onsets_s[4] * RATE_HZ) - 2400
    after = tracker.process(samples[later:]) + tracker.flush()
    begun = [event for event in after if isinstance(event, NoteOn)]
    assert notes_of(before) == TUNE[:3]
    assert [event.note for event in begun] == TUNE[4:]
    assert begun[0].note_id == 4
    assert abs(begun[0].onset - (cut + 4800 + 2400)) < 0.03 * RATE_HZ


def test_velocity_follows_the_level():
    soft, _ = melody([60, 64], RATE_HZ, level=0.02)
    loud, _ = melody([60, 64], RATE_HZ, level=0.7)
    velocities = [[e.velocity for e in run(s) if isinstance(e, NoteOn)] for s in (soft, loud)]
    assert all(a + 20 < b for a, b in zip(*velocities, strict=True))
    assert all(1 <= v <= 127 for pair in velocities for v in pair)


def test_wrong_samples_are_refused_in_one_line():
    tracker = make_tracker(TrackerConfig(), RATE_HZ)
    for wrong in (np.zeros(10), np.zeros((10, 2), np.float32)):
        with pytest.raises(AudioFormatError, match="mono float32"):
            tracker.process(wrong)


def test_wrong_settings_are_refused_in_one_line():
    for wrong in ({"hop": 1}, {"eagerness": 2.0}, {"low_midi": 80, "high_midi": 70}, {"a4_hz": 1.0}):
        with pytest.raises(ConfigError):
            TrackerConfig(**wrong)
    with pytest.raises(ConfigError, match="sample rate"):
        make_tracker(TrackerConfig(), 3)
    with pytest.raises(ConfigError, match="no detector 'nose'; choose from"):
        make_tracker(TrackerConfig(detector="nose"), RATE_HZ)


@pytest.mark.parametrize("detector", ["correlation", "yinfast", "yinfft", "mcomb", "peak", "phase"])
def test_other_detectors_hear_plain_notes(detector):
    samples, _ = melody([64, 67, 72], RATE_HZ, note_s=0.4)
    heard = notes_of(run(samples, detector=detector))
    assert {64, 67, 72} <= set(heard)


def test_default_hop_is_the_same_time_at_every_rate():
    for rate_hz in (16_000, 22_050, 44_100, 48_000, 96_000):
        assert auto_hop(rate_hz) / rate_hz == pytest.approx(HOP_S, rel=0.1)
    assert auto_hop(48_000) == auto_hop(44_100) == 128


def test_latency_counts_from_the_first_sound_and_files_from_where_people_mark_the_note(whole):
    begun = [event for event in whole if isinstance(event, NoteOn)]
    assert all(event.sounds_from <= event.onset <= event.sample for event in begun)
    assert 0.0 < max(event.onset - event.sounds_from for event in begun) / RATE_HZ < 0.01
    assert NoteOn(9, 5, 60, 64, 60.0).sounds_from == 5


def test_notes_are_counted_through_the_whole_stream(whole):
    ons = [event.note_id for event in whole if isinstance(event, NoteOn)]
    offs = [event.note_id for event in whole if isinstance(event, NoteOff)]
    assert ons == offs == list(range(1, len(ons) + 1))
