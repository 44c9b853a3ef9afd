"""The encoder that bends: notes sound at the pitch that is played."""

from collections import Counter, deque

from mido import Message

from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.controls import Control, parse_control
from streamer.expression.curves import velocity_curve
from streamer.expression.dial import WAKE_ST
from streamer.expression.encoders import ALL_NOTES_OFF, ALL_SOUND_OFF, Encoder
from streamer.expression.lanes import Lane, Voice, key_of
from streamer.settings.expression import Expression
from streamer.units import A4_HZ, hz_to_midi

USUAL_RANGE = 2  # semitones, of a receiver that was told nothing
USUAL_RELEASE = 64  # velocity
NO_RPN = 127
RPN, DATA = (101, 100), (6, 38)  # controllers, coarse and fine
_SETTLED_MS = 50.0  # after which the mode trigger leaves a note alone
_IDLE_MS = 1000.0  # after the last note: what rings on is hardly heard then
_TELLING_MS = 5000.0  # so often, while nothing sounds, the range is told again
_NAMELESS_MS = 400.0  # so long a slide goes on without a name
_ABSORBED = 64  # notes, at most, whose own note-off is still to come


class BendingEncoder(Encoder):
    """Notes, pitch bends and continuous controllers on one channel.

    A note begins with the bend at 0, and is bent at once where its pitch is not that of its name. A name that turns
    out to be wrong is put right by the bend.

    Parameters
    ----------
    expression : Expression
        Settings.
    rate_hz : int
        Sample rate of the events.
    channel : int
        0 to 15.
    a4_hz : float
        Frequency of A4 that note numbers are relative to.

    Raises
    ------
    ConfigError
        If a velocity curve or a control is none.
    """

    def __init__(self, expression: Expression, rate_hz: int, channel: int = 0, a4_hz: float = A4_HZ) -> None:
        self._mode = expression.mode
        self._reach = expression.semitones
        self.bend_range = 0 if self._mode == "off" else self._reach
        self._velocity = velocity_curve(expression)
        self._a4_hz = a4_hz
        self._rate_hz = rate_hz
        self._settled = round(_SETTLED_MS * rate_hz / 1000.0)
        self._nameless = round(_NAMELESS_MS * rate_hz / 1000.0)
        self._idle = round(_IDLE_MS * rate_hz / 1000.0)
        self._lanes = self._make_lanes(channel, [parse_control(text) for text in expression.control])
        self._lane_of = {lane.channel: lane for lane in self._lanes}
        self._voices: list[Voice] = []  # oldest first
        self._absorbed: deque[tuple[int, int]] = deque(maxlen=_ABSORBED)
        self._unsure: Counter[tuple[int, int]] = Counter()  # channels and notes; a note-off has not certainly got out
        self._now = 0
        self.wants_pitch = bool(self.bend_range) or self._controlled
        self.joins = self._mode == "glide"
        self._tells_again = self.bend_range not in (0, USUAL_RANGE)
        self._telling = round(_TELLING_MS * rate_hz / 1000.0)
        self._told_until = self._telling
        self._at_rest = True  # whether nothing is to be done until a note begins

    def begin(self) -> list[Message]:
        """See `Encoder.begin`: the range, and no bend."""
        return [*self._range(), *(lane.reset(self._now) for lane in self._lanes)] if self.bend_range else []

    def encode(self, event: Event) -> list[Message]:
        """See `Encoder.encode`."""
        self._now = event.sample
        match event:
            case PitchEstimate():
                if self._at_rest:
                    return self._tell_again() if self._tells_again and event.sample >= self._told_until else []
                return [*self._leave(), *self._follow(event)] if self._voices else self._idled()
            case NoteOn():
                return self._begin(event)
            case NoteOff():
                return [*self._leave(), *self._end(event)]
            case _:
                return self._leave(at_once=True)

    def set_bend(self, mode: str) -> list[Message]:
        """See `Encoder.set_bend`."""
        messages = self._leave(at_once=True)
        self._mode = mode
        self.bend_range = 0 if mode == "off" else self._reach
        self.wants_pitch = bool(self.bend_range) or self._controlled
        self._at_rest, self.joins = False, mode == "glide"
        for voice in self._voices:
            voice.settled = False
        homes = [message for lane in self._lanes for message in lane.home(self._now)]
        return [*messages, *homes, *(self._range() if self.bend_range and self._tells_again else [])]

    def end(self) -> list[Message]:
        """See `Encoder.end`; and no channel is bent."""
        self._voices.clear()
        offs = [Message("note_off", channel=channel, note=note) for channel, note in sorted(self._unsure.elements())]
        messages = list(offs)
        for lane in self._lanes:
            lane.voices.clear()
            messages += [lane.control(ALL_NOTES_OFF), *([lane.reset(self._now)] if lane.bent else []), *lane.rest()]
        return messages

    def panic(self) -> list[Message]:
        """See `Encoder.panic`."""
        return [*self.end(), *(lane.control(ALL_SOUND_OFF) for lane in self._lanes)]

    def sent(self, message: Message) -> None:
        """See `Encoder.sent`."""
        if message.type == "note_off":
            self._forget(message)
        elif (lane := self._lane_of.get(message.channel)) is not None:
            lane.sent(message)

    def withdrawn(self, message: Message) -> None:
        """See `Encoder.withdrawn`."""
        if message.type == "note_on":
            self._forget(message)

    def _range(self) -> list[Message]:
        """The bend range; and data that comes later, from anywhere, is not taken for another."""
        return self._range_of(self._lanes[0])

    def _range_of(self, lane: Lane) -> list[Message]:
        values = (0, 0, self._reach, 0, NO_RPN, NO_RPN)
        return [lane.control(number, value) for number, value in zip((*RPN, *DATA, *RPN), values, strict=True)]

    def _begin(self, event: NoteOn) -> list[Message]:
        self._at_rest = False
        for voice in self._voices:
            if self._goes_on_as(voice, event):
                if voice.left < 0:
                    self._absorbed.append(voice.known_as)
                voice.rename(event)
                return voice.lane.jump(voice.bend, event.sample)
        before = self._leave(at_once=True)
        lane = self._free_lane()
        voice = Voice(event, lane, self._rate_hz)
        self._voices.append(voice)
        self._unsure[lane.channel, event.note] += 1
        velocity = self._velocity(event.velocity)
        on = Message("note_on", channel=lane.channel, note=event.note, velocity=velocity)
        return [*before, *self._started(voice, event, on)]

    def _started(self, voice: Voice, event: NoteOn, on: Message) -> list[Message]:
        """The note-on, and what goes before and after it. A bend that came before would be heard of the last note."""
        lane = voice.lane
        before = [*lane.home(event.sample), *lane.start(event, at_rest=False)]
        lane.voices.append(voice)
        after = lane.jump(voice.bend, event.sample) if self.bend_range else []
        return [*before, on, *after]

    def _goes_on_as(self, voice: Voice, event: NoteOn) -> bool:
        """Whether a note is this one, too: its name was wrong, or it has slid here."""
        if not self.bend_range or not voice.reaches(event, self.bend_range):
            return False
        if voice.is_corrected_by(event):
            return True
        return voice.left >= 0 and voice.has_slid_to(event)

    def _end(self, event: NoteOff) -> list[Message]:
        if key_of(event) in self._absorbed:
            self._absorbed.remove(key_of(event))
            return []
        voice = next((voice for voice in self._voices if voice.is_ended_by(event)), None)
        if voice is None:
            return []
        voice.left = event.sample
        if self._mode != "glide" or event.released:
            return self._leave(at_once=True)
        return [] if event.followed else self._leave()

    def _leave(self, *, at_once: bool = False) -> list[Message]:
        """The note-offs of what has ended, unless it slides on: then its next name is yet to come."""
        messages = []
        for voice in [voice for voice in self._voices if voice.left >= 0]:
            if not at_once and self._now - voice.left < self._nameless and voice.follower.is_sliding(self._now):
                continue
            self._voices.remove(voice)
            voice.lane.voices.remove(voice)
            voice.lane.free_since = self._now
            velocity = self._release_velocity()
            messages.append(Message("note_off", channel=voice.lane.channel, note=voice.note, velocity=velocity))
        return messages

    def _release_velocity(self) -> int:
        return USUAL_RELEASE

    def _follow(self, event: PitchEstimate) -> list[Message]:
        messages = self._bend(event) if self.bend_range and event.f0_hz is not None else []
        if self._controlled:
            for lane in self._lanes:
                if lane.voices:
                    messages += lane.hear(event)
        return messages

    def _bend(self, event: PitchEstimate) -> list[Message]:
        midi = hz_to_midi(event.f0_hz or 1.0, self._a4_hz)
        messages: list[Message] = []
        for voice in self._voices:
            if voice.settled:
                continue
            voice.follower.take(midi, event.sample, event.sample - event.centre, slides=self._mode == "glide")
            if self._mode == "trigger":
                voice.settled = event.sample - voice.begun >= self._settled
                if voice.settled and voice is voice.lane.voices[-1]:
                    messages += voice.lane.jump(voice.bend, event.sample, WAKE_ST)
            elif voice is voice.lane.voices[-1]:
                messages += voice.lane.turn(voice.bend, event.sample)
        return messages

    def _idled(self) -> list[Message]:
        """After a while without a note nothing is bent; a receiver that came late is told the range."""
        if self._now - max(lane.free_since for lane in self._lanes) < self._idle:
            return []
        self._at_rest = True
        messages = self._tell_again() if self._tells_again else []
        return [*messages, *(message for lane in self._lanes for message in (*lane.home(self._now), *lane.rest()))]

    def _tell_again(self) -> list[Message]:
        """While nothing sounds: somebody may have connected since."""
        self._told_until = self._now + self._telling
        return self._range()

    def _make_lanes(self, channel: int, controls: list[Control]) -> list[Lane]:
        self._controlled = bool(controls)
        return [Lane(channel, self._rate_hz, self._reach, controls)]

    def _free_lane(self) -> Lane:
        return self._lanes[0]

    def _forget(self, message: Message) -> None:
        key = message.channel, message.note
        if self._unsure[key] > 1:
            self._unsure[key] -= 1
        else:
            del self._unsure[key]
