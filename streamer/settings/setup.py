"""The catalogue of the settings of `streamer setup` and `streamer calibrate`, beside those of the input."""

from streamer.settings.description import Setting

SETUP_GROUP = "How it asks"

SETUP = (
    Setting(
        name="from_file",
        kind="path",
        default=None,
        help="Listen to a recording instead of the microphone.",
        flag="--from-file",
        metavar="FILE",
        group=SETUP_GROUP,
    ),
    Setting(
        name="yes",
        kind="bool",
        default=False,
        help="Ask nothing: take what is proposed.",
        flag="--yes",
        short="-y",
        group=SETUP_GROUP,
    ),
)
