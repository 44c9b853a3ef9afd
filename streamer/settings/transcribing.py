"""The catalogue of `streamer transcribe`, beside those of the tracker, the input and the files.

To add an option, describe it here and give the command a parameter of that name.
"""

from streamer.settings.description import Setting

RECORDINGS_GROUP = "Recordings"

TO = Setting(
    name="to",
    kind="str",
    default="",
    help="What is written for each, commas between: mid, csv, json, jsonl, f0.csv, musicxml, png, svg, html, wav.",
    flag="--to",
    metavar="KINDS",
    default_text="mid where there is an --output, else a table on the screen",
    group=RECORDINGS_GROUP,
)

TRANSCRIBING = (
    TO,
    Setting(
        name="output",
        kind="path",
        default=None,
        help="Folder for what --to names; folders that were named are made anew in it.",
        flag="--output",
        short="-o",
        metavar="FOLDER",
        default_text="the current one",
        group=RECORDINGS_GROUP,
    ),
    Setting(
        name="offline",
        kind="bool",
        default=False,
        help="Look ahead: decide notes again when all of the recording is known. Better, but not what live would send.",
        flag="--offline",
        group=RECORDINGS_GROUP,
    ),
    Setting(
        name="split_channels",
        kind="bool",
        default=False,
        help="Transcribe each channel by itself, as solo.ch1, solo.ch2, ...",
        flag="--split-channels",
        group=RECORDINGS_GROUP,
    ),
    Setting(
        name="quantize",
        kind="bool",
        default=False,
        help="Estimate tempo and beats, and put the notes of scores and of MIDI files of --to on them.",
        flag="--quantize",
        group=RECORDINGS_GROUP,
    ),
    Setting(
        name="json_progress",
        kind="bool",
        default=False,
        help="Progress as lines of JSON on standard error, for programs.",
        flag="--json-progress",
        group=RECORDINGS_GROUP,
    ),
)
