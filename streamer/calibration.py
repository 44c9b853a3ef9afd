"""What the room, the microphone and the instrument are like, found out by listening: no I/O, no clock.

A `Calibrator` asks for silence, soft notes, loud notes, the lowest note and the highest, one after the other, and makes
settings of what it hears. However the sound is cut into blocks, they are the same.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from streamer.config import HIGHEST_MIDI, LOWEST_MIDI, TrackerConfig
from streamer.events import Block, NoteOff, NoteOn, PitchEstimate
from streamer.tracker import make_tracker
from streamer.units import A4_HZ, note_name, s_to_samples

SILENCE_S = 3.0
_SHORTEST_S = 0.1  # of a note that counts
_LISTENING_GATE_DB = -85.0
_ABOVE_ROOM_DB, _LOWEST_GATE_DB, _LEAST_MARGIN_DB = 8.0, -70.0, 10.0
_CLOSE_CENTS, _AGREEING, _FEWEST = 4.0, 0.6, 4  # below, within and with fewer notes than these, A4 stays at 440
_SOFT_VELOCITY, _LOUD_VELOCITY, _LEAST_RISE = 40, 112, 10
_OVER_RANGE = 1  # semitones beyond what was played, for notes that are a little off


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is asked for.

    Attributes
    ----------
    name : str
        In a word.
    ask : str
        For people.
    notes : int
        How many notes it takes; 0 for `SILENCE_S` of silence.
    """

    name: str
    ask: str
    notes: int


STEPS = (
    Step("silence", f"be silent for {SILENCE_S:.0f} seconds", 0),
    Step("soft", "play three notes as softly as you ever will", 3),
    Step("loud", "play three notes as loudly as you ever will", 3),
    Step("lowest", "play your lowest note, and let it sound", 1),
    Step("highest", "play your highest note, and let it sound", 1),
)


@dataclass(frozen=True, slots=True)
class HeardNote:
    """A note that was played for a step.

    Attributes
    ----------
    midi : float
        Its median pitch.
    velocity : int
        As the tracker gave it.
    loudest_db : float
        Its loudest hop, dBFS.
    """

    midi: float
    velocity: int
    loudest_db: float


class Calibrator:
    """Listens step by step.

    Parameters
    ----------
    rate_hz : int
        Sample rate of the blocks.

    Attributes
    ----------
    level_db : float
        Level of the newest hop, dBFS.
    room_db : float or None
        What nine in ten hops of the silence stayed below.
    heard : dict of str to list of HeardNote
        What was played, by the name of the step.
    """

    def __init__(self, rate_hz: int) -> None:
        self.level_db = -120.0
        self.room_db: float | None = None
        self.heard: dict[str, list[HeardNote]] = {step.name: [] for step in STEPS}
        self._tracker = make_tracker(TrackerConfig(gate_db=_LISTENING_GATE_DB), rate_hz)
        self._silence = s_to_samples(SILENCE_S, rate_hz)
        self._shortest = s_to_samples(_SHORTEST_S, rate_hz)
        self._at = 0
        self._now = self._since = 0  # samples: the newest hop, and when the step began
        self._levels: list[float] = []
        self._open: dict[int, tuple[NoteOn, float]] = {}  # with its loudest hop so far

    @property
    def step(self) -> Step | None:
        """What is asked for now; None when all is done."""
        return STEPS[self._at] if self._at < len(STEPS) else None

    def process(self, block: Block) -> list[HeardNote]:
        """Take the next samples; returns the notes of this step that ended in them."""
        if block.lost:
            self._tracker.gap(block.lost)
            self._open.clear()
        found = []
        for event in self._tracker.process(block.samples):
            match event:
                case PitchEstimate():
                    self._follow(event)
                case NoteOn():
                    self._open[event.note_id] = (event, self.level_db)
                    self._open.pop(event.corrects, None)
                case NoteOff() if event.note_id in self._open:
                    found += self._end(event)
        return found

    def skip(self) -> None:
        """Leave this step out."""
        self._go_to(self._at + 1)

    def back(self) -> None:
        """Ask for the step before once more."""
        self._go_to(max(0, self._at - 1))
        if self.step is not None:
            self.heard[self.step.name] = []

    def complaints(self) -> list[str]:
        """What is wrong with what was heard, each with what to do about it."""
        found = []
        soft = self._loudest("soft")
        if soft is not None and self.room_db is not None and soft - self.room_db < _LEAST_MARGIN_DB:
            found.append(
                f"soft notes are only {soft - self.room_db:.0f} dB above the room: go nearer to the microphone, "
                "or make the room quieter"
            )
        if self.room_db is not None and self.room_db <= -119.0:
            found.append("the input was exactly zero in silence: is the microphone connected, allowed and not muted?")
        ends = [self.heard[name][-1].midi for name in ("lowest", "highest") if self.heard[name]]
        if len(ends) == 2 and ends[0] >= ends[1]:
            low, high = (note_name(round(midi)) for midi in ends)
            found.append(f"the lowest note, {low}, is not below the highest, {high}: the range stays as it was")
        return found

    def values(self) -> dict[str, Any]:
        """Settings that suit what was heard, by name; what was left out is absent."""
        found: dict[str, Any] = {}
        soft = self._loudest("soft")
        if self.room_db is not None:
            gate_db = max(self.room_db + _ABOVE_ROOM_DB, _LOWEST_GATE_DB)
            gate_db = gate_db if soft is None else min(gate_db, (self.room_db + soft) / 2.0)
            found["gate"] = float(round(min(-20.0, max(-90.0, gate_db))))
        low, high = (self.heard[name][-1:] for name in ("lowest", "highest"))
        if low and high and low[0].midi < high[0].midi:
            found["low"] = max(LOWEST_MIDI, round(low[0].midi) - _OVER_RANGE)
            found["high"] = min(HIGHEST_MIDI, round(high[0].midi) + _OVER_RANGE)
        if (a4_hz := _tuning([note.midi for notes in self.heard.values() for note in notes])) is not None:
            found["a4"] = a4_hz
        velocities = [[note.velocity for note in self.heard[name]] for name in ("soft", "loud")]
        if all(velocities):
            softly, loudly = (round(median(values)) for values in velocities)
            if softly > 1 and softly + _LEAST_RISE <= loudly < 127:
                found["velocity"] = f"1:1,{softly}:{_SOFT_VELOCITY},{loudly}:{_LOUD_VELOCITY},127:127"
        return found

    def _follow(self, estimate: PitchEstimate) -> None:
        self.level_db, self._now = estimate.level_db, estimate.sample
        self._open = {i: (on, max(loudest, estimate.level_db)) for i, (on, loudest) in self._open.items()}
        if self.step is None or self.step.notes:
            return
        self._levels.append(estimate.level_db)
        if estimate.sample - self._since >= self._silence:
            self.room_db = float(np.percentile(self._levels, 90))
            gate_db = min(-30.0, max(_LISTENING_GATE_DB, self.room_db + _ABOVE_ROOM_DB / 2.0))
            self._tracker.configure(TrackerConfig(gate_db=gate_db))
            self._go_to(self._at + 1)

    def _end(self, off: NoteOff) -> list[HeardNote]:
        on, loudest_db = self._open.pop(off.note_id)
        step = self.step
        if step is None or not step.notes or on.onset < self._since or off.offset - on.onset < self._shortest:
            return []
        note = HeardNote(off.midi, on.velocity, loudest_db)
        self.heard[step.name].append(note)
        if len(self.heard[step.name]) >= step.notes:
            self._go_to(self._at + 1)
        return [note]

    def _go_to(self, step: int) -> None:
        self._at = min(step, len(STEPS))
        self._since = self._now
        self._levels = []

    def _loudest(self, name: str) -> float | None:
        notes = self.heard[name]
        return median(note.loudest_db for note in notes) if notes else None


def _tuning(pitches: Sequence[float]) -> float | None:
    """A4 in Hz by the fractions of semitones that the pitches have in common; None where there are too few."""
    if len(pitches) < _FEWEST:
        return None
    mean = sum(cmath.exp(2j * math.pi * midi) for midi in pitches) / len(pitches)
    cents = 100.0 * cmath.phase(mean) / (2.0 * math.pi)
    if abs(mean) < _AGREEING or abs(cents) < _CLOSE_CENTS:
        return A4_HZ
    return float(round(A4_HZ * 2.0 ** (cents / 1200.0), 1))
