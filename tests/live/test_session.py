"""A live session: exit statuses, signals, the screen, and an end that nothing can hold up."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from streamer.errors import DeviceError, OutputError
from streamer.live.session import Session, run_live
from streamer.live.snapshot import Snapshot
from tests.scripted import BLOCK, RATE_HZ, Receiver, Script, ScriptedTracker, Step


def play(*steps: Step, **options: object) -> tuple[Receiver, int, list[str]]:
    receiver, lines = Receiver(), []
    status = run_live(Script(*steps), ScriptedTracker(), [receiver], notify=lines.append, **options)  # type: ignore[arg-type]
    assert receiver.closed
    return receiver, status, lines


def test_notes_reach_the_sink_and_the_end_of_the_source_ends_them() -> None:
    receiver, status, lines = play(60, None, 62, 64)
    assert receiver.log == ["+60", "-60", "+62", "-62", "+64", "-64"]
    assert status == 0
    assert lines == []


def test_a_sink_that_failed_shows_in_the_status() -> None:
    bad, lines = Receiver("bad"), []
    bad.fails = OutputError("cannot write bad: the disk is full")
    assert run_live(Script(60, None), ScriptedTracker(), [bad, Receiver()], notify=lines.append) == 1
    assert lines == ["cannot write bad: the disk is full"]


def test_what_broke_the_engine_is_raised_when_all_is_closed() -> None:
    class Absent(Script):
        def start(self) -> None:
            raise DeviceError("there is no audio input")

    receiver = Receiver()
    with pytest.raises(DeviceError, match="there is no audio input"):
        run_live(Absent(), ScriptedTracker(), [receiver])
    assert receiver.closed


def test_signal_handlers_are_given_back() -> None:
    numbers = sorted(signal.valid_signals())
    before = [signal.getsignal(number) for number in numbers]
    play(60)
    assert [signal.getsignal(number) for number in numbers] == before


def test_the_snapshot_shows_losses() -> None:
    source = Script()
    source.push(np.zeros(BLOCK, np.float32))
    source.push(np.zeros(BLOCK, np.float32), lost=33)
    session = Session(source, ScriptedTracker(), [])
    assert session.run() == 0
    shown = session.snapshot()
    assert (shown.lost_samples, shown.losses) == (33, 1)
    assert shown.time_s == (2 * BLOCK + 33) / RATE_HZ


def test_the_latency_has_its_four_parts() -> None:
    source, receiver = Script(), Receiver()
    samples = np.zeros(BLOCK, np.float32)
    samples[0] = 0.5
    source.push(samples, captured_ns=time.monotonic_ns() - 30_000_000)
    session = Session(source, ScriptedTracker(), [receiver])
    session.run()
    shown = session.snapshot()
    assert shown.notes_sent == 1
    assert shown.audio.p50_ms == 5.0  # 40 samples
    assert shown.queue.p50_ms >= 30.0
    assert shown.total.max_ms == pytest.approx(
        shown.audio.max_ms + shown.queue.max_ms + shown.compute.max_ms + shown.send.max_ms, abs=0.01
    )
    assert "E4" in shown.messages[0]
    assert [(n.note, n.end_s) for n in shown.roll] == [(64, BLOCK / RATE_HZ)]
    assert json.loads(shown.to_json())["notes_sent"] == 1


def test_a_screen_gets_snapshots_and_its_commands_are_obeyed() -> None:
    class FakeScreen:
        def __init__(self) -> None:
            self.shown: list[Snapshot] = []
            self.closed = False

        def show(self, snapshot: Snapshot) -> None:
            self.shown.append(snapshot)

        def commands(self) -> list[str]:
            return ["quit"] if self.shown[-1].note == 60 else []

        def close(self) -> None:
            self.closed = True

    screen, receiver = FakeScreen(), Receiver()

    def wait() -> None:
        time.sleep(0.01)

    status = run_live(Script(60, *[wait] * 2000), ScriptedTracker(), [receiver], screen=screen, preset="flute")
    assert status == 0
    assert screen.closed
    assert receiver.log == ["+60", "-60"]
    assert (screen.shown[0].input_name, screen.shown[0].preset, screen.shown[0].output_names) == (
        "script",
        "flute",
        ("receiver",),
    )


# -- a process of its own ----------------------------------------------------------------------------------------------

PROGRAM = """
import os, subprocess, sys, threading, time
from streamer.events import Gap, NoteOff, NoteOn
from streamer.live.session import run_live
from tests.scripted import *

show = (NoteOn, NoteOff)

class Printer(Receiver):
    def send(self, event):
        super().send(event)
        if isinstance(event, show):
            print(self.log[-1], flush=True)

class Stuck(Receiver):
    may_block = True
    def send(self, event):
        if isinstance(event, NoteOn):
            threading.Event().wait()

class Hanging(Script):
    def close(self):
        threading.Event().wait()

def idle():
    time.sleep(0.05)

sinks, source = [Printer()], Script(60, *[idle] * 1000)
{change}
sys.exit(run_live(source, ScriptedTracker(), sinks, notify=lambda line: print(line, file=sys.stderr)))
"""


ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "JACK_NO_START_SERVER": "1"}


def run_program(change: str, send: signal.Signals | None, after_s: float = 0.0) -> tuple[int, list[str], str]:
    """Run a session in a process, send it a signal while its note sounds, and return its status and all it said."""
    program = PROGRAM.format(change=change)
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "+60\n"
        time.sleep(after_s)
        if send is not None:
            process.send_signal(send)
        out, complaints = process.communicate(timeout=60)
    return process.returncode, out.split(), complaints


ENDINGS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGABRT"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@posix
@pytest.mark.parametrize("name", ENDINGS)
def test_a_signal_ends_the_note_and_tells_its_number(name: str) -> None:
    number = signal.Signals[name]
    assert run_program("", number) == (128 + number, ["-60"], "")


@posix
def test_any_other_signal_that_would_end_the_process_ends_the_note() -> None:
    ends_nothing = {"SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGPIPE", "SIGXFSZ"}  # Python ignores the last two
    stops, unanswerable = {"SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGSTOP"}, {"SIGKILL"}
    defects = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"}
    program = (
        "import signal\nfrom streamer.live.signals import Signals\n"
        "with Signals(lambda: None, 1.0).taken():\n"
        "    for n in sorted(signal.valid_signals()):\n"
        "        if signal.getsignal(n) == signal.SIG_DFL:\n"
        "            print(signal.Signals(n).name if n < signal.SIGRTMIN else n)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= ends_nothing | stops | unanswerable | defects


@posix
def test_nohup_keeps_it_alive_when_the_terminal_closes() -> None:
    change = "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); source = Script(60, *[idle] * 60)"
    assert run_program(change, signal.SIGHUP) == (0, ["-60"], "")


@posix
@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU], ids=lambda n: n.name)
def test_suspending_the_process_ends_the_note_and_counts_a_gap(number: signal.Signals) -> None:
    wake = "while sleep 1; do kill -CONT {os.getpid()} || exit; done"
    resume = f"subprocess.Popen(['sh', '-c', f'{wake}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)"
    change = f"{resume}; push = lambda: (idle(), [source.push(np.zeros(BLOCK, np.float32)) for _ in '12'])"
    change += "; source = Script(60, *[push] * 60, 62); show = (NoteOn, NoteOff, Gap)"
    status, out, complaints = run_program(change, number)
    assert (status, complaints) == (0, "")
    assert (out[0], out[1], out[-2:]) == ("-60", "gap", ["+62", "-62"])


@posix
def test_a_library_that_holds_the_interpreter_for_ever_cannot_hold_the_process() -> None:
    """As RtMidi does when its server has stopped: no thread runs any more, nor any handler of a signal."""
    change = (
        "import ctypes, streamer.live.session as session; session._GUARD_S = 1.0\n"
        "def hang(): time.sleep(0.3); ctypes.PyDLL(None).sleep(600)\n"
        "source = Script(60, idle, hang)"
    )
    status, _, complaints = run_program(change, signal.SIGTERM, after_s=1.0)
    assert status == -signal.SIGKILL
    assert complaints == "streamer: the audio or MIDI system hangs; ended without it\n"


def _await_first_line(process_id: int, number: int) -> None:
    """Wait until Python has run as far as our first line, and a signal would just end it."""
    taken = number != signal.SIGINT  # that one Python takes when it starts, and our first line gives it back
    for _ in range(1000):  # who misses that moment is late, and that must be right as well
        with open(f"/proc/{process_id}/status") as file:
            status = dict(line.split(":\t", 1) for line in file.read().splitlines())
        runs = int(status["SigIgn"], 16) >> (signal.SIGPIPE - 1) & 1  # the first thing that Python does with signals
        caught = int(status["SigCgt"], 16) >> (number - 1) & 1
        taken = taken or bool(caught)
        if runs and taken and not caught:
            return
        time.sleep(0.0005)


STARTING = [sys.executable, "-m", "streamer", "live", "--input", "-", "--jsonl", "-"]


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR1"])
@pytest.mark.parametrize("after_ms", [0, 20, 40, 80, 160, 320])
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc to see handlers in")
def test_a_signal_while_it_starts_ends_it_without_a_word(name: str, after_ms: int) -> None:
    number = signal.Signals[name]
    with subprocess.Popen(
        STARTING, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    ) as process:
        _await_first_line(process.pid, number)
        time.sleep(after_ms / 1000)
        process.send_signal(number)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode in (-number, 128 + number)  # the same to a shell
    assert b"Traceback" not in complaints
    assert b"Exception" not in complaints


@posix
def test_a_stuck_file_does_not_keep_the_process_alive() -> None:
    status, out, complaints = run_program("sinks.append(Stuck('a full pipe'))", signal.SIGTERM)
    assert (status, out) == (1, ["-60"])
    assert complaints.startswith("a full pipe takes no more")


@posix
def test_a_driver_that_hangs_does_not_keep_the_process_alive() -> None:
    status, out, complaints = run_program("source = Hanging(60, *[idle] * 1000)", signal.SIGTERM)
    assert (status, out) == (128 + signal.SIGTERM, ["-60"])
    assert "hangs" in complaints
