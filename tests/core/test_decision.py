"""The compiled part of decisions against its numpy reference: the same rows and the same notes, to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.analysis import core, features
from streamer.config import RATES_HZ
from streamer.decision.native import NativeContext, make_context
from streamer.decision.onset_context import NAMES, NoteState, OnsetContext

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
    parts=st.lists(st.integers(1, 300), min_size=1, max_size=5),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
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
        parts = [32] * 250
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
