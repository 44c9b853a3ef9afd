"""Engines and sessions whose parts fail: ``python -m tests.fuzz.sessions --count 500 --seed 0``.

A source that dies and comes back, ports that are lost and recover in any order, files that are slow or full, defects in
sinks, commands that are none, pauses, signals. After each run every note-on has its note-off at every port that is
alive, and no thread, descriptor or handler of a signal is left.
"""

import argparse
import contextlib
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from streamer import engine as engine_module
from streamer.audio.source import EndOfStream, Source
from streamer.engine import Engine
from streamer.errors import AudioFormatError, DeviceError, MidiError, OutputError
from streamer.events import Block, Event
from streamer.expression.encoders import PlainEncoder
from streamer.live.session import Session
from streamer.outputs import fanout as fanout_module
from streamer.outputs.sink import Sink
from tests.scripted import BLOCK, RATE_HZ, ScriptedTracker

ENDS_WITHIN_S = 20.0
COMMANDS = ["mute", "hold", "panic", "record", "transpose +1", "transpose -1", "transpose +12", "transpose -60"]
NO_COMMANDS = ["transpose +-1", "transpose ", "transpose +", "", "release", "x" * 999, "transpose \u00b2", "mute\n"]
DEFECTS = (ValueError("a defect"), KeyError("name"), RuntimeError(), ZeroDivisionError(), OSError(5, "I/O error"))
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")  # not SIGALRM: a test runner's own


class Microphone(Source):
    """Plays random notes, at a pace; loses samples, dies, and comes back after some attempts."""

    def __init__(self, rng: random.Random, blocks: int) -> None:
        self.rate_hz, self.name = RATE_HZ, "microphone"
        self.can_wait = rng.random() < 0.2
        self.lost = self.losses = 0
        self._rng = rng
        self._left = blocks
        self._time = 0
        self._refusals = 0
        self._dies = rng.choice((0.0, 0.02, 0.1))
        self._ends_badly = rng.random() < 0.05
        self.closed = False

    def start(self) -> None:
        if self._refusals:
            self._refusals -= 1
            raise DeviceError("not yet")
        self.closed = False

    def read(self, timeout_s: float) -> Block | None:
        rng = self._rng
        self._left -= 1
        if self._left < 0:
            if self._ends_badly:
                raise rng.choice((AudioFormatError("no such samples"), *DEFECTS))
            raise EndOfStream
        time.sleep(rng.choice((0.0, 0.0005, 0.002)))
        if rng.random() < self._dies:
            self._refusals = rng.randrange(6)
            raise DeviceError("the microphone is gone")
        if rng.random() < 0.05:
            return None
        samples = np.zeros(BLOCK, np.float32)
        if rng.random() < 0.5:
            samples[0] = rng.choice((-1.0, rng.randrange(20, 110) / 128))
        lost = rng.choice((1, 80, 9_999)) if rng.random() < 0.03 else 0
        self.lost += lost
        self.losses += lost > 0
        block = Block(samples, self._time + lost, time.monotonic_ns(), lost)
        self._time += lost + BLOCK
        return block

    def close(self) -> None:
        self.closed = True


class Port(Sink):
    """A MIDI port with a real encoder, and the receiver behind it, which counts what sounds."""

    def __init__(self, rng: random.Random, name: str) -> None:
        self.name = name
        self.may_block = rng.random() < 0.2
        self.can_reopen = not self.may_block and rng.random() < 0.8
        self.alive = True  # the port's server; changed by another thread at any time
        self.sounding: Counter[int] = Counter()
        self.faults: list[str] = []
        self.ending: Callable[[], bool] = lambda: False
        self.refused_at_the_end = False
        self._rng = random.Random(rng.random())
        self._encoder = PlainEncoder()
        self._open = True
        self._defect = rng.choice((0.0, 0.0, 0.0, 0.03))
        self._slow_s = rng.choice((0.0, 0.0, 0.05))

    def send(self, event: Event) -> None:
        if not self._open:
            self.faults.append("sent to after it was closed")
        if not self.alive:
            self._encoder.encode(event)  # what is not known to have got out counts as sounding
            raise MidiError(f"{self.name} is gone")
        for message in self._encoder.encode(event):
            self._receive(message)
        if self._rng.random() < self._defect:
            raise self._rng.choice(DEFECTS)

    def panic(self) -> None:
        self._end()
        if self._rng.random() < self._defect:
            raise self._rng.choice(DEFECTS)

    def reopen(self) -> None:
        ending = self.ending()
        time.sleep(self._rng.random() * self._slow_s)
        defect, alive = self._rng.random() < 0.2, self.alive
        self.refused_at_the_end = ending and (defect or not alive)
        if defect:
            raise self._rng.choice(DEFECTS)
        if not alive:
            raise MidiError("not yet")
        self._open = True
        self._end()

    def close(self) -> None:
        if not self._open:
            self.faults.append("closed twice")
        self._end()
        self._open = False

    def _end(self) -> None:
        if self.alive:
            for message in self._encoder.end():
                if message.type == "note_off":
                    self._receive(message)

    def _receive(self, message: object) -> None:
        if message.type == "note_on":  # type: ignore[attr-defined]
            self.sounding[message.note] += 1  # type: ignore[attr-defined]
        elif self.sounding[message.note] > 0:  # type: ignore[attr-defined]
            self.sounding[message.note] -= 1  # type: ignore[attr-defined]
        self._encoder.sent(message)  # type: ignore[arg-type]


class File(Sink):
    """A file or pipe that may be slow, or full after some events."""

    def __init__(self, rng: random.Random, name: str) -> None:
        self.name = name
        self.may_block = True
        self.wants_audio = rng.random() < 0.3
        self._left = rng.choice((10**9, 10**9, rng.randrange(300)))
        self._error = rng.choice((OutputError("the disk is full"), BrokenPipeError(), *DEFECTS))
        self._slow_s = rng.choice((0.0, 0.0, 0.001))

    def send(self, event: Event) -> None:
        self._left -= 1
        time.sleep(self._slow_s)
        if self._left < 0:
            raise self._error

    def write_audio(self, block: Block) -> None:
        self.send(block)  # type: ignore[arg-type]

    def close(self) -> None:
        pass


def _trouble(rng: random.Random, ports: list[Port], ended: threading.Event, target: "Engine | Session") -> None:
    """Lose ports, bring them back, give commands, pause, until it has ended."""
    until_s = time.monotonic() + rng.random() * 0.6
    while not ended.wait(rng.random() * 0.02):
        port = rng.choice(ports)
        match rng.randrange(8):
            case 0 | 1:
                # One that cannot be opened again is gone for good.
                port.alive = not port.alive and port.can_reopen
            case 2 | 3:
                target.command(rng.choice(COMMANDS))
            case 4:
                if target.command(rng.choice(NO_COMMANDS)):
                    port.faults.append("took a command that is none")
            case 5 if isinstance(target, Engine):
                target.pause(0.2)
                ended.wait(rng.random() * 0.05)
                target.resume()
            case 6 if isinstance(target, Engine):
                target.release(0.1)
        if time.monotonic() > until_s:
            if isinstance(target, Session):
                if not target._engine._launched.locked():
                    continue
                if not target._engine.join(0.0):  # its handlers are there for a while yet
                    os.kill(os.getpid(), getattr(signal, rng.choice(SIGNALS)))
                return
            target.command("quit")
            until_s = float("inf")


def _recorder(rng: random.Random) -> object:
    def open_take(take: int, start: int) -> Sink:
        if rng.random() < 0.2:
            raise rng.choice((OutputError("cannot write the take"), OutputError("no room")))
        return File(rng, f"take {take}")

    return open_take


@contextlib.contextmanager
def _patched() -> Iterator[None]:
    """Attempts follow each other in hundredths of the usual time."""
    kept = engine_module._RETRY_S, fanout_module._REOPEN_S
    engine_module._RETRY_S, fanout_module._REOPEN_S = (0.005, 0.01, 0.02), 0.01
    try:
        yield
    finally:
        engine_module._RETRY_S, fanout_module._REOPEN_S = kept


def _state() -> tuple[object, ...]:
    handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
    return {t.name for t in threading.enumerate()}, len(os.listdir("/proc/self/fd")), handlers


def _settled(before: tuple[object, ...]) -> bool:
    deadline_s = time.monotonic() + 5.0
    while _state() != before:
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.01)
    return True


def run_one(seed: str) -> list[str]:
    """One run; what was wrong with it.

    Parameters
    ----------
    seed : str
        Decides what fails, and when as far as threads let it.
    """
    rng = random.Random(seed)
    before = _state()
    microphone = Microphone(rng, rng.choice((50, 300, 10**9)))
    ports = [Port(rng, f"port {k}") for k in range(rng.choice((1, 1, 2, 3)))]
    files = [File(rng, f"file {k}") for k in range(rng.randrange(3))]
    sinks: list[Sink] = [*ports, *files]
    rng.shuffle(sinks)
    options = {"recorders": [_recorder(rng)], "record_now": rng.random() < 0.2}
    ended = threading.Event()
    lines: list[str] = []
    session = threading.current_thread() is threading.main_thread() and rng.random() < 0.3
    target: Engine | Session
    if session:
        target = Session(microphone, ScriptedTracker(), sinks, notify=lines.append, **options)  # type: ignore[arg-type]
    else:
        target = Engine(microphone, ScriptedTracker(), sinks, notify=lines.append, **options)  # type: ignore[arg-type]
    engine = target._engine if isinstance(target, Session) else target
    for port in ports:
        port.ending = lambda: engine.stopping
    troubles = threading.Thread(target=_trouble, args=(rng, ports, ended, target))
    faults: list[str] = []
    if isinstance(target, Session):
        troubles.start()
        # The source's own errors are raised when all is closed.
        with contextlib.suppress(AudioFormatError, OutputError, *map(type, DEFECTS)):
            target.run()
        ended.set()
        troubles.join()
    else:
        if rng.random() < 0.95:
            target.start()
        else:
            target.stop()
        troubles.start()
        if not target.join(ENDS_WITHIN_S):
            faults.append("did not end")
        ended.set()
        troubles.join()
        if target.stuck:
            faults.append("a thread is stuck")
    for port in ports:
        faults += [f"{port.name}: {fault}" for fault in port.faults]
        # What the last attempt could not open may be alive again by now, but nobody can know.
        if port.alive and +port.sounding and not port.refused_at_the_end:
            faults.append(f"{port.name}: still sounding {dict(+port.sounding)}")
    if not microphone.closed:
        faults.append("the source was not closed")
    if not _settled(before):
        faults.append(f"left behind: {_state()[:2]}, was {before[:2]}")
    return faults


def run(count: int, seed: int) -> list[str]:
    """So many runs; the faults of all, each with its run's seed."""
    found: list[str] = []
    with _patched():
        for k in range(count):
            found += [f"{seed}-{k}: {fault}" for fault in run_one(f"{seed}-{k}")]
            if (k + 1) % 50 == 0:
                print(f"{k + 1} of {count} runs, {len(found)} faults", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Run, print the faults, and fail if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    found = run(arguments.count, arguments.seed)
    for line in found:
        print(line)
    print(f"{arguments.count} sessions: {len(found)} faults")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
