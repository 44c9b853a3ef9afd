"""The encoder that settings describe."""

from streamer.expression.bending import BendingEncoder
from streamer.expression.encoders import Encoder, PlainEncoder
from streamer.settings.expression import Expression
from streamer.units import A4_HZ


def make_encoder(expression: Expression, rate_hz: int, channel: int = 0, a4_hz: float = A4_HZ) -> Encoder:
    """An encoder for one output.

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
    """
    if expression.bend == "off":
        return PlainEncoder(channel)
    return BendingEncoder(expression, rate_hz, channel, a4_hz)
