"""Run the tracker over labelled phrases, on several cores, and count what it got right."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from streamer.config import TrackerConfig
from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.learn.metrics import EventTable, Floats, NoteCounts, score_notes
from streamer.learn.phrase import Phrase
from streamer.learn.processes import in_processes
from streamer.tracker import Tracker

CHUNK_S = 0.5  # given to the tracker at once; its events do not depend on it
MUSIC = "music"  # the row that sums all kinds but nonmusic
COLUMNS = (
    ("f1_50ms", "F1@50"),
    ("f1_100ms", "F1@100"),
    ("onset_f1", "onsF1"),
    ("onset_precision", "P"),
    ("onset_recall", "R"),
    ("found", "found"),
    ("found <E2", "<E2"),
    ("false_per_min", "false/m"),
    ("octave_per_min", "oct/m"),
    ("latency_ms", "lat"),
    ("latency_p95_ms", "p95"),
    ("bias_ms", "bias"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What the tracker said of one phrase.

    Attributes
    ----------
    events : ndarray, shape (n, 4)
        Onset, offset, pitch and emission time of each note event.
    f0 : ndarray, shape (m, 3)
        Centre, f0 in Hz (0 is unvoiced) and emission time of each hop's estimate.
    counts : NoteCounts
        Compared with the phrase's notes.
    cpu_s : float
        Processor time it took.
    """

    events: EventTable
    f0: Floats
    counts: NoteCounts
    cpu_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Results of many phrases.

    Attributes
    ----------
    heard : tuple of Heard
        One per phrase, in order.
    rows : dict of str to NoteCounts
        Summed by ``kind``, by ``kind style`` and over all music.
    real_time_factor : float
        Processor time over the length of the audio.
    """

    heard: tuple[Heard, ...]
    rows: dict[str, NoteCounts]
    real_time_factor: float

    def __str__(self) -> str:
        lines = [f"{'':24}" + "".join(f"{title:>8}" for _, title in COLUMNS)]
        for name, counts in self.rows.items():
            figures = counts.figures()
            lines.append(f"{name:24}" + "".join(f"{figures[key]:8.1f}" for key, _ in COLUMNS))
        return "\n".join([*lines, f"real-time factor {self.real_time_factor:.3f}"])


def note_table(events: Iterable[Event], rate_hz: int, *, as_begun: bool = False) -> EventTable:
    """Note events as a table in seconds.

    Parameters
    ----------
    events : iterable of Event
        As a tracker gives them, `Tracker.flush` included.
    rate_hz : int
        Rate of the stream.
    as_begun : bool
        Take the pitch known at the note-on instead of the median of the whole note.

    Returns
    -------
    ndarray, shape (n, 4)
        Onset, offset, fractional pitch, emission time of the note-on.
    """
    rows: list[tuple[float, float, float, float]] = []
    begun: NoteOn | None = None
    for event in events:
        if isinstance(event, NoteOn):
            begun = event
        elif isinstance(event, NoteOff) and begun is not None:
            midi = begun.midi if as_begun else event.midi
            rows.append((begun.onset / rate_hz, event.offset / rate_hz, midi, begun.sample / rate_hz))
            begun = None
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def f0_table(events: Iterable[Event], rate_hz: int) -> Floats:
    """Pitch estimates as rows of centre (s), f0 (Hz, 0 is unvoiced) and emission time (s)."""
    rows = [
        (event.centre / rate_hz, event.f0_hz or 0.0, event.sample / rate_hz)
        for event in events
        if isinstance(event, PitchEstimate)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def hear(phrase: Phrase, config: TrackerConfig, make: Callable[[TrackerConfig, int], Tracker] = Tracker) -> Heard:
    """Let a new tracker hear one phrase, and compare.

    Parameters
    ----------
    phrase : Phrase
        What is heard.
    config : TrackerConfig
        Settings of the tracker.
    make : callable
        Makes the tracker from configuration and rate.
    """
    began = time.process_time()
    tracker = make(config, phrase.rate_hz)
    events: list[Event] = []
    chunk = max(1, round(CHUNK_S * phrase.rate_hz))
    for start in range(0, len(phrase.samples), chunk):
        events += tracker.process(phrase.samples[start : start + chunk])
    events += tracker.flush()
    cpu_s = time.process_time() - began
    notes = note_table(events, phrase.rate_hz)
    return Heard(
        events=notes,
        f0=f0_table(events, phrase.rate_hz),
        counts=score_notes(phrase.notes, notes, phrase.duration_s),
        cpu_s=cpu_s,
    )


def run_tracker(
    config: TrackerConfig,
    phrases: Sequence[Phrase],
    jobs: int = 2,
    make: Callable[[TrackerConfig, int], Tracker] = Tracker,
) -> Table:
    """Let the tracker hear every phrase.

    Parameters
    ----------
    config : TrackerConfig
        Settings of the tracker.
    phrases : sequence of Phrase
        What is heard.
    jobs : int
        Processes; 1 runs in this one.
    make : callable
        Makes the tracker from configuration and rate; with several processes it must be importable, as a function at
        the top of a module is.
    """
    work = partial(hear, config=config, make=make)
    heard = list(in_processes(work, phrases, jobs))
    return Table(tuple(heard), summarise(phrases, heard), _real_time_factor(heard))


def summarise(phrases: Sequence[Phrase], heard: Sequence[Heard]) -> dict[str, NoteCounts]:
    """Counts summed by kind, by kind and style, and over all music, in that order."""
    rows: dict[str, NoteCounts] = {}
    for phrase, said in zip(phrases, heard, strict=True):
        names = [phrase.kind, f"{phrase.kind} {phrase.style}"]
        for name in names if phrase.kind == "nonmusic" else [MUSIC, *names]:
            rows[name] = rows[name] + said.counts if name in rows else said.counts
    return {name: rows[name] for name in sorted(rows, key=lambda name: (name != MUSIC, " " in name, name))}


def _real_time_factor(heard: Sequence[Heard]) -> float:
    return sum(said.cpu_s for said in heard) / max(sum(said.counts.duration_s for said in heard), 1e-9)
