"""Analyse a phrase once, and decide on it again and again.

What costs time is the analysis, and it does not depend on thresholds, eagerness or the range of notes. So its evidence
is kept, hop by hop, and a decider goes through it: its events are, bit for bit, those of a tracker that analyses the
phrase itself. Of the features and fine pitches only those of candidates that may be put to a verifier are kept.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.evidence import N_CANDIDATES, Evidence
from streamer.analysis.framing import Hopper
from streamer.analysis.level import Levels
from streamer.analysis.network import Network
from streamer.config import LOWEST_MIDI, TrackerConfig
from streamer.data.arrays import read_whole, write_whole
from streamer.data.phrase import Phrase
from streamer.decision.decider import Decider
from streamer.decision.machine import NoteMachine
from streamer.decision.machines import make_machine
from streamer.decision.onset_context import may_begin
from streamer.decision.thresholds import USUAL, Thresholds
from streamer.detectors import TRAINED, make_detector
from streamer.evaluation.metrics import EventTable, NoteCounts, score_notes
from streamer.evaluation.tracking import note_table
from streamer.events import FloatArray
from streamer.model import Model
from streamer.tracker import MANY_HOPS, model_of
from streamer.units import midi_to_hz

_ARRAYS = ("scores", "onset_scores", "likeliest", "f0_hz", "age", "starts", "candidates", "rows", "pitches_hz")
_FACTS = ("samples", "rate_hz", "notes", "words", "peak", "power", "level_db", "a4_hz", "threshold_names", "thresholds")


@dataclass(frozen=True, slots=True, eq=False)
class RecordedEvidence(Evidence):
    """Evidence of a whole phrase, with features of likely candidates alone.

    Attributes
    ----------
    starts : ndarray of int32, shape (hops + 1,)
        Where in the following each hop begins.
    candidates : ndarray of int16, shape (n,)
        Candidates that may be asked about, see `may_begin`, hop by hop, in order.
    rows : ndarray of float32, shape (n, features)
        Their features; without columns if the detector has none.
    pitches_hz : ndarray of float64, shape (n,)
        Their fine pitch.
    a4_hz : float
        Frequency of A4.
    """

    starts: NDArray[np.int32]
    candidates: NDArray[np.int16]
    rows: FloatArray
    pitches_hz: NDArray[np.float64]
    a4_hz: float

    @property
    def has_features(self) -> bool:
        """Whether the detector had features."""
        return bool(self.rows.shape[1])

    def features_of(self, hop: int, candidates: Sequence[int]) -> FloatArray:
        """As in `Evidence`, for likely candidates."""
        known = self._known(hop)
        rows: FloatArray = self.rows[self.starts[hop] + np.array([known.index(candidate) for candidate in candidates])]
        return rows

    def pitch_of(self, hop: int, candidate: int) -> float:
        """As in `Evidence`; the frequency of the name where the candidate is not likely."""
        if candidate == self.likeliest[hop] or not self.has_features:
            return float(self.f0_hz[hop])
        known = self._known(hop)
        if candidate not in known:
            return midi_to_hz(candidate + LOWEST_MIDI, self.a4_hz)
        return float(self.pitches_hz[self.starts[hop] + known.index(candidate)])

    def _known(self, hop: int) -> list[int]:
        return self.candidates[self.starts[hop] : self.starts[hop + 1]].tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceRecord:
    """A phrase and its evidence.

    Attributes
    ----------
    phrase : Phrase
        What was analysed.
    evidence : RecordedEvidence
        What came of it.
    verifier : Network or None
        The model's.
    thresholds : Thresholds
        The model's.
    """

    phrase: Phrase
    evidence: RecordedEvidence
    verifier: Network | None = None
    thresholds: Thresholds = USUAL

    def save(self, path: Path) -> None:
        """Keep it on disk, for `load_record`.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        phrase, evidence, levels = self.phrase, self.evidence, self.evidence.levels
        words = (phrase.instrument, phrase.source, phrase.licence, phrase.kind, phrase.style)
        layers = {} if self.verifier is None else {f"weight_{k}": w for k, w in enumerate(self.verifier.weights)}
        layers |= {} if self.verifier is None else {f"bias_{k}": b for k, b in enumerate(self.verifier.biases)}
        names, values = zip(*asdict(self.thresholds).items(), strict=True)
        write_whole(
            path,
            samples=phrase.samples,
            rate_hz=np.array(phrase.rate_hz),
            notes=phrase.notes,
            words=np.array(words),
            threshold_names=np.array(names),
            thresholds=np.array(values),
            a4_hz=np.array(evidence.a4_hz),
            peak=levels.peak,
            power=np.array(levels.power),
            level_db=np.array(levels.level_db),
            **{name: getattr(evidence, name) for name in _ARRAYS},
            **layers,
        )


def load_record(path: Path) -> EvidenceRecord:
    """What `EvidenceRecord.save` wrote.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    file = read_whole(path, *_ARRAYS, *_FACTS)
    phrase = Phrase(file["samples"], int(file["rate_hz"]), file["notes"], *map(str, file["words"]))
    count = sum(name.startswith("weight_") for name in file)
    weights, biases = (tuple(file[f"{kind}_{k}"] for k in range(count)) for kind in ("weight", "bias"))
    levels = Levels(file["peak"], file["power"].tolist(), file["level_db"].tolist())
    evidence = RecordedEvidence(levels=levels, a4_hz=float(file["a4_hz"]), **{name: file[name] for name in _ARRAYS})
    thresholds = dict(zip(file["threshold_names"].tolist(), file["thresholds"].tolist(), strict=True))
    verifier = Network(weights, biases) if count else None
    return EvidenceRecord(phrase, evidence, verifier, Thresholds(**thresholds))


def record_evidence(phrase: Phrase, config: TrackerConfig, model: Model | None = None) -> EvidenceRecord:
    """Let a detector analyse a phrase.

    Parameters
    ----------
    phrase : Phrase
        What is analysed.
    config : TrackerConfig
        Names the detector.
    model : Model or None
        For the detector ``trained``; None for the one that ``config`` names.
    """
    if config.detector == TRAINED and model is None:
        model = model_of(config)
    detector = make_detector(config, phrase.rate_hz, model.scorer if model else None)
    hops = Hopper(detector.config.hop).push(phrase.samples)
    batches = [detector.analyse(hops[k : k + MANY_HOPS]) for k in range(0, len(hops), MANY_HOPS)]
    evidence = _joined([_likely_alone(batch, config.reference_hz) for batch in batches], config.reference_hz)
    return EvidenceRecord(phrase, evidence, model.verifier if model else None, model.thresholds if model else USUAL)


def replay(record: EvidenceRecord, config: TrackerConfig, thresholds: Thresholds | None = None) -> EventTable:
    """The tracker's note events with other thresholds, another eagerness or another range of notes.

    Parameters
    ----------
    record : EvidenceRecord
        From `record_evidence`, with the same ``hop`` and ``a4_hz``.
    config : TrackerConfig
        Settings.
    thresholds : Thresholds or None
        None for the model's own.

    Returns
    -------
    ndarray, shape (n, 4)
        As of `streamer.evaluation.tracking.note_table`.
    """
    machine = make_machine(config, hop_ms_of(record, config), record.verifier, thresholds or record.thresholds)
    return replay_machine(record, config, machine)


def replay_machine(record: EvidenceRecord, config: TrackerConfig, machine: NoteMachine) -> EventTable:
    """`replay` with any note machine.

    Parameters
    ----------
    record : EvidenceRecord
        Evidence of one piece.
    config : TrackerConfig
        Settings of the tracker.
    machine : NoteMachine
        Decides; it is led through the record from its beginning.
    """
    phrase = record.phrase
    decider = Decider(config, phrase.rate_hz, machine)
    return note_table([*decider.events(record.evidence), *decider.flush(len(phrase.samples))], phrase.rate_hz)


def replay_score(record: EvidenceRecord, config: TrackerConfig, thresholds: Thresholds | None = None) -> NoteCounts:
    """`replay`, compared with the phrase's notes.

    Parameters
    ----------
    record : EvidenceRecord
        Evidence of one piece.
    config : TrackerConfig
        Settings of the tracker.
    thresholds : Thresholds, optional
        In place of the record's own.
    """
    phrase = record.phrase
    return score_notes(phrase.notes, replay(record, config, thresholds), phrase.duration_s)


def hop_ms_of(record: EvidenceRecord, config: TrackerConfig) -> float:
    """Time between two hops of a record.

    Parameters
    ----------
    record : EvidenceRecord
        Evidence of one piece.
    config : TrackerConfig
        Says how long a hop is.
    """
    return 1000.0 * config.hop_at(record.phrase.rate_hz) / record.phrase.rate_hz


def _likely_alone(evidence: Evidence, a4_hz: float) -> RecordedEvidence:
    """Evidence of a batch without what belongs to unlikely candidates; all of it is copied."""
    hops, candidates = np.nonzero(may_begin(evidence.scores))
    starts = np.searchsorted(hops, np.arange(len(evidence) + 1))
    pairs = list(zip(hops.tolist(), candidates.tolist(), strict=True))
    rows: FloatArray = np.zeros((len(pairs), 0), np.float32)
    if evidence.has_features and pairs:
        rows = np.concatenate([evidence.features_of(hop, [candidate]) for hop, candidate in pairs])
    return RecordedEvidence(
        evidence.scores.copy(),
        evidence.onset_scores.copy(),
        evidence.likeliest,
        evidence.f0_hz,
        evidence.age,
        evidence.levels,
        starts.astype(np.int32),
        candidates.astype(np.int16),
        rows,
        np.array([evidence.pitch_of(hop, candidate) for hop, candidate in pairs], np.float64),
        a4_hz,
    )


def _joined(parts: Sequence[RecordedEvidence], a4_hz: float) -> RecordedEvidence:
    """Batches one after the other."""
    width = max((part.rows.shape[1] for part in parts), default=0)
    offsets = np.cumsum([0, *(part.starts[-1] for part in parts)])
    starts = [part.starts[:-1] + offset for part, offset in zip(parts, offsets, strict=False)]
    nothing = np.zeros((0, N_CANDIDATES), np.float32)
    return RecordedEvidence(
        np.concatenate([nothing, *(part.scores for part in parts)]),
        np.concatenate([nothing, *(part.onset_scores for part in parts)]),
        np.concatenate([np.zeros(0, np.intp), *(part.likeliest for part in parts)]),
        np.concatenate([np.zeros(0), *(part.f0_hz for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.age for part in parts)]),
        Levels(
            np.concatenate([np.zeros(0, np.float32), *(part.levels.peak for part in parts)]),
            [power for part in parts for power in part.levels.power],
            [level_db for part in parts for level_db in part.levels.level_db],
        ),
        np.concatenate([*starts, offsets[-1:]]).astype(np.int32),
        np.concatenate([np.zeros(0, np.int16), *(part.candidates for part in parts)]),
        np.concatenate([np.zeros((0, width), np.float32), *(p.rows for p in parts if p.rows.shape[1] == width)]),
        np.concatenate([np.zeros(0), *(part.pitches_hz for part in parts)]),
        a4_hz,
    )
