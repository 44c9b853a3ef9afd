"""Adversarial blocks through the tracker: ``python -m tests.fuzz.blocks --count 100000 --seed 1``.

Blocks of wild sizes and contents come in sessions, each with a tracker of its own, at eight rates from 8 to 192 kHz.
Nothing may raise or warn, whatever comes; notes must begin and end in turn and in order; and clicks, steps, constants
and silence must give no note. What fails is printed with the seed and number of its session, by which
``--seed S --only K`` repeats it.
"""

import argparse
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streamer.config import TrackerConfig
from streamer.events import Event, FloatArray, NoteOff, NoteOn, PitchEstimate
from streamer.tracker import make_tracker

RATES_HZ = (8_000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)
BLOCKS = 40  # of one session
LONGEST = 3_000  # samples of a block
MOST_OF_ONE_KIND = 24_000
_CLICKS_APART_S = 0.05  # closer together they would be a tone
_CLICK_S = 0.002  # in which a click may have several samples


def silence(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    return np.zeros(n, np.float32)


def constant(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    return np.full(n, rng.choice([1.0, -1.0, 0.5, 1e-3, 1e-20]), np.float32)


def clicks(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    """Single samples, or two or three of them close together, far from the next ones."""
    x = np.zeros(n, np.float32)
    at = int(rng.integers(0, round(_CLICKS_APART_S * rate_hz)))
    while at < n:
        for away in (0, *rng.integers(0, max(1, round(_CLICK_S * rate_hz)), int(rng.integers(0, 3)))):
            if at + away < n:
                x[at + away] = rng.choice([1.0, -1.0]) * 10.0 ** -float(rng.choice([0, 0, 1, 3]))
        at += round(_CLICKS_APART_S * rate_hz * float(rng.uniform(1.0, 4.0)))
    return x


def step(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    x = np.full(n, rng.choice([0.0, 1.0, -1.0]), np.float32)
    x[int(rng.integers(0, n + 1)) :] = rng.choice([0.0, 1.0, -1.0])
    return x


def noise(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    return np.asarray(rng.uniform(-1.0, 1.0, n) * 10.0 ** -float(rng.integers(0, 8)), np.float32)


def square_noise(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    return rng.choice(np.array([-1.0, 1.0], np.float32), n)


def not_numbers(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    x = noise(rng, n, rate_hz)
    x[rng.random(n) < 0.1] = rng.choice(np.array([np.nan, np.inf, -np.inf, 3e38, -3e38], np.float32))
    return x


def denormals(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    return rng.integers(-9, 10, n).astype(np.float32) * np.float32(1e-45)


def beyond_full_scale(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    return np.asarray(rng.standard_normal(n) * 10.0 ** rng.integers(0, 6), np.float32)


def alternation(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    return np.asarray((-1.0) ** (np.arange(n) // int(rng.integers(1, 5))), np.float32)


def chirp(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    from_hz, to_hz = rng.uniform(10.0, 0.5 * rate_hz, 2)
    return np.sin(2.0 * np.pi * np.cumsum(np.linspace(from_hz, to_hz, n)) / rate_hz).astype(np.float32)


def tone(rng: Generator, n: int, rate_hz: int) -> FloatArray:
    f0_hz = float(27.5 * 2.0 ** rng.uniform(0.0, 7.0))
    return np.asarray(np.sign(np.sin(2.0 * np.pi * f0_hz * np.arange(n) / rate_hz)), np.float32)


Kind = Callable[[Generator, int, int], FloatArray]
UNPITCHED: tuple[Kind, ...] = (silence, constant, clicks)
ANY: tuple[Kind, ...] = (
    *UNPITCHED,
    step,
    noise,
    square_noise,
    not_numbers,
    denormals,
    beyond_full_scale,
    alternation,
    chirp,
    tone,
)


@dataclass(frozen=True)
class Session:
    """Blocks for one tracker.

    Attributes
    ----------
    what : str
        Rate, hop and kinds, for a message.
    notes_allowed : bool
        False where nothing has a pitch.
    """

    what: str
    rate_hz: int
    hop: int
    hops_at_once: int
    notes_allowed: bool
    blocks: list[FloatArray]


def make_session(seed: int, number: int) -> Session:
    """The session of that number: the same whoever asks."""
    rng = np.random.default_rng((seed, number))
    rate_hz = int(rng.choice(RATES_HZ))
    hop = int(rng.choice([0, 0, 0, 16, 64, 100, 512, 4096]))
    hops_at_once = int(rng.choice([1, 4, 32]))
    if rng.random() < 0.5:
        kind = UNPITCHED[int(rng.integers(len(UNPITCHED)))]
        samples, kinds = _one_kind(rng, kind, rate_hz), kind.__name__
        blocks = np.split(samples, np.sort(rng.integers(0, len(samples) + 1, BLOCKS - 1)))
    else:
        kinds = "all kinds"
        blocks = [ANY[int(rng.integers(len(ANY)))](rng, _size(rng), rate_hz) for _ in range(BLOCKS)]
    what = f"{kinds} at {rate_hz} Hz, hop {hop}, {hops_at_once} at once"
    return Session(what, rate_hz, hop, hops_at_once, kinds == "all kinds", blocks)


def _one_kind(rng: Generator, kind: Kind, rate_hz: int) -> FloatArray:
    """Once or again and again, as a metronome."""
    pattern = int(rng.integers(round(_CLICKS_APART_S * rate_hz), MOST_OF_ONE_KIND))
    samples = kind(rng, pattern, rate_hz)
    if kind is clicks:  # the last one must not be close to the first one of the next round
        samples = np.concatenate([samples, silence(rng, round(_CLICKS_APART_S * rate_hz), rate_hz)])
    return np.resize(samples, MOST_OF_ONE_KIND)


def _size(rng: Generator) -> int:
    """Most are short, some empty or long."""
    return int(LONGEST ** rng.uniform(0.0, 1.0)) - 1


def faults(session: Session) -> Iterator[str]:
    """What is wrong with the events of a session."""
    config = TrackerConfig(hop=session.hop)
    tracker = make_tracker(config, session.rate_hz, hops_at_once=session.hops_at_once)
    events: list[Event] = []
    for block in session.blocks:
        events += tracker.process(block)
    events += tracker.flush()
    sounding: NoteOn | None = None
    sample = 0
    for event in events:
        if event.sample < sample:
            yield f"an event goes back in time, from {sample} to {event.sample}"
        sample = event.sample
        if isinstance(event, NoteOn):
            if sounding is not None:
                yield f"at {sample} a note begins while another sounds"
            if not session.notes_allowed:
                yield f"at {sample} there is a note {event.note}, of nothing that has a pitch"
            sounding = event
        elif isinstance(event, NoteOff):
            if sounding is None or event.note_id != sounding.note_id:
                yield f"at {sample} a note ends that does not sound"
            sounding = None
        elif isinstance(event, PitchEstimate):
            values = (event.confidence, event.level_db, event.peak, event.guess_hz, event.f0_hz or 0.0)
            if not np.isfinite(values).all():
                yield f"at {sample} an estimate is no number: {event}"
    if sounding is not None:
        yield "a note never ends"


def run(numbers: Iterable[int], seed: int) -> Iterator[str]:
    """Track sessions; what is wrong comes as soon as it is found."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in numbers:
            session = make_session(seed, number)
            try:
                for fault in faults(session):
                    yield f"session {number}: {session.what}: {fault}"
            except Exception:  # whatever it is, the others are still to be tried
                yield f"session {number}: {session.what}: {traceback.format_exc()}"


def main() -> int:
    """Run and print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="blocks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first session")
    parser.add_argument("--only", type=int, default=None, help="one session")
    options = parser.parse_args()
    begun, found = time.monotonic(), 0
    last = options.first + -(-options.count // BLOCKS)
    numbers = range(options.first, last) if options.only is None else range(options.only, options.only + 1)
    for line in run(numbers, options.seed):
        print(line, flush=True)
        found += 1
    print(f"{BLOCKS * len(numbers)} blocks, seed {options.seed}: {found} faults in {time.monotonic() - begun:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
