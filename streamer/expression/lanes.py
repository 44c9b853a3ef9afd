"""What an encoder that bends knows of each note that sounds, and of each channel."""

from collections.abc import Iterable

from mido import Message

from streamer.events import NoteOff, NoteOn, PitchEstimate
from streamer.expression.controls import Control, Follower, strength_of
from streamer.expression.dial import FAR_ST, BendDial
from streamer.expression.pitch import PitchFollower

_SLID_ST = 0.7  # from a note's pitch to that of the next
LOUDEST = 127  # velocity
FULL_BEND = 8192  # steps from the middle to one end


class Voice:
    """A note that sounds.

    Parameters
    ----------
    event : NoteOn
        Its beginning.
    lane : Lane
        Its channel.
    rate_hz : int
        Sample rate of the events.

    Attributes
    ----------
    note : int
        The number that was sent.
    lane : Lane
    begun : int
        Sample index of its note-on.
    left : int
        Sample index at which it ended, while its note-off waits for whether the next note is the same, having slid; or
        else -1.
    settled : bool
        Whether its bend stays as it is.
    follower : PitchFollower
        Its pitch, before it was moved.
    known_as : (int, int)
        As `key_of` its note-off.
    """

    def __init__(self, event: NoteOn, lane: "Lane", rate_hz: int) -> None:
        self.note = event.note
        self.lane = lane
        self.begun = event.sample
        self.left = -1
        self.settled = False
        self._played: float = event.note - event.moved
        self._detuned = event.detuned  # of the key that the pitch is relative to
        self.follower = PitchFollower(rate_hz, event.note - event.moved, event.midi - event.moved, event.sample)
        self.known_as = key_of(event)

    @property
    def bend(self) -> float:
        """Semitones from the note that was sent to its pitch."""
        return self.follower.midi - self._played

    def is_ended_by(self, event: NoteOff) -> bool:
        """Whether this is its note-off."""
        return self.known_as == key_of(event)

    def is_corrected_by(self, event: NoteOn) -> bool:
        """Whether this is the same note, under a better name."""
        return event.corrects != 0 and self.known_as[0] == event.corrects

    def reaches(self, event: NoteOn, semitones: int) -> bool:
        """Whether it can be bent as far as another note.

        Parameters
        ----------
        event : NoteOn
            That note's beginning.
        semitones : int
            The bend range.
        """
        return abs(event.note - event.moved - self._key_beside(event)) <= semitones

    def has_slid_to(self, event: NoteOn) -> bool:
        """Whether its pitch has got to that of another note, without a break."""
        away = self._detuned - event.detuned
        return abs(self.follower.midi + away - (event.midi - event.moved)) < _SLID_ST

    def rename(self, event: NoteOn) -> None:
        """It goes on under the name of this event."""
        self.left = -1
        self.settled = False
        self._played, self._detuned = self._key_beside(event), event.detuned
        self.follower.rename(event.note - event.moved, event.midi - event.moved)
        self.known_as = key_of(event)

    def _key_beside(self, event: NoteOn) -> float:
        """Where the key that sounds lies, among numbers that are an event's semitones apart.

        The pitch is relative to the newest note's key. On a receiver with a tuning the key that was sent lies nearer to
        that, or further from it, than its number says.
        """
        return self._played + self._detuned - event.detuned


class Lane:
    """A channel: what sounds on it, and how it is bent.

    Parameters
    ----------
    channel : int
        0 to 15.
    rate_hz : int
        Sample rate of the events.
    semitones : int
        Its bend range.
    controls : iterable of Control
        What follows the sound on it.

    Attributes
    ----------
    channel : int
    voices : list of Voice
        What sounds, oldest first.
    free_since : int
        When the last of them ended, a sample index.
    dial : BendDial
    bent : bool
        Whether its bend has not certainly got back to 0.
    """

    def __init__(self, channel: int, rate_hz: int, semitones: int, controls: Iterable[Control] = ()) -> None:
        self.channel = channel
        self.voices: list[Voice] = []
        self.free_since = 0
        self.dial = BendDial(rate_hz)
        self.bent = False
        self._range = semitones
        self._followers = [Follower(control, rate_hz) for control in controls]

    def home(self, sample: int) -> list[Message]:
        """Bend back to 0, if it is elsewhere."""
        return [] if self.dial.at == 0.0 else [self.reset(sample)]

    def reset(self, sample: int) -> Message:
        """Bend back to 0, wherever it is."""
        return self.place(0.0, sample)

    def place(self, semitones: float, sample: int) -> Message:
        """Bend so far, whatever was before.

        Parameters
        ----------
        semitones : float
            The bend; what is beyond the range stays at its end.
        sample : int
            Now.
        """
        within = self._within(semitones)
        self.dial.set(within, sample)
        return self._bend(within)

    def turn(self, semitones: float, sample: int) -> list[Message]:
        """Bend so far, if that is worth a message now.

        Parameters
        ----------
        semitones : float
            The bend; what is beyond the range stays at its end.
        sample : int
            Now.
        """
        within = self._within(semitones)
        return [self._bend(within)] if self.dial.turn(within, sample) else []

    def jump(self, semitones: float, sample: int, least: float = FAR_ST) -> list[Message]:
        """As `turn`, but without waiting for where the pitch goes.

        Parameters
        ----------
        semitones : float
            The bend.
        sample : int
            Now.
        least : float
            Semitones from the last one that are worth a message.
        """
        within = self._within(semitones)
        return [self._bend(within)] if self.dial.jump(within, sample, least) else []

    def hear(self, event: PitchEstimate) -> list[Message]:
        """The controllers that a hop moves, while something sounds.

        Parameters
        ----------
        event : PitchEstimate
            The hop.
        """
        messages: list[Message] = []
        for follower in self._followers:
            value = follower.take(strength_of(follower.control.source, event), event.sample)
            if value is not None:
                messages += self._set(follower, value)
        return messages

    def start(self, event: NoteOn, *, at_rest: bool) -> list[Message]:
        """The controllers as a note begins, before its note-on.

        Parameters
        ----------
        event : NoteOn
            The note.
        at_rest : bool
            Whether all are sent, and not only those that are elsewhere.
        """
        messages: list[Message] = []
        for follower in self._followers:
            before = follower.at
            level = follower.control.source == "level"
            value = follower.start(event.velocity / LOUDEST if level else follower.strength, event.sample)
            if follower.control.target != "poly" and (at_rest or value != before):
                messages += self._set(follower, value)
        return messages

    def rest(self) -> list[Message]:
        """The controllers back to where receivers have them at first."""
        messages: list[Message] = []
        for follower in self._followers:
            if follower.away:
                messages += self._set(follower, follower.rest())
        return messages

    def sent(self, message: Message) -> None:
        """Note that a message of this channel got out."""
        if message.type == "pitchwheel":
            self.bent = self.bent and (message.pitch != 0 or self.dial.at != 0.0)
        for follower in self._followers:
            follower.sent(message)

    def _set(self, follower: Follower, value: int) -> list[Message]:
        notes = [voice.note for voice in self.voices] if follower.control.target == "poly" else [0]
        return [follower.control.message(self.channel, note, value) for note in notes]

    def _within(self, semitones: float) -> float:
        return min(self._range, max(-self._range, semitones))

    def _bend(self, semitones: float) -> Message:
        steps = min(FULL_BEND - 1, round(semitones / self._range * FULL_BEND))
        self.bent = self.bent or steps != 0
        return Message("pitchwheel", skip_checks=True, channel=self.channel, pitch=steps)

    def control(self, number: int, value: int = 0) -> Message:
        """A controller of this channel.

        Parameters
        ----------
        number : int
            Which one.
        value : int
            0 to 127.
        """
        return Message("control_change", channel=self.channel, control=number, value=value)


def key_of(event: NoteOn | NoteOff) -> tuple[int, int]:
    """What a note-on and its note-off have in common."""
    return event.note_id, event.note
