"""Every default of the tracker in one place, its bounds, and the instrument presets."""

from dataclasses import dataclass, fields, replace

from streamer.errors import ConfigError
from streamer.settings.description import Setting, described, settings_of
from streamer.units import A4_HZ, note_name

LOWEST_MIDI = 21  # A0
HIGHEST_MIDI = 108  # C8
RATES_HZ = (8_000, 192_000)
HOP_S = 128 / 48_000  # 2.7 ms
DEFAULT_RATE_HZ = 48_000
DEFAULT_PORT_NAME = "streamer"
GATE_DB = -56.0
USUAL_CORRECT_MS = 150.0
AUTOMATIC_A4 = 0.0
TRACKER_GROUP = "What is played"


def auto_hop(rate_hz: int) -> int:
    """As many samples as last about `HOP_S`: 128 at 44.1 and 48 kHz, 256 at 96 kHz."""
    return min((16, 32, 43, 64, 85, 128, 256, 512), key=lambda hop: abs(hop / rate_hz - HOP_S))


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """Settings of the tracker. Each field carries its description, which says its range, too.

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
    correct_ms : float
        A name that lasted for no longer than this may be corrected, by a new note-on of the same note; 0 for never.
    gate_db : float
        Level below which nothing is a note, dB relative to full scale.
    a4_hz : float
        Frequency of A4.
    model : str
        Path of the model that the detector ``trained`` uses; empty for the one that comes with the package.
    """

    hop: int = described(
        Setting(
            name="hop",
            kind="int",
            default=0,
            help="Samples between two looks at the sound.",
            low=16,
            high=8192,
            automatic=0,
            unit="samples",
            flag="--hop",
            environment=True,
            metavar="SAMPLES",
            default_text=f"about {1000 * HOP_S:.1f} ms; {auto_hop(DEFAULT_RATE_HZ)} at 48 kHz",
            group=TRACKER_GROUP,
        )
    )
    detector: str = described(
        Setting(
            name="detector",
            kind="str",
            default="trained",
            help="How pitch is found (--list-detectors).",
            flag="--detector",
            environment=True,
            metavar="NAME",
            group=TRACKER_GROUP,
        )
    )
    low_midi: int = described(
        Setting(
            name="low",
            kind="note",
            default=LOWEST_MIDI,
            help=f"Lowest note, as E2 or 40. Within {note_name(LOWEST_MIDI)} to {note_name(HIGHEST_MIDI)}.",
            low=LOWEST_MIDI,
            high=HIGHEST_MIDI,
            flag="--low",
            environment=True,
            metavar="NOTE",
            group=TRACKER_GROUP,
        )
    )
    high_midi: int = described(
        Setting(
            name="high",
            kind="note",
            default=HIGHEST_MIDI,
            help="Highest note.",
            low=LOWEST_MIDI,
            high=HIGHEST_MIDI,
            flag="--high",
            environment=True,
            metavar="NOTE",
            group=TRACKER_GROUP,
        )
    )
    eagerness: float = described(
        Setting(
            name="eagerness",
            kind="float",
            default=0.5,
            help="0 waits until it is sure, 1 answers at once.",
            low=0.0,
            high=1.0,
            flag="--eagerness",
            environment=True,
            group=TRACKER_GROUP,
        )
    )
    correct_ms: float = described(
        Setting(
            name="correct",
            kind="float",
            default=USUAL_CORRECT_MS,
            help="A name that lasted for no longer than this may be corrected by a new note-on.",
            low=0.0,
            high=500.0,
            words=(("off", 0.0),),
            unit="ms",
            flag="--correct",
            environment=True,
            metavar="MS",
            group=TRACKER_GROUP,
        )
    )
    gate_db: float = described(
        Setting(
            name="gate",
            kind="float",
            default=GATE_DB,
            help="Level under which nothing is a note, dB below full scale.",
            low=-100.0,
            high=0.0,
            unit="dBFS",
            flag="--gate",
            environment=True,
            metavar="DB",
            group=TRACKER_GROUP,
        )
    )
    a4_hz: float = described(
        Setting(
            name="a4",
            kind="float",
            default=A4_HZ,
            help="Tuning: frequency of A4, or auto for where the player's own notes turn out to lie.",
            low=390.0,
            high=490.0,
            words=(("auto", AUTOMATIC_A4),),
            unit="Hz",
            flag="--a4",
            environment=True,
            metavar="HZ",
            group=TRACKER_GROUP,
        )
    )
    model: str = described(
        Setting(
            name="model",
            kind="path",
            default="",
            help="A model of your own, from `streamer train`.",
            flag="--model",
            environment=True,
            metavar="FILE",
            default_text="the one that comes with the program",
            group=TRACKER_GROUP,
        )
    )

    def __post_init__(self) -> None:
        """Refuse what cannot work, in one line.

        Raises
        ------
        ConfigError
            If a value is out of range.
        """
        for name, setting in settings_of(self).items():
            setting.check(getattr(self, name), name)
        if self.low_midi >= self.high_midi:
            low, high = note_name(self.low_midi), note_name(self.high_midi)
            raise ConfigError(f"the lowest note (--low {low}) must be below the highest (--high {high})")
        if self.model and self.detector != "trained":
            raise ConfigError(f"a model is for the detector 'trained', not for {self.detector!r}; leave one out")

    @property
    def reference_hz(self) -> float:
        """A4 of the grid of notes that is listened for; where ``a4_hz`` is automatic, names may move away from it."""
        return self.a4_hz if self.a4_hz != AUTOMATIC_A4 else A4_HZ

    def hop_at(self, rate_hz: int) -> int:
        """The hop in samples at a sample rate: as set, or else the nearest usual one to `HOP_S`.

        Parameters
        ----------
        rate_hz : int
            Samples per second.
        """
        return self.hop or auto_hop(rate_hz)


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known beforehand of an instrument."""

    summary: str
    low_midi: int = LOWEST_MIDI
    high_midi: int = HIGHEST_MIDI
    gate_db: float = GATE_DB


PRESETS: dict[str, Preset] = {
    "default": Preset("any instrument or voice, A0 to C8"),
    "guitar": Preset("guitar of six strings, drop C to the 24th fret", 36, 88),
    "guitar7": Preset("guitar of seven strings, drop A to the 24th fret", 33, 88),
    "bass": Preset("bass of four strings, drop D to the 24th fret", 26, 67),
    "bass5": Preset("bass of five or six strings", 23, 72),
    "ukulele": Preset("soprano to tenor ukulele, low G included", 55, 88),
    "violin": Preset("violin, G3 to E7", 55, 100),
    "cello": Preset("cello, C2 to A5", 36, 81),
    "flute": Preset("flute, B3 to D7", 59, 98),
    "recorder": Preset("bass to sopranino recorder", 53, 103),
    "clarinet": Preset("clarinet in A or B flat", 49, 94),
    "sax": Preset("baritone to soprano saxophone", 36, 88),
    "soprano-sax": Preset("soprano saxophone, altissimo included", 56, 91),
    "alto-sax": Preset("alto saxophone, altissimo included", 49, 86),
    "tenor-sax": Preset("tenor saxophone, altissimo included", 44, 81),
    "baritone-sax": Preset("baritone saxophone from low A, altissimo included", 36, 74),
    "trumpet": Preset("trumpet, cornet, flugelhorn", 52, 86),
    "trombone": Preset("tenor trombone, pedal notes included", 34, 77),
    "brass": Preset("tuba to trumpet", 26, 86),
    "voice": Preset("singing, bass to soprano", 36, 84, -50.0),
    "high-voice": Preset("singing, alto to soprano, and children", 53, 86, -50.0),
    "low-voice": Preset("singing, bass to tenor", 36, 72, -50.0),
    "whistle": Preset("whistling, tin whistle, piccolo", 72, 108),
    "kalimba": Preset("kalimba of up to 21 keys", 53, 88),
}


def apply_preset(config: TrackerConfig, name: str) -> TrackerConfig:
    """``config`` with a preset's range and gate.

    Parameters
    ----------
    config : TrackerConfig
        What is kept but for the range and the gate.
    name : str
        A key of `PRESETS`.

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
