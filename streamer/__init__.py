"""Live pitch to MIDI: play or sing, and your DAW gets the note while it is still beginning.

>>> from streamer import TrackerConfig, make_tracker
>>> tracker = make_tracker(TrackerConfig(), rate_hz=48_000)
>>> events = tracker.process(samples)          # any number of float32 samples

The names below are the public ones. Those that bring more than numpy are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from streamer.config import PRESETS, TrackerConfig, apply_preset
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

if TYPE_CHECKING:
    from streamer.audio.file import AudioFile
    from streamer.audio.source import Source
    from streamer.engine import Engine
    from streamer.outputs.sink import Sink
    from streamer.tracker import Tracker, make_tracker
    from streamer.transcription import Transcription, transcribe

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
    "transcribe",
]

# No name here may be that of a module in this package: importing the module would put it in the name's place.
_LAZY = {
    "AudioFile": "streamer.audio.file",
    "Engine": "streamer.engine",
    "Sink": "streamer.outputs.sink",
    "Source": "streamer.audio.source",
    "Tracker": "streamer.tracker",
    "Transcription": "streamer.transcription",
    "make_tracker": "streamer.tracker",
    "transcribe": "streamer.transcription",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
