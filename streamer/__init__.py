"""Live pitch to MIDI: play or sing, and your DAW gets the note while it is still beginning.

>>> from streamer import TrackerConfig, make_tracker
>>> tracker = make_tracker(TrackerConfig(), rate_hz=48_000)
>>> events = tracker.process(samples)          # any number of float32 samples
"""

TYPE_CHECKING = False  # as in `typing`, which takes longer to import than this may
if TYPE_CHECKING:
    from streamer.config import TrackerConfig
    from streamer.events import Block, Event, Gap, NoteOff, NoteOn, PitchEstimate
    from streamer.tracker import Tracker, make_tracker

__version__ = "0.1.0"
__all__ = [
    "Block",
    "Event",
    "Gap",
    "NoteOff",
    "NoteOn",
    "PitchEstimate",
    "Tracker",
    "TrackerConfig",
    "__version__",
    "make_tracker",
]

# Imported when first asked for: numpy and scipy take longer than all the rest; and until `streamer.__main__`, which
# comes after this, is reached, Ctrl-C would be a traceback.
_HOMES = {
    "streamer.config": ("TrackerConfig",),
    "streamer.events": ("Block", "Event", "Gap", "NoteOff", "NoteOn", "PitchEstimate"),
    "streamer.tracker": ("Tracker", "make_tracker"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
