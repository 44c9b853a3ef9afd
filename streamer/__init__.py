"""Live pitch to MIDI: play or sing, and your DAW gets the note while it is still beginning.

>>> notes = streamer.transcribe("solo.wav").notes
>>> from streamer import TrackerConfig, make_tracker
>>> tracker = make_tracker(TrackerConfig(), rate_hz=48_000)
>>> events = tracker.process(samples)          # any number of float32 samples

The names below are the public ones. Each is imported when it is first used.
"""

TYPE_CHECKING = False  # as in `typing`, which takes longer to import than this may
if TYPE_CHECKING:
    from streamer.audio.file import AudioFile
    from streamer.audio.source import Source
    from streamer.config import PRESETS, TrackerConfig, apply_preset
    from streamer.engine import Engine
    from streamer.errors import (
        AudioFormatError,
        ConfigError,
        DataError,
        DeviceError,
        MidiError,
        MissingExtraError,
        ModelError,
        OutputError,
        StreamerError,
    )
    from streamer.events import Block, Event, Gap, NoteOff, NoteOn, PitchEstimate
    from streamer.music.config import MusicConfig
    from streamer.outputs.sink import Sink
    from streamer.recordings.library import transcribe
    from streamer.tracker import Tracker, make_tracker
    from streamer.transcription import Transcription, track

__version__ = "0.1.0"
__all__ = [
    "PRESETS",
    "AudioFile",
    "AudioFormatError",
    "Block",
    "ConfigError",
    "DataError",
    "DeviceError",
    "Engine",
    "Event",
    "Gap",
    "MidiError",
    "MissingExtraError",
    "ModelError",
    "MusicConfig",
    "NoteOff",
    "NoteOn",
    "OutputError",
    "PitchEstimate",
    "Sink",
    "Source",
    "StreamerError",
    "Tracker",
    "TrackerConfig",
    "Transcription",
    "__version__",
    "apply_preset",
    "make_tracker",
    "track",
    "transcribe",
]

# Until `streamer.__main__`, which comes after this, is reached, Ctrl-C would be a traceback: so not even numpy is
# imported before it is needed.
# No name here may be that of a module in this package: importing the module would put it in the name's place.
_HOMES = {
    "streamer.audio.file": ("AudioFile",),
    "streamer.audio.source": ("Source",),
    "streamer.config": ("PRESETS", "TrackerConfig", "apply_preset"),
    "streamer.engine": ("Engine",),
    "streamer.errors": (
        *("AudioFormatError", "ConfigError", "DataError", "DeviceError", "MidiError", "MissingExtraError"),
        *("ModelError", "OutputError", "StreamerError"),
    ),
    "streamer.events": ("Block", "Event", "Gap", "NoteOff", "NoteOn", "PitchEstimate"),
    "streamer.music.config": ("MusicConfig",),
    "streamer.outputs.sink": ("Sink",),
    "streamer.recordings.library": ("transcribe",),
    "streamer.tracker": ("Tracker", "make_tracker"),
    "streamer.transcription": ("Transcription", "track"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            from importlib import import_module

            value: object = getattr(import_module(home), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
