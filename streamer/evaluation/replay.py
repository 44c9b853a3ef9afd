"""Hear a phrase once, and let the note machine decide on it again and again.

What costs time is the detector; what it heard does not depend on the note machine's thresholds. So it is kept, hop by
hop, and the tracker is run with a detector that only remembers: its events are, bit for bit, those that it would have
sent while listening itself.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.evidence import N_CANDIDATES, Hearing
from streamer.analysis.framing import Hopper
from streamer.analysis.network import Network
from streamer.config import LOWEST_MIDI, TrackerConfig
from streamer.data.arrays import write_whole
from streamer.data.phrase import Phrase
from streamer.decision.decider import NoteMachine
from streamer.decision.thresholds import USUAL, Thresholds
from streamer.decision.verifier import LEAST_ODDS, weigh_with
from streamer.detectors import make_detector
from streamer.detectors.base import Detector
from streamer.evaluation.metrics import EventTable, NoteCounts, score_notes
from streamer.evaluation.tracking import note_table
from streamer.events import FloatArray
from streamer.tracker import Tracker
from streamer.units import midi_to_hz

MakeMachine = Callable[[TrackerConfig, float], NoteMachine]  # settings, milliseconds per hop
_ARRAYS = ("sounding", "begun", "pitched", "f0_hz", "ages", "starts", "likely", "rows")
_PITCHED = 4  # candidates of a hop whose fine pitch is kept: the likeliest; the others' is seldom asked for


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What a detector made of one phrase.

    Attributes
    ----------
    phrase : Phrase
        What it heard.
    sounding, begun : ndarray of float32, shape (hops, 88)
        As in `streamer.detectors.base.Hearing`.
    pitched : ndarray of int16, shape (hops, 4)
        Candidates whose pitch is known.
    f0_hz : ndarray of float64, shape (hops, 4)
        That pitch.
    ages : ndarray of int32, shape (hops, 4)
        How long ago it was so, in samples.
    starts : ndarray of int32, shape (hops + 1,)
        Where in the next two each hop begins.
    likely : ndarray of int16, shape (n,)
        Candidates likely enough to be judged.
    rows : ndarray of float32, shape (n, features)
        Their features; without columns if the detector tells none.
    judge : Network or None
        The detector's.
    thresholds : Thresholds
        The detector's.
    """

    phrase: Phrase
    sounding: FloatArray
    begun: FloatArray
    pitched: NDArray[np.int16]
    f0_hz: NDArray[np.float64]
    ages: NDArray[np.int32]
    starts: NDArray[np.int32]
    likely: NDArray[np.int16]
    rows: FloatArray
    judge: Network | None = None
    thresholds: Thresholds = USUAL

    def save(self, path: Path) -> None:
        """Keep it on disk, for `load_memory`.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        phrase = self.phrase
        words = (phrase.instrument, phrase.source, phrase.licence, phrase.kind, phrase.style)
        layers = {} if self.judge is None else {f"weight_{k}": w for k, w in enumerate(self.judge.weights)}
        layers |= {} if self.judge is None else {f"bias_{k}": b for k, b in enumerate(self.judge.biases)}
        write_whole(
            path,
            samples=phrase.samples,
            rate_hz=np.array(phrase.rate_hz),
            notes=phrase.notes,
            words=np.array(words),
            thresholds=np.array(astuple(self.thresholds)),
            **{name: getattr(self, name) for name in _ARRAYS},
            **layers,
        )


def load_memory(path: Path) -> Memory:
    """What `Memory.save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        phrase = Phrase(file["samples"], int(file["rate_hz"]), file["notes"], *map(str, file["words"]))
        count = sum(name.startswith("weight_") for name in file.files)
        layers = (tuple(file[f"{kind}_{k}"] for k in range(count)) for kind in ("weight", "bias"))
        arrays = {name: file[name] for name in _ARRAYS}
        judge = Network(*layers) if count else None
        return Memory(phrase, **arrays, judge=judge, thresholds=Thresholds(*file["thresholds"].tolist()))


def listen(
    phrase: Phrase, config: TrackerConfig, make: Callable[[TrackerConfig, int], Detector] = make_detector
) -> Memory:
    """Let a detector hear a phrase, and remember.

    Parameters
    ----------
    phrase : Phrase
        What is heard; its samples must be finite and within full scale.
    config : TrackerConfig
        Settings of the detector.
    make : callable
        Makes the detector; by default the one that ``config`` names.
    """
    detector = make(config, phrase.rate_hz)
    sounding, begun, pitched, f0_hz, ages, starts = [], [], [], [], [], [0]
    judged: list[NDArray[np.intp]] = []
    rows: list[FloatArray] = []
    for hop in Hopper(config.hop_at(phrase.rate_hz)).push(phrase.samples):
        hearing = detector.hear(hop)
        sounding.append(hearing.sounding.copy())
        begun.append(hearing.begun.copy())
        # The one the tracker will ask for is the first of the largest, and a partition might leave that out.
        best = int(hearing.sounding.argmax())
        likely = [best, *(int(k) for k in np.argpartition(hearing.sounding, -_PITCHED)[-_PITCHED:] if k != best)]
        likely = likely[:_PITCHED]
        pitches = [detector.pitch(candidate) for candidate in likely]
        pitched.append(likely)
        f0_hz.append([pitch for pitch, _ in pitches])
        ages.append([age for _, age in pitches])
        chosen = np.flatnonzero(hearing.sounding > LEAST_ODDS)
        judged.append(chosen)
        rows.append(np.zeros((len(chosen), 0), np.float32) if hearing.features is None else hearing.features[chosen])
        starts.append(starts[-1] + len(chosen))
    return Memory(
        phrase,
        np.array(sounding, np.float32).reshape(-1, N_CANDIDATES),
        np.array(begun, np.float32).reshape(-1, N_CANDIDATES),
        np.array(pitched, np.int16).reshape(-1, _PITCHED),
        np.array(f0_hz, np.float64).reshape(-1, _PITCHED),
        np.array(ages, np.int32).reshape(-1, _PITCHED),
        np.array(starts, np.int32),
        np.concatenate([np.zeros(0, np.int16), *judged], dtype=np.int16, casting="unsafe"),
        np.concatenate(rows) if rows else np.zeros((0, 0), np.float32),
        detector.judge,
        detector.thresholds,
    )


def replay(memory: Memory, config: TrackerConfig, thresholds: Thresholds | None = None) -> EventTable:
    """The tracker's note events with other thresholds, another eagerness or another range of notes.

    Parameters
    ----------
    memory : Memory
        From `listen`, with the same ``hop`` and ``a4_hz``.
    config : TrackerConfig
        Settings.
    thresholds : Thresholds or None
        None for the detector's own.

    Returns
    -------
    ndarray, shape (n, 4)
        As of `streamer.evaluation.tracking.note_table`.
    """
    weigh, limits = weigh_with(memory.judge), thresholds or memory.thresholds
    return replay_with(memory, config, lambda config, hop_ms: NoteMachine(config, hop_ms, limits, weigh))


def replay_with(memory: Memory, config: TrackerConfig, make: MakeMachine) -> EventTable:
    """`replay` with any note machine."""
    rate_hz = memory.phrase.rate_hz
    tracker = _Retried(config, rate_hz, memory, make)
    return note_table(tracker.process(memory.phrase.samples) + tracker.flush(), rate_hz)


def replay_score(memory: Memory, config: TrackerConfig, thresholds: Thresholds | None = None) -> NoteCounts:
    """`replay`, compared with the phrase's notes."""
    phrase = memory.phrase
    return score_notes(phrase.notes, replay(memory, config, thresholds), phrase.duration_s)


class _Remembering(Detector):
    """A detector that has heard it all before."""

    def __init__(self, config: TrackerConfig, rate_hz: int, memory: Memory) -> None:
        super().__init__(config, rate_hz)
        self._memory = memory
        self._hop = -1
        self._features = np.zeros((N_CANDIDATES, memory.rows.shape[1]), np.float32)

    def hear(self, hop: FloatArray) -> Hearing:  # noqa: ARG002 - it knows
        self._hop += 1
        k, memory = self._hop, self._memory
        features = None
        if self._features.size:
            known = slice(*memory.starts[k : k + 2])
            self._features[memory.likely[known]] = memory.rows[known]
            features = self._features
        return Hearing(memory.sounding[k].copy(), memory.begun[k], features)  # the tracker may doubt it

    def pitch(self, candidate: int) -> tuple[float, int]:
        known = self._memory.pitched[self._hop].tolist()
        if candidate not in known:
            return midi_to_hz(candidate + LOWEST_MIDI, self.config.a4_hz), 0
        k = known.index(candidate)
        return float(self._memory.f0_hz[self._hop, k]), int(self._memory.ages[self._hop, k])


class _Retried(Tracker):
    """A tracker with a note machine of its own."""

    def __init__(self, config: TrackerConfig, rate_hz: int, memory: Memory, make: MakeMachine) -> None:
        self._make_machine = make
        super().__init__(config, rate_hz, lambda config, rate_hz: _Remembering(config, rate_hz, memory))

    def _start(self) -> None:
        super()._start()
        self._machine = self._make_machine(self.config, 1000.0 * self.config.hop / self.rate_hz)
