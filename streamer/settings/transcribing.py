"""The catalogue of `streamer transcribe`, beside those of the tracker, the input and the files.

To add an option, describe it here and give the command a parameter of that name.
"""

from streamer.settings.description import Setting

RECORDINGS_GROUP = "Recordings"

TO = Setting(
    name="to",
    kind="str",
    default="",
    help="What is written for each recording, commas between: mid, csv, json, jsonl, f0.csv.",
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
        name="json_progress",
        kind="bool",
        default=False,
        help="Progress as lines of JSON on standard error, for programs.",
        flag="--json-progress",
        group=RECORDINGS_GROUP,
    ),
)
