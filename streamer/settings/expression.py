"""The catalogue of MIDI expression: how notes, bends and controllers are sent."""

from dataclasses import dataclass

from streamer.settings.description import Setting, described, settings_of

EXPRESSION_GROUP = "MIDI expression"
BENDS = ("auto", "off", "trigger", "smooth", "glide")
ZONES = ("off", "lower", "upper")
AUTOMATIC = 0
MOST_MEMBERS = 15


@dataclass(frozen=True, slots=True)
class Expression:
    """How an output makes MIDI of notes. Each field carries its description, which says its range, too.

    Attributes
    ----------
    bend : str
        Which pitch bends are sent: ``off``; ``trigger``, a note's own tuning once, at its beginning; ``smooth``, its
        pitch as it moves; ``glide``, that, and a slide from note to note is one note, as far as the range goes;
        ``auto``, what suits.
    bend_range : int
        Semitones that a full bend is, up or down; 0 for what suits the mode.
    mpe : str
        ``lower`` or ``upper`` for notes, bends, pressure and timbre in this MPE zone, ``off`` for one channel.
    mpe_channels : int
        How many member channels the zone has.
    velocity : str
        Curve of velocities, see `streamer.expression.curves.VelocityCurve`.
    velocity_floor, velocity_ceiling : int
        Least and greatest velocity that is sent.
    legato : bool
        A note that follows at once begins before the last one ends.
    min_length, extend : float
        Milliseconds: how long notes are at least, and how much longer than they are played.
    sustain : float
        Milliseconds without a note after which the sustain pedal goes up; 0 for no pedal.
    control : tuple of str
        Controllers that follow the sound, see `streamer.expression.controls.parse_control`.
    """

    bend: str = described(
        Setting(
            name="bend",
            kind="choice",
            default="auto",
            help="Pitch bends: none, each note's tuning as it begins, all that it does, or slides as one note, too.",
            choices=BENDS,
            flag="--bend",
            environment=True,
            metavar="|".join(BENDS),
            default_text="smooth; glide with MPE",
            group=EXPRESSION_GROUP,
        )
    )
    bend_range: int = described(
        Setting(
            name="bend_range",
            kind="int",
            default=AUTOMATIC,
            help="How far a full bend goes; receivers are told at the start (RPN 0).",
            low=1,
            high=48,
            automatic=AUTOMATIC,
            unit="semitones",
            flag="--bend-range",
            environment=True,
            metavar="N",
            default_text="2, as synthesisers expect; 12 for glide; 48 for MPE",
            group=EXPRESSION_GROUP,
        )
    )
    mpe: str = described(
        Setting(
            name="mpe",
            kind="choice",
            default="off",
            help="MPE: a channel for each note, with its bend, pressure and timbre, in the lower or the upper zone.",
            choices=ZONES,
            flag="--mpe",
            without_value="lower",
            environment=True,
            metavar="[lower|upper|off]",
            group=EXPRESSION_GROUP,
        )
    )
    mpe_channels: int = described(
        Setting(
            name="mpe_channels",
            kind="int",
            default=MOST_MEMBERS,
            help="Member channels of the MPE zone.",
            low=1,
            high=MOST_MEMBERS,
            flag="--mpe-channels",
            environment=True,
            metavar="N",
            group=EXPRESSION_GROUP,
        )
    )
    velocity: str = described(
        Setting(
            name="velocity",
            kind="str",
            default="linear",
            help="Curve of velocities: linear, soft, hard, fixed:N, or points such as 1:20,64:80,127:127.",
            flag="--velocity",
            environment=True,
            metavar="CURVE",
            group=EXPRESSION_GROUP,
        )
    )
    velocity_floor: int = described(
        Setting(
            name="velocity_floor",
            kind="int",
            default=1,
            help="Least velocity that is sent.",
            low=1,
            high=127,
            flag="--velocity-floor",
            environment=True,
            metavar="N",
            group=EXPRESSION_GROUP,
        )
    )
    velocity_ceiling: int = described(
        Setting(
            name="velocity_ceiling",
            kind="int",
            default=127,
            help="Greatest velocity that is sent.",
            low=1,
            high=127,
            flag="--velocity-ceiling",
            environment=True,
            metavar="N",
            group=EXPRESSION_GROUP,
        )
    )
    legato: bool = described(
        Setting(
            name="legato",
            kind="bool",
            default=False,
            help="A note that follows at once begins before the last one ends: for legato and portamento patches.",
            flag="--legato",
            environment=True,
            group=EXPRESSION_GROUP,
        )
    )
    min_length: float = described(
        Setting(
            name="min_length",
            kind="float",
            default=0.0,
            help="Notes are at least so long.",
            low=0.0,
            high=5000.0,
            unit="ms",
            flag="--min-length",
            environment=True,
            metavar="MS",
            group=EXPRESSION_GROUP,
        )
    )
    extend: float = described(
        Setting(
            name="extend",
            kind="float",
            default=0.0,
            help="Notes are so much longer than they are played.",
            low=0.0,
            high=10_000.0,
            unit="ms",
            flag="--extend",
            environment=True,
            metavar="MS",
            group=EXPRESSION_GROUP,
        )
    )
    sustain: float = described(
        Setting(
            name="sustain",
            kind="float",
            default=0.0,
            help="The sustain pedal is down until nothing was played for so long; 0 is no pedal.",
            low=0.0,
            high=10_000.0,
            unit="ms",
            flag="--sustain",
            environment=True,
            metavar="MS",
            group=EXPRESSION_GROUP,
        )
    )
    control: tuple[str, ...] = described(
        Setting(
            name="control",
            kind="str",
            default=(),
            help="A controller that follows the sound: pressure=level, cc11=level:soft,20-127,50ms; repeatable.",
            length=(0, 8),
            repeated=True,
            flag="--control",
            environment=False,
            metavar="TARGET=SOURCE",
            default_text="none; with MPE pressure=level:hard and cc74=brightness",
            group=EXPRESSION_GROUP,
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

    @property
    def mode(self) -> str:
        """The bends in force."""
        return ("smooth" if self.mpe == "off" else "glide") if self.bend == "auto" else self.bend

    @property
    def semitones(self) -> int:
        """The bend range in force."""
        usual = 12 if self.mode == "glide" else 2
        return self.bend_range or (usual if self.mpe == "off" else 48)


EXPRESSION: tuple[Setting, ...] = tuple(settings_of(Expression).values())
