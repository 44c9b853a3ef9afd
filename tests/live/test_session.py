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
from streamer.events import NoteOff, NoteOn
from streamer.live.session import run_live
from tests.scripted import *

class Printer(Receiver):
    def send(self, event):
        super().send(event)
        if isinstance(event, (NoteOn, NoteOff)):
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


def run_program(change: str, send: signal.Signals | None) -> tuple[int, list[str], str]:
    """Run a session in a process, send it a signal while its note sounds, and return its status and all it said."""
    program = PROGRAM.format(change=change)
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "+60\n"
        if send is not None:
            process.send_signal(send)
        out, complaints = process.communicate(timeout=60)
    return process.returncode, out.split(), complaints


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_note_and_tells_its_number(name: str) -> None:
    number = signal.Signals[name]
    assert run_program("", number) == (128 + number, ["-60"], "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_suspending_the_process_ends_the_note() -> None:
    wake = "while sleep 1; do kill -CONT {os.getpid()} || exit; done"
    resume = f"subprocess.Popen(['sh', '-c', f'{wake}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)"
    status, out, complaints = run_program(f"{resume}; source = Script(60, *[idle] * 60, 62)", signal.SIGTSTP)
    assert (status, out, complaints) == (0, ["-60", "+62", "-62"], "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_stuck_file_does_not_keep_the_process_alive() -> None:
    status, out, complaints = run_program("sinks.append(Stuck('a full pipe'))", signal.SIGTERM)
    assert (status, out) == (1, ["-60"])
    assert complaints.startswith("a full pipe takes no more")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_driver_that_hangs_does_not_keep_the_process_alive() -> None:
    status, out, complaints = run_program("source = Hanging(60, *[idle] * 1000)", signal.SIGTERM)
    assert (status, out) == (128 + signal.SIGTERM, ["-60"])
    assert "hangs" in complaints
