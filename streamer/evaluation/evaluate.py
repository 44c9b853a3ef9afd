"""Several trackers side by side over one labelled set: all figures, from one run.

Each recording is tracked by every system in turn, strictly causally, as live would. Counts add up over recordings
(`streamer.evaluation.metrics`, `streamer.evaluation.confusion`), so any group of them has the same figures: all music,
a kind, an instrument.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from streamer.analysis.framing import Hopper
from streamer.config import TrackerConfig
from streamer.data.datasets import Recording, parse_number, read_csv
from streamer.data.phrase import Phrase, load_phrase
from streamer.decision.decider import Decider
from streamer.detectors import TRAINED, make_detector
from streamer.detectors.base import Detector
from streamer.errors import DataError
from streamer.evaluation.confusion import Confusion, confuse, join, pitch_at
from streamer.evaluation.metrics import REGISTERS, EventTable, Floats, NoteCounts, PitchCounts, score_f0, score_notes
from streamer.evaluation.tracking import note_table, track
from streamer.events import Event
from streamer.jobs import Jobs, Workers
from streamer.tracker import MANY_HOPS, Tracker, make_decider, model_of

CURVE = (0.0, 0.25, 0.5, 0.75, 1.0)  # eagerness
TRUTH_STEP_S = 0.01  # between the times at which f0 is compared, where the truth is notes alone
NONMUSIC = "nonmusic"

MakeDetector = Callable[[TrackerConfig, int], Detector]


@dataclass(frozen=True)
class System:
    """One of the trackers that are compared.

    Attributes
    ----------
    name : str
        What its rows are called.
    what : str
        What it is, in a few words.
    config : TrackerConfig
        Its settings.
    make : callable or None
        Makes its detector, where that is none that ``config`` names; must be picklable. Thresholds then decide.
    facts : dict
        What identifies it, as plain JSON: a model's card and hash, a baseline's training data.
    """

    name: str
    what: str
    config: TrackerConfig
    make: MakeDetector | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def parts(self, rate_hz: int) -> tuple[Detector, Callable[[TrackerConfig], Decider]]:
        """A new detector of this system, and what makes deciders for it."""
        model = model_of(self.config) if self.make is None and self.config.detector == TRAINED else None
        if self.make is not None:
            detector = self.make(self.config, rate_hz)
        else:
            detector = make_detector(self.config, rate_hz, model.scorer if model else None)
        return detector, lambda config: make_decider(config, rate_hz, model)

    def tracker(self, config: TrackerConfig, rate_hz: int) -> Tracker:
        """A new tracker of this system, for recordings.

        Parameters
        ----------
        config : TrackerConfig
            Of the decider; the detector has the system's own.
        rate_hz : int
            Samples per second.
        """
        detector, make_one = self.parts(rate_hz)
        return Tracker(detector, make_one(config), MANY_HOPS)


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What one system made of one recording, or of several together.

    Attributes
    ----------
    notes : NoteCounts
        Note events against notes.
    pitch : PitchCounts
        Pitch estimates against f0.
    hops : Confusion
        Pitch estimates against notes.
    cpu_s : float
        Processor time.
    events : ndarray, shape (n, 4)
        The note events of one recording, in order of onset; none in a sum.
    curve : tuple of NoteCounts
        Note events at each eagerness of `CURVE`, if that was asked for.
    """

    notes: NoteCounts
    pitch: PitchCounts
    hops: Confusion
    cpu_s: float
    events: EventTable
    curve: tuple[NoteCounts, ...] = ()

    def figures(self) -> dict[str, float]:
        """Every figure; percent, milliseconds and counts per minute, nan where there is nothing to count."""
        latency_ms = 1000.0 * self.notes.latency_s
        registers: dict[str, float] = {}
        for name, low, high in REGISTERS:
            here = (self.notes.midi >= low) & (self.notes.midi < high)
            registers[f"latency_ms {name}"] = _median(latency_ms[here])
            registers[f"notes {name}"] = float(here.sum())
        known = latency_ms[np.isfinite(latency_ms)]
        counted = self.notes.figures()
        if not self.notes.notes:  # where there is nothing to find, nothing can be found
            counted |= {key: float("nan") for key in counted if "f1" in key or key == "onset_precision"}
        return {
            **counted,
            "latency_p90_ms": float(np.percentile(known, 90)) if len(known) else float("nan"),
            **registers,
            **self.pitch.figures(),
            **self.hops.figures(),
            "real_time_factor": self.cpu_s / self.notes.duration_s if self.notes.duration_s else float("nan"),
            "notes": float(self.notes.notes),
            "events": float(self.notes.events),
            "duration_s": self.notes.duration_s,
        }


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All results of one run.

    Attributes
    ----------
    recordings : tuple of Recording
        What was tracked.
    systems : tuple of System
        Which trackers it was given to.
    results : tuple of tuple of Result
        For each system, for each recording.
    """

    recordings: tuple[Recording, ...]
    systems: tuple[System, ...]
    results: tuple[tuple[Result, ...], ...]

    def total(self, system: int, wanted: Callable[[Recording], bool]) -> Result | None:
        """The sum over some recordings; None if there are none.

        Parameters
        ----------
        system : int
            Index of the system.
        wanted : callable
            Whether a recording counts.
        """
        parts = [result for rec, result in zip(self.recordings, self.results[system], strict=True) if wanted(rec)]
        return together(parts) if parts else None

    def music(self, system: int) -> Result | None:
        """The sum over all that is not nonmusic."""
        return self.total(system, is_music)

    def nonmusic(self, system: int) -> Result | None:
        """The sum over what has no note in it."""
        return self.total(system, lambda recording: not is_music(recording))

    def groups(self, key: Callable[[Recording], str]) -> list[str]:
        """What recordings can be told apart by, in order; those of nonmusic last."""
        music = {key(recording) for recording in self.recordings if is_music(recording)}
        others = {key(recording) for recording in self.recordings} - music
        return [*sorted(music), *sorted(others)]


def is_music(recording: Recording) -> bool:
    """Whether it counts as music."""
    return recording.kind != NONMUSIC


def together(parts: Sequence[Result]) -> Result:
    """The sum of several results."""
    return Result(
        notes=reduce(add, (part.notes for part in parts)),
        pitch=reduce(add, (part.pitch for part in parts)),
        hops=join([part.hops for part in parts]),
        cpu_s=sum(part.cpu_s for part in parts),
        events=np.zeros((0, 4)),
        curve=tuple(reduce(add, counts) for counts in zip(*(part.curve for part in parts), strict=True)),
    )


def evaluate(
    recordings: Sequence[Recording],
    systems: Sequence[System],
    jobs: Jobs = 0,
    curve: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Let every system track every recording.

    Parameters
    ----------
    recordings : sequence of Recording
        What is tracked.
    systems : sequence of System
        Which trackers it is given to.
    jobs : int or str
        Processes; 0 for one a core, 1 runs in this one. No figure but the processor time depends on it.
    curve : bool
        Track all once more at each eagerness of `CURVE`.
    advance : callable
        Called whenever a recording is done.

    Raises
    ------
    DataError
        If a recording or its f0 cannot be read.
    StreamerError
        If a process is killed.
    """
    systems = tuple(systems)
    rows: list[tuple[Result, ...]] = [()] * len(recordings)
    # The longest first, so that no core waits long for the last.
    order = sorted(range(len(recordings)), key=lambda number: -_size(recordings[number].path))
    with Workers(jobs or os.cpu_count() or 1) as workers:
        work = partial(_track_all, systems, curve)
        for place, row in workers.unordered(work, [recordings[number] for number in order]):
            rows[order[place]] = row
            advance()
    return Evaluation(tuple(recordings), systems, tuple(zip(*rows, strict=True)))


def read_f0(path: Path) -> Floats:
    """Read a reference f0: a CSV ``time,freq`` in seconds and Hz, 0 where there is no pitch.

    Raises
    ------
    DataError
        If it is absent or something else.
    """
    header, rows = read_csv(path)
    for column in ("time", "freq"):
        if column not in header:
            raise DataError(f"{path} has no column {column!r}; its header must be time,freq")
    numbers = [
        (
            parse_number(row["time"], f"{path}, line {line}: time"),
            parse_number(row["freq"], f"{path}, line {line}: freq"),
        )
        for line, row in rows
    ]
    return np.array(numbers, dtype=np.float64).reshape(-1, 2)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # whoever loads it says what is wrong


def _track_all(systems: Sequence[System], curve: bool, recording: Recording) -> tuple[Result, ...]:
    phrase = load_phrase(recording)
    true_f0 = _true_f0(recording, phrase.duration_s)
    return tuple(_track(phrase, true_f0, system, curve) for system in systems)


def _track(phrase: Phrase, true_f0: Floats, system: System, curve: bool) -> Result:
    tracked = track(phrase, system.config, system.tracker)
    centres_s, f0_hz = tracked.f0[:, 0], tracked.f0[:, 1]
    midi = np.full(len(f0_hz), np.nan)
    midi[f0_hz > 0.0] = 69.0 + 12.0 * np.log2(f0_hz[f0_hz > 0.0] / system.config.reference_hz)
    in_order = np.argsort(tracked.events[:, 0], kind="stable")
    return Result(
        notes=tracked.counts,
        pitch=score_f0(true_f0, centres_s, f0_hz),
        hops=confuse(phrase.notes, centres_s, midi),
        cpu_s=tracked.cpu_s,
        events=tracked.events[in_order],
        curve=_curve(phrase, system) if curve else (),
    )


def _true_f0(recording: Recording, duration_s: float) -> Floats:
    """What f0 is compared with: the reference, or else the notes; nothing where there is neither."""
    if recording.f0_path is not None:
        return read_f0(recording.f0_path)
    if not len(recording.notes):
        return np.zeros((0, 2))  # a hum has a pitch, though it is no note: without a reference nobody knows
    times_s = np.arange(0.0, duration_s, TRUTH_STEP_S)
    midi = pitch_at(recording.notes, times_s)
    return np.stack([times_s, np.nan_to_num(440.0 * 2.0 ** ((midi - 69.0) / 12.0))], axis=1)


def _curve(phrase: Phrase, system: System) -> tuple[NoteCounts, ...]:
    """The same phrase at each eagerness; its evidence, which does not depend on it, is made once."""
    detector, make_one = system.parts(phrase.rate_hz)
    deciders = [make_one(replace(system.config, eagerness=eagerness)) for eagerness in CURVE]
    hops = Hopper(detector.config.hop).push(phrase.samples)
    events: list[list[Event]] = [[] for _ in CURVE]
    for start in range(0, len(hops), MANY_HOPS):
        evidence = detector.analyse(hops[start : start + MANY_HOPS])
        for decided, decider in zip(events, deciders, strict=True):
            decided += decider.events(evidence)
    return tuple(
        score_notes(
            phrase.notes, note_table(decided + decider.flush(len(phrase.samples)), phrase.rate_hz), phrase.duration_s
        )
        for decided, decider in zip(events, deciders, strict=True)
    )


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
