"""The catalogues of where sound comes from and where notes go: source, ports, files, screen.

To add an option, describe it here and give the command a parameter of that name.
"""

from streamer.config import DEFAULT_PORT_NAME, DEFAULT_RATE_HZ, RATES_HZ
from streamer.settings.description import Setting

INPUT_GROUP = "Sound in"
OUTPUT_GROUP = "MIDI out"
FILES_GROUP = "Files"
SCREEN_GROUP = "Screen"
MOST_CHANNELS = 64

INPUT = (
    Setting(
        name="input",
        kind="str",
        default=None,
        help="Number or part of the name (`streamer devices`); - reads raw PCM from standard input.",
        flag="--input",
        short="-i",
        environment=True,
        metavar="DEVICE|-",
        default_text="the system's own choice",
        group=INPUT_GROUP,
    ),
    Setting(
        name="rate",
        kind="int",
        default=None,
        help="Sample rate, {} to {}.".format(*RATES_HZ),
        low=RATES_HZ[0],
        high=RATES_HZ[1],
        unit="Hz",
        flag="--rate",
        environment=True,
        metavar="HZ",
        default_text=f"the device's own; {DEFAULT_RATE_HZ} for a pipe",
        group=INPUT_GROUP,
    ),
    Setting(
        name="block",
        kind="int",
        default=0,
        help="Samples per audio callback.",
        low=1,
        high=16_384,
        automatic=0,
        unit="samples",
        flag="--block",
        environment=True,
        metavar="SAMPLES",
        default_text="what suits the driver",
        group=INPUT_GROUP,
    ),
    Setting(
        name="format",
        kind="choice",
        default="s16",
        help="Samples of a raw pipe.",
        choices=("s16", "f32"),
        flag="--format",
        environment=True,
        group=INPUT_GROUP,
    ),
    Setting(
        name="channel",
        kind="int",
        default=1,
        help="Channel of the device that is used.",
        low=1,
        high=MOST_CHANNELS,
        flag="--channel",
        environment=True,
        metavar="N",
        group=INPUT_GROUP,
    ),
    Setting(
        name="channels",
        kind="int",
        default=1,
        help="Channels of a raw pipe; their mean is used.",
        low=1,
        high=MOST_CHANNELS,
        flag="--channels",
        environment=True,
        metavar="N",
        group=INPUT_GROUP,
    ),
)

OUTPUT = (
    Setting(
        name="output",
        kind="str",
        default=None,
        help="An existing MIDI port, by part of its name.",
        flag="--output",
        short="-o",
        replaces=("virtual",),
        environment=True,
        metavar="NAME",
        group=OUTPUT_GROUP,
    ),
    Setting(
        name="virtual",
        kind="str",
        default=None,
        help="Make a MIDI port that other programs can connect to.",
        flag="--virtual",
        without_value=DEFAULT_PORT_NAME,
        replaces=("output",),
        environment=True,
        metavar="[NAME]",
        group=OUTPUT_GROUP,
    ),
    Setting(
        name="midi_api",
        kind="str",
        default=None,
        help="Force a MIDI system: alsa, jack, coremidi, winmm.",
        flag="--midi-api",
        environment=True,
        metavar="API",
        group=OUTPUT_GROUP,
    ),
)

# A file to write is named anew each time: a variable that stays would overwrite what was written before.
FILES = (
    Setting(
        name="record",
        kind="path",
        default=None,
        help="Record the notes as a MIDI file.",
        flag="--record",
        metavar="FILE.mid",
        group=FILES_GROUP,
    ),
    Setting(
        name="record_audio",
        kind="path",
        default=None,
        help="Record the sound.",
        flag="--record-audio",
        metavar="FILE.wav",
        group=FILES_GROUP,
    ),
    Setting(
        name="notes",
        kind="path",
        default=None,
        help="onset_s,offset_s,midi,emit_s,note,velocity",
        flag="--notes",
        metavar="FILE.csv",
        group=FILES_GROUP,
    ),
    Setting(
        name="f0",
        kind="path",
        default=None,
        help="time_s,f0_hz,emit_s,confidence; one row a hop.",
        flag="--f0",
        metavar="FILE.csv",
        group=FILES_GROUP,
    ),
    Setting(
        name="midi",
        kind="path",
        default=None,
        help="Write the notes as a standard MIDI file.",
        flag="--midi",
        metavar="FILE.mid",
        group=FILES_GROUP,
    ),
    Setting(
        name="jsonl",
        kind="path",
        default=None,
        help="Write every event as a line of JSON; - is standard output.",
        flag="--jsonl",
        metavar="FILE|-",
        group=FILES_GROUP,
    ),
)

SCREEN = (
    Setting(
        name="no_ui",
        kind="bool",
        default=False,
        help="No screen: for scripts.",
        flag="--no-ui",
        environment=True,
        group=SCREEN_GROUP,
    ),
)
