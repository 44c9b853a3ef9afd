"""How MIDI is made, said once for all outputs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.errors import ConfigError
from streamer.music.arrangement import Arrangement, Part
from streamer.music.config import MusicConfig
from streamer.music.output import Output, parse_output
from streamer.outputs.arranged import ArrangedSink
from streamer.outputs.programs import PROGRAMS
from streamer.outputs.sink import Sink
from streamer.settings.expression import EXPRESSION, Expression
from streamer.units import A4_HZ

if TYPE_CHECKING:
    from streamer.expression.encoders import Encoder
    from streamer.outputs.clock import MidiClock


@dataclass(frozen=True, slots=True)
class MidiForm:
    """How MIDI is made, for files and ports.

    Attributes
    ----------
    tempo_bpm : float
        Beats a minute.
    part : Part
        What is played, and on which channels.
    preset : str
        Decides the instrument of files, where the part says none.
    title : str
        Name of the track.
    expression : Expression
        Bends and all that.
    a4_hz : float
        Frequency of A4 that note numbers are relative to.
    """

    tempo_bpm: float = 120.0
    part: Part = Part()  # noqa: RUF009 - frozen
    preset: str = "default"
    title: str = "streamer"
    expression: Expression = Expression()  # noqa: RUF009 - frozen
    a4_hz: float = A4_HZ

    def __post_init__(self) -> None:
        """Refuse what cannot be sent.

        Raises
        ------
        ConfigError
            If zones are to have channels that MPE has for single notes.
        """
        if self.expression.mpe != "off" and self.part.zones:
            raise ConfigError("--mpe has a channel for each note, so there can be no --zone; leave one out")

    def special(self, outputs: Iterable[str], music: MusicConfig) -> "list[tuple[Output, MidiForm]]":
        """Outputs that have settings of their own, and how MIDI is made for each.

        Parameters
        ----------
        outputs : iterable of str
            As `streamer.music.output.parse_output` reads them.
        music : MusicConfig
            What holds for all.

        Raises
        ------
        ConfigError
            If one is none, or cannot be played so.
        """
        found = []
        for output in map(parse_output, outputs):
            expression = replace(self.expression, **output.of(EXPRESSION))
            form = replace(self, expression=expression, part=music.part(self.part.channel, output))
            found.append((output, form))
        return found

    def encoder(self, rate_hz: int) -> "Encoder":
        """An encoder for one output.

        Parameters
        ----------
        rate_hz : int
            Sample rate of the events.
        """
        from streamer.expression.make import make_encoder
        from streamer.music.encoder import ChannelsEncoder

        def made(channel: int) -> "Encoder":
            return make_encoder(self.expression, rate_hz, channel, self.a4_hz)

        several = self.part.zones or self.part.tells_instruments
        return ChannelsEncoder(self.part.instruments, made) if several else made(self.part.channel)

    def arranged(self, sink: Sink) -> Sink:
        """A sink that plays the part.

        Parameters
        ----------
        sink : Sink
            Gets what is played.
        """
        return ArrangedSink(sink, Arrangement(self.part)) if self.part.changes_notes else sink

    def file(
        self,
        path: str | Path,
        rate_hz: int,
        *,
        start: int = 0,
        title: str = "",
        received: bool = False,
        clock: "MidiClock | None" = None,
    ) -> Sink:
        """A MIDI file.

        Parameters
        ----------
        path : str or Path
            Where it is written; ``-`` is standard output.
        rate_hz : int
            Sample rate of the events.
        start : int
            Sample index that is the file's time zero.
        title : str
            Name of the track; by default the form's.
        received : bool
            Whether each message stands at the time it was emitted.
        clock : MidiClock, optional
            Whose beats are those of the file.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        from streamer.outputs.midifile import MidiFileSink

        sink = MidiFileSink(
            path,
            rate_hz,
            start=start,
            channel=self.part.channel,
            encoder=self.encoder(rate_hz),
            tempo_bpm=self.tempo_bpm,
            track_name=title or self.title,
            program=None if self.part.tells_instruments else PROGRAMS.get(self.preset),
            received=received,
            steps_per_beat=0 if received else self.part.steps_per_beat,
            clock=None if received else clock,
        )
        return self.arranged(sink)
