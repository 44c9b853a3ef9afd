"""The catalogue of what comes in by MIDI: controllers and keys that do what those of the screen do, and a clock."""

from dataclasses import dataclass

from streamer.settings.description import Setting, described

LEARN_GROUP = "MIDI in"
VIRTUAL = "virtual"

LEARNED = Setting(
    name="learned",
    kind="str",
    default=(),
    help="What a controller or key does, by channel and number: 'cc 1 20 set gate', 'note 1 60 mute'; repeatable.",
    length=(0, 64),
    flag="--learned",
    repeated=True,
    metavar="BINDING",
    group=LEARN_GROUP,
)
LEARN = (
    Setting(
        name="control_port",
        kind="str",
        default=None,
        help="MIDI input, by part of its name, that is learned from (key l) and obeyed; virtual makes one.",
        flag="--control-port",
        environment=True,
        metavar="NAME|virtual",
        group=LEARN_GROUP,
    ),
    LEARNED,
    Setting(
        name="clock",
        kind="str",
        default=None,
        help="MIDI input, by part of its name, whose clock sets the bars of --midi and --grid; virtual makes one.",
        flag="--clock",
        environment=True,
        metavar="NAME|virtual",
        default_text="none; bars are those of --tempo",
        group=LEARN_GROUP,
    ),
)


@dataclass(frozen=True, slots=True)
class LearnConfig:
    """Which MIDI inputs drive the program, and what it has learned."""

    control_port: str | None = described(LEARN[0])
    learned: tuple[str, ...] = described(LEARNED)
    clock: str | None = described(LEARN[2])
