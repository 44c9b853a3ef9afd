"""MIDI clock from outside: where its beats lie in the stream of samples.

A clock sends 24 messages a beat, each a little early or late. Nothing here needs them at once: a file's bars are made
when it is closed, so what is known by then of both sides of a beat makes its time.
"""

import threading
import time
from array import array
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streamer.events import Block

PER_BEAT = 24
_TICKS_PER_STEP = 6  # of the song position, which counts sixteenths
_LOST_S = 0.5  # without a message: it has stopped, and did not say so; at 20 beats a minute there is one in 0.125 s
_SHORTEST_S = 0.002  # between two messages; nobody plays at 1250 beats a minute
_MOST_TICKS = 1 << 22  # a day at 120 beats a minute
_AROUND = 12  # messages on either side that a beat's time is made of
_ANCHOR_S = 1.0
_STEADY = 6  # messages that a tempo can be told from


@dataclass(slots=True)
class _Run:
    """Messages without a stop between them.

    Attributes
    ----------
    position : int
        Of the first one, in ticks since the song's beginning.
    times_ns : array of int
        When each came, by `time.monotonic_ns`.
    """

    position: int
    times_ns: "array[int]" = field(default_factory=lambda: array("q"))

    @property
    def seconds_per_tick(self) -> float | None:
        """Of the newest beat; None where there are too few to tell."""
        newest = self.times_ns[-PER_BEAT - 1 :]
        return (newest[-1] - newest[0]) / 1e9 / (len(newest) - 1) if len(newest) > _STEADY else None


@dataclass(frozen=True, slots=True)
class Beats:
    """Beats of a clock, in order of time.

    Attributes
    ----------
    times_s : ndarray of float64, shape (n,)
        When each is, in seconds.
    first : int
        Which beat of the song the first of them is, counted from 0.
    """

    times_s: NDArray[np.float64]
    first: int


class MidiClock:
    """Keeps what a MIDI clock says, and tells where the beats are.

    Until the clock has said that the song starts, its first message is taken for a beat. After a stop it counts for
    nothing until it starts again or continues.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._kept = 0
        self._running = True  # as far as is known: who joins later hears no start
        self._position: int | None = 0  # of the next message, where that begins a run
        self._anchors: list[tuple[int, int]] = []  # samples, and the time when they had come
        self._best: tuple[int, int, int] | None = None  # of this second: lateness, and what will be an anchor
        self._lock = threading.Lock()

    def receive(self, message: bytes, now_ns: int | None = None) -> None:
        """Take a MIDI message; what is none of a clock's is ignored.

        Parameters
        ----------
        message : bytes
            Status first.
        now_ns : int, optional
            When it came, by `time.monotonic_ns`; by default now.
        """
        now_ns = time.monotonic_ns() if now_ns is None else now_ns
        with self._lock:
            match message[:1]:
                case b"\xf8":  # a tick
                    self._tick(now_ns)
                case b"\xfa":  # start
                    self._running, self._position = True, 0
                case b"\xfb":  # continue
                    self._running, self._position = True, self._next if self._position is None else self._position
                case b"\xfc":  # stop
                    self._running, self._position = False, self._next
                case b"\xf2" if len(message) == 3:
                    self._position = _TICKS_PER_STEP * (message[1] + 128 * message[2])

    def heard(self, block: Block, rate_hz: int) -> None:
        """Learn when the samples of this block came, so that times become samples.

        Parameters
        ----------
        block : Block
            As the source handed it over.
        rate_hz : int
            Of its samples.
        """
        end = block.start + len(block.samples)
        lateness = block.captured_ns - end * 1_000_000_000 // rate_hz
        with self._lock:
            if self._best is None or lateness < self._best[0]:
                self._best = (lateness, end, block.captured_ns)
            if not self._anchors or end - self._anchors[-1][0] >= _ANCHOR_S * rate_hz:
                self._anchors.append(self._best[1:])
                self._best = None

    @property
    def tempo_bpm(self) -> float | None:
        """Beats a minute at present; None while there is no clock, or it stands still."""
        with self._lock:
            if not self._running or not self._runs or self._position is not None:
                return None
            run = self._runs[-1]
            tick_s = run.seconds_per_tick
            late = time.monotonic_ns() - run.times_ns[-1] > _LOST_S * 1e9
            return None if tick_s is None or late else 60.0 / (PER_BEAT * tick_s)

    def beats(self, start: int, rate_hz: int) -> Beats:
        """All beats from a sample on; where the clock stood still, so many as fit there.

        Parameters
        ----------
        start : int
            Sample index that times are counted from.
        rate_hz : int
            Samples per second.
        """
        with self._lock:
            runs = [(run.position, np.array(run.times_ns, np.float64)) for run in self._runs]
            anchors = np.array(self._anchors, np.float64).reshape(-1, 2)
        if not len(anchors):
            return Beats(np.zeros(0), 0)
        # The two clocks drift apart, so how late blocks are is looked up at each moment.
        lateness_ns = anchors[:, 1] - anchors[:, 0] * 1e9 / rate_hz
        found: list[float] = []
        first = 0
        for position, times_ns in runs:
            if len(times_ns) <= _STEADY:
                continue
            at = np.arange(-position % PER_BEAT, len(times_ns), PER_BEAT)
            came_ns = np.array([_smoothed(times_ns, int(k)) for k in at])
            times_s = (came_ns - np.interp(came_ns, anchors[:, 1], lateness_ns)) / 1e9 - start / rate_hz
            beat = (position + int(at[0])) // PER_BEAT if len(at) else 0
            tick_s = float(times_ns[-1] - times_ns[0]) / 1e9 / (len(times_ns) - 1)
            first = _join(found, first, times_s.tolist(), beat, PER_BEAT * tick_s)
        return Beats(np.array(found), first)

    @property
    def _next(self) -> int:
        """The position that the next message would have."""
        return self._runs[-1].position + len(self._runs[-1].times_ns) if self._runs else 0

    def _tick(self, now_ns: int) -> None:
        if not self._running or self._kept >= _MOST_TICKS:
            return
        if self._position is None:
            run = self._runs[-1]
            since_s = (now_ns - run.times_ns[-1]) / 1e9
            if since_s < _SHORTEST_S:
                return
            if since_s > _LOST_S:  # a cable was out: the song most likely went on
                tick_s = run.seconds_per_tick
                self._position = self._next - 1 + (round(since_s / tick_s) if tick_s else 1)
        if self._position is not None:
            self._runs.append(_Run(self._position))
            self._position = None
        self._runs[-1].times_ns.append(now_ns)
        self._kept += 1


def _smoothed(times_ns: NDArray[np.float64], k: int) -> float:
    """When message k would have come without jitter: a line through those around it."""
    low, high = max(0, k - _AROUND), min(len(times_ns), k + _AROUND + 1)
    near = times_ns[low:high] - times_ns[k]
    if high - k == k - low + 1:
        return float(times_ns[k] + near.mean())
    return float(times_ns[k] + np.polyval(np.polyfit(np.arange(low, high) - k, near, 1), 0))


def _join(found: list[float], first: int, times_s: list[float], beat: int, beat_s: float) -> int:
    """Add the beats of another run, those before zero left out; returns which beat the first of all is."""
    for time_s in times_s:
        if time_s < 0:
            beat += 1
            continue
        if not found:
            first = beat
        while found and time_s - found[-1] < beat_s / 2:
            found.pop()
        if found:
            missing = max(1, round((time_s - found[-1]) / beat_s)) - 1
            found += list(np.linspace(found[-1], time_s, missing + 2)[1:-1])
        found.append(time_s)
    return first
