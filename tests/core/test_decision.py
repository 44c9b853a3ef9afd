"""The compiled part of decisions against its numpy reference: the same rows and the same notes, to the bit."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.analysis import core, features
from streamer.analysis.evidence import Evidence
from streamer.analysis.level import Levels
from streamer.config import RATES_HZ, TrackerConfig
from streamer.decision.by_verifier import VerifierMachine
from streamer.decision.decider import Decider
from streamer.decision.native import NativeContext, make_context
from streamer.decision.onset_context import NAMES, OUTPUTS, NoteState, OnsetContext
from streamer.decision.thresholds import Thresholds
from streamer.events import NoteOn
from streamer.units import midi_to_hz

pytestmark = pytest.mark.skipif(core.native() is None, reason="the compiled core is not built")
N = 88
HOPS_MS = (128 / 48.0, 128 / 44.1, 16 / 192.0, 16 / 8.0, 512 / 96.0, 8192 / 8.0)


def input_of(rng: np.random.Generator, hops: int, kind: str) -> tuple[np.ndarray, np.ndarray, list, list]:
    """Scores, onset scores, pitches and levels as they might come, or as they never should."""
    pitch = 60.0 + np.cumsum(rng.normal(0.0, 0.15, hops)) + rng.choice([0.0, 0.0, 7.0, 12.0], hops) * (kind == "wild")
    scores = rng.normal(-5.0, 2.0, (hops, N)).astype(np.float32)
    onset_scores = rng.normal(-4.0, 3.0, (hops, N)).astype(np.float32)
    scores[np.arange(hops), np.clip(pitch.round().astype(int) - 21, 0, N - 1)] = rng.normal(3.0, 3.0, hops)
    pitches = [None if rng.random() < 0.1 else float(p) for p in pitch]
    level_db = (-30.0 + np.cumsum(rng.normal(0.0, 1.0, hops))).tolist()
    if kind == "wild":
        for odds in (scores, onset_scores):
            odds[rng.random((hops, N)) < 0.02] = rng.choice(np.array([np.nan, np.inf, -np.inf, 1e38, 0.0], np.float32))
        for k in np.flatnonzero(rng.random(hops) < 0.1):
            pitches[k] = float(rng.choice([0.0, -30.0, 0.3, 1e4, 140.0]))
            level_db[k] = float(rng.choice([np.nan, np.inf, -np.inf, -120.0]))
    elif kind == "steady":
        pitches, level_db = [69.0] * hops, [-20.0] * hops
    elif kind == "silent":
        pitches = [None] * hops
    return scores, onset_scores, pitches, level_db


def state_of(rng: np.random.Generator) -> NoteState:
    sums = np.maximum(0.0, rng.normal(0.0, 30.0, N)).astype(np.float32)
    current, ended = (None if rng.random() < 0.4 else int(rng.integers(0, N)) for _ in range(2))
    ages = rng.integers(0, 400, N)
    return NoteState(sums, ages, current, int(rng.integers(0, 4000)), rng.normal(60.0, 9.0), rng.uniform(0, 75), ended)


def rows_of(context, parts, kind, seed, every=1) -> list[np.ndarray]:
    """What the context describes after hops that come in parts of such sizes."""
    rng = np.random.default_rng(seed)
    whole = input_of(rng, sum(parts), kind)
    rows, at = [], 0
    for size in parts:
        context.add(*(values[at : at + size] for values in whole))
        for hop in range(size):
            if (at + hop) % every:
                continue
            rng = np.random.default_rng((seed, at + hop))
            candidates = rng.integers(0, N, rng.integers(1, 6)).tolist()
            matrix = rng.standard_normal((len(candidates), len(features.NAMES))).astype(np.float32)
            rows.append(context.describe(hop, candidates, matrix, state_of(rng)))
        at += size
    return rows


@given(
    hop_ms=st.one_of(
        st.sampled_from(HOPS_MS),
        st.tuples(st.integers(16, 8192), st.integers(*RATES_HZ)).map(lambda x: 1000.0 * x[0] / x[1]),
    ),
    kind=st.sampled_from(["usual", "wild", "steady", "silent"]),
    parts=st.lists(st.integers(1, 200), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=30, deadline=None)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_rows_are_the_same_to_the_bit(hop_ms, kind, parts, seed) -> None:
    expected = rows_of(OnsetContext(hop_ms), parts, kind, seed, every=7)
    found = rows_of(NativeContext(hop_ms, core.native()), parts, kind, seed, every=7)
    for row, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(row, other)


@pytest.mark.parametrize("kind", ["usual", "steady"])
def test_rows_are_the_same_after_many_seconds(kind: str) -> None:
    """Whatever is kept was moved to the front and over the seam many times."""
    for hop_ms in HOPS_MS[:2]:
        parts = [32] * 120
        expected = rows_of(OnsetContext(hop_ms), parts, kind, 7, every=61)
        found = rows_of(NativeContext(hop_ms, core.native()), parts, kind, 7, every=61)
        assert [row.shape[1] for row in found] == [len(NAMES)] * len(found)
        np.testing.assert_array_equal(np.concatenate(found), np.concatenate(expected))


@given(parts=st.lists(st.integers(1, 400), min_size=1, max_size=4), seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_rows_do_not_depend_on_how_hops_are_grouped(parts, seed) -> None:
    whole = rows_of(make_context(128 / 48.0), [sum(parts)], "usual", seed, every=13)
    found = rows_of(make_context(128 / 48.0), parts, "usual", seed, every=13)
    assert [row.tobytes() for row in found] == [row.tobytes() for row in whole]


def test_the_environment_chooses_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(make_context(2.7), NativeContext)
    monkeypatch.setenv(core.VARIABLE, core.NUMPY)
    assert isinstance(make_context(2.7), OnsetContext)


def test_what_does_not_fit_is_refused() -> None:
    context = make_context(2.7)
    rng = np.random.default_rng(1)
    scores, onset_scores, pitches, level_db = input_of(rng, 4, "usual")
    with pytest.raises(ValueError, match="shape"):
        context.add(scores[:, :80], onset_scores, pitches, level_db)
    context.add(scores, onset_scores, pitches, level_db)
    matrix = np.zeros((1, len(features.NAMES)), np.float32)
    context.describe(2, [40], matrix, state_of(rng))
    for hop in (0, 4):
        with pytest.raises(ValueError, match="hop"):
            context.describe(hop, [40], matrix, state_of(rng))
    with pytest.raises(ValueError, match="features"):
        context.describe(3, [40], matrix[:, :5], state_of(rng))
    with pytest.raises(MemoryError):
        NativeContext(1e-6, core.native())


def phrase_of(rng: np.random.Generator, hops: int, wild: bool) -> Evidence:
    """Evidence as of notes with vibrato, slides, repetitions and pauses."""
    scores = rng.normal(-6.0, 1.0, (hops, N)).astype(np.float32)
    onset_scores = rng.normal(-6.0, 1.5, (hops, N)).astype(np.float32)
    f0_hz, level_db, at, note = np.zeros(hops), np.full(hops, -75.0), 0, int(rng.integers(20, N))
    while at < hops:
        length = int(rng.integers(3, 150))
        here = slice(at, min(hops, at + length))
        at += length
        note = int(np.clip(note + rng.choice([0, 1, -1, 2, 12, -12, 19, 5]), 0, N - 1))
        t = np.arange(here.stop - here.start)
        pitch = note + 21 + 0.6 * rng.random() * np.sin(0.1 * t + rng.random()) + 0.02 * rng.normal() * t
        if rng.random() < 0.2:
            continue
        f0_hz[here] = midi_to_hz(69.0) * 2.0 ** ((pitch - 69.0) / 12.0)
        level_db[here] = -20.0 - 0.1 * t
        for away, odds in ((0, 4.0), (1, -1.0), (-1, -1.5), (12, -2.0), (-12, 0.0), (-19, -3.0)):
            if 0 <= note + away < N:
                scores[here, note + away] = rng.normal(odds, 1.5, len(t))
                onset_scores[here, note + away][:16] = rng.normal(odds - 0.5, 1.5, len(t[:16]))
    for odds in (scores, onset_scores):
        odds[rng.random(odds.shape) < 0.002 * wild] = rng.choice([np.nan, np.inf, -np.inf])
    likeliest = scores.argmax(axis=1)
    levels = Levels(np.zeros(hops, np.float32), (10.0 ** (level_db / 10.0)).tolist(), level_db.tolist())
    return _Features(scores, onset_scores, likeliest, f0_hz, np.zeros(hops, np.int64), levels)


class _Features(Evidence):
    def features_of(self, hop: int, candidates) -> np.ndarray:
        count = len(candidates)
        return np.resize(self.scores[hop], (count, len(features.NAMES))) + np.arange(count, dtype=np.float32)[:, None]

    def part(self, start: int, stop: int) -> Evidence:
        arrays = (self.scores, self.onset_scores, self.likeliest, self.f0_hz, self.age)
        levels = self.levels
        of_these = Levels(levels.peak[start:stop], levels.power[start:stop], levels.level_db[start:stop])
        return _Features(*(array[start:stop] for array in arrays), of_these)


def notes_of(evidence: Evidence, parts: int, seed: int, **settings) -> tuple[list, list]:
    """Events, and every row that the verifier was given, a small one whose judgements are as good as any."""
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal(shape).astype(np.float32) / 12.0 for shape in ((len(NAMES), 12), (12, len(OUTPUTS)))]
    rows = []

    def verify(candidates, contexts):
        rows.append((tuple(candidates), contexts.copy()))
        odds = np.maximum(np.nan_to_num(contexts.astype(np.float64)).clip(-99, 99) @ weights[0], 0.0) @ weights[1]
        return (odds + np.arange(len(OUTPUTS)) * rng.choice([0.2, -0.2]) + 1.0).astype(np.float32)

    config = TrackerConfig(hop=128, **settings)
    machine = VerifierMachine(config, 128 / 48.0, verify, Thresholds(propose_again=-1.0))
    decider = Decider(config, 48_000, machine)
    events = []
    for at in range(0, len(evidence), parts):
        events += decider.events(evidence.part(at, at + parts))
    return [*events, *decider.flush(len(evidence) * 128)], rows


@given(
    seed=st.integers(0, 2**32), wild=st.booleans(), correct_ms=st.sampled_from([0.0, 120.0]), parts=st.integers(1, 90)
)
@settings(max_examples=12, deadline=None)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_notes_and_what_the_verifier_is_asked_are_the_same(seed, wild, correct_ms, parts) -> None:
    evidence = phrase_of(np.random.default_rng(seed), 700, wild)
    found, rows = notes_of(evidence, parts, seed, correct_ms=correct_ms)
    grouped, rows_grouped = notes_of(evidence, 32, seed, correct_ms=correct_ms)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(core.VARIABLE, core.NUMPY)
        expected, expected_rows = notes_of(evidence, 32, seed, correct_ms=correct_ms)
    assert repr(found) == repr(grouped) == repr(expected)  # where a score is no number, a confidence is none either
    assert [row.tobytes() for _, row in rows] == [row.tobytes() for _, row in rows_grouped]
    for (asked, row), (also_asked, other) in zip(rows, expected_rows, strict=True):
        assert asked == also_asked
        np.testing.assert_array_equal(row, other)


def test_such_phrases_have_notes_that_begin_again_and_are_corrected() -> None:
    """Or else what the test above compares would be little."""
    seen = []
    for seed in range(12):
        events, rows = notes_of(phrase_of(np.random.default_rng(seed), 1500, False), 32, seed, correct_ms=120.0)
        seen += [event for event in events if isinstance(event, NoteOn)]
        assert len(rows) > 100
    assert len(seen) > 40
    assert any(note.corrects for note in seen)
    assert any(a.note == b.note for a, b in pairwise(seen))


def test_a_pitch_above_the_highest_note_is_followed() -> None:
    """C8 that is so sharp that the nearest name is beyond the range."""
    evidence = phrase_of(np.random.default_rng(1), 400, False)
    evidence.scores[:, N - 1] = 5.0
    evidence.onset_scores[:40, N - 1] = 5.0
    evidence.likeliest[:] = N - 1
    evidence.f0_hz[:] = midi_to_hz(108.0) * 2.0 ** (np.linspace(0.0, 0.79, 400) / 12.0)
    evidence.levels.level_db[:] = [-20.0] * 400
    for name in (core.NATIVE, core.NUMPY):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(core.VARIABLE, name)
            events, _ = notes_of(evidence, 32, 0)
            assert any(isinstance(event, NoteOn) and event.note == 108 for event in events)
