"""How long notes are sent: longer than they are played, into each other, or with the pedal down."""

from dataclasses import dataclass, replace

from mido import Message

from streamer.events import Event, NoteOff, NoteOn
from streamer.expression.encoders import Encoder
from streamer.units import s_to_samples

PEDAL = 64


@dataclass(frozen=True, slots=True)
class Articulation:
    """What is done to the ends of notes.

    Attributes
    ----------
    legato : bool
        A note that follows at once begins before the last one ends.
    least_ms : float
        Notes are at least so long.
    extend_ms : float
        And so much longer than they are played.
    pedal_ms : float
        The sustain pedal is down from the first note until nothing has been played for so long; 0 for no pedal.
    """

    legato: bool = False
    least_ms: float = 0.0
    extend_ms: float = 0.0
    pedal_ms: float = 0.0

    def __bool__(self) -> bool:
        """Whether anything is done."""
        return self.legato or max(self.least_ms, self.extend_ms, self.pedal_ms) > 0.0


class ArticulatingEncoder(Encoder):
    """Makes note-offs wait before another encoder gets them.

    What is ended from outside ends at once.

    Parameters
    ----------
    encoder : Encoder
        Nobody else's.
    articulation : Articulation
        What to do.
    rate_hz : int
        Sample rate of the events.
    channel : int
        That of the pedal, 0 to 15.
    """

    wants_pitch = True  # whatever else: they tell the time

    def __init__(self, encoder: Encoder, articulation: Articulation, rate_hz: int, channel: int = 0) -> None:
        self._encoder = encoder
        self._legato = articulation.legato
        self._channel = channel
        self._least, self._extend, self._pedal = (
            s_to_samples(ms / 1000.0, rate_hz)
            for ms in (articulation.least_ms, articulation.extend_ms, articulation.pedal_ms)
        )
        self._begun: dict[tuple[int, int], int] = {}  # when each note was sent
        self._waiting: list[tuple[int, NoteOff]] = []  # and until when
        self._played = 0  # when a note last began or ended
        self._down = False
        self._unsure = False  # whether the pedal has not certainly been let go

    @property
    def joins(self) -> bool:  # type: ignore[override]
        """That of the other encoder."""
        return self._encoder.joins

    @property
    def bend_range(self) -> int:  # type: ignore[override]
        """That of the other encoder."""
        return self._encoder.bend_range

    def begin(self) -> list[Message]:
        """See `Encoder.begin`."""
        return self._encoder.begin()

    def set_bend(self, mode: str) -> list[Message]:
        """See `Encoder.set_bend`."""
        return self._encoder.set_bend(mode)

    def encode(self, event: Event) -> list[Message]:
        """See `Encoder.encode`."""
        match event:
            case NoteOn():
                return self._begin(event)
            case NoteOff():
                return self._end(event)
            case _:
                due = self._take_due(event.sample) if self._waiting else []
                messages = self._encoder.encode(event)
                if self._down and not self._begun and event.sample - self._played >= self._pedal:
                    due += self._lift()
                return [*due, *messages] if due else messages

    def end(self) -> list[Message]:
        """See `Encoder.end`; and the pedal is up."""
        self._waiting.clear()
        self._begun.clear()
        return [*self._encoder.end(), *(self._lift() if self._unsure else [])]

    def panic(self) -> list[Message]:
        """See `Encoder.panic`."""
        self._waiting.clear()
        self._begun.clear()
        return [*(self._lift() if self._unsure else []), *self._encoder.panic()]

    def sent(self, message: Message) -> None:
        """See `Encoder.sent`."""
        if message.is_cc(PEDAL) and message.value == 0 and not self._down:
            self._unsure = False
        self._encoder.sent(message)

    def withdrawn(self, message: Message) -> None:
        """See `Encoder.withdrawn`."""
        self._encoder.withdrawn(message)

    def _begin(self, event: NoteOn) -> list[Message]:
        # On one channel two notes of one number cannot be told apart, so the first ends before the second begins.
        messages = self._take_due(event.sample, event.note)
        if self._pedal and not self._down:
            self._down = self._unsure = True
            messages.append(self._control(127))
        if event.corrects:
            self._begun = {key: at for key, at in self._begun.items() if key[0] != event.corrects}
        self._begun[event.note_id, event.note] = self._played = event.sample
        messages += self._encoder.encode(event)
        return messages + self._take_due(event.sample)

    def _end(self, event: NoteOff) -> list[Message]:
        begun = self._begun.pop((event.note_id, event.note), None)
        self._played = event.sample
        if event.released:
            earlier = [off for _, off in self._waiting]
            self._waiting.clear()
            return [m for off in [*earlier, event] for m in self._encoder.encode(replace(off, sample=event.sample))]
        # A name that was corrected is not the end of its note; and a note that slides on has no end yet.
        if begun is None or (event.followed and self._encoder.joins):
            return self._encoder.encode(event)
        until = max(event.sample + self._extend, begun + self._least)
        if until <= event.sample and not (self._legato and event.followed):
            return self._encoder.encode(event)
        self._waiting.append((until, event))
        return []

    def _take_due(self, now: int, note: int = -1) -> list[Message]:
        """The note-offs that need wait no more, or are of this note."""
        due = [off for until, off in self._waiting if (until <= now if note < 0 else off.note == note)]
        self._waiting = [waits for waits in self._waiting if waits[1] not in due]
        messages: list[Message] = []
        for off in due:
            offset = min(now, max(off.offset + self._extend, off.offset))
            messages += self._encoder.encode(replace(off, sample=now, offset=offset, followed=False))
        return messages

    def _lift(self) -> list[Message]:
        self._down = False
        return [self._control(0)]

    def _control(self, value: int) -> Message:
        return Message("control_change", channel=self._channel, control=PEDAL, value=value)
