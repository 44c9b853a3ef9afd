"""The catalogue of the settings of `streamer record-dataset`; the tuning and the input are those of the others."""

from dataclasses import replace

from streamer.config import HIGHEST_MIDI, LOWEST_MIDI, TRACKER_GROUP
from streamer.settings.description import Setting
from streamer.settings.io import FILES_GROUP, INPUT_GROUP
from streamer.settings.tracker import BY_NAME
from streamer.units import note_number

RECORDING = (
    Setting(
        name="instrument",
        kind="str",
        default="mine",
        help="What you play.",
        flag="--instrument",
        metavar="NAME",
        group=TRACKER_GROUP,
    ),
    Setting(
        name="low",
        kind="note",
        default=note_number("E2"),
        help="Lowest note that is recorded.",
        low=LOWEST_MIDI,
        high=HIGHEST_MIDI,
        flag="--low",
        metavar="NOTE",
        group=TRACKER_GROUP,
    ),
    Setting(
        name="high",
        kind="note",
        default=note_number("E5"),
        help="Highest note that is recorded.",
        low=LOWEST_MIDI,
        high=HIGHEST_MIDI,
        flag="--high",
        metavar="NOTE",
        group=TRACKER_GROUP,
    ),
    Setting(
        name="step",
        kind="int",
        default=1,
        help="Semitones between.",
        low=1,
        high=HIGHEST_MIDI - LOWEST_MIDI,
        unit="semitones",
        flag="--step",
        metavar="N",
        group=TRACKER_GROUP,
    ),
    Setting(
        name="takes",
        kind="int",
        default=2,
        help="How often each: as usual, softly, loudly, short.",
        low=1,
        high=99,
        flag="--takes",
        metavar="N",
        group=TRACKER_GROUP,
    ),
    replace(BY_NAME["a4"], help="Tuning: frequency of A4.", words=()),
    Setting(
        name="from_file",
        kind="path",
        default=None,
        help="Take the notes, in order, from a recording of them.",
        flag="--from-file",
        replaces=("input", "rate"),
        metavar="FILE",
        group=INPUT_GROUP,
    ),
    Setting(
        name="audio",
        kind="choice",
        default="flac",
        help="Form of the files.",
        choices=("flac", "wav"),
        flag="--audio",
        group=FILES_GROUP,
    ),
    Setting(
        name="source",
        kind="str",
        default="",
        help="Where the notes come from: data are split by it.",
        flag="--source",
        metavar="NAME",
        default_text="the folder's name",
        group=FILES_GROUP,
    ),
    Setting(
        name="licence",
        kind="str",
        default="own recording",
        help="On which terms they may be used.",
        flag="--licence",
        metavar="TEXT",
        group=FILES_GROUP,
    ),
)
