"""Several channels at one output, each with an encoder and an instrument of its own."""

from collections.abc import Callable, Mapping

from mido import Message

from streamer.events import Event, NoteOff, NoteOn
from streamer.expression.encoders import Encoder
from streamer.music.zones import Instrument

BANK_COARSE, BANK_FINE = 0, 32  # controllers


class ChannelsEncoder(Encoder):
    """Leads each note to the encoder of its channel, and everything else to all.

    Parameters
    ----------
    instruments : mapping of int to Instrument
        What each channel, 0 to 15, is told to sound like; the first takes notes without a channel.
    make_encoder : callable
        ``make_encoder(channel)`` makes the encoder of a channel.
    """

    def __init__(self, instruments: Mapping[int, Instrument], make_encoder: Callable[[int], Encoder]) -> None:
        self._instruments = dict(instruments)
        self._encoders = {channel: make_encoder(channel) for channel in instruments}
        self._first = next(iter(self._encoders))
        self.wants_pitch = any(encoder.wants_pitch for encoder in self._encoders.values())
        self.bend_range = max(encoder.bend_range for encoder in self._encoders.values())

    def begin(self) -> list[Message]:
        """See `Encoder.begin`; instruments first."""
        messages = []
        for channel, encoder in self._encoders.items():
            messages += [*_selected(channel, self._instruments[channel]), *encoder.begin()]
        return messages

    def encode(self, event: Event) -> list[Message]:
        """See `Encoder.encode`."""
        if isinstance(event, NoteOn | NoteOff):
            return self._of(self._first if event.channel is None else event.channel).encode(event)
        return [message for encoder in self._encoders.values() for message in encoder.encode(event)]

    def set_bend(self, mode: str) -> list[Message]:
        """See `Encoder.set_bend`."""
        messages = [message for encoder in self._encoders.values() for message in encoder.set_bend(mode)]
        self.wants_pitch = any(encoder.wants_pitch for encoder in self._encoders.values())
        return messages

    def end(self) -> list[Message]:
        """See `Encoder.end`."""
        return [message for encoder in self._encoders.values() for message in encoder.end()]

    def panic(self) -> list[Message]:
        """See `Encoder.panic`."""
        return [message for encoder in self._encoders.values() for message in encoder.panic()]

    def sent(self, message: Message) -> None:
        """See `Encoder.sent`."""
        self._of(message.channel).sent(message)

    def withdrawn(self, message: Message) -> None:
        """See `Encoder.withdrawn`."""
        self._of(message.channel).withdrawn(message)

    def _of(self, channel: int) -> Encoder:
        """The encoder of a channel; one that is alone may use others than its own, as that of MPE does."""
        return self._encoders[channel if len(self._encoders) > 1 else self._first]


def _selected(channel: int, instrument: Instrument) -> list[Message]:
    """What selects an instrument: a bank counts from the program change that follows it."""
    messages = []
    if instrument.bank is not None:
        coarse, fine = divmod(instrument.bank, 128)
        for control, value in ((BANK_COARSE, coarse), (BANK_FINE, fine)):
            messages.append(Message("control_change", channel=channel, control=control, value=value))
    if instrument.program is not None or instrument.bank is not None:
        messages.append(Message("program_change", channel=channel, program=instrument.program or 0))
    return messages
