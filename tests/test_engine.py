"""The engine: what reaches the sinks, in which order, and what is left when something breaks."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from streamer.engine import Engine
from streamer.events import Event, FloatArray, NoteOff, NoteOn, PitchEstimate
from streamer.outputs.sink import Sink
from streamer.outputs.tables import NotesCsvSink
from tests.scripted import BLOCK, RATE_HZ, Receiver, Script, ScriptedTracker, run_engine, wait_for


def test_notes_reach_the_sink_and_the_end_of_the_source_ends_them() -> None:
    receiver = Receiver()
    engine, lines = run_engine(Script(60, None, 62, 64), receiver)
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


def test_a_held_note_sounds_until_the_next_or_until_it_is_let_go() -> None:
    receiver, engine = commanded(60, "hold", None, None, 62, None, "hold", None, 64, None)
    assert receiver.log == ["+60", "-60", "+62", "-62", "+64", "-64"]
    assert engine.status().holds is False
    sounding: list[set[int]] = []
    steps = [lambda: engine.command("hold"), None, lambda: sounding.append(set(held.sounding)), lambda: None]
    held = Receiver()
    engine = Engine(Script(60, *steps), ScriptedTracker(), [held])
    engine.start()
    assert engine.join(30.0)
    assert sounding == [{60}]
    assert held.log == ["+60", "-60"]  # the end of the stream lets go, too


@pytest.mark.parametrize("command", ["mute", "panic"])
def test_a_held_note_is_ended_by(command: str) -> None:
    receiver, _ = commanded(60, "hold", None, command, None, None)
    assert receiver.log == ["+60", "-60"]


def test_a_held_note_is_not_bent_by_what_begins_after_it() -> None:
    pitches = Pitches()
    engine: Engine
    engine = Engine(Script(60, lambda: engine.command("hold"), None, None, 62), ScriptedTracker(), [pitches])
    engine.start()
    assert engine.join(30.0)
    assert pitches.f0_hz == [440.0, 440.0, None, None]


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
    strange = ["", "transpose", "transpose x", "transpose --", "shout", "record now", "release", "panic\n", None, 7]
    strange += ["transpose +-1", "transpose -+1", "transpose ++1", "transpose 1.5", "transpose \u00b2", "transpose +"]
    strange += ["transpose \u0661", f"transpose {'9' * 5000}", "transpose  1", "transpose 1 "]
    for line in strange:
        assert not engine.command(line)  # type: ignore[arg-type]
    assert sum(engine.command("mute") for _ in range(1000)) == 64


def test_lost_samples_end_the_note_and_are_counted() -> None:
    source, receiver = Script(), Receiver()
    note, rest = np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.float32)
    note[0] = 0.5
    source.push(note)
    source.push(rest, lost=33)
    engine, _ = run_engine(source, receiver)
    assert receiver.log == ["+64", "-64", "gap 33"]
    status = engine.status()
    assert (status.lost_samples, status.losses) == (33, 1)
    assert status.consumed == 2 * BLOCK + 33


def test_exact_silence_from_the_start_is_noticed() -> None:
    for first, silent in ((0.0, True), (1e-6, False)):
        source = Script()
        source.push(np.full(BLOCK, first, np.float32) * 0.0 if silent else np.full(BLOCK, -first, np.float32))
        source.push(np.zeros(RATE_HZ, np.float32))
        engine, _ = run_engine(source)
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

    def correction(self, event: NoteOn) -> None:
        pass

    def note_off(self, event: NoteOff) -> None:
        pass


def test_mute_and_transpose_hold_for_pitch_and_not_for_who_watches() -> None:
    pitches, watcher = Pitches(), Watcher()
    engine: Engine
    steps = [lambda: engine.command("transpose +12"), 60, 60, lambda: engine.command("mute"), 60]
    engine = Engine(Script(60, *steps), ScriptedTracker(), [pitches], observer=watcher)
    engine.start()
    assert engine.join(30.0)
    assert pitches.f0_hz == [440.0, 440.0, 880.0, None]  # a note that sounds keeps the transposition it began with
    assert watcher.f0_hz == [440.0] * 4


def test_a_paused_engine_is_still_and_what_it_missed_is_a_gap() -> None:
    receiver = Receiver()

    def rest() -> None:
        time.sleep(0.01)

    source = Script(60, *[rest] * 20_000)
    engine = Engine(source, ScriptedTracker(), [receiver])
    engine.start()
    wait_for(lambda: receiver.sounding)
    assert engine.pause(20.0)
    assert receiver.log == ["+60", "-60"]
    assert receiver.flushed == 1
    note = np.zeros(BLOCK, np.float32)
    note[0] = 62 / 128
    source.push(note)
    time.sleep(0.05)
    assert receiver.log == ["+60", "-60"]
    engine.resume()
    wait_for(lambda: engine.status().lost_samples)
    note[0] = 64 / 128
    source.push(note)
    wait_for(lambda: receiver.sounding)
    engine.stop()
    assert engine.join(30.0)
    assert receiver.log == ["+60", "-60", f"gap {BLOCK}", "+64", "-64"]
    status = engine.status()
    assert (status.lost_samples, status.losses, status.consumed) == (BLOCK, 1, 3 * BLOCK)


def test_a_paused_engine_can_be_stopped() -> None:
    receiver = Receiver()
    engine = Engine(Script(60, *[lambda: time.sleep(0.01)] * 20_000), ScriptedTracker(), [receiver])
    engine.start()
    wait_for(lambda: receiver.sounding)
    assert engine.pause(20.0)
    engine.stop()
    assert engine.join(20.0)
    assert engine.pause(0.0)  # it has ended: nothing sounds


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


def test_an_engine_that_was_never_started_has_no_thread_and_cannot_be_waited_for(tmp_path: Any) -> None:
    before = set(threading.enumerate())
    with contextlib.closing(NotesCsvSink(tmp_path / "notes.csv", RATE_HZ)) as sink:
        engine = Engine(Script(), ScriptedTracker(), [sink])
        with pytest.raises(RuntimeError):
            engine.join(0.1)
    assert set(threading.enumerate()) == before


def test_an_engine_that_is_stopped_before_it_started_closes_what_it_was_given() -> None:
    class Closing(Script):
        closed = False

        def close(self) -> None:
            self.closed = True

    source, receiver = Closing(60), Receiver()
    engine = Engine(source, ScriptedTracker(), [receiver])
    engine.stop()
    assert engine.join(20.0)
    engine.start()  # too late
    assert (receiver.closed, source.closed, source.starts, receiver.log) == (True, True, 0, [])


def test_an_engine_is_a_context_manager_and_starts_once() -> None:
    receiver = Receiver()
    with Engine(Script(60, *[lambda: time.sleep(0.01)] * 20_000), ScriptedTracker(), [receiver]) as engine:
        wait_for(lambda: receiver.sounding)
        with pytest.raises(RuntimeError):
            engine.start()
    assert receiver.log == ["+60", "-60"]
    assert receiver.closed
