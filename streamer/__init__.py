"""Live pitch to MIDI: play or sing, and your DAW gets the note while it is still beginning.

>>> from streamer import TrackerConfig, make_tracker
>>> tracker = make_tracker(TrackerConfig(), rate_hz=48_000)
>>> events = tracker.process(samples)          # any number of float32 samples
"""

from typing import TYPE_CHECKING, Any

from streamer.config import TrackerConfig
from streamer.events import Block, Event, Gap, NoteOff, NoteOn, PitchEstimate

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    # The tracker brings all of the analysis, which most of what imports `streamer` does not need.
    if name in ("Tracker", "make_tracker"):
        from streamer import tracker

        return getattr(tracker, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
