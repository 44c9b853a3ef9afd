"""MIDI Polyphonic Expression: each note on a channel of its own, with its own bend, pressure and timbre."""

from collections import deque

from mido import Message

from streamer.errors import ConfigError
from streamer.events import NoteOn, PitchEstimate
from streamer.expression.bending import DATA, NO_RPN, RPN, USUAL_RELEASE, BendingEncoder
from streamer.expression.controls import Control
from streamer.expression.encoders import ALL_NOTES_OFF
from streamer.expression.lanes import LOUDEST, Lane, Voice
from streamer.settings.expression import Expression
from streamer.units import A4_HZ

MPE_RPN = 6  # MPE Configuration Message: how many member channels the zone of this manager has
MANAGERS = {"lower": 0, "upper": 15}
TIMBRE = 74
_ENDING_MS = 40.0  # over which it is measured how fast a note ends
_HOPS = 64
_FASTEST_DB = 36.0  # in that time: as if it were cut


class MpeEncoder(BendingEncoder):
    """Notes, bends, pressure from loudness and timbre from brightness in one MPE zone.

    Member channels take turns, so that what rings on is not bent with the next note. What a note begins with is sent
    before its note-on, as MPE wants it. The release velocity tells how fast the note became softer.

    Parameters
    ----------
    expression : Expression
        Settings; controls of its own take the place of pressure and timbre.
    rate_hz : int
        Sample rate of the events.
    a4_hz : float
        Frequency of A4 that note numbers are relative to.

    Raises
    ------
    ConfigError
        If a velocity curve or a control is none.
    """

    def __init__(self, expression: Expression, rate_hz: int, a4_hz: float = A4_HZ) -> None:
        self._members = expression.mpe_channels
        self._manager = Lane(MANAGERS[expression.mpe], rate_hz, expression.semitones)
        self._next = 0  # of the lanes, whose turn it is
        self._levels: deque[tuple[int, float]] = deque(maxlen=_HOPS)
        self._ending = round(_ENDING_MS * rate_hz / 1000.0)
        super().__init__(expression, rate_hz, self._manager.channel, a4_hz)
        self._tells_again = True

    def begin(self) -> list[Message]:
        """See `Encoder.begin`: the zone, the range of its channels, and no bend."""
        return [*self._range(), *(lane.reset(self._now) for lane in self._lanes)]

    def end(self) -> list[Message]:
        """See `Encoder.end`."""
        return [*super().end(), self._manager.control(ALL_NOTES_OFF)]

    def _make_lanes(self, channel: int, controls: list[Control]) -> list[Lane]:
        away = 1 if channel == MANAGERS["lower"] else -1
        if any(control.target == "poly" for control in controls):
            raise ConfigError("MPE has no poly pressure; write pressure, which there is that of each note")
        self._controlled = True
        # A level of 10 dB less is half as loud, and not a fifth less: this curve comes near to that.
        controls = controls or [Control("pressure", "level", "hard"), Control(TIMBRE, "brightness")]
        return [Lane(channel + away * k, self._rate_hz, self._reach, controls) for k in range(1, self._members + 1)]

    def _range(self) -> list[Message]:
        zone = zip((*RPN, DATA[0], *RPN), (0, MPE_RPN, self._members, NO_RPN, NO_RPN), strict=True)
        ranges = [message for lane in self._lanes for message in self._range_of(lane)]
        return [*(self._manager.control(number, value) for number, value in zone), *ranges]

    def _free_lane(self) -> Lane:
        """The one whose turn it is, of those on which least sounds."""
        turns = [*self._lanes[self._next :], *self._lanes[: self._next]]
        lane = min(turns, key=lambda lane: len(lane.voices))
        self._next = (self._lanes.index(lane) + 1) % len(self._lanes)
        return lane

    def _started(self, voice: Voice, event: NoteOn, on: Message) -> list[Message]:
        lane = voice.lane
        bend = lane.place(voice.bend if self.bend_range else 0.0, event.sample)
        controls = lane.start(event, at_rest=True)
        lane.voices.append(voice)
        return [bend, *controls, on]

    def _follow(self, event: PitchEstimate) -> list[Message]:
        self._levels.append((event.sample, event.level_db))
        return super()._follow(event)

    def _release_velocity(self) -> int:
        """From how much softer it has become in the last moment: what is damped ends faster than what rings out."""
        recent = [level_db for sample, level_db in self._levels if self._now - sample <= self._ending]
        if not recent:
            return USUAL_RELEASE
        return max(1, min(LOUDEST, round((max(recent) - recent[-1]) / _FASTEST_DB * LOUDEST)))
