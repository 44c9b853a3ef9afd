"""Notes decided again when all of the recording is known: what ``--offline`` does, and live cannot.

The notes are those that the tracker found as it went along. Knowing the whole of each, and all of them, they get

- names from the median pitch of the whole note, and with ``--a4 auto`` from the tuning of the whole recording;
- no company of notes too short to be any;
- one name where a note was begun again though nothing was struck: the same pitch goes on, and the level does not rise.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from streamer.config import AUTOMATIC_A4, HIGHEST_MIDI, LOWEST_MIDI, TrackerConfig
from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.outputs.eventlist import Estimates
from streamer.outputs.notelist import NoteList

# Chosen on the training data: what is measured on was not looked at.
SHORTEST_S = 0.05
_GAP_S = 0.05  # at most, between two parts of one note
_SAME = 0.4  # semitones between their median pitches
_RISE_DB = 3.0  # of the level, from which a note is struck again
_BEFORE_S, _AFTER_S = 0.06, 0.05  # of a beginning, where its level is looked at

Pair = tuple[NoteOn, NoteOff]


def revised(events: Iterable[Event], rate_hz: int, config: TrackerConfig) -> Iterator[Event]:
    """What happened, told when all is known; each event is dated to when it happened, not to when it was decided.

    Parameters
    ----------
    events : iterable of Event
        All of a recording, as the tracker gives them.
    rate_hz : int
        Sample rate of the events.
    config : TrackerConfig
        Settings of the tracker.

    Yields
    ------
    Event
        Estimates as they were, and notes without corrections, in order of time.
    """
    notes, kept = NoteList(), Estimates()
    for event in events:
        if isinstance(event, PitchEstimate):
            kept.add(event)
        else:
            notes.send(event)
    pairs = revise(notes.notes, rate_hz, config, partial(_rise_db, kept))
    changes: list[NoteOn | NoteOff] = [event for pair in pairs for event in pair]
    changes.sort(key=lambda event: (event.sample, isinstance(event, NoteOn)))
    upcoming = iter(changes)
    change = next(upcoming, None)
    for estimate in kept:
        while change is not None and change.sample <= estimate.centre:
            yield change
            change = next(upcoming, None)
        yield estimate
    if change is not None:
        yield change
        yield from upcoming


def revise(
    pairs: Iterable[Pair], rate_hz: int, config: TrackerConfig, rise_db: Callable[[int, int], float]
) -> list[Pair]:
    """Notes that are known whole, decided again.

    Parameters
    ----------
    pairs : iterable of (NoteOn, NoteOff)
        In order.
    rate_hz : int
        Sample rate of the events.
    config : TrackerConfig
        Settings of the tracker.
    rise_db : callable
        How much the level rises at a sample index; gets the rate as well.

    Returns
    -------
    list of (NoteOn, NoteOff)
        In order; both are dated to when they happened.
    """
    long_enough = [(on, off) for on, off in pairs if off.offset - on.onset >= SHORTEST_S * rate_hz]
    joined: list[Pair] = []
    for on, off in long_enough:
        if joined:
            first, before = joined[-1]
            near = on.onset - before.offset < _GAP_S * rate_hz and abs(off.midi - before.midi) < _SAME
            if near and rise_db(on.onset, rate_hz) < _RISE_DB:
                joined[-1] = first, replace(off, midi=_median_of((first, before), (on, off)))
                continue
        joined.append((on, off))
    above = tuning(joined) if config.a4_hz == AUTOMATIC_A4 else 0.0
    made: list[Pair] = []
    for on, off in joined:
        name = min(HIGHEST_MIDI, max(LOWEST_MIDI, round(off.midi - above)))
        begun = replace(on, sample=on.onset, since=None, note=name, midi=off.midi, corrects=0)
        made.append((begun, replace(off, sample=off.offset, note=name, note_id=on.note_id, settled=None)))
    return made


def _median_of(*parts: Pair) -> float:
    """The median pitch of a note in parts: that of the longest."""
    return max(parts, key=lambda part: part[1].offset - part[0].onset)[1].midi


def tuning(pairs: Iterable[Pair]) -> float:
    """How far above the grid of names the notes lie, in semitones from -0.5 to 0.5; long notes tell more.

    Parameters
    ----------
    pairs : iterable of (NoteOn, NoteOff)
        Of the whole recording.
    """
    cosine = sine = 0.0
    for on, off in pairs:
        angle, length = 2.0 * math.pi * off.midi, off.offset - on.onset
        cosine += length * math.cos(angle)
        sine += length * math.sin(angle)
    return math.atan2(sine, cosine) / (2.0 * math.pi) if cosine or sine else 0.0


def _rise_db(estimates: Estimates, sample: int, rate_hz: int) -> float:
    """How much the level rises there: the greatest after it over the least before it."""
    at = estimates.at(sample)
    before = estimates.column("level_db", estimates.at(sample - _BEFORE_S * rate_hz), at)
    after = estimates.column("level_db", at, estimates.at(sample + _AFTER_S * rate_hz))
    return max(after) - min(before) if len(before) and len(after) else math.inf
