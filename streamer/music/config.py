"""What the settings of music ask for."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from streamer.errors import ConfigError
from streamer.expression.ledger import Ledger, Lock
from streamer.music.arrangement import Part
from streamer.music.lock import LOCKS
from streamer.music.output import Output
from streamer.music.scala import nearest_key, read_tuning
from streamer.music.scales import SEMITONES_PER_OCTAVE, parse_scale
from streamer.music.zones import HIGHEST, LOWEST, Instrument, Zone, parse_zone
from streamer.settings import music as settings
from streamer.settings.description import described, settings_of
from streamer.settings.music import MOST_SEMITONES
from streamer.units import A4_HZ

_tuning = lru_cache(4)(read_tuning)  # a key that is pressed while somebody plays is to read no file
_OF_OUTPUTS = {"scale", "lock", "harmony", "program", "bank"}  # what an output says in place of what holds for all


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
    grid : str
        Grid of a second track of MIDI files; ``off`` for none.
    scala, kbm : Path or None
        Tuning of the receivers, and its keyboard mapping: each note is sent as the key that sounds nearest.
    """

    scale: str = described(settings.SCALE)
    lock: str = described(settings.LOCK)
    transpose: int = described(settings.TRANSPOSE)
    octave: int = described(settings.OCTAVE)
    harmony: tuple[int, ...] = described(settings.HARMONY)
    zones: tuple[str, ...] = described(settings.ZONES)
    program: int = described(settings.PROGRAM)
    bank: int = described(settings.BANK)
    grid: str = described(settings.GRID)
    scala: Path | None = described(settings.SCALA)  # noqa: RUF009 - frozen
    kbm: Path | None = described(settings.KBM)  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        """Refuse what cannot work, in one line.

        Raises
        ------
        ConfigError
            If a value is out of range, or there is no such scale.
        """
        for name, setting in settings_of(self).items():
            if getattr(self, name) is not None:
                setting.check(getattr(self, name), name)
        if abs(self.semitones) > MOST_SEMITONES:
            raise ConfigError(
                f"--transpose {self.transpose} and --octave {self.octave} are {self.semitones} semitones together; "
                f"more than {MOST_SEMITONES} up or down leave nothing to hear"
            )
        if self.kbm and not self.scala:
            raise ConfigError("--kbm maps the keys of a tuning; add it, as in --scala just.scl")
        if self.scala and self.scale:
            raise ConfigError("--scala and --scale are two ways to hold notes; leave one out")
        self.note_lock()
        self.part()

    @property
    def semitones(self) -> int:
        """Transposition and octaves together."""
        return self.transpose + SEMITONES_PER_OCTAVE * self.octave

    def note_lock(self, a4_hz: float = A4_HZ) -> Lock | None:
        """What holds notes in the scale or the tuning, or None.

        Parameters
        ----------
        a4_hz : float
            Frequency of A4 that pitches are relative to.

        Raises
        ------
        ConfigError
            Where there is no such scale, or the files of the tuning cannot be used.
        MissingExtraError
            If tuning-library is needed, and not installed.
        """
        if self.scala and self.lock != "off":
            return nearest_key(_tuning(self.scala, self.kbm, a4_hz), drop=self.lock == "drop")
        scale = parse_scale(self.scale) if self.scale else None
        return None if scale is None or self.lock == "off" else LOCKS[self.lock](scale)

    def part(self, channel: int = 0, output: Output | None = None) -> Part:
        """What an output plays of that which the ledger sends.

        Parameters
        ----------
        channel : int
            MIDI channel, 0 to 15, of the output.
        output : Output, optional
            What is special there. Its scale and transposition come after those of the ledger; a channel or a range of
            its own takes the place of the zones.

        Raises
        ------
        ConfigError
            If a zone is none, or a harmony cannot be.
        """
        own = output.values if output is not None else {}
        music = self
        if own:
            music = replace(self, scala=None, kbm=None) if own.get("scale") else self
            music = replace(music, **{name: own[name] for name in _OF_OUTPUTS & own.keys()})
        if music.harmony and not music.scale:
            raise ConfigError("--harmony needs a key to be in; add one, as in --scale 'C major'")
        if {-1, 0, 1} & set(music.harmony):
            raise ConfigError("--harmony counts as musicians do: 3 is a third above, -3 one below; 0, 1, -1 are none")
        zones = tuple(map(parse_zone, music.zones))
        if own.keys() & {"low", "high"}:
            zones = (Zone.between(own.get("low", LOWEST), own.get("high", HIGHEST)),)
        elif own.get("channel"):
            zones = ()
        return Part(
            own["channel"] - 1 if own.get("channel") else channel,
            own.get("transpose", 0) + SEMITONES_PER_OCTAVE * own.get("octave", 0),
            music.note_lock() if own.get("scale") else None,
            parse_scale(music.scale) if music.harmony else None,
            music.harmony,
            zones,
            Instrument.of(music.program, music.bank),
            settings.GRIDS[music.grid],
        )

    def ledger(self, a4_hz: float = A4_HZ) -> Ledger:
        """A ledger that sends what is asked for.

        Parameters
        ----------
        a4_hz : float
            Frequency of A4 that pitches are relative to.
        """
        return Ledger(self.semitones, self.note_lock(a4_hz))
