"""What the settings of music ask for."""

from dataclasses import dataclass

from streamer.control import MOST_SEMITONES
from streamer.errors import ConfigError
from streamer.expression.ledger import Ledger
from streamer.music.arrangement import Part
from streamer.music.lock import LOCKS, NoteLock
from streamer.music.scales import SEMITONES_PER_OCTAVE, parse_scale
from streamer.music.zones import Instrument, parse_zone
from streamer.settings import music as settings
from streamer.settings.description import described, settings_of


@dataclass(frozen=True, slots=True)
class MusicConfig:
    """Which notes are sent for those that are played. Each field carries its description.

    Attributes
    ----------
    scale : str
        As `streamer.music.scales.parse_scale` reads it; empty for none.
    lock : str
        ``snap``, ``drop`` or ``off``: what becomes of notes outside the scale.
    transpose : int
        Semitones.
    octave : int
        Octaves, added to it.
    harmony : tuple of int
        Intervals of the notes that are added to each, as musicians count them: 3 is a third above.
    zones : tuple of str
        As `streamer.music.zones.parse_zone` reads them.
    program : int
        Instrument, counted from 1; 0 for none.
    bank : int
        Its bank; -1 for none.
    """

    scale: str = described(settings.SCALE)
    lock: str = described(settings.LOCK)
    transpose: int = described(settings.TRANSPOSE)
    octave: int = described(settings.OCTAVE)
    harmony: tuple[int, ...] = described(settings.HARMONY)
    zones: tuple[str, ...] = described(settings.ZONES)
    program: int = described(settings.PROGRAM)
    bank: int = described(settings.BANK)

    def __post_init__(self) -> None:
        """Refuse what cannot work, in one line.

        Raises
        ------
        ConfigError
            If a value is out of range, or there is no such scale.
        """
        for name, setting in settings_of(self).items():
            setting.check(getattr(self, name), name)
        if abs(self.semitones) > MOST_SEMITONES:
            raise ConfigError(
                f"--transpose {self.transpose} and --octave {self.octave} are {self.semitones} semitones together; "
                f"more than {MOST_SEMITONES} up or down leave nothing to hear"
            )
        self.note_lock()
        self.part()

    @property
    def semitones(self) -> int:
        """Transposition and octaves together."""
        return self.transpose + SEMITONES_PER_OCTAVE * self.octave

    def note_lock(self) -> NoteLock | None:
        """What holds notes in the scale, or None. Raises `ConfigError` where there is no such scale."""
        scale = parse_scale(self.scale) if self.scale else None
        return None if scale is None or self.lock == "off" else LOCKS[self.lock](scale)

    def part(self, channel: int = 0) -> Part:
        """What an output plays of that which the ledger sends.

        Parameters
        ----------
        channel : int
            MIDI channel, 0 to 15, of the output.

        Raises
        ------
        ConfigError
            If a zone is none, or a harmony cannot be.
        """
        if self.harmony and not self.scale:
            raise ConfigError("--harmony needs a key to be in; add one, as in --scale 'C major'")
        if {-1, 0, 1} & set(self.harmony):
            raise ConfigError("--harmony counts as musicians do: 3 is a third above, -3 one below; 0, 1, -1 are none")
        return Part(
            channel,
            scale=parse_scale(self.scale) if self.harmony else None,
            harmony=self.harmony,
            zones=tuple(map(parse_zone, self.zones)),
            instrument=Instrument.of(self.program, self.bank),
        )

    def ledger(self) -> Ledger:
        """A ledger that sends what is asked for."""
        return Ledger(self.semitones, self.note_lock())
