"""Push samples, pull events: the tracker in a program of your own, with no audio device and no thread.

python examples/push_samples.py
"""

import numpy as np

from streamer import NoteOff, NoteOn, TrackerConfig, make_tracker
from streamer.units import midi_to_hz, note_name, samples_to_ms

RATE_HZ = 48_000


def pluck(note: int, seconds: float) -> np.ndarray:
    """A plucked string, more or less: ten harmonics that die away, the higher the faster."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    harmonics = np.arange(1, 11)[:, None]
    tone = np.sin(2 * np.pi * midi_to_hz(note) * harmonics * time_s) / harmonics
    return (0.3 * tone * np.exp(-time_s * (3.0 + harmonics))).sum(axis=0).astype(np.float32)


def main() -> None:
    melody = np.concatenate([pluck(note, 0.4) for note in (52, 55, 59, 64, 64, 62)])
    tracker = make_tracker(TrackerConfig(), RATE_HZ)
    # Any chunks will do: these are what a sound card might hand over.
    events = [event for start in range(0, len(melody), 441) for event in tracker.process(melody[start : start + 441])]
    for event in events + tracker.flush():
        if isinstance(event, NoteOn):
            late_ms = samples_to_ms(event.latency, RATE_HZ)
            print(f"{note_name(event.note):4} on   velocity {event.velocity:3}   {late_ms:.0f} ms after it began")
        elif isinstance(event, NoteOff):
            print(f"{note_name(event.note):4} off  {100 * (event.midi - event.note):+.0f} cents")


if __name__ == "__main__":
    main()
