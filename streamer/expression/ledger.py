"""Transposing and muting, between the tracker and the sinks: a note-off is always that of a note-on that was sent."""

from dataclasses import replace

from streamer.events import Event, NoteOff, NoteOn

LOWEST, HIGHEST = 0, 127


class Transposer:
    """Turns what was heard into what is sent.

    Attributes
    ----------
    semitones : int
        Added to notes that begin from now on.
    muted : bool
        Whether notes that begin are kept back.
    """

    def __init__(self) -> None:
        self.semitones = 0
        self.muted = False
        self._sounding: dict[int, NoteOn] = {}  # note as heard: note-on as sent

    def apply(self, event: Event) -> Event | None:
        """The event as it is to be sent, or None."""
        if isinstance(event, NoteOn):
            note = event.note + self.semitones
            if self.muted or not LOWEST <= note <= HIGHEST:
                return None
            sent = replace(event, note=note, midi=event.midi + self.semitones)
            self._sounding[event.note] = sent
            return sent
        if isinstance(event, NoteOff):
            begun = self._sounding.pop(event.note, None)
            if begun is None:
                return None
            return replace(event, note=begun.note, midi=event.midi + begun.note - event.note)
        return event

    def release(self, sample: int) -> list[NoteOff]:
        """End all that sounds, now; what the tracker says of these notes later is not sent."""
        ended = [NoteOff(sample, max(sample, begun.onset), begun.note, begun.midi) for begun in self._sounding.values()]
        self._sounding.clear()
        return ended
