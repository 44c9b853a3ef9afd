"""The catalogue of which notes are sent for those that are played."""

from streamer.settings.description import Setting

MUSIC_GROUP = "Music"
MOST_SEMITONES = 60

SCALE = Setting(
    name="scale",
    kind="str",
    default="",
    help="Key and scale that notes are held in: 'C minor', 'F# dorian', 'Am', or its notes, 'C D Eb G A'.",
    flag="--scale",
    environment=True,
    metavar="SCALE",
    group=MUSIC_GROUP,
)
LOCK = Setting(
    name="lock",
    kind="choice",
    default="snap",
    help="What becomes of notes outside the scale: moved to the nearest inside, left out, or nothing.",
    choices=("snap", "drop", "off"),
    flag="--lock",
    environment=True,
    group=MUSIC_GROUP,
)
TRANSPOSE = Setting(
    name="transpose",
    kind="int",
    default=0,
    help="Move what is sent by so many semitones.",
    low=-MOST_SEMITONES,
    high=MOST_SEMITONES,
    unit="semitones",
    flag="--transpose",
    environment=True,
    metavar="N",
    group=MUSIC_GROUP,
)
OCTAVE = Setting(
    name="octave",
    kind="int",
    default=0,
    help="Move what is sent by so many octaves, too.",
    low=-5,
    high=5,
    unit="octaves",
    flag="--octave",
    environment=True,
    metavar="N",
    group=MUSIC_GROUP,
)
HARMONY = Setting(
    name="harmony",
    kind="int",
    default=(),
    help="Notes to add to each, as intervals in the scale: 3 is a third above, -3 a third below, 5 a fifth.",
    low=-15,
    high=15,
    length=(0, 3),
    example="3,5",
    flag="--harmony",
    environment=True,
    metavar="N,...",
    group=MUSIC_GROUP,
)
ZONES = Setting(
    name="zone",
    kind="str",
    default=(),
    help="Range of notes with its own channel, transpose, program, bank: E2-B3:channel=2,program=33.",
    length=(0, 16),
    example='"E2-B3:channel=2", "C4-:channel=1"',
    flag="--zone",
    repeated=True,
    metavar="RANGE:...",
    group=MUSIC_GROUP,
)
PROGRAM = Setting(
    name="program",
    kind="int",
    default=0,
    help="Instrument that receivers are told at the start, counted from 1 as General MIDI does.",
    low=1,
    high=128,
    automatic=0,
    flag="--program",
    environment=True,
    metavar="N",
    default_text="none; in files, that of the preset",
    group=MUSIC_GROUP,
)
BANK = Setting(
    name="bank",
    kind="int",
    default=-1,
    help="Bank of instruments: 128 times controller 0, plus controller 32.",
    low=0,
    high=16_383,
    automatic=-1,
    flag="--bank",
    environment=True,
    metavar="N",
    default_text="none",
    group=MUSIC_GROUP,
)
SCALA = Setting(
    name="scala",
    kind="path",
    default=None,
    help="Send each note as the key that sounds nearest, on a synthesiser that has this tuning.",
    flag="--scala",
    environment=True,
    metavar="FILE.scl",
    default_text="twelve equal semitones",
    group=MUSIC_GROUP,
)
KBM = Setting(
    name="kbm",
    kind="path",
    default=None,
    help="Keyboard mapping of the tuning.",
    flag="--kbm",
    environment=True,
    metavar="FILE.kbm",
    default_text="the tuning begins at middle C",
    group=MUSIC_GROUP,
)
MUSIC = (SCALE, LOCK, TRANSPOSE, OCTAVE)
GRIDS = {"off": 0, "1/4": 1, "1/8": 2, "1/8t": 3, "1/16": 4, "1/16t": 6, "1/32": 8}
"""Lines in a quarter note, by name; ``t`` is for triplets."""

GRID = Setting(
    name="grid",
    kind="choice",
    default="off",
    help="In files of --midi, a second track beside the played one: the notes on this grid of the --tempo.",
    choices=tuple(GRIDS),
    flag="--grid",
    environment=True,
    metavar="|".join(GRIDS),
    group=MUSIC_GROUP,
)
PARTS = (HARMONY, ZONES, PROGRAM, BANK, GRID)
SCALA_FILES = (SCALA, KBM)

# Of a zone or an output alone, so without a flag.
ZONE_LOW = Setting(name="low", kind="note", default=0, help="Lowest note.", low=0, high=127)
ZONE_HIGH = Setting(name="high", kind="note", default=127, help="Highest note.", low=0, high=127)
ZONE_CHANNEL = Setting(name="channel", kind="int", default=0, help="MIDI channel.", low=1, high=16, automatic=0)
