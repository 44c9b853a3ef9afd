"""The live session: what reaches the sinks, in which order, and what is left when something breaks.

A scripted tracker stands in for the real one: a sample of value n/128 begins note n, one of value -1 ends what sounds.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamer.audio.push import PushSource
from streamer.config import TrackerConfig
from streamer.errors import AudioFormatError, DeviceError, MidiError, OutputError
from streamer.events import Block, Event, FloatArray, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.live.session import Session, run_live
from streamer.live.snapshot import Snapshot
from streamer.outputs.queued import Behind
from streamer.outputs.sink import Sink
from streamer.outputs.wavfile import WavFileSink
from streamer.tracker import Tracker

RATE_HZ = 8_000
BLOCK = 80


class ScriptedTracker(Tracker):
    """Says what the samples tell it to."""

    def __init__(self) -> None:
        self.config = TrackerConfig()
        self.rate_hz = RATE_HZ
        self.consumed = 0
        self.sounding: int | None = None

    def process(self, samples: FloatArray) -> list[Event]:
        self.consumed += len(samples)
        events: list[Event] = [PitchEstimate(self.consumed, self.consumed, 440.0, 1.0, -20.0, 0.1)]
        for value in samples[samples != 0.0]:
            if value > 0.99:
                raise RuntimeError("a defect")
            events += self.flush()
            if value > 0.0:
                self.sounding = round(float(value) * 128)
                events.append(NoteOn(self.consumed, self.consumed - 40, self.sounding, 100, float(self.sounding)))
        return events

    def gap(self, lost: int) -> list[Event]:
        self.consumed += lost
        return [*self.flush(), Gap(self.consumed, lost)]

    def flush(self) -> list[Event]:
        note, self.sounding = self.sounding, None
        return [] if note is None else [NoteOff(self.consumed, self.consumed, note, float(note))]


class Receiver(Sink):
    """A synthesiser: knows what sounds in it."""

    def __init__(self, name: str = "receiver") -> None:
        self.name = name
        self.log: list[str] = []
        self.sounding: set[int] = set()
        self.closed = False
        self.fails: Exception | None = None
        self.panics = 0

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

    def __init__(self, *steps: "int | Callable[[], object] | None") -> None:
        super().__init__(RATE_HZ, "script")
        self._steps: Iterator[int | Callable[[], object] | None] = iter(steps)
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


def play(*steps: "int | Callable[[], object] | None", **options: object) -> tuple[Receiver, int, list[str]]:
    receiver, said = Receiver(), []
    status = run_live(Script(*steps), ScriptedTracker(), [receiver], say=said.append, **options)  # type: ignore[arg-type]
    assert receiver.closed
    return receiver, status, said


def test_notes_reach_the_sink_and_the_end_of_the_source_ends_them() -> None:
    receiver, status, said = play(60, None, 62, 64)
    assert receiver.log == ["+60", "-60", "+62", "-62", "+64", "-64"]
    assert status == 0
    assert said == []


def commanded(*steps: "int | str | Callable[[], object] | None") -> tuple[Receiver, Session]:
    """Run with commands (strings) between the notes."""
    receiver = Receiver()
    session: Session

    def give(line: str) -> Callable[[], object]:
        return lambda: session.command(line)

    script = Script(*(give(step) if isinstance(step, str) else step for step in steps))
    session = Session(script, ScriptedTracker(), [receiver])
    assert session.run() == 0
    return receiver, session


def test_transposing_in_the_midst_of_a_note_ends_the_note_that_was_sent() -> None:
    receiver, session = commanded(60, "transpose +1", "transpose +11", None, 60, "transpose -12", 60, None)
    assert receiver.log == ["+60", "-60", "+72", "-72", "+60", "-60"]
    assert session.snapshot().transpose == 0


def test_a_note_transposed_out_of_range_is_left_out_whole() -> None:
    receiver, _ = commanded("transpose +60", 100, None, "transpose -60", 100, None)
    assert receiver.log == ["+100", "-100"]


def test_muting_ends_what_sounds_and_keeps_back_what_follows() -> None:
    receiver, session = commanded(60, "mute", None, 62, "mute", None, 64, None)
    assert receiver.log == ["+60", "-60", "+64", "-64"]
    assert session.snapshot().muted is False


def test_panic_ends_what_sounds_and_tells_the_receiver() -> None:
    receiver, _ = commanded(60, "panic", None, 62)
    assert receiver.log == ["+60", "-60", "+62", "-62"]
    assert receiver.panics == 1


def test_quit_ends_the_note() -> None:
    receiver, _ = commanded(60, "quit", 62, 64)
    assert receiver.log in (["+60", "-60"], ["+60", "-60", "+62", "-62"])
    assert not receiver.sounding


def test_strange_commands_are_refused() -> None:
    session = Session(Script(), ScriptedTracker(), [])
    for line in ("", "transpose", "transpose x", "transpose --", "shout", "record now"):
        assert not session.command(line)
    assert sum(session.command("mute") for _ in range(1000)) == 64


def test_lost_samples_end_the_note_and_are_shown() -> None:
    source, receiver = Script(), Receiver()
    note, rest = np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.float32)
    note[0] = 0.5
    source.push(note)
    source.push(rest, lost=33)
    session = Session(source, ScriptedTracker(), [receiver])
    assert session.run() == 0
    assert receiver.log == ["+64", "-64", "gap 33"]
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


def test_exact_silence_from_the_start_is_noticed() -> None:
    for first, silent in ((0.0, True), (1e-6, False)):
        source = Script()
        source.push(np.full(BLOCK, first, np.float32) * 0.0 if silent else np.full(BLOCK, -first, np.float32))
        source.push(np.zeros(RATE_HZ, np.float32))
        session = Session(source, ScriptedTracker(), [])
        session.run()
        assert session.snapshot().silent_input is silent


# -- what breaks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [OutputError("the disk is full"), MidiError("gone"), ValueError("a defect"), SystemError()]
)
def test_a_sink_that_fails_ends_alone(error: Exception) -> None:
    good, bad, said = Receiver("good"), Receiver("bad"), []

    def fail() -> None:
        bad.fails = error

    status = run_live(Script(60, fail, None, 62), ScriptedTracker(), [bad, good], say=said.append)
    assert good.log == ["+60", "-60", "+62", "-62"]
    assert bad.closed
    assert not bad.sounding
    assert status == 1
    assert len(said) == 1
    assert "\n" not in said[0]


def test_a_file_that_fails_in_its_thread_ends_alone() -> None:
    good, bad, said = Receiver("good"), Receiver("bad"), []
    bad.may_block = True
    bad.fails = OutputError("cannot write bad: the disk is full")
    status = run_live(
        Script(60, lambda: wait_for(lambda: bad.closed), None, 62), ScriptedTracker(), [bad, good], say=said.append
    )
    assert good.log == ["+60", "-60", "+62", "-62"]
    assert (status, said) == (1, ["cannot write bad: the disk is full"])


def test_the_session_ends_when_no_sink_is_left() -> None:
    receiver = Receiver()
    receiver.fails = OutputError("gone")
    source = Script(*([60, None] * 1000))
    assert run_live(source, ScriptedTracker(), [receiver]) == 1
    assert receiver.closed


def test_a_port_that_comes_back_is_used_again() -> None:
    class Port(Receiver):
        can_reopen = True
        reopened = 0

        def reopen(self) -> None:
            self.reopened += 1
            if self.reopened == 1:
                raise MidiError("not yet")
            self.fails = None

    port, said = Port("port"), []

    def fail() -> None:
        port.fails = MidiError("the MIDI port is gone")

    def read_on() -> None:
        time.sleep(0.05)

    status = run_live(Script(60, fail, 62, *[read_on] * 60, None, 64, None), ScriptedTracker(), [port], say=said.append)
    assert port.log == ["+60", "-62", "+64", "-64"]
    assert said == ["the MIDI port is gone; trying to open it again", "port is back"]
    assert status == 0


def test_a_closed_pipe_ends_the_session_quietly() -> None:
    pipe, receiver = Receiver("pipe"), Receiver()
    pipe.fails = BrokenPipeError()
    said: list[str] = []
    assert run_live(Script(60, 62, 64), ScriptedTracker(), [receiver, pipe], say=said.append) == 0
    assert not receiver.sounding
    assert receiver.closed
    assert said == []


def test_a_defect_in_the_tracker_still_ends_the_note() -> None:
    receiver = Receiver()
    with pytest.raises(RuntimeError, match="a defect"):
        run_live(Script(60, 127.5), ScriptedTracker(), [receiver])  # type: ignore[arg-type]
    assert receiver.log == ["+60", "-60"]
    assert receiver.closed


def test_a_device_that_is_absent_from_the_start_is_an_error() -> None:
    class Absent(Script):
        def start(self) -> None:
            raise DeviceError("there is no audio input")

    receiver = Receiver()
    with pytest.raises(DeviceError, match="there is no audio input"):
        run_live(Absent(), ScriptedTracker(), [receiver])
    assert receiver.closed


def test_samples_that_are_not_what_was_said_are_an_error() -> None:
    source, receiver = Script(60, lambda: source.fail(AudioFormatError("a WAV file, not raw"))), Receiver()
    with pytest.raises(AudioFormatError, match="not raw"):
        run_live(source, ScriptedTracker(), [receiver])
    assert receiver.log == ["+60", "-60"]


def test_a_device_that_dies_ends_note_and_take_and_comes_back(tmp_path: Path) -> None:
    takes: list[Receiver] = []

    def recorder(take: int, start: int) -> Sink:
        takes.append(Receiver(f"take {take} from {start}"))
        return takes[-1]

    before_it_was_back: list[object] = []

    class Dying(Script):
        def start(self) -> None:
            super().start()
            if self.starts == 2:
                raise DeviceError("not yet")
            if self.starts == 3:
                before_it_was_back.extend((takes[0].closed, list(receiver.log)))

    source = Dying(60, lambda: source.fail(DeviceError("the microphone is gone")), 62, None)
    receiver, said = Receiver(), []
    status = run_live(source, ScriptedTracker(), [receiver], recorders=[recorder], record_now=True, say=said.append)
    assert before_it_was_back == [True, ["+60", "-60"]]
    assert receiver.log == ["+60", "-60", "+62", "-62"]
    assert [(take.name, take.log) for take in takes] == [
        ("take 1 from 0", ["+60", "-60"]),
        (f"take 2 from {BLOCK}", ["+62", "-62"]),
    ]
    assert status == 0
    assert said[0].startswith("the microphone is gone;")
    assert said[1] == "the audio input script is back"


def test_recording_starts_and_stops_at_command() -> None:
    takes: list[Receiver] = []

    def recorder(take: int, start: int) -> Sink:
        takes.append(Receiver(f"take{take}"))
        return takes[-1]

    session: Session
    record = lambda: session.command("record")  # noqa: E731
    shown: list[str | None] = []
    look = lambda: shown.append(session.snapshot().recording)  # noqa: E731
    source = Script(60, None, record, look, 62, None, record, look, 64, None, record, look, 65)
    session = Session(source, ScriptedTracker(), [], recorders=[recorder])
    assert session.run() == 0
    assert [take.log for take in takes] == [["+62", "-62"], ["+65", "-65"]]
    assert all(take.closed for take in takes)
    assert shown == ["take1", None, "take2"] or shown == [None, "take1", None]


def test_a_screen_gets_pictures_and_its_commands_are_obeyed() -> None:
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


# -- a process of its own ---------------------------------------------------------------------------------------------

PROGRAM = """
import sys, threading
sys.path.insert(0, {tests!r})
from test_session import *

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
sys.exit(run_live(source, ScriptedTracker(), sinks, say=lambda line: print(line, file=sys.stderr)))
"""


def run_program(change: str, send: signal.Signals | None) -> tuple[int, list[str], str]:
    """Run a session in a process, send it a signal while its note sounds, and return its status and all it said."""
    program = PROGRAM.format(tests=str(Path(__file__).parent), change=change)
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
        said, complaints = process.communicate(timeout=60)
    return process.returncode, said.split(), complaints


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_note_and_tells_its_number(name: str) -> None:
    number = signal.Signals[name]
    assert run_program("", number) == (128 + number, ["-60"], "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_suspending_the_process_ends_the_note() -> None:
    wake = "while sleep 1; do kill -CONT {os.getpid()} || exit; done"
    resume = f"subprocess.Popen(['sh', '-c', f'{wake}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)"
    status, said, complaints = run_program(f"{resume}; source = Script(60, *[idle] * 60, 62)", signal.SIGTSTP)
    assert (status, said, complaints) == (0, ["-60", "+62", "-62"], "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_stuck_file_does_not_keep_the_process_alive() -> None:
    status, said, complaints = run_program("sinks.append(Stuck('a full pipe'))", signal.SIGTERM)
    assert (status, said) == (1, ["-60"])
    assert complaints.startswith("a full pipe takes no more")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_driver_that_hangs_does_not_keep_the_process_alive() -> None:
    status, said, complaints = run_program("source = Hanging(60, *[idle] * 1000)", signal.SIGTERM)
    assert (status, said) == (128 + signal.SIGTERM, ["-60"])
    assert "hangs" in complaints


# -- parts ------------------------------------------------------------------------------------------------------------


class Slow(Receiver):
    def __init__(self) -> None:
        super().__init__("slow")
        self.go = threading.Event()

    def send(self, event: Event) -> None:
        self.go.wait()
        super().send(event)


def test_what_a_slow_sink_cannot_take_is_counted() -> None:
    slow = Slow()
    behind = Behind(slow, capacity=10)
    for _ in range(20):
        behind.send(Gap(0, 1))
    assert behind.lost in (9, 10)  # one may be in the sink's hands
    slow.go.set()
    behind.close()
    assert len(slow.log) == 20 - behind.lost
    assert slow.closed
    assert not behind.stuck


def test_a_source_that_can_wait_loses_nothing_to_a_slow_sink() -> None:
    slow = Slow()
    behind = Behind(slow, patience_s=20.0, capacity=10)
    threading.Timer(0.1, slow.go.set).start()
    for _ in range(200):
        behind.send(Gap(0, 1))
    behind.close()
    assert (behind.lost, len(slow.log)) == (0, 200)


def test_the_sound_is_recorded_with_its_losses(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    sink = WavFileSink(path, RATE_HZ, start=100)
    ramp = np.linspace(-1.2, 1.2, 200, dtype=np.float32)
    sink.hear(Block(ramp, 0, 0))  # 100 of these are before the take
    sink.hear(Block(ramp, 250, 0, lost=50))
    sink.close()
    sink.close()
    samples, rate_hz = soundfile.read(path, dtype="float32")
    expected = np.concatenate([ramp[100:], np.zeros(50), ramp]).clip(-1.0, 1.0)
    assert rate_hz == RATE_HZ
    assert len(samples) == len(expected)
    assert np.abs(samples - expected).max() < 1e-6


def test_a_recording_is_readable_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    sink = WavFileSink(path, RATE_HZ)
    for k in range(100):
        sink.hear(Block(np.full(BLOCK, 0.5, np.float32), k * BLOCK, 0))
        samples, _ = soundfile.read(path)  # as after kill -9 at this moment
        assert len(samples) >= k * BLOCK - RATE_HZ // 4
        assert (abs(samples - 0.5) < 1e-6).all()
    sink.close()
