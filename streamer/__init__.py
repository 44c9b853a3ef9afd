"""Live pitch to MIDI: play or sing, and your DAW gets the note while it is still beginning.

>>> from streamer import Tracker, TrackerConfig
>>> tracker = Tracker(TrackerConfig(), rate_hz=48_000)
>>> events = tracker.process(samples)          # any number of float32 samples
"""

from streamer.config import TrackerConfig
from streamer.events import Block, Event, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.tracker import Tracker

__version__ = "0.1.0"
__all__ = ["Block", "Event", "Gap", "NoteOff", "NoteOn", "PitchEstimate", "Tracker", "TrackerConfig", "__version__"]
