"""The encoder that bends: notes sound at the pitch that is played."""

from collections import Counter, deque

from mido import Message

from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.encoders import ALL_NOTES_OFF, ALL_SOUND_OFF, Encoder
from streamer.expression.lanes import Lane, Voice, key_of
from streamer.settings.expression import Expression
from streamer.units import A4_HZ, hz_to_midi

USUAL_RANGE = 2  # semitones, of a receiver that was told nothing
NO_RPN = 127
RPN, DATA = (101, 100), (6, 38)  # controllers, coarse and fine
_SETTLED_MS = 50.0  # after which the mode trigger leaves a note alone
_IDLE_MS = 1000.0  # after the last note: what rings on is hardly heard then
_ABSORBED = 64  # notes, at most, whose own note-off is still to come


class BendingEncoder(Encoder):
    """Notes and pitch bends on one channel.

    A note begins with the bend at 0, and is bent at once where its pitch is not that of its name. A name that turns
    out to be wrong is put right by the bend.

    Parameters
    ----------
    expression : Expression
        The mode and the range.
    rate_hz : int
        Sample rate of the events.
    channel : int
        0 to 15.
    a4_hz : float
        Frequency of A4 that note numbers are relative to.
    """

    wants_pitch = True

    def __init__(self, expression: Expression, rate_hz: int, channel: int = 0, a4_hz: float = A4_HZ) -> None:
        self.bend_range = expression.semitones
        self._mode = expression.bend
        self._a4_hz = a4_hz
        self._rate_hz = rate_hz
        self._settled = round(_SETTLED_MS * rate_hz / 1000.0)
        self._idle = round(_IDLE_MS * rate_hz / 1000.0)
        self._lanes = [Lane(channel, rate_hz, self.bend_range)]
        self._voices: list[Voice] = []  # oldest first
        self._absorbed: deque[tuple[int, int]] = deque(maxlen=_ABSORBED)
        self._unsure: Counter[tuple[int, int]] = Counter()  # channels and notes; a note-off has not certainly got out
        self._now = 0
        self._at_rest = True  # whether nothing is to be done until a note begins

    def begin(self) -> list[Message]:
        """See `Encoder.begin`: the range, and no bend."""
        return [*self._range(), *(lane.reset(self._now) for lane in self._lanes)]

    def encode(self, event: Event) -> list[Message]:
        """See `Encoder.encode`."""
        self._now = event.sample
        match event:
            case PitchEstimate():
                if self._at_rest:
                    return []
                return [*self._leave(), *self._follow(event)] if self._voices else self._idled()
            case NoteOn():
                return self._begin(event)
            case NoteOff():
                return [*self._leave(), *self._end(event)]
            case _:
                return self._leave()

    def end(self) -> list[Message]:
        """See `Encoder.end`; and no channel is bent."""
        self._voices.clear()
        offs = [Message("note_off", channel=channel, note=note) for channel, note in sorted(self._unsure.elements())]
        messages = list(offs)
        for lane in self._lanes:
            lane.voices.clear()
            messages += [lane.control(ALL_NOTES_OFF), *([lane.reset(self._now)] if lane.bent else [])]
        return messages

    def panic(self) -> list[Message]:
        """See `Encoder.panic`."""
        return [*self.end(), *(lane.control(ALL_SOUND_OFF) for lane in self._lanes)]

    def sent(self, message: Message) -> None:
        """See `Encoder.sent`."""
        if message.type == "note_off":
            self._forget(message)
        elif message.type == "pitchwheel" and message.pitch == 0:
            for lane in self._lanes:
                if lane.channel == message.channel:
                    lane.bent = lane.dial.at != 0.0

    def withdrawn(self, message: Message) -> None:
        """See `Encoder.withdrawn`."""
        if message.type == "note_on":
            self._forget(message)

    def _range(self) -> list[Message]:
        """The bend range; and data that comes later, from anywhere, is not taken for another."""
        lane = self._lanes[0]
        values = (0, 0, self.bend_range, 0, NO_RPN, NO_RPN)
        return [lane.control(number, value) for number, value in zip((*RPN, *DATA, *RPN), values, strict=True)]

    def _begin(self, event: NoteOn) -> list[Message]:
        self._at_rest = False
        for voice in self._voices:
            if self._goes_on_as(voice, event):
                if voice.left < 0:
                    self._absorbed.append(voice.known_as)
                voice.rename(event)
                return voice.lane.turn(voice.bend, event.sample, at_once=True)
        before = self._leave()
        lane = self._free_lane()
        voice = Voice(event, lane, self._rate_hz)
        lane.voices.append(voice)
        self._voices.append(voice)
        self._unsure[lane.channel, event.note] += 1
        on = Message("note_on", channel=lane.channel, note=event.note, velocity=event.velocity)
        return [*before, *lane.home(event.sample), on, *lane.turn(voice.bend, event.sample, at_once=True)]

    def _goes_on_as(self, voice: Voice, event: NoteOn) -> bool:
        """Whether a note is this one, too: its name was wrong, or it has slid here."""
        if not voice.reaches(event, self.bend_range):
            return False
        if voice.is_corrected_by(event):
            return True
        return voice.left == event.sample and voice.has_slid_to(event)

    def _end(self, event: NoteOff) -> list[Message]:
        if key_of(event) in self._absorbed:
            self._absorbed.remove(key_of(event))
            return []
        voice = next((voice for voice in self._voices if voice.is_ended_by(event)), None)
        if voice is None:
            return []
        voice.left = event.sample
        return [] if event.followed and self._mode == "glide" else self._leave()

    def _leave(self) -> list[Message]:
        """The note-offs of what has ended, and is not taken up."""
        messages = []
        for voice in [voice for voice in self._voices if voice.left >= 0]:
            self._voices.remove(voice)
            voice.lane.voices.remove(voice)
            voice.lane.free_since = self._now
            messages.append(Message("note_off", channel=voice.lane.channel, note=voice.note))
        return messages

    def _follow(self, event: PitchEstimate) -> list[Message]:
        if event.f0_hz is None:
            return []
        midi = hz_to_midi(event.f0_hz, self._a4_hz)
        messages: list[Message] = []
        for voice in self._voices:
            if voice.settled:
                continue
            voice.follower.take(midi, event.sample, slides=self._mode == "glide")
            if self._mode == "trigger":
                voice.settled = event.sample - voice.begun >= self._settled
                if not voice.settled:
                    continue
            if voice is voice.lane.voices[-1]:
                messages += voice.lane.turn(voice.bend, event.sample, at_once=voice.settled)
        return messages

    def _idled(self) -> list[Message]:
        """After a while without a note nothing is bent; a receiver that came late is told the range."""
        if self._now - max(lane.free_since for lane in self._lanes) < self._idle:
            return []
        self._at_rest = True
        messages = self._range() if self.bend_range != USUAL_RANGE else []
        return [*messages, *(message for lane in self._lanes for message in lane.home(self._now))]

    def _free_lane(self) -> Lane:
        return self._lanes[0]

    def _forget(self, message: Message) -> None:
        key = message.channel, message.note
        if self._unsure[key] > 1:
            self._unsure[key] -= 1
        else:
            del self._unsure[key]
