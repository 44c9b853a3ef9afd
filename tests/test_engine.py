"""The engine: what reaches the sinks, in which order, and what is left when something breaks."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from streamer.audio.push import PushSource
from streamer.engine import Engine
from streamer.errors import AudioFormatError, DeviceError, MidiError, OutputError
from streamer.events import Event, FloatArray, NoteOff, NoteOn, PitchEstimate
from streamer.outputs.sink import Sink
from streamer.outputs.tables import NotesCsvSink
from tests.scripted import BLOCK, RATE_HZ, Receiver, Script, ScriptedTracker, wait_for


def run(source: PushSource, *sinks: Sink, **options: Any) -> tuple[Engine, list[str]]:
    """Run an engine to its end; the lines for people come with it."""
    lines: list[str] = []
    engine = Engine(source, ScriptedTracker(), sinks, notify=lines.append, **options)
    engine.start()
    assert engine.join(30.0)
    return engine, lines


def test_notes_reach_the_sink_and_the_end_of_the_source_ends_them() -> None:
    receiver = Receiver()
    engine, lines = run(Script(60, None, 62, 64), receiver)
    assert receiver.log == ["+60", "-60", "+62", "-62", "+64", "-64"]
    assert receiver.closed
    assert not engine.failed
    assert lines == []


def commanded(*steps: "int | str | Callable[[], object] | None") -> tuple[Receiver, Engine]:
    """Run with commands (strings) between the notes."""
    receiver = Receiver()
    engine: Engine

    def give(line: str) -> Callable[[], object]:
        return lambda: engine.command(line)

    script = Script(*(give(step) if isinstance(step, str) else step for step in steps))
    engine = Engine(script, ScriptedTracker(), [receiver])
    engine.start()
    assert engine.join(30.0)
    assert not engine.failed
    return receiver, engine


def test_transposing_in_the_midst_of_a_note_ends_the_note_that_was_sent() -> None:
    receiver, engine = commanded(60, "transpose +1", "transpose +11", None, 60, "transpose -12", 60, None)
    assert receiver.log == ["+60", "-60", "+72", "-72", "+60", "-60"]
    assert engine.status().transpose == 0


def test_a_note_transposed_out_of_range_is_left_out_whole() -> None:
    receiver, _ = commanded("transpose +60", 100, None, "transpose -60", 100, None)
    assert receiver.log == ["+100", "-100"]


def test_muting_ends_what_sounds_and_keeps_back_what_follows() -> None:
    receiver, engine = commanded(60, "mute", None, 62, "mute", None, 64, None)
    assert receiver.log == ["+60", "-60", "+64", "-64"]
    assert engine.status().muted is False


def test_panic_ends_what_sounds_and_tells_the_receiver() -> None:
    receiver, _ = commanded(60, "panic", None, 62)
    assert receiver.log == ["+60", "-60", "+62", "-62"]
    assert receiver.panics == 1


def test_quit_ends_the_note() -> None:
    receiver, _ = commanded(60, "quit", 62, 64)
    assert receiver.log in (["+60", "-60"], ["+60", "-60", "+62", "-62"])
    assert not receiver.sounding


def test_strange_commands_are_refused() -> None:
    engine = Engine(Script(), ScriptedTracker(), [])
    for line in ("", "transpose", "transpose x", "transpose --", "shout", "record now", "release"):
        assert not engine.command(line)
    assert sum(engine.command("mute") for _ in range(1000)) == 64


def test_lost_samples_end_the_note_and_are_counted() -> None:
    source, receiver = Script(), Receiver()
    note, rest = np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.float32)
    note[0] = 0.5
    source.push(note)
    source.push(rest, lost=33)
    engine, _ = run(source, receiver)
    assert receiver.log == ["+64", "-64", "gap 33"]
    status = engine.status()
    assert (status.lost_samples, status.losses) == (33, 1)
    assert status.consumed == 2 * BLOCK + 33


def test_exact_silence_from_the_start_is_noticed() -> None:
    for first, silent in ((0.0, True), (1e-6, False)):
        source = Script()
        source.push(np.full(BLOCK, first, np.float32) * 0.0 if silent else np.full(BLOCK, -first, np.float32))
        source.push(np.zeros(RATE_HZ, np.float32))
        engine, _ = run(source)
        assert engine.status().silent_input is silent


class Pitches(Sink):
    """Keeps the pitch that it is sent."""

    name = "pitches"

    def __init__(self) -> None:
        self.f0_hz: list[float | None] = []

    def send(self, event: Event) -> None:
        if isinstance(event, PitchEstimate):
            self.f0_hz.append(event.f0_hz)

    def close(self) -> None:
        pass


class Watcher:
    """An observer that keeps the pitch that is heard."""

    def __init__(self) -> None:
        self.f0_hz: list[float | None] = []

    def estimate(self, event: PitchEstimate) -> None:
        self.f0_hz.append(event.f0_hz)

    def note_on(self, event: NoteOn, total_ms: float) -> None:
        pass

    def note_off(self, event: NoteOff) -> None:
        pass


def test_mute_and_transpose_hold_for_pitch_and_not_for_who_watches() -> None:
    pitches, watcher = Pitches(), Watcher()
    engine: Engine
    steps = [lambda: engine.command("transpose +12"), 60, lambda: engine.command("mute"), 60]
    engine = Engine(Script(60, *steps), ScriptedTracker(), [pitches], observer=watcher)
    engine.start()
    assert engine.join(30.0)
    assert pitches.f0_hz == [440.0, 880.0, None]
    assert watcher.f0_hz == [440.0, 440.0, 440.0]


def test_what_sounds_is_released_on_demand() -> None:
    receiver = Receiver()
    engine: Engine
    released: list[bool] = []

    def pause() -> None:
        time.sleep(0.01)

    engine = Engine(Script(60, *[pause] * 3000), ScriptedTracker(), [receiver])
    engine.start()
    wait_for(lambda: receiver.sounding)
    released.append(engine.release(20.0))
    assert receiver.log == ["+60", "-60"]
    engine.stop()
    assert engine.join(30.0)
    released.append(engine.release(20.0))  # nothing sounds: it has ended
    assert released == [True, True]
    assert receiver.log == ["+60", "-60"]


class LazyTracker(ScriptedTracker):
    """Decides one sample after the other, each only when its event is asked for."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log

    def process(self, samples: FloatArray) -> Iterator[Event]:  # type: ignore[override]
        for value in samples:
            self.log.append("compute")
            self.consumed += 1
            if value:
                yield NoteOn(self.consumed, self.consumed - 1, 60, 100, 60.0, note_id=1)
        yield PitchEstimate(self.consumed, self.consumed, 440.0, 1.0, -20.0, 0.1)


def test_an_event_is_sent_before_the_rest_of_its_block_is_computed() -> None:
    source, receiver = Script(), Receiver()
    samples = np.zeros(100, np.float32)
    samples[2] = 1.0
    source.push(samples)
    engine = Engine(source, LazyTracker(receiver.log), [receiver])
    engine.start()
    assert engine.join(30.0)
    assert receiver.log == ["compute"] * 3 + ["+60"] + ["compute"] * 97 + ["-60"]


class SlowTracker(ScriptedTracker):
    """Decides two notes in each block, and takes its time after the first."""

    def process(self, samples: FloatArray) -> Iterator[Event]:  # type: ignore[override]
        for note_id in (1, 2):
            yield NoteOn(self.consumed, self.consumed, 60 + note_id, 100, 60.0, note_id=note_id)
            time.sleep(0.2)
        self.consumed += len(samples)


def test_compute_time_ends_when_the_note_is_decided() -> None:
    source = Script()
    source.push(np.zeros(BLOCK, np.float32))
    engine = Engine(source, SlowTracker(), [Receiver()])
    engine.start()
    assert engine.join(30.0)
    summary = engine.latency.summaries()["compute"]
    assert summary.max_ms >= 200.0
    assert summary.p50_ms < summary.max_ms - 50.0  # the mean of the two, with two notes


def test_two_notes_of_one_pitch_end_each_with_their_own_end(tmp_path: Any) -> None:
    class Overlapping(ScriptedTracker):
        def process(self, samples: FloatArray) -> list[Event]:
            self.consumed += len(samples)
            ons: list[Event] = [NoteOn(8, 8 * k, 60, 100, 60.0, note_id=k) for k in (1, 2)]
            return [*ons, NoteOff(400, 400, 60, 60.0, 2), NoteOff(800, 800, 60, 60.0, 1)]

    source = Script()
    source.push(np.zeros(BLOCK, np.float32))
    engine = Engine(source, Overlapping(), [NotesCsvSink(tmp_path / "notes.csv", RATE_HZ)])
    engine.start()
    assert engine.join(30.0)
    rows = [line.split(",")[:2] for line in (tmp_path / "notes.csv").read_text().splitlines()[1:]]
    assert rows == [["0.002000", "0.050000"], ["0.001000", "0.100000"]]


# -- what breaks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [OutputError("the disk is full"), MidiError("gone"), ValueError("a defect"), SystemError()]
)
def test_a_sink_that_fails_ends_alone(error: Exception) -> None:
    good, bad = Receiver("good"), Receiver("bad")

    def fail() -> None:
        bad.fails = error

    engine, lines = run(Script(60, fail, None, 62), bad, good)
    assert good.log == ["+60", "-60", "+62", "-62"]
    assert bad.closed
    assert not bad.sounding
    assert engine.failed
    assert len(lines) == 1
    assert "\n" not in lines[0]


def test_a_file_that_fails_in_its_thread_ends_alone() -> None:
    good, bad = Receiver("good"), Receiver("bad")
    bad.may_block = True
    bad.fails = OutputError("cannot write bad: the disk is full")
    engine, lines = run(Script(60, lambda: wait_for(lambda: bad.closed), None, 62), bad, good)
    assert good.log == ["+60", "-60", "+62", "-62"]
    assert (engine.failed, lines) == (True, ["cannot write bad: the disk is full"])


def test_the_engine_ends_when_no_sink_is_left() -> None:
    receiver = Receiver()
    receiver.fails = OutputError("gone")
    source = Script(*([60, None] * 1000))
    engine, _ = run(source, receiver)
    assert engine.failed
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

    port = Port("port")

    def fail() -> None:
        port.fails = MidiError("the MIDI port is gone")

    def read_on() -> None:
        time.sleep(0.05)

    engine, lines = run(Script(60, fail, 62, *[read_on] * 60, None, 64, None), port)
    assert port.log == ["+60", "-62", "+64", "-64"]
    assert lines == ["the MIDI port is gone; trying to open it again", "port is back"]
    assert not engine.failed


def test_a_closed_pipe_ends_the_engine_quietly() -> None:
    pipe, receiver = Receiver("pipe"), Receiver()
    pipe.fails = BrokenPipeError()
    engine, lines = run(Script(60, 62, 64), receiver, pipe)
    assert not engine.failed
    assert not receiver.sounding
    assert receiver.closed
    assert lines == []


def test_a_defect_in_the_tracker_still_ends_the_note() -> None:
    receiver = Receiver()
    engine, _ = run(Script(60, 127.5), receiver)  # type: ignore[arg-type]
    assert str(engine.error) == "a defect"
    assert engine.failed
    assert receiver.log == ["+60", "-60"]
    assert receiver.closed


def test_a_device_that_is_absent_from_the_start_is_an_error() -> None:
    class Absent(Script):
        def start(self) -> None:
            raise DeviceError("there is no audio input")

    receiver = Receiver()
    engine, _ = run(Absent(), receiver)
    assert str(engine.error) == "there is no audio input"
    assert receiver.closed


def test_samples_that_are_not_what_was_said_are_an_error() -> None:
    source, receiver = Script(60, lambda: source.fail(AudioFormatError("a WAV file, not raw"))), Receiver()
    engine, _ = run(source, receiver)
    assert isinstance(engine.error, AudioFormatError)
    assert receiver.log == ["+60", "-60"]


def test_a_device_that_dies_ends_note_and_take_and_comes_back() -> None:
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
    receiver = Receiver()
    engine, lines = run(source, receiver, recorders=[recorder], record_now=True)
    assert before_it_was_back == [True, ["+60", "-60"]]
    assert receiver.log == ["+60", "-60", "+62", "-62"]
    assert [(take.name, take.log) for take in takes] == [
        ("take 1 from 0", ["+60", "-60"]),
        (f"take 2 from {BLOCK}", ["+62", "-62"]),
    ]
    assert not engine.failed
    assert lines[0].startswith("the microphone is gone;")
    assert lines[1] == "the audio input script is back"


def test_recording_starts_and_stops_at_command() -> None:
    takes: list[Receiver] = []

    def recorder(take: int, start: int) -> Sink:
        takes.append(Receiver(f"take{take}"))
        return takes[-1]

    engine: Engine
    record = lambda: engine.command("record")  # noqa: E731
    shown: list[str | None] = []
    note_recording = lambda: shown.append(engine.status().recording)  # noqa: E731
    source = Script(
        60, None, record, note_recording, 62, None, record, note_recording, 64, None, record, note_recording, 65
    )
    engine = Engine(source, ScriptedTracker(), [], recorders=[recorder])
    engine.start()
    assert engine.join(30.0)
    assert [take.log for take in takes] == [["+62", "-62"], ["+65", "-65"]]
    assert all(take.closed for take in takes)
    assert shown == ["take1", None, "take2"] or shown == [None, "take1", None]


# -- many in one process ----------------------------------------------------------------------------------------------


def test_engines_run_side_by_side_each_with_its_own_notes() -> None:
    meeting = threading.Barrier(2, timeout=20.0)
    receivers = [Receiver(), Receiver()]
    scripts = [Script(60, meeting.wait, None, 62, meeting.wait), Script(70, meeting.wait, 72, meeting.wait, None)]
    engines = [Engine(s, ScriptedTracker(), [r]) for s, r in zip(scripts, receivers, strict=True)]
    engines[1].command("transpose +5")
    for engine in engines:
        engine.start()
    assert all(engine.join(30.0) for engine in engines)
    assert receivers[0].log == ["+60", "-60", "+62", "-62"]
    assert receivers[1].log == ["+75", "-75", "+77", "-77"]
    assert [engine.status().transpose for engine in engines] == [0, 5]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc here to count descriptors in")
def test_many_engines_leave_nothing_behind(tmp_path: Any) -> None:
    def handlers() -> list[object]:
        return [signal.getsignal(number) for number in sorted(signal.valid_signals())]

    def pause() -> None:
        time.sleep(0.001)

    before = handlers(), set(threading.enumerate()), len(os.listdir("/proc/self/fd"))
    receivers = [Receiver() for _ in range(50)]
    engines = [
        Engine(Script(60, *[pause] * 100_000), ScriptedTracker(), [r, NotesCsvSink(tmp_path / f"{i}.csv", RATE_HZ)])
        for i, r in enumerate(receivers)
    ]
    for engine in engines:
        engine.start()
    wait_for(lambda: all(receiver.sounding for receiver in receivers))
    assert handlers() == before[0]
    for engine in engines:
        engine.stop()
    assert all(engine.join(60.0) for engine in engines)
    assert (handlers(), set(threading.enumerate()), len(os.listdir("/proc/self/fd"))) == before
    assert all(receiver.log == ["+60", "-60"] for receiver in receivers)
    assert not any(engine.failed or engine.stuck for engine in engines)


def test_an_engine_that_was_never_started_cannot_be_waited_for() -> None:
    with pytest.raises(RuntimeError):
        Engine(Script(), ScriptedTracker(), []).join(0.1)
