"""The catalogue of MIDI expression: how notes, bends and controllers are sent."""

from dataclasses import dataclass

from streamer.settings.description import Setting, described, settings_of

EXPRESSION_GROUP = "MIDI expression"
BENDS = ("off", "trigger", "smooth", "glide")
AUTOMATIC = 0


@dataclass(frozen=True, slots=True)
class Expression:
    """How an output makes MIDI of notes. Each field carries its description, which says its range, too.

    Attributes
    ----------
    bend : str
        Which pitch bends are sent: ``off``; ``trigger``, a note's own tuning once, at its beginning; ``smooth``, its
        pitch as it moves; ``glide``, that, and a slide from note to note is one note, as far as the range goes.
    bend_range : int
        Semitones that a full bend is, up or down; 0 for what suits the mode.
    """

    bend: str = described(
        Setting(
            name="bend",
            kind="choice",
            default="off",
            help="Pitch bends: none, each note's tuning as it begins, all that it does, or slides as one note, too.",
            choices=BENDS,
            flag="--bend",
            environment=True,
            metavar="|".join(BENDS),
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
            default_text="2, as synthesisers expect; 12 for glide",
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
    def semitones(self) -> int:
        """The bend range in force."""
        return self.bend_range or (12 if self.bend == "glide" else 2)


EXPRESSION: tuple[Setting, ...] = tuple(settings_of(Expression).values())
