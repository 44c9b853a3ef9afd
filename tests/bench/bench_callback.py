"""Does the screen hurt the audio? Callback intervals and overruns with the screen on and off, one after the other.

Run it as ``python tests/bench/bench_callback.py``; it needs jackd and jack-tools, and no audio hardware. A JACK server
with the dummy driver plays the demo performance into the real microphone code, and the real session runs on a
pseudo-terminal, once without and once with its screen, three times. What counts is the ratio of the 99th percentiles of
the callback intervals. ``--smoke`` only shows that all of it still runs.
"""

import argparse
import contextlib
import fcntl
import json
import os
import pty
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "real")]

from jackserver import JackServer  # noqa: E402
from waiting import end_process  # noqa: E402

from streamer.audio.microphone import Microphone  # noqa: E402
from streamer.audio.source import EndOfStream  # noqa: E402
from streamer.config import TrackerConfig  # noqa: E402
from streamer.events import Block  # noqa: E402
from streamer.live.screen import Screen  # noqa: E402
from streamer.live.session import run_live  # noqa: E402
from streamer.material.demo import demo_performance  # noqa: E402
from streamer.tracker import make_tracker  # noqa: E402

ROWS, COLUMNS = 40, 120
SETTLE_S = 1.0
LIMIT = 1.1


class Tapped(Microphone):
    """A microphone that remembers when the driver called, and ends after a while."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.captured_ns: list[int] = []
        self._seconds = seconds

    def read(self, timeout_s: float) -> Block | None:
        block = super().read(timeout_s)
        if block is not None:
            self.captured_ns.append(block.captured_ns)
            if block.captured_ns - self.captured_ns[0] > 1e9 * self._seconds:
                raise EndOfStream
        return block


@dataclass(frozen=True)
class Run:
    """One run's figures."""

    blocks: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    overruns: int
    lost: int


def work(screen_on: bool, seconds: float, report: Path) -> None:
    """Run one session on this process's terminal, and write its figures."""
    source = Tapped(SETTLE_S + seconds)
    tracker = make_tracker(TrackerConfig(), source.rate_hz)
    screen = None
    if screen_on:
        screen = Screen()
        screen.start()
    run_live(source, tracker, [], screen=screen)
    times_ms = np.array(source.captured_ns) / 1e6
    times_ms = times_ms[times_ms > times_ms[0] + 1000.0 * SETTLE_S]
    p50, p99, longest = np.percentile(np.diff(times_ms), (50, 99, 100))
    run = Run(len(times_ms), float(p50), float(p99), float(longest), source.losses, source.lost)
    report.write_text(json.dumps(run.__dict__))


@contextlib.contextmanager
def terminal() -> Iterator[int]:
    """A pseudo-terminal whose output is read and forgotten, as a terminal program would draw it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def drain() -> None:
        with contextlib.suppress(OSError):
            while os.read(ours, 1 << 16):
                pass

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    try:
        yield theirs
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)


def measure(server: JackServer, recording: Path, screen_on: bool, seconds: float, directory: Path) -> Run:
    """One run in a process of its own."""
    report = directory / "report.json"
    command = [
        sys.executable,
        __file__,
        "--worker",
        "on" if screen_on else "off",
        "--seconds",
        str(seconds),
        str(report),
    ]
    with terminal() as tty:
        worker = subprocess.Popen(
            command,
            env={**server.env, "TERM": "xterm-256color"},
            stdin=tty,
            stdout=tty,
            stderr=tty,
            start_new_session=True,
        )
        server.free_microphone()
        player = server.play(recording)
        try:
            worker.wait(SETTLE_S + seconds + 30.0)
        finally:
            end_process(player, grace_s=1.0)
            end_process(worker)
    return Run(**json.loads(report.read_text()))


def main() -> int:
    """Measure, print, and return 1 where the screen costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="two seconds, once, without a verdict")
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", choices=("on", "off"), help=argparse.SUPPRESS)
    parser.add_argument("report", nargs="?", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker == "on", options.seconds, options.report)
        return 0
    seconds, rounds = (2.0, 1) if options.smoke else (options.seconds, options.rounds)
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        recording = directory / "performance.wav"
        performance = demo_performance(48_000)
        soundfile.write(recording, performance.samples, performance.rate_hz)
        server = JackServer(directory)
        server.start()
        try:
            print("screen  blocks  interval p50   p99    max ms  overruns  samples lost")
            for _ in range(rounds):
                runs = {}
                for screen_on in (False, True):
                    run = runs[screen_on] = measure(server, recording, screen_on, seconds, directory)
                    print(
                        f"{'on' if screen_on else 'off':6} {run.blocks:7d} {run.p50_ms:13.3f} {run.p99_ms:6.3f} "
                        f"{run.max_ms:6.1f} {run.overruns:12d} {run.lost:13d}",
                        flush=True,
                    )
                ratios.append(runs[True].p99_ms / runs[False].p99_ms)
        finally:
            server.stop()
    ratio = statistics.median(ratios)
    print(f"p99 on / off: {', '.join(f'{r:.3f}' for r in ratios)}; median {ratio:.3f}, must be under {LIMIT}")
    return 0 if options.smoke or ratio < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
