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
MUSIC = (SCALE, LOCK, TRANSPOSE, OCTAVE)
