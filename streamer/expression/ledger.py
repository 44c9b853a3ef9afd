"""What sounds, between the tracker and the outputs: transposed or muted, and always ended by its own note-off."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.pairing import OpenNotes

LOWEST, HIGHEST = 0, 127
SEMITONES_PER_OCTAVE = 12


class Moved(NamedTuple):
    """What is sent for a note.

    Attributes
    ----------
    note : int
        MIDI note number.
    semitones : float
        By how many the pitch is moved with it.
    detuned : float
        See `NoteOn.detuned`.
    """

    note: int
    semitones: float
    detuned: float = 0.0


Lock = Callable[[int, float], Moved | None]
"""``lock(note, midi)`` gives what to send for a MIDI note of this number and fractional pitch, None for nothing."""


class Ledger:
    """Turns events as decided into events to send, and keeps account of what sounds.

    A note keeps the transposition it began with, and what the lock has made of it. While it sounds, the pitch is moved
    by as many semitones as the note: how far a player is off the note, or bends it, stays as it is. Otherwise the pitch
    is moved by the present transposition. It is unvoiced while muted.

    Parameters
    ----------
    semitones : int
        Added to notes and to the pitch at first.
    lock : callable, optional
        Gives what is sent for a note that is transposed already; by default all are sent as they are.

    Attributes
    ----------
    semitones : int
        Added to notes that begin from now on, and to the pitch.
    lock : callable or None
        For notes that begin from now on.
    muted : bool
        Whether notes that begin are left out, and the pitch is unvoiced.
    """

    def __init__(self, semitones: int = 0, lock: Lock | None = None) -> None:
        self.semitones = semitones
        self.lock = lock
        self.muted = False
        self._open: OpenNotes[_Open] = OpenNotes()

    @property
    def sounding(self) -> tuple[NoteOn, ...]:
        """The note-ons that have no note-off yet, as sent, oldest first."""
        return tuple(note.sent for note in self._open.remaining())

    @property
    def moved(self) -> float:
        """Semitones by which the newest note that sounds was moved; else the transposition."""
        open_notes = self._open.remaining()
        return open_notes[-1].moved if open_notes else self.semitones

    def apply(self, event: Event) -> Event | None:
        """The event as it is to be sent, or None; the same object where nothing changes.

        Parameters
        ----------
        event : Event
            As it was decided.
        """
        match event:
            case PitchEstimate():
                return self._pitch(event)
            case NoteOn():
                return self._begin(event)
            case NoteOff():
                return self._end(event)
            case _:
                return event

    def release(self, sample: int) -> list[NoteOff]:
        """End all that sounds, now; what the tracker says of these notes later is not sent.

        Parameters
        ----------
        sample : int
            Samples consumed so far.
        """
        ended = [
            NoteOff(sample, max(sample, on.onset), on.note, on.midi, on.note_id, released=True) for on in self.sounding
        ]
        self._open.clear()
        return ended

    def _pitch(self, event: PitchEstimate) -> PitchEstimate:
        if self.muted:
            return replace(event, f0_hz=None, guess_hz=0.0)
        if not (moved := self.moved):
            return event
        ratio = 2.0 ** (moved / SEMITONES_PER_OCTAVE)
        f0_hz = None if event.f0_hz is None else event.f0_hz * ratio
        return replace(event, f0_hz=f0_hz, guess_hz=event.guess_hz * ratio)

    def _begin(self, event: NoteOn) -> NoteOn | None:
        rule = _Rule(self.semitones, self.lock)
        found = None if self.muted else rule.apply(event.note, event.midi)
        if found is None:
            return None
        note, moved, detuned = found
        corrected = self._open.find(event.corrects)
        if corrected is not None and corrected.sent.note == note:  # it has its better name already
            self._open.forget(corrected)
            self._open.begin(event, _Open(corrected.sent, moved, rule))
            return None
        corrects = corrected.sent.note_id if corrected is not None else 0
        sent = event
        if (note, moved, corrects) != (event.note, 0, event.corrects):
            sent = replace(event, note=note, midi=event.midi + moved, corrects=corrects, detuned=detuned)
        self._open.begin(event, _Open(sent, moved, rule))
        return sent

    def _end(self, event: NoteOff) -> NoteOff | None:
        begun = self._open.end(event)
        if begun is None:
            return None
        note, note_id = begun.sent.note, begun.sent.note_id
        found = None if event.settled is None else begun.rule.apply(event.settled, event.midi)
        settled, detuned = (found.note, found.detuned) if found is not None and found.note != note else (None, 0.0)
        if (note, begun.moved, note_id, settled) == (event.note, 0, event.note_id, event.settled):
            return event
        return replace(
            event, note=note, midi=event.midi + begun.moved, note_id=note_id, settled=settled, detuned=detuned
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    """How notes are moved."""

    semitones: int
    lock: Lock | None

    def apply(self, note: int, midi: float) -> Moved | None:
        """What is sent for a note as decided; None for nothing."""
        wanted = note + self.semitones
        if not LOWEST <= wanted <= HIGHEST:
            return None
        locked = Moved(wanted, 0.0) if self.lock is None else self.lock(wanted, midi + self.semitones)
        if locked is None or not LOWEST <= locked.note <= HIGHEST:
            return None
        return locked._replace(semitones=self.semitones + locked.semitones)


@dataclass(frozen=True, slots=True, eq=False)
class _Open:
    """A note that sounds: as sent, by how many semitones it was moved, and why."""

    sent: NoteOn
    moved: float
    rule: _Rule
