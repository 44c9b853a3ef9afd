"""The encoder that settings describe."""

from streamer.expression.articulation import ArticulatingEncoder, Articulation
from streamer.expression.bending import BendingEncoder
from streamer.expression.encoders import Encoder
from streamer.expression.mpe import MANAGERS, MpeEncoder
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

    Raises
    ------
    ConfigError
        If a velocity curve or a control is none.
    """
    articulation = Articulation(expression.legato, expression.min_length, expression.extend, expression.sustain)
    encoder = _make_plain(expression, rate_hz, channel, a4_hz)
    if not articulation:
        return encoder
    manager = channel if expression.mpe == "off" else MANAGERS[expression.mpe]
    return ArticulatingEncoder(encoder, articulation, rate_hz, manager)


def _make_plain(expression: Expression, rate_hz: int, channel: int, a4_hz: float) -> Encoder:
    """What takes no time over the ends of notes."""
    if expression.mpe != "off":
        return MpeEncoder(expression, rate_hz, a4_hz)
    return BendingEncoder(expression, rate_hz, channel, a4_hz)
