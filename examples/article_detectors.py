"""The two pitch detectors that a tutorial on music transcription begins with, and two to use instead.

``peak`` takes the highest peak of the spectrum for the pitch; ``phase`` takes the peak that rises most, and its
frequency from how far its phase has turned since the hop before. Both hear a harmonic wherever it is stronger than the
fundamental. ``correlation`` compares the sound with itself one period ago; ``trained`` is the detector of `streamer`.

python examples/article_detectors.py
"""

import numpy as np

from streamer import NoteOn, TrackerConfig, make_tracker
from streamer.units import midi_to_hz, note_name

RATE_HZ = 44_100
MELODY = (40, 45, 52, 57, 64, 69)
LEVELS = np.array([0.2, 1.0, 0.8, 0.5, 0.3, 0.2])  # a small loudspeaker, a low string: the second harmonic is louder


def pluck(note: int) -> np.ndarray:
    time_s = np.arange(round(0.6 * RATE_HZ)) / RATE_HZ
    harmonics = np.arange(1, 1 + len(LEVELS))[:, None]
    tone = LEVELS[:, None] * np.sin(2 * np.pi * midi_to_hz(note) * harmonics * time_s)
    return (0.1 * tone.sum(axis=0) * np.exp(-2.0 * time_s)).astype(np.float32)


def first_note(detector: str, note: int) -> str:
    """The first note that a tracker with this detector tells; a dash if there is none."""
    tracker = make_tracker(TrackerConfig(detector=detector), RATE_HZ)
    silence = np.zeros(RATE_HZ // 5, np.float32)
    events = tracker.process(np.concatenate([silence, pluck(note)]))
    return next((note_name(event.note) for event in events if isinstance(event, NoteOn)), "-")


def main() -> None:
    print(f"{'played':12}" + "".join(f"{note_name(note):>6}" for note in MELODY))
    for detector in ("peak", "phase", "correlation", "trained"):
        print(f"{detector:12}" + "".join(f"{first_note(detector, note):>6}" for note in MELODY))


if __name__ == "__main__":
    main()
