"""A receiver of MIDI, as the standard describes it: what sounds on it, at which pitch, after each message."""

from collections.abc import Iterable

import mido

from streamer.events import Event
from streamer.expression.encoders import Encoder

CHANNELS = 16


class Receiver:
    """Takes messages, and knows what sounds.

    Attributes
    ----------
    held : list of (int, int)
        Channel and number of each note, oldest first.
    bends : list of float
        Of each channel, semitones.
    heard : list of (int, float)
        Sample index and pitch of the newest note after each message; 0 for silence.
    log : list of (int, Message)
        All that came.
    """

    def __init__(self) -> None:
        self.held: list[tuple[int, int]] = []
        self.ranges = [2.0] * CHANNELS
        self._steps = [0] * CHANNELS
        self._rpn = [(127, 127)] * CHANNELS
        self.heard: list[tuple[int, float]] = []
        self.log: list[tuple[int, mido.Message]] = []

    @property
    def bends(self) -> list[float]:
        return [steps / 8192 * semitones for steps, semitones in zip(self._steps, self.ranges, strict=True)]

    @property
    def pitch(self) -> float:
        """Of the newest note; 0 for silence."""
        return self.held[-1][1] + self.bends[self.held[-1][0]] if self.held else 0.0

    def take(self, message: mido.Message, sample: int = 0) -> None:
        self.log.append((sample, message))
        match message.type:
            case "note_on" if message.velocity:
                self.held.append((message.channel, message.note))
            case "note_on" | "note_off":
                self.held = [held for held in self.held if held != (message.channel, message.note)]
            case "pitchwheel":
                self._steps[message.channel] = message.pitch
            case "control_change":
                self._control(message.channel, message.control, message.value)
        self.heard.append((sample, self.pitch))

    def of(self, kind: str) -> list[mido.Message]:
        """All messages of a type."""
        return [message for _, message in self.log if message.type == kind]

    def _control(self, channel: int, control: int, value: int) -> None:
        if control in (100, 101):
            coarse, fine = self._rpn[channel]
            self._rpn[channel] = (value, fine) if control == 101 else (coarse, value)
        elif control == 6 and self._rpn[channel] == (0, 0):
            self.ranges[channel] = float(value)
        elif control in (120, 123):
            self.held = [held for held in self.held if held[0] != channel]


def play(encoder: Encoder, events: Iterable[Event], receiver: Receiver | None = None) -> Receiver:
    """Have a receiver get what an encoder makes of events; one that is new is told what it must know first."""
    if receiver is None:
        receiver = Receiver()
        deliver(encoder, encoder.begin(), receiver)
    for event in events:
        deliver(encoder, encoder.encode(event), receiver, event.sample)
    return receiver


def deliver(encoder: Encoder, messages: Iterable[mido.Message], receiver: Receiver, sample: int = 0) -> None:
    for message in messages:
        receiver.take(message, sample)
        encoder.sent(message)
