"""How MIDI is made, said once for all outputs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamer.settings.expression import Expression
from streamer.units import A4_HZ

if TYPE_CHECKING:
    from streamer.expression.encoders import Encoder


@dataclass(frozen=True, slots=True)
class MidiForm:
    """How MIDI is made, for files and ports.

    Attributes
    ----------
    tempo_bpm : float
        Beats a minute.
    channel : int
        MIDI channel, 1 to 16.
    preset : str
        Decides the instrument.
    title : str
        Name of the track.
    expression : Expression
        Bends and all that.
    a4_hz : float
        Frequency of A4 that note numbers are relative to.
    """

    tempo_bpm: float = 120.0
    channel: int = 1
    preset: str = "default"
    title: str = "streamer"
    expression: Expression = Expression()  # noqa: RUF009 - frozen
    a4_hz: float = A4_HZ

    def encoder(self, rate_hz: int) -> "Encoder":
        """An encoder for one output.

        Parameters
        ----------
        rate_hz : int
            Sample rate of the events.
        """
        from streamer.expression.make import make_encoder

        return make_encoder(self.expression, rate_hz, self.channel - 1, self.a4_hz)
