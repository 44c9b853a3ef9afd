"""The two models that tutorials on music transcription end with, made to work: baselines, not for playing.

Both reduce the sound to one number, a pitch, and have a classifier name the note for it:

``article-mlp``
    the pitch of the detector ``phase``, and a multi-layer perceptron;
``article-logistic``
    the mean of all spectral peaks above the mean magnitude, and a logistic regression.

What it takes for them to work at all: a pitch per moment instead of one per recording; its logarithm, and its place
within octave and semitone, since notes are equally far apart there; a class for each note with its octave, sharps
included; and what they say of each moment goes through the same note machine as everything else. What cannot be mended:
one number does not tell an octave from a strong second harmonic, nor a note from the end of the one before it, and a
mean of peaks is not a pitch.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.config import HIGHEST_MIDI, LOWEST_MIDI, TrackerConfig
from streamer.data.arrays import read_whole
from streamer.data.datasets import Recording
from streamer.detectors.base import PitchOnlyDetector
from streamer.detectors.textbook import PeakDetector, PhaseDetector
from streamer.errors import DataError, ModelError, OutputError
from streamer.evaluation.metrics import Floats
from streamer.events import FloatArray
from streamer.units import hz_to_midi, midi_to_hz

GRID = np.arange(LOWEST_MIDI - 1.0, HIGHEST_MIDI + 1.0, 0.1)  # pitches at which a model is asked
NOTES_EACH = 12  # of a recording, at most
NOTES_IN_ALL = 1_000
SETTLE_S, EXCERPT_S = 0.06, 0.2  # of each note: not heeded, then heeded
ROWS_EACH = 16  # pitches of a note
HIDDEN = (64, 64)
CIRCLES = np.array([1.0, 2.0, 4.0, 12.0, 48.0])  # semitones around


class MeanPeakDetector(PeakDetector):
    """The mean frequency of all peaks of the FFT that rise above its mean magnitude."""

    def estimate(self, hop: FloatArray) -> tuple[float, float]:
        """As in `PitchOnlyDetector`."""
        spectrum = self._transform(hop)
        magnitude: FloatArray = (np.abs(spectrum) + 1e-9).astype(np.float32)
        inner = magnitude[self._low : self._high]
        rises = (inner > magnitude[self._low - 1 : self._high - 1]) & (
            inner >= magnitude[self._low + 1 : self._high + 1]
        )
        peaks = np.flatnonzero(rises & (inner > inner.mean())) + self._low
        if not len(peaks):
            return 0.0, 0.0
        before, here, after = (np.log(magnitude[peaks + shift]) for shift in (-1, 0, 1))
        bins = peaks + 0.5 * (before - after) / np.minimum(before - 2.0 * here + after, -1e-9)
        mean_hz = float(bins.mean()) * self.rate_hz / len(self._samples)
        return mean_hz, self._confidence(magnitude, int(peaks[magnitude[peaks].argmax()]))


@dataclass(frozen=True, eq=False)
class PitchNamer:
    """A trained baseline. Its input is one number, so a table of its answers is all of it.

    Attributes
    ----------
    detector_name : str
        What measures the pitch: a key of `DETECTORS`.
    notes : ndarray of int, shape (len(GRID),)
        The MIDI note it names at each pitch of `GRID`.
    probability : ndarray, shape (len(GRID),)
        How sure it is.
    """

    detector_name: str
    notes: NDArray[np.int64]
    probability: Floats

    def name(self, f0_hz: float) -> tuple[int, float]:
        """Note and probability for a pitch above 0 Hz."""
        place = int(np.rint((hz_to_midi(f0_hz) - GRID[0]) / (GRID[1] - GRID[0])))
        place = min(max(place, 0), len(GRID) - 1)
        return int(self.notes[place]), float(self.probability[place])

    def detector(self, config: TrackerConfig, rate_hz: int) -> "NamingDetector":
        """The detector for a tracker.

        Parameters
        ----------
        config : TrackerConfig
            Settings of the tracker.
        rate_hz : int
            Samples per second.
        """
        return NamingDetector(self, config, rate_hz)

    def save(self, path: Path) -> None:
        """Write it as arrays: a file that runs no code when it is loaded.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        try:
            with path.open("wb") as file:
                np.savez(file, detector=np.array(self.detector_name), notes=self.notes, probability=self.probability)
        except OSError as error:
            raise OutputError(f"cannot write {path} ({error.strerror or error})") from error


def load_namer(path: Path) -> PitchNamer:
    """Read what `PitchNamer.save` wrote.

    Raises
    ------
    ModelError
        If the file is absent, damaged or something else.
    """
    try:
        file = read_whole(path, "detector", "notes", "probability")
    except DataError as error:
        raise ModelError(f"{path} cannot be read as a baseline model; train it again") from error
    namer = PitchNamer(str(file["detector"]), file["notes"], file["probability"])
    if namer.detector_name not in DETECTORS or namer.notes.shape != GRID.shape != namer.probability.shape:
        raise ModelError(f"{path} is damaged or no baseline model")
    return namer


class NamingDetector(PitchOnlyDetector):
    """A pitch, and the note that a baseline names for it; how sure it is of both.

    Parameters
    ----------
    namer : PitchNamer
        Names the note of a pitch.
    config : TrackerConfig
        Settings of the tracker.
    rate_hz : int
        Samples per second.
    """

    def __init__(self, namer: PitchNamer, config: TrackerConfig, rate_hz: int) -> None:
        self._namer = namer
        self._inner = DETECTORS[namer.detector_name](config, rate_hz)
        super().__init__(config, rate_hz)

    def reset(self) -> None:
        """As in `Detector`."""
        super().reset()
        self._inner.reset()

    def estimate(self, hop: FloatArray) -> tuple[float, float]:
        """As in `PitchOnlyDetector`."""
        f0_hz, confidence = self._inner.estimate(hop)
        if f0_hz <= 0.0:
            return 0.0, 0.0
        note, probability = self._namer.name(f0_hz)
        return midi_to_hz(note, self.config.reference_hz), confidence * probability

    @property
    def age(self) -> int:
        """As in `PitchOnlyDetector`."""
        return self._inner.age


DETECTORS: dict[str, type[PeakDetector]] = {"phase": PhaseDetector, "mean-peak": MeanPeakDetector}


@dataclass(frozen=True)
class Baseline:
    """How a baseline is made.

    Attributes
    ----------
    summary : str
        What it is, in a few words.
    detector_name : str
        What measures its pitch.
    estimator : callable
        Makes scikit-learn's estimator from a seed.
    """

    summary: str
    detector_name: str
    estimator: Callable[[int], Any]

    def train(self, recordings: Sequence[Recording], seed: int = 0) -> PitchNamer:
        """Fit it to the notes of labelled recordings.

        Parameters
        ----------
        recordings : sequence of Recording
            An even sample of notes is taken where there are many.
        seed : int
            Of the estimator.

        Raises
        ------
        DataError
            If there are not two different notes in them, or audio cannot be read.
        """
        import threadpoolctl  # type: ignore[import-untyped]
        from sklearn.exceptions import ConvergenceWarning

        pitches, notes = self.measure(recordings)
        if len(np.unique(notes)) < 2:
            raise DataError("a baseline needs at least two different notes to learn from; give more recordings")
        with (
            threadpoolctl.threadpool_limits(1),
            warnings.catch_warnings(),
        ):  # small matrices: threads only get in the way
            warnings.simplefilter("ignore", ConvergenceWarning)  # it gets as many rounds as it gets
            estimator = self.estimator(seed).fit(_spell(pitches), notes)
            probabilities = estimator.predict_proba(_spell(GRID))
        return PitchNamer(
            self.detector_name, estimator.classes_[probabilities.argmax(axis=1)], probabilities.max(axis=1)
        )

    def measure(self, recordings: Sequence[Recording]) -> tuple[Floats, NDArray[np.int64]]:
        """Pitch as a fractional MIDI number at some moments of each note, and the note's own number.

        Returns
        -------
        pitches : ndarray, shape (n,)
            What the detector says.
        notes : ndarray of int, shape (n,)
            What is right.
        """
        found: list[tuple[float, int]] = []
        musical = [recording for recording in recordings if len(recording.notes)]
        each = min(NOTES_EACH, max(1, NOTES_IN_ALL // max(1, len(musical))))
        for recording in musical[:: -(-len(musical) // NOTES_IN_ALL) or 1]:
            samples, rate_hz = recording.load()
            for onset_s, offset_s, midi in recording.notes[:: -(-len(recording.notes) // each)]:
                excerpt = samples[
                    round(onset_s * rate_hz) : round(min(offset_s, onset_s + SETTLE_S + EXCERPT_S) * rate_hz)
                ]
                found += [(pitch, round(midi)) for pitch in self._pitches(excerpt, rate_hz)]
        pitches = np.array([pitch for pitch, _ in found], dtype=np.float64)
        return pitches, np.array([note for _, note in found], dtype=np.int64)

    def accuracy(self, namer: PitchNamer, recordings: Sequence[Recording]) -> float:
        """Share of moments of notes, in percent, in which the right note is named.

        Parameters
        ----------
        namer : PitchNamer
            A trained one.
        recordings : sequence of Recording
            What it is measured on.
        """
        pitches, notes = self.measure(recordings)
        if not len(notes):
            raise DataError("there is no note to test a baseline on")
        named = [namer.name(midi_to_hz(pitch))[0] for pitch in pitches]
        return 100.0 * float(np.mean(np.array(named) == notes))

    def _pitches(self, samples: FloatArray, rate_hz: int) -> list[float]:
        config = replace(TrackerConfig(), hop=TrackerConfig().hop_at(rate_hz))
        detector = DETECTORS[self.detector_name](config, rate_hz)
        hops = [samples[at : at + config.hop] for at in range(0, len(samples) - config.hop + 1, config.hop)]
        estimates = [detector.estimate(hop) for hop in hops][round(SETTLE_S * rate_hz / config.hop) :]
        pitched = [hz_to_midi(f0_hz) for f0_hz, confidence in estimates if f0_hz > 0.0 and confidence > 0.5]
        return pitched[:: -(-len(pitched) // ROWS_EACH) or 1]


def _spell(pitches: Floats) -> Floats:
    """One pitch, written so that a linear model can tell notes apart: its height, its place on circles."""
    turns = 2.0 * np.pi * pitches[:, None] / CIRCLES
    return np.concatenate([pitches[:, None] / 12.0, np.sin(turns), np.cos(turns)], axis=1)


def _perceptron(seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPClassifier(HIDDEN, batch_size=64, learning_rate_init=3e-3, max_iter=60, random_state=seed)
    return make_pipeline(StandardScaler(), network)


def _regression(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=100.0, max_iter=300, random_state=seed))


BASELINES = {
    "article-mlp": Baseline("one detected pitch, a perceptron names the note", "phase", _perceptron),
    "article-logistic": Baseline(
        "mean of spectral peaks, a logistic regression names the note", "mean-peak", _regression
    ),
}
