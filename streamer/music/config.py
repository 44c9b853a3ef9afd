"""What the settings of music ask for."""

from dataclasses import dataclass

from streamer.errors import ConfigError
from streamer.expression.ledger import Ledger
from streamer.music.lock import LOCKS, NoteLock
from streamer.music.scales import SEMITONES_PER_OCTAVE, parse_scale
from streamer.settings import music as settings
from streamer.settings.description import described, settings_of
from streamer.settings.music import MOST_SEMITONES


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
    """

    scale: str = described(settings.SCALE)
    lock: str = described(settings.LOCK)
    transpose: int = described(settings.TRANSPOSE)
    octave: int = described(settings.OCTAVE)

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

    @property
    def semitones(self) -> int:
        """Transposition and octaves together."""
        return self.transpose + SEMITONES_PER_OCTAVE * self.octave

    def note_lock(self) -> NoteLock | None:
        """What holds notes in the scale, or None. Raises `ConfigError` where there is no such scale."""
        scale = parse_scale(self.scale) if self.scale else None
        return None if scale is None or self.lock == "off" else LOCKS[self.lock](scale)

    def ledger(self) -> Ledger:
        """A ledger that sends what is asked for."""
        return Ledger(self.semitones, self.note_lock())
