"""The compiled core against its numpy reference: features, spectra, scores and notes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.analysis import core
from streamer.analysis.features import NAMES
from streamer.analysis.level import LevelMeter
from streamer.analysis.native import NativeNetwork, NativeStream, make_meter
from streamer.analysis.network import Network
from streamer.analysis.stream import FeatureStream
from streamer.config import TrackerConfig
from streamer.detectors.trained import TrainedDetector
from streamer.model import shipped_model
from tests.fuzz.blocks import ANY, RATES_HZ
from tests.golden.golden import HERE, Recording, recordings

pytestmark = pytest.mark.skipif(core.native() is None, reason="the compiled core is not built")
RECORDINGS = recordings()
IDS = [recording.file for recording in RECORDINGS]
KERNELS = (0, 1, 2)
# What rounding may change, in nepers of power, correlation or semitones, where both take the same period.
TOLERANCE = 0.03
TYPICAL = 0.003  # of all but one value in ten thousand
MOST_OTHER_PERIODS = 1e-4  # the share of candidates whose best period is decided by rounding
DETUNE = NAMES.index("detune")
OF_ALL = [k for k, name in enumerate(NAMES) if name.endswith("below_best")]
REMEMBERED = 30  # hops


def hops_of(recording: Recording) -> tuple[np.ndarray, int]:
    samples, rate_hz = soundfile.read(HERE / "recordings" / recording.file, dtype="float32")
    hop = TrackerConfig().hop_at(rate_hz)
    return samples[: len(samples) // hop * hop].reshape(-1, hop), rate_hz


def native_stream(rate_hz: int, hop: int = 0, fastest: int = core.FASTEST) -> NativeStream:
    return NativeStream(TrackerConfig(hop=hop), rate_hz, core.native(), fastest)


def reference(hops: np.ndarray, rate_hz: int, hop: int = 0) -> np.ndarray:
    stream = FeatureStream(TrackerConfig(hop=hop), rate_hz)
    return np.concatenate([stream.analyse(hops[k : k + 32]).matrix for k in range(0, len(hops), 32)])


@pytest.mark.parametrize("recording", RECORDINGS, ids=IDS)
def test_features_agree_at_every_hop(recording: Recording) -> None:
    hops, rate_hz = hops_of(recording)
    expected = reference(hops, rate_hz)
    for fastest in KERNELS:
        difference = np.abs(native_stream(rate_hz, fastest=fastest).analyse(hops).matrix - expected)
        other_period = np.argwhere(difference[:, :, DETUNE] > 1e-3)
        assert len(other_period) < MOST_OTHER_PERIODS * difference[:, :, DETUNE].size
        for k, candidate in other_period:
            difference[k : k + REMEMBERED, candidate] = 0.0
            difference[k, :, OF_ALL] = 0.0
        assert difference.max() < TOLERANCE
        assert np.quantile(difference, 0.9999) < TYPICAL


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    shipped_model.cache_clear()  # a network keeps the core that it was first used with
    yield monkeypatch
    shipped_model.cache_clear()


@pytest.mark.parametrize("recording", RECORDINGS, ids=IDS)
def test_notes_are_the_same(recording: Recording, choose: pytest.MonkeyPatch) -> None:
    notes = []
    for name in (core.NATIVE, core.NUMPY):
        choose.setenv(core.VARIABLE, name)
        shipped_model.cache_clear()
        notes.append([{k: v for k, v in note.items() if k != "midi"} for note in recording.track(32)])
    assert notes[0] == notes[1]


@pytest.mark.parametrize("fastest", KERNELS)
def test_a_hop_does_not_depend_on_how_many_are_analysed_at_once(fastest: int) -> None:
    hops, rate_hz = hops_of(RECORDINGS[4])
    whole = native_stream(rate_hz, fastest=fastest).analyse(hops)
    for batch in (1, 4, 32):
        stream = native_stream(rate_hz, fastest=fastest)
        for k in range(0, len(hops), batch):
            part = stream.analyse(hops[k : k + batch])
            assert part.matrix.tobytes() == whole.matrix[k : k + batch].tobytes()
            assert part.pitch.at(0, 40) == whole.pitch.at(k, 40)


def test_scores_of_a_row_do_not_depend_on_the_rows_beside_it() -> None:
    rows = np.random.default_rng(5).standard_normal((200, 81)).astype(np.float32)
    scorer = shipped_model().scorer
    for fastest in KERNELS:
        network = NativeNetwork(core.native(), scorer.weights, scorer.biases, fastest)
        whole = network.log_odds(rows)
        for n in range(1, 14):
            assert network.log_odds(rows[7 : 7 + n]).tobytes() == whole[7 : 7 + n].tobytes()
        assert network.log_odds(rows.reshape(10, 20, 81)).tobytes() == whole.tobytes()
        assert network.log_odds(rows[:0]).shape == (0, 2)


def layers(rng: np.random.Generator, units: list[int]) -> Network:
    weights = [rng.standard_normal(shape).astype(np.float32) / 5.0 for shape in pairwise(units)]
    return Network(tuple(weights), tuple(rng.standard_normal(n).astype(np.float32) for n in units[1:]))


@given(units=st.lists(st.integers(1, 70), min_size=2, max_size=6), rows=st.integers(0, 20), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_networks_of_any_shape_agree(units: list[int], rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = layers(rng, units)
    x = rng.standard_normal((rows, units[0])).astype(np.float32)
    expected = x
    for k, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        expected = expected @ weight + bias
        expected = np.maximum(expected, 0.0) if k + 1 < len(network.weights) else expected
    for fastest in KERNELS:
        found = NativeNetwork(core.native(), network.weights, network.biases, fastest).log_odds(x)
        assert np.allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_network_too_wide_for_the_core_is_computed_by_numpy() -> None:
    network = layers(np.random.default_rng(1), [3, 600, 2])
    x = np.ones((4, 3), np.float32)
    assert np.allclose(
        network.log_odds(x),
        np.maximum(x @ network.weights[0] + network.biases[0], 0.0) @ network.weights[1] + network.biases[1],
        atol=1e-4,
    )
    with pytest.raises(ValueError, match="wider"):
        NativeNetwork(core.native(), network.weights, network.biases)


@given(
    rate_hz=st.one_of(st.sampled_from(RATES_HZ), st.integers(8_000, 192_000)),
    hop=st.sampled_from([16, 17, 128, 500, 4096, 8192]),
    kinds=st.lists(st.sampled_from(ANY), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=40, deadline=None)
def test_any_sound_at_any_rate_and_hop_scores_alike(rate_hz, hop, kinds, seed) -> None:
    """Whatever comes in, beside numpy: NaN, infinities, denormals, noise, clicks, chirps."""
    rng = np.random.default_rng(seed)
    n = max(1, 6000 // hop // len(kinds))
    samples = np.concatenate([kind(rng, n * hop, rate_hz) for kind in kinds])
    hops = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0).clip(-16.0, 16.0).reshape(-1, hop)
    found = native_stream(rate_hz, hop).analyse(hops).matrix
    expected = reference(hops, rate_hz, hop)
    assert np.isfinite(found).all()
    assert (np.abs(found - expected) < 0.1).mean() > 0.97


@given(kinds=st.lists(st.sampled_from(ANY), min_size=1, max_size=3), seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_what_is_no_number_does_no_harm(kinds, seed) -> None:
    """Raw, past the level meter, which makes such samples harmless: nothing crashes, and the next stream is well."""
    rng = np.random.default_rng(seed)
    hops = np.concatenate([kind(rng, 4096, 48_000) for kind in kinds]).reshape(-1, 128)
    native_stream(48_000).analyse(hops)
    detector = TrainedDetector(TrackerConfig(), 48_000, shipped_model().scorer)
    assert np.isfinite(detector.analyse(hops).scores).all()


def test_a_network_that_was_used_crosses_to_another_process() -> None:
    network = layers(np.random.default_rng(2), [5, 7, 2])
    x = np.ones((3, 5), np.float32)
    expected = network.log_odds(x)
    crossed = ForkingPickler.loads(ForkingPickler.dumps(network))
    assert np.array_equal(crossed.log_odds(x), expected)


def test_streams_on_threads_of_their_own_do_not_disturb_each_other() -> None:
    hops, rate_hz = hops_of(RECORDINGS[0])
    expected = native_stream(rate_hz).analyse(hops).matrix.tobytes()
    with ThreadPoolExecutor(4) as threads:
        streams = [native_stream(rate_hz) for _ in range(4)]
        found = list(threads.map(lambda stream: stream.analyse(hops).matrix.tobytes(), streams))
    assert found == [expected] * 4


def test_hops_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        native_stream(48_000, 128).analyse(np.zeros((3, 64), np.float32))
    with pytest.raises(ValueError, match="features"):
        shipped_model().scorer.log_odds(np.zeros((88, 7), np.float32))


@pytest.mark.parametrize("recording", RECORDINGS[:6], ids=IDS[:6])
def test_fine_pitches_are_the_same_to_the_bit(recording: Recording) -> None:
    hops, rate_hz = hops_of(recording)
    pitch = native_stream(rate_hz).analyse(hops).pitch
    for candidates in (np.arange(len(hops)) % 88, np.full(len(hops), 87), np.zeros(len(hops), np.intp)):
        f0_hz, age = pitch.of_each(candidates)
        for k, candidate in enumerate(candidates.tolist()):
            assert (f0_hz[k], age[k]) == pitch.at(k, candidate)


@pytest.mark.parametrize("bias", [0.0, np.nan, np.inf])
def test_scores_and_pitches_at_once_are_those_one_after_the_other(bias: float) -> None:
    hops, rate_hz = hops_of(RECORDINGS[2])
    network = layers(np.random.default_rng(3), [81, 20, 2])
    network.biases[-1][0] += bias
    batch = native_stream(rate_hz).analyse(hops)
    scores, onset_scores, likeliest, f0_hz, age = batch.pitch.scored(batch.matrix, network.compiled)
    odds = network.log_odds(batch.matrix)
    assert scores.tobytes() == odds[:, :, 0].tobytes()
    assert onset_scores.tobytes() == odds[:, :, 1].tobytes()
    assert likeliest.tolist() == odds[:, :, 0].argmax(axis=1).tolist()
    expected = batch.pitch.of_each(likeliest)
    assert (f0_hz.tobytes(), age.tobytes()) == (expected[0].tobytes(), expected[1].tobytes())
    for units in ([81, 3], [80, 2]):
        with pytest.raises(ValueError, match="outputs"):
            batch.pitch.scored(batch.matrix, layers(np.random.default_rng(3), units).compiled)


@given(size=st.sampled_from([16, 43, 128, 8192]), kind=st.sampled_from(ANY), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_levels_agree_and_what_is_no_number_is_silenced(size, kind, seed) -> None:
    hops = kind(np.random.default_rng(seed), 3 * size, 48_000).reshape(3, size)
    clean, found = make_meter(size, 48_000).measure(hops)
    expected_clean, expected = LevelMeter(size, 48_000).measure(hops)
    assert clean.tobytes() == expected_clean.tobytes()
    assert found.peak.tobytes() == expected.peak.tobytes()
    assert np.allclose(found.power, expected.power, rtol=1e-4, atol=1e-12)
    assert np.allclose(found.level_db, expected.level_db, atol=0.05)
    assert np.allclose(found.brightness_hz, expected.brightness_hz, rtol=1e-3, atol=1e-3)
