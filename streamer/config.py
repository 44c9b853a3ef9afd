"""Every default in one place, its bounds, and the instrument presets."""

from dataclasses import dataclass, fields, replace

from streamer.errors import ConfigError
from streamer.units import A4_HZ

LOWEST_MIDI = 21  # A0
HIGHEST_MIDI = 108  # C8
RATES_HZ = (8_000, 192_000)
HOP_S = 128 / 48_000  # 2.7 ms
DEFAULT_RATE_HZ = 48_000
DEFAULT_PORT_NAME = "streamer"


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """Settings of the tracker.

    Attributes
    ----------
    hop : int
        Advance between two analyses, in samples; 0 for about `HOP_S` at whatever rate the stream has.
    detector : str
        Name of a pitch detector, see `streamer.detectors.DETECTORS`.
    low_midi, high_midi : int
        Lowest and highest note that may be reported.
    eagerness : float
        0 waits until it is sure, 1 answers as soon as it can.
    gate_db : float
        Level below which nothing is a note, dB relative to full scale.
    a4_hz : float
        Frequency of A4.
    model : str
        Path of the model that the detector ``trained`` uses; empty for the one that comes with the package.
    """

    hop: int = 0
    detector: str = "trained"
    low_midi: int = LOWEST_MIDI
    high_midi: int = HIGHEST_MIDI
    eagerness: float = 0.5
    gate_db: float = -56.0
    a4_hz: float = A4_HZ
    model: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot work, in one line.

        Raises
        ------
        ConfigError
            If a value is out of range.
        """
        for name, low, high in (
            ("hop", 16 if self.hop else 0, 8192),
            ("low_midi", LOWEST_MIDI, HIGHEST_MIDI),
            ("high_midi", LOWEST_MIDI, HIGHEST_MIDI),
            ("eagerness", 0.0, 1.0),
            ("gate_db", -100.0, 0.0),
            ("a4_hz", 390.0, 490.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} is {value}, but must be from {low} to {high}")
        if self.low_midi >= self.high_midi:
            raise ConfigError(f"low_midi ({self.low_midi}) must be below high_midi ({self.high_midi})")
        if self.model and self.detector != "trained":
            raise ConfigError(f"a model is for the detector 'trained', not for {self.detector!r}; leave one out")

    def hop_at(self, rate_hz: int) -> int:
        """The hop in samples at a sample rate: as set, or else the nearest usual one to `HOP_S`."""
        return self.hop or auto_hop(rate_hz)


def auto_hop(rate_hz: int) -> int:
    """As many samples as last about `HOP_S`: 128 at 44.1 and 48 kHz, 256 at 96 kHz."""
    return min((16, 32, 43, 64, 85, 128, 256, 512), key=lambda hop: abs(hop / rate_hz - HOP_S))


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known beforehand of an instrument."""

    summary: str
    low_midi: int = LOWEST_MIDI
    high_midi: int = HIGHEST_MIDI
    gate_db: float = -56.0


PRESETS: dict[str, Preset] = {
    "default": Preset("any instrument or voice, A0 to C8"),
    "guitar": Preset("guitar in standard tuning, drop C to the 24th fret", 36, 88),
    "bass": Preset("four to six strings, B0 upward", 23, 67),
    "voice": Preset("singing, bass to soprano", 36, 84, -50.0),
    "violin": Preset("violin, G3 to E7", 55, 100),
    "cello": Preset("cello, C2 to A5", 36, 81),
    "flute": Preset("flute, B3 to D7", 59, 98),
    "sax": Preset("baritone to soprano saxophone", 36, 88),
    "brass": Preset("tuba to trumpet", 26, 84),
    "whistle": Preset("whistling, tin whistle, piccolo", 72, 108),
}


def apply_preset(config: TrackerConfig, name: str) -> TrackerConfig:
    """``config`` with a preset's range and gate.

    Raises
    ------
    ConfigError
        If there is no such preset.
    """
    if name not in PRESETS:
        raise ConfigError(f"there is no preset {name!r}; choose from {', '.join(PRESETS)}")
    preset = PRESETS[name]
    known = {field.name for field in fields(config)}
    return replace(config, **{k.name: getattr(preset, k.name) for k in fields(preset) if k.name in known})
