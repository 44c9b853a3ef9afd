"""What one output plays for each note: on which channel, transposed, held in a scale, harmonised."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from streamer.events import Event, NoteOff, NoteOn
from streamer.expression.ledger import Lock
from streamer.expression.pairing import OpenNotes
from streamer.music.scales import Scale
from streamer.music.zones import HIGHEST, LOWEST, Instrument, Zone

_MOST_SOUNDING = 64  # notes for one note that is played: each has a number of its own


@dataclass(frozen=True, slots=True)
class Part:
    """What one output is to play.

    Attributes
    ----------
    channel : int
        MIDI channel, 0 to 15, of all that is in no zone's own.
    semitones : int
        Transposition.
    lock : callable or None
        Comes after the transpositions, that of the zone included.
    scale : Scale or None
        In which is harmonised.
    harmony : tuple of int
        Intervals as musicians count them, in notes of the scale: 3 is a third above, -3 one below.
    zones : tuple of Zone
        Where there are any, notes outside all of them are not played; in several, they are played by each.
    instrument : Instrument
        Of ``channel``.
    steps_per_beat : int
        Grid of a second track of files, lines in a quarter note; 0 for none.
    """

    channel: int = 0
    semitones: int = 0
    lock: Lock | None = None
    scale: Scale | None = None
    harmony: tuple[int, ...] = ()
    zones: tuple[Zone, ...] = ()
    instrument: Instrument = Instrument()  # noqa: RUF009 - frozen
    steps_per_beat: int = 0

    @property
    def changes_notes(self) -> bool:
        """Whether it plays anything else than what it is given."""
        return bool(self.semitones or self.lock or self.harmony or self.zones)

    @property
    def tells_instruments(self) -> bool:
        """Whether any of its channels is told what to sound like."""
        return any(told != Instrument() for told in self.instruments.values())

    @property
    def instruments(self) -> dict[int, Instrument]:
        """What each of its channels is told to sound like."""
        there = {self.channel: self.instrument} if not self.zones else {}
        for zone in self.zones:
            channel = self.channel if zone.channel is None else zone.channel
            told = there.get(channel, self.instrument if zone.channel is None else Instrument())
            there[channel] = zone.instrument if zone.instrument != Instrument() else told
        return there

    def voices(self, note: int, midi: float) -> dict[tuple[int, int], tuple[int, int]]:
        """The channel and MIDI note of each voice that plays a note, by zone and voice; none stands twice.

        Parameters
        ----------
        note : int
            MIDI note number.
        midi : float
            Its fractional pitch.
        """
        found: dict[tuple[int, int], tuple[int, int]] = {}
        for place, zone in enumerate(self.zones or (Zone(),)):
            if note not in zone:
                continue
            moved = self.semitones + zone.semitones
            lead: int | None = note + moved
            if self.lock is not None and LOWEST <= note + moved <= HIGHEST:
                locked = self.lock(note + moved, midi + moved)
                lead = None if locked is None else locked.note
            channel = self.channel if zone.channel is None else zone.channel
            for voice, sent in enumerate(self._harmonised(lead)):
                if LOWEST <= sent <= HIGHEST and (channel, sent) not in found.values():
                    found[place, voice] = channel, sent
        return found

    def _harmonised(self, lead: int | None) -> Iterable[int]:
        if lead is None:
            return ()
        if self.scale is None:
            return (lead,)
        # An interval counts both its ends: a third is two steps.
        return (lead, *(self.scale.up(lead, i - 1 if i > 0 else i + 1) for i in self.harmony))


class Arrangement:
    """Turns the events of one output into those of its part.

    Each voice is a note of its own, with a number of its own, and ends as it began, whatever has changed meanwhile.

    Parameters
    ----------
    part : Part
        What is played.

    Attributes
    ----------
    part : Part
        For notes that begin from now on.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self._open: OpenNotes[tuple[Part, dict[tuple[int, int], NoteOn]]] = OpenNotes()

    def apply(self, event: Event) -> list[Event]:
        """What is played for an event.

        Parameters
        ----------
        event : Event
            As it is sent to all outputs.
        """
        match event:
            case NoteOn():
                return list(self._begin(event))
            case NoteOff():
                return list(self._end(event))
            case _:
                return [event]

    def _begin(self, event: NoteOn) -> Iterable[Event]:
        before = self._open.find(event.corrects)
        voices: dict[tuple[int, int], NoteOn] = {}
        for number, (key, (channel, note)) in enumerate(self.part.voices(event.note, event.midi).items()):
            moved = note - event.note
            corrected = before[1].get(key) if before is not None else None
            if corrected is not None and corrected.channel != channel:
                corrected = None
            voices[key] = replace(
                event,
                note=note,
                midi=event.midi + moved,
                moved=event.moved + moved,
                note_id=_own_id(event.note_id, number),
                corrects=0 if corrected is None else corrected.note_id,
                channel=channel,
            )
        self._open.begin(event, (self.part, voices))
        return voices.values()

    def _end(self, event: NoteOff) -> Iterable[Event]:
        begun = self._open.end(event)
        if begun is None:
            return
        part, voices = begun
        settled = part.voices(event.settled, event.midi) if event.settled is not None else {}
        for key, voice in voices.items():
            _, name = settled.get(key, (0, voice.note))
            yield replace(
                event,
                note=voice.note,
                midi=event.midi + voice.note - event.note,
                note_id=voice.note_id,
                settled=None if name == voice.note else name,
                channel=voice.channel,
            )


def _own_id(note_id: int, number: int) -> int:
    """The first voice is the note itself."""
    return -(note_id * _MOST_SOUNDING + number) if number and note_id else note_id
