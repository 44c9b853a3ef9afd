"""Encoders: events in, MIDI messages out. Each output owns one, which knows what sounds at its receiver.

There is no port and no clock here, and a message carries no time: a port sends it at once, a file takes the event's
``sample``.
"""

from abc import ABC, abstractmethod
from collections import Counter

from mido import Message

from streamer.events import Event, NoteOff, NoteOn

ALL_SOUND_OFF = 120
ALL_NOTES_OFF = 123


class Encoder(ABC):
    """Turns the events of one output into MIDI messages. Stateful, so one encoder serves one output only.

    A note counts as sounding from the moment its note-on is encoded, since even a send that fails may have sent it. It
    counts until its output reports by `sent` that the note-off is out. So whatever an output does with each message
    of `encode`, `end` and `panic`, in order, it then calls `sent`; or `withdrawn`, where the message certainly did not
    get out. Where neither is certain it calls nothing.

    Attributes
    ----------
    wants_pitch : bool
        Whether `PitchEstimate` events are of use to it.
    bend_range : int
        Semitones that a full pitch bend is; 0 where it sends none. One that bends puts a note's name right by a bend,
        where it can, and not by another note-on.
    joins : bool
        Whether a slide may make one note of two.
    """

    wants_pitch: bool = False
    bend_range: int = 0
    joins: bool = False

    def begin(self) -> list[Message]:
        """What a receiver is told before anything else, and again when it was away."""
        return []

    @abstractmethod
    def encode(self, event: Event) -> list[Message]:
        """What this event is in MIDI; empty where it is nothing."""

    def set_bend(self, mode: str) -> list[Message]:  # noqa: ARG002 - for those that can
        """Bend in another way from now on; what sounds goes on, unless this cannot bend at all.

        Parameters
        ----------
        mode : str
            ``off``, ``trigger``, ``smooth`` or ``glide``.
        """
        return []

    @abstractmethod
    def end(self) -> list[Message]:
        """End what sounds, note by note, then all that the receiver believes to sound.

        The note-offs come first since not every receiver knows "all notes off"; that follows for notes whose note-off
        was lost on the way.
        """

    @abstractmethod
    def panic(self) -> list[Message]:
        """As `end`, and cut releases and echoes too."""

    @abstractmethod
    def sent(self, message: Message) -> None:
        """Note that the message got out."""

    @abstractmethod
    def withdrawn(self, message: Message) -> None:
        """Note that the message did not get out, and never will."""


class PlainEncoder(Encoder):
    """One message for the beginning and the end of each note, on one channel; pitch is not sent.

    Parameters
    ----------
    channel : int
        0 to 15; people count them from 1.
    """

    def __init__(self, channel: int = 0) -> None:
        self._channel = channel
        self._sounding: Counter[int] = Counter()  # counted: on one channel, notes of one pitch have no other difference

    def encode(self, event: Event) -> list[Message]:
        """See `Encoder.encode`."""
        match event:
            case NoteOn():
                self._sounding[event.note] += 1
                return [Message("note_on", channel=self._channel, note=event.note, velocity=event.velocity)]
            case NoteOff():
                return [self._note_off(event.note)]
            case _:
                return []

    def end(self) -> list[Message]:
        """See `Encoder.end`."""
        offs = [self._note_off(note) for note in sorted(self._sounding.elements())]
        return [*offs, Message("control_change", channel=self._channel, control=ALL_NOTES_OFF)]

    def panic(self) -> list[Message]:
        """See `Encoder.panic`."""
        return [*self.end(), Message("control_change", channel=self._channel, control=ALL_SOUND_OFF)]

    def sent(self, message: Message) -> None:
        """See `Encoder.sent`."""
        if message.type == "note_off":
            self._forget(message.note)

    def withdrawn(self, message: Message) -> None:
        """See `Encoder.withdrawn`."""
        if message.type == "note_on":
            self._forget(message.note)

    def _note_off(self, note: int) -> Message:
        return Message("note_off", channel=self._channel, note=note)

    def _forget(self, note: int) -> None:
        if self._sounding[note] > 1:
            self._sounding[note] -= 1
        else:
            del self._sounding[note]
