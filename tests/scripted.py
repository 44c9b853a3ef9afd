"""Fakes to run an engine with: what the samples say is what the tracker hears.

A sample of value n/128 begins note n, one of value -1 ends what sounds.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from streamer.audio.push import PushSource
from streamer.config import TrackerConfig
from streamer.engine import Engine
from streamer.events import Block, Event, FloatArray, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.outputs.sink import Sink
from streamer.tracker import Tracker

RATE_HZ = 8_000
BLOCK = 80
Step = int | Callable[[], object] | None


class ScriptedTracker(Tracker):
    """Says what the samples tell it to."""

    a4_hz = 440.0  # type: ignore[assignment]

    def __init__(self) -> None:
        self.config = TrackerConfig()
        self.rate_hz = RATE_HZ
        self.consumed = 0
        self.sounding: int | None = None
        self.notes = 0

    def configure(self, config: TrackerConfig) -> None:
        self.config = config

    def push(self, samples: FloatArray) -> None:
        self.pushed = samples

    def events(self) -> Iterator[Event]:
        return iter(self.process(self.pushed))

    def process(self, samples: FloatArray) -> list[Event]:
        self.consumed += len(samples)
        events: list[Event] = [PitchEstimate(self.consumed, self.consumed, 440.0, 1.0, -20.0, 0.1)]
        for value in samples[samples != 0.0]:
            if value > 0.99:
                raise RuntimeError("a defect")
            events += self.flush()
            if value > 0.0:
                self.sounding = round(float(value) * 128)
                self.notes += 1
                midi = float(self.sounding)
                events.append(NoteOn(self.consumed, self.consumed - 40, self.sounding, 100, midi, note_id=self.notes))
        return events

    def gap(self, lost: int) -> list[Event]:
        self.consumed += lost
        return [*self.flush(), Gap(self.consumed, lost)]

    def flush(self) -> list[Event]:
        note, self.sounding = self.sounding, None
        return [] if note is None else [NoteOff(self.consumed, self.consumed, note, float(note), self.notes)]


class Receiver(Sink):
    """A synthesiser: knows what sounds in it."""

    def __init__(self, name: str = "receiver") -> None:
        self.name = name
        self.log: list[str] = []
        self.sounding: set[int] = set()
        self.closed = False
        self.fails: Exception | None = None
        self.panics = 0
        self.flushed = 0

    def flush(self) -> None:
        self.flushed += 1

    def send(self, event: Event) -> None:
        if self.fails is not None:
            raise self.fails
        if isinstance(event, NoteOn):
            self.sounding.add(event.note)
            self.log.append(f"+{event.note}")
        elif isinstance(event, NoteOff):
            self.sounding.discard(event.note)
            self.log.append(f"-{event.note}")
        elif isinstance(event, Gap):
            self.log.append(f"gap {event.lost}")

    def panic(self) -> None:
        self.panics += 1

    def close(self) -> None:
        self.closed = True
        self.sounding.clear()


class Script(PushSource):
    """A source with a list of steps, one for each read: a note to begin, None to end it, or something to do."""

    def __init__(self, *steps: Step) -> None:
        super().__init__(RATE_HZ, "script")
        self._steps: Iterator[Step] = iter(steps)
        self.starts = 0

    def start(self) -> None:
        super().start()
        self.starts += 1

    def read(self, timeout_s: float) -> Block | None:
        for step in self._steps:
            if callable(step):
                step()
                return super().read(0.0)
            samples = np.zeros(BLOCK, np.float32)
            samples[0] = -1.0 if step is None else step / 128
            self.push(samples)
            return super().read(0.0)
        self.finish()
        return super().read(0.0)


def wait_for(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20.0
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def run_engine(source: PushSource, *sinks: Sink, **options: Any) -> tuple[Engine, list[str]]:
    """Run an engine to its end; the lines for people come with it."""
    lines: list[str] = []
    engine = Engine(source, ScriptedTracker(), sinks, notify=lines.append, **options)
    engine.start()
    assert engine.join(30.0)
    return engine, lines
