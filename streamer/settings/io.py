"""The catalogues of where sound comes from and where notes go: source, ports, files, screen.

To add an option, describe it here and give the command a parameter of that name.
"""

from dataclasses import dataclass

from streamer.config import DEFAULT_PORT_NAME, DEFAULT_RATE_HZ, RATES_HZ
from streamer.settings.description import Setting, described

INPUT_GROUP = "Sound in"
OUTPUT_GROUP = "MIDI out"
SOUND_GROUP = "Sound out"
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
        help="Sample rate.",
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
        default=None,
        help="Channel that is used, of a device, a pipe or a file.",
        low=1,
        high=MOST_CHANNELS,
        flag="--channel",
        environment=True,
        metavar="N",
        default_text="the mean; where it cancels, the strongest",
        group=INPUT_GROUP,
    ),
    Setting(
        name="round_trip",
        kind="float",
        default=None,
        help="How long sound takes out and in again, as `streamer calibrate` has measured; it is shown, no more.",
        low=0.0,
        high=2000.0,
        unit="ms",
        flag="--round-trip",
        metavar="MS",
        default_text="not known",
        group=INPUT_GROUP,
    ),
    Setting(
        name="channels",
        kind="int",
        default=1,
        help="How many channels a raw pipe has.",
        low=1,
        high=MOST_CHANNELS,
        flag="--channels",
        environment=True,
        metavar="N",
        group=INPUT_GROUP,
    ),
)

_INPUT = {setting.name: setting for setting in INPUT}


@dataclass(frozen=True, slots=True)
class InputConfig:
    """What `streamer live` listens to. Each field carries its description, and has its name."""

    input: str | None = described(_INPUT["input"])
    rate: int | None = described(_INPUT["rate"])
    block: int = described(_INPUT["block"])
    format: str = described(_INPUT["format"])
    channel: int | None = described(_INPUT["channel"])
    channels: int = described(_INPUT["channels"])
    round_trip: float | None = described(_INPUT["round_trip"])


OUTPUT = (
    Setting(
        name="port",
        kind="str",
        default=None,
        help="An existing MIDI port, by part of its name.",
        flag="--port",
        short="-p",
        replaces=("virtual", "no_midi"),
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
        replaces=("port", "no_midi"),
        environment=True,
        metavar="[NAME]",
        group=OUTPUT_GROUP,
    ),
    Setting(
        name="outputs",
        kind="str",
        default=(),
        help="Send to this MIDI port, too, by part of its name, or virtual:NAME; own settings follow: A,channel=2.",
        length=(0, 8),
        example='"FluidSynth", "virtual:bass,channel=2,octave=-1"',
        flag="--output",
        repeated=True,
        metavar="NAME,...",
        group=OUTPUT_GROUP,
    ),
    Setting(
        name="osc",
        kind="str",
        default=(),
        help="Send every event to this address by Open Sound Control, too.",
        length=(0, 8),
        example='"127.0.0.1:9000"',
        flag="--osc",
        repeated=True,
        metavar="HOST:PORT,...",
        group=OUTPUT_GROUP,
    ),
    Setting(
        name="osc_in",
        kind="str",
        default="",
        help="Obey Open Sound Control at this port, from this machine alone, or at this address.",
        flag="--osc-in",
        environment=True,
        metavar="[HOST:]PORT",
        default_text="none",
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
    Setting(
        name="midi_channel",
        kind="int",
        default=1,
        help="MIDI channel of ports and files.",
        low=1,
        high=16,
        flag="--midi-channel",
        environment=True,
        metavar="1..16",
        group=OUTPUT_GROUP,
    ),
    Setting(
        name="no_midi",
        kind="bool",
        default=False,
        help="No MIDI port: just the screen, files and sound that are wanted.",
        flag="--no-midi",
        replaces=("port", "virtual", "midi_api"),
        environment=True,
        group=OUTPUT_GROUP,
    ),
)

SOUND = (
    Setting(
        name="sound",
        kind="bool",
        default=False,
        help="Play what is sent on a small built-in synthesiser. Use headphones: the microphone hears loudspeakers.",
        flag="--sound",
        replaces=("no_sound",),
        environment=True,
        group=SOUND_GROUP,
    ),
    Setting(
        name="no_sound",
        kind="bool",
        default=False,
        help="Do not play what is found on the built-in synthesiser.",
        flag="--no-sound",
        replaces=("sound",),
        environment=True,
        group=SOUND_GROUP,
    ),
    Setting(
        name="play",
        kind="bool",
        default=False,
        help="Make the performance audible instead of what is found in it.",
        flag="--play",
        group=SOUND_GROUP,
    ),
)

TEMPO = Setting(
    name="tempo",
    kind="float",
    default=120.0,
    help="Tempo of MIDI files: where their bars are; no note moves in time.",
    low=20.0,
    high=999.0,
    unit="beats a minute",
    flag="--tempo",
    metavar="BPM",
    group=FILES_GROUP,
)

# A file to write is named anew each time: a variable that stays would overwrite what was written before.
FILES = (
    Setting(
        name="record_audio",
        kind="path",
        default=None,
        help="Record the sound that comes in.",
        flag="--record-audio",
        metavar="FILE.wav",
        group=FILES_GROUP,
    ),
    Setting(
        name="notes",
        kind="path",
        default=None,
        help="Write a row for each note: onset_s,offset_s,midi,emit_s,note,velocity,latency_ms.",
        flag="--notes",
        metavar="FILE.csv",
        group=FILES_GROUP,
    ),
    Setting(
        name="f0",
        kind="path",
        default=None,
        help="Write a row for each hop: time_s,f0_hz,emit_s,confidence.",
        flag="--f0",
        metavar="FILE.csv",
        group=FILES_GROUP,
    ),
    Setting(
        name="midi",
        kind="path",
        default=None,
        help="The notes where they are believed to begin and end, as a standard MIDI file.",
        flag="--midi",
        metavar="FILE.mid",
        group=FILES_GROUP,
    ),
    Setting(
        name="received",
        kind="path",
        default=None,
        help="What a MIDI receiver would have recorded: each message at the time it was emitted.",
        flag="--received",
        metavar="FILE.mid",
        group=FILES_GROUP,
    ),
    Setting(
        name="jsonl",
        kind="path",
        default=None,
        help="Every event as a line of JSON.",
        flag="--jsonl",
        metavar="FILE.jsonl",
        group=FILES_GROUP,
    ),
    TEMPO,
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
