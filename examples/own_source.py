"""A source of your own: sound from anywhere, such as a network or another program, into a running engine.

This one plays a scale at the pace of real time: python examples/own_source.py
"""

import time

import numpy as np

from streamer import Block, Engine, Source, TrackerConfig, make_tracker
from streamer.audio.source import EndOfStream
from streamer.outputs.notelist import NoteList
from streamer.units import midi_to_hz, note_name

BLOCK = 480


class Scale(Source):
    """A synthesised scale, in blocks of 10 ms."""

    rate_hz = 48_000
    name = "a scale"
    can_wait = True  # nothing is lost where it is read late

    def __init__(self, notes: tuple[int, ...]) -> None:
        time_s = np.arange(self.rate_hz // 5) / self.rate_hz
        k = np.arange(1, 9)[:, None]
        tones = [np.sin(2 * np.pi * midi_to_hz(note) * k * time_s) / k * np.exp(-9 * time_s) for note in notes]
        self._samples = 0.2 * np.concatenate([tone.sum(axis=0) for tone in tones]).astype(np.float32)
        self._at = 0

    def start(self) -> None:
        """Nothing to open."""

    def read(self, timeout_s: float) -> Block:
        del timeout_s  # a block always comes within 10 ms
        if self._at >= len(self._samples):
            raise EndOfStream
        time.sleep(BLOCK / self.rate_hz)
        start, self._at = self._at, self._at + BLOCK
        return Block(self._samples[start : self._at], start, time.monotonic_ns())

    def close(self) -> None:
        """Nothing to let go of."""


if __name__ == "__main__":
    source, heard = Scale((57, 59, 60, 62, 64)), NoteList()
    with Engine(source, make_tracker(TrackerConfig(), source.rate_hz), [heard]) as engine:
        engine.join(10.0)
    print(" ".join(note_name(on.note) for on, _ in heard.notes))
