"""`streamer live` itself, signalled and killed at random: ``python -m tests.fuzz.processes --count 70 --seed 0``.

Each run has a JACK server with the dummy driver, a real receiver of MIDI, and A3 played into the microphone. After it
no note may sound at the receiver, but after ``kill -9``; there is no traceback; and it has ended in time.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1] / "real"))
from jackserver import JackServer  # type: ignore[import-not-found]
from livecommand import Live  # type: ignore[import-not-found]
from receivers import MidiDump, sounding  # type: ignore[import-not-found]
from waiting import end_process, wait_until  # type: ignore[import-not-found]

RATE_HZ = 48_000
ENDS_WITHIN_S = 16.0
ENDINGS = [
    *(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2),
    *(signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGABRT, signal.SIGXCPU, signal.SIGIO),
    *(signal.SIGSYS, signal.SIGTRAP, signal.SIGPWR, signal.SIGRTMIN, signal.SIGRTMAX),
]


class Run:
    """One process with all that is around it."""

    def __init__(self, rng: random.Random, folder: Path) -> None:
        self.rng = rng
        self.folder = folder
        self.jack = JackServer(folder)
        self.jack.start()
        self.faults: list[str] = []
        self.live: Live
        self.dump: MidiDump | None = None
        self.receives = True  # False once the server was killed: nothing is heard any more

    def play(self) -> None:
        """Start it, and let A3 sound."""
        more = ["--midi", str(self.folder / "take.mid")] if self.rng.random() < 0.3 else []
        self.live = Live(self.folder, "--virtual", *more, env=self.jack.env)
        self.live.await_microphone(self.jack)
        self.dump = MidiDump(self.jack, self.folder)
        self.jack.connect(self.jack.midi_output("streamer"), self.dump.port)
        for _ in range(3):
            player = self.jack.play(tone(self.folder))
            with suppress(AssertionError):
                wait_until(lambda: self.dump and sounding(self.dump.messages()), "the note", 8.0)
                return
            end_process(player)
        raise AssertionError(f"no note; it said: {self.live.said()}")

    def end(self, number: int, *also: int) -> None:
        """Send a signal, and see that it ends in time, with its status."""
        self.live.process.send_signal(number)
        self.await_end(number, *also)

    def await_end(self, *numbers: int, killed: bool = False) -> None:
        """See that it ends in time; ``killed`` where a guard may have had to."""
        try:
            status = self.live.wait(ENDS_WITHIN_S)
        except AssertionError:
            self.faults.append(f"did not end within {ENDS_WITHIN_S:g} s")
            return
        allowed = {1, *(128 + number for number in numbers), *([128 + signal.SIGKILL] if killed else [])}
        if status not in allowed:
            self.faults.append(f"status {status}, not {sorted(allowed)}")

    def await_silence(self, when: str) -> None:
        """See that no note sounds at the receiver."""
        if self.dump is None or not self.receives:
            return
        try:
            wait_until(lambda: self.dump and not sounding(self.dump.messages()), "the note-off", 3.0)
        except AssertionError:
            self.faults.append(f"a note sounds {when}")

    def close(self) -> None:
        """Look at what it said, and end all."""
        with suppress(OSError):
            if self.jack._process is not None:
                self.jack._process.send_signal(signal.SIGCONT)
        said = self.live.said()
        self.faults += [f"it said: {said[-1500:]}"] if "Traceback" in said or "Exception ignored" in said else []
        self.live.abandon()
        if self.dump is not None:
            self.dump.close()
        self.jack.close()


def tone(folder: Path) -> Path:
    """A3 for a minute."""
    path = folder / "tone.wav"
    if not path.exists():
        time_s = np.arange(60 * RATE_HZ) / RATE_HZ
        sound = sum(np.sin(2 * np.pi * 220.0 * k * time_s) / k for k in range(1, 11))
        soundfile.write(path, np.concatenate([np.zeros(RATE_HZ // 2), 0.15 * sound]), RATE_HZ, subtype="PCM_16")
    return path


def some_signal(run: Run) -> None:
    """Any that ends a program, at any time while a note sounds."""
    run.play()
    time.sleep(run.rng.random())
    run.end(run.rng.choice(ENDINGS))
    run.await_silence("after a signal")


def several_signals(run: Run) -> None:
    """Some at once, or within the second that its end takes."""
    run.play()
    numbers = [run.rng.choice(ENDINGS) for _ in range(3)]
    for number in numbers:
        if run.live.process.poll() is None:
            run.live.process.send_signal(number)
        time.sleep(run.rng.choice((0.0, 0.01, 0.3)))
    run.await_end(*numbers)
    run.await_silence("after several signals")


def stopped_and_continued(run: Run) -> None:
    """Ctrl-Z, some seconds, and `fg`; then the end."""
    run.play()
    for _ in range(run.rng.choice((1, 2))):
        run.live.process.send_signal(run.rng.choice((signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)))
        state = Path(f"/proc/{run.live.process.pid}/stat")
        wait_until(lambda state=state: state.read_text().rpartition(")")[2].split()[0] == "T", "it to stand still", 8.0)
        run.await_silence("while it stands still")
        time.sleep(run.rng.choice((0.0, 0.5, 3.0)))
        run.live.process.send_signal(signal.SIGCONT)
        time.sleep(run.rng.choice((0.0, 0.5, 2.0)))
    run.end(run.rng.choice(ENDINGS))
    run.await_silence("after it was continued and ended")


def killed(run: Run) -> None:
    """``kill -9``: a note may sound on; but the terminal and the sound card are let go."""
    run.play()
    run.live.process.kill()
    run.await_end(signal.SIGKILL)
    run.receives = False


def server_killed(run: Run) -> None:
    """The audio server dies, and may come back."""
    run.play()
    run.jack.kill()
    run.receives = False
    time.sleep(run.rng.choice((0.0, 0.5, 3.0)))
    if run.rng.random() < 0.5:
        run.jack.start()
        time.sleep(run.rng.choice((0.0, 1.0, 4.0)))
    run.end(run.rng.choice(ENDINGS))


def server_stopped(run: Run) -> None:
    """The audio server stands still, and so do all who wait for it."""
    run.play()
    assert run.jack._process is not None
    run.jack._process.send_signal(signal.SIGSTOP)
    time.sleep(run.rng.choice((0.0, 0.3, 2.0, 6.0)))
    number = run.rng.choice(ENDINGS)
    run.live.process.send_signal(number)
    run.await_end(number, killed=True)
    run.jack._process.send_signal(signal.SIGCONT)
    run.receives = False  # its port was taken from a server that could not deliver


def capture_killed(run: Run) -> None:
    """The process that holds the sound card dies: the note ends at once."""
    run.play()
    children = Path(f"/proc/{run.live.process.pid}/task/{run.live.process.pid}/children").read_text().split()
    threads = Path(f"/proc/{run.live.process.pid}/task").glob("*/children")
    children += [child for thread in threads for child in thread.read_text().split()]
    for child in set(children):
        if b"streamer.audio.capture" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), signal.SIGKILL)
    wait_until(lambda: "is gone" in run.live.said(), "a line about it", 8.0)
    run.end(run.rng.choice(ENDINGS))
    run.await_silence("after the capture process died")


def while_it_starts(run: Run) -> None:
    """A signal within the first second."""
    run.live = Live(run.folder, "--virtual", env=run.jack.env)
    # Python itself needs some milliseconds until its first line of ours; Ctrl-C is a traceback of its own then.
    status = Path(f"/proc/{run.live.process.pid}/status")
    taken = False  # by Python, until our first line gives it back
    for _ in range(2000):
        caught = int(dict(line.split(":\t", 1) for line in status.read_text().splitlines())["SigCgt"], 16)
        is_caught = bool(caught >> (signal.SIGINT - 1) & 1)
        if taken and not is_caught:
            break
        taken = taken or is_caught
        time.sleep(0.0005)
    time.sleep(run.rng.random())
    run.end(run.rng.choice(ENDINGS))


def pipe_and_stopped_server(run: Run) -> None:
    """Notes from a pipe while the server stands still: once its memory is full, RtMidi waits with the interpreter."""
    time_s = np.arange(120 * RATE_HZ) / RATE_HZ
    sound = sum(np.sin(2 * np.pi * 220.0 * k * time_s) / k for k in range(1, 11)) * (time_s % 0.25 < 0.15)
    raw = run.folder / "raw"
    raw.write_bytes((0.15 * 32767 * sound).astype("<i2").tobytes() * 20)
    with raw.open("rb") as file:
        run.live = Live(run.folder, "--virtual", "--input", "-", env=run.jack.env, stdin=file)
    run.live.await_events("note_on", 1)
    assert run.jack._process is not None
    run.jack._process.send_signal(signal.SIGSTOP)
    run.receives = False
    time.sleep(run.rng.choice((1.0, 12.0, 20.0)))
    number = run.rng.choice(ENDINGS)
    run.live.process.send_signal(number)
    run.await_end(number, killed=True)


WAYS: tuple[Callable[[Run], None], ...] = (
    *(some_signal, some_signal, some_signal, several_signals, stopped_and_continued, stopped_and_continued),
    *(killed, server_killed, server_stopped, capture_killed, while_it_starts, pipe_and_stopped_server),
)


def run_one(way: Callable[[Run], None], seed: str) -> list[str]:
    """One run; what was wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(random.Random(seed), Path(folder))
        try:
            way(run)
        except (AssertionError, subprocess.SubprocessError, FileNotFoundError) as error:
            run.faults.append(f"the run itself failed: {error}")
        finally:
            run.close()
        return [f"{seed} {way.__name__}: {fault}" for fault in run.faults]


def main() -> None:
    """Run, print the faults, and fail if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=70)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    found: list[str] = []
    for k in range(arguments.count):
        way = WAYS[k % len(WAYS)]
        faults = run_one(way, f"{arguments.seed}-{k}")
        found += faults
        print(f"{k + 1} {way.__name__}: {'; '.join(faults) or 'right'}", flush=True)
    print(f"{arguments.count} runs: {len(found)} faults")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
