"""What the tracker says of a labelled phrase, as tables, and how much of it is right."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from streamer.config import TrackerConfig
from streamer.data.phrase import Phrase
from streamer.evaluation.metrics import EventTable, Floats, NoteCounts, score_notes
from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.pairing import SettledNotes
from streamer.tracker import MANY_HOPS, Tracker, make_tracker

CHUNK_S = 0.5  # given to the tracker at once; its events do not depend on it


def file_tracker(config: TrackerConfig, rate_hz: int) -> Tracker:
    """A tracker that analyses many hops at once, as suits recordings.

    Parameters
    ----------
    config : TrackerConfig
        Settings of the tracker.
    rate_hz : int
        Samples per second.
    """
    return make_tracker(config, rate_hz, hops_at_once=MANY_HOPS)


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """What the tracker reported of one phrase.

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


def note_table(events: Iterable[Event], rate_hz: int) -> EventTable:
    """Note events as a table in seconds.

    Parameters
    ----------
    events : iterable of Event
        As a tracker gives them, `Tracker.flush` included.
    rate_hz : int
        Rate of the stream.

    Returns
    -------
    ndarray, shape (n, 4)
        Onset, offset, fractional pitch, emission time of the note-on.
    """
    rows: list[tuple[float, float, float, float]] = []
    notes = SettledNotes()
    for event in events:
        if isinstance(event, NoteOn):
            notes.begin(event)
        elif isinstance(event, NoteOff) and (begun := notes.end(event)) is not None:
            rows.append((begun.onset / rate_hz, event.offset / rate_hz, event.midi, begun.sample / rate_hz))
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def f0_table(events: Iterable[Event], rate_hz: int) -> Floats:
    """Pitch estimates as rows of centre (s), f0 (Hz, 0 is unvoiced) and emission time (s).

    Parameters
    ----------
    events : iterable of Event
        Of a tracker; all but pitch estimates are left out.
    rate_hz : int
        Samples per second.
    """
    rows = [
        (event.centre / rate_hz, event.f0_hz or 0.0, event.sample / rate_hz)
        for event in events
        if isinstance(event, PitchEstimate)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def track(
    phrase: Phrase, config: TrackerConfig, make: Callable[[TrackerConfig, int], Tracker] = file_tracker
) -> Tracked:
    """Let a new tracker follow one phrase, and compare.

    Parameters
    ----------
    phrase : Phrase
        What is followed.
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
    return Tracked(
        events=notes,
        f0=f0_table(events, phrase.rate_hz),
        counts=score_notes(phrase.notes, notes, phrase.duration_s),
        cpu_s=cpu_s,
    )
