"""What sounds, between the tracker and the outputs: transposed or muted, and always ended by its own note-off."""

from dataclasses import replace

from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.pairing import OpenNotes

LOWEST, HIGHEST = 0, 127
SEMITONES_PER_OCTAVE = 12


class Ledger:
    """Turns events as decided into events to send, and keeps account of what sounds.

    A note keeps the transposition it began with. Pitch follows the present one, and is unvoiced while muted.

    Attributes
    ----------
    semitones : int
        Added to notes that begin from now on, and to the pitch.
    muted : bool
        Whether notes that begin are left out, and the pitch is unvoiced.
    """

    def __init__(self) -> None:
        self.semitones = 0
        self.muted = False
        self._open = OpenNotes()

    @property
    def sounding(self) -> tuple[NoteOn, ...]:
        """The note-ons that have no note-off yet, as sent, oldest first."""
        return self._open.remaining()

    def apply(self, event: Event) -> Event | None:
        """The event as it is to be sent, or None; the same object where nothing changes."""
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
        ended = [NoteOff(sample, max(sample, on.onset), on.note, on.midi, on.note_id) for on in self.sounding]
        self._open.clear()
        return ended

    def _pitch(self, event: PitchEstimate) -> PitchEstimate:
        if self.muted:
            return replace(event, f0_hz=None, guess_hz=0.0)
        if not self.semitones:
            return event
        ratio = 2.0 ** (self.semitones / SEMITONES_PER_OCTAVE)
        f0_hz = None if event.f0_hz is None else event.f0_hz * ratio
        return replace(event, f0_hz=f0_hz, guess_hz=event.guess_hz * ratio)

    def _begin(self, event: NoteOn) -> NoteOn | None:
        note = event.note + self.semitones
        if self.muted or not LOWEST <= note <= HIGHEST:
            return None
        sent = replace(event, note=note, midi=event.midi + self.semitones) if self.semitones else event
        self._open.begin(event, sent)
        return sent

    def _end(self, event: NoteOff) -> NoteOff | None:
        begun = self._open.end(event)
        if begun is None:
            return None
        if begun.note == event.note:
            return event
        added = begun.note - event.note
        settled = None if event.settled is None else min(HIGHEST, max(LOWEST, event.settled + added))
        return replace(event, note=begun.note, midi=event.midi + added, settled=settled)
