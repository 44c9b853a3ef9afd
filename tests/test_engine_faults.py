"""The engine when something breaks: what is left ends in order, and what can go on goes on."""

import threading
import time

import numpy as np
import pytest

from streamer.config import TrackerConfig
from streamer.errors import AudioFormatError, DeviceError, MidiError, OutputError
from streamer.outputs.sink import Sink
from streamer.tracker import make_tracker
from tests.scripted import BLOCK, RATE_HZ, Receiver, Script, run_engine, wait_for


@pytest.mark.parametrize(
    "error", [OutputError("the disk is full"), MidiError("gone"), ValueError("a defect"), SystemError()]
)
def test_a_sink_that_fails_ends_alone(error: Exception) -> None:
    good, bad = Receiver("good"), Receiver("bad")

    def fail() -> None:
        bad.fails = error

    engine, lines = run_engine(Script(60, fail, None, 62), bad, good)
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
    engine, lines = run_engine(Script(60, lambda: wait_for(lambda: bad.closed), None, 62), bad, good)
    assert good.log == ["+60", "-60", "+62", "-62"]
    assert (engine.failed, lines) == (True, ["cannot write bad: the disk is full"])


def test_the_engine_ends_when_no_sink_is_left() -> None:
    receiver = Receiver()
    receiver.fails = OutputError("gone")
    source = Script(*([60, None] * 1000))
    engine, _ = run_engine(source, receiver)
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

    engine, lines = run_engine(Script(60, fail, 62, *[read_on] * 60, None, 64, None), port)
    assert port.log == ["+60", "-62", "+64", "-64"]
    assert lines == ["the MIDI port is gone; trying to open it again", "port is back"]
    assert not engine.failed


class ComingBack(Receiver):
    """A port that is gone until it may come back; what it missed it ends then."""

    can_reopen = True

    def __init__(self, name: str, *failures: Exception) -> None:
        super().__init__(name)
        self.failures = list(failures)
        self.closes = 0

    def reopen(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if self.fails is None:
            return
        self.fails = None
        self.closed = False
        self.log += [f"-{note}" for note in sorted(self.sounding)]
        self.sounding.clear()

    def close(self) -> None:
        self.closes += 1
        self.closed = True
        if self.fails is None:
            self.sounding.clear()


def test_a_port_comes_back_while_the_device_is_away() -> None:
    port = ComingBack("port")

    class Dying(Script):
        def start(self) -> None:
            super().start()
            if self.starts > 1 and port.fails is not None:
                raise DeviceError("not yet")

    def fail() -> None:
        port.fails = MidiError("the MIDI port is gone")
        source.fail(DeviceError("the microphone is gone"))

    source = Dying(60, fail, 62, None)
    engine, lines = run_engine(source, port)
    assert port.log == ["+60", "-60", "+62", "-62"]
    assert not engine.failed
    assert "port is back" in lines


def test_a_port_that_is_away_at_the_end_gets_one_more_chance() -> None:
    port = ComingBack("port", *[MidiError("not yet")])

    def fail() -> None:
        port.fails = MidiError("the MIDI port is gone")

    engine, _ = run_engine(Script(60, fail, None), port)
    assert port.log == ["+60", "-60"]
    assert port.closes == 2  # as the port that died, and as the one that came back
    assert not port.sounding
    assert not engine.failed


def test_a_port_that_never_comes_back_is_a_failure() -> None:
    port = ComingBack("port", *[MidiError("not yet")] * 50)

    def fail() -> None:
        port.fails = MidiError("the MIDI port is gone")

    engine, _ = run_engine(Script(60, fail, None), port)
    assert engine.failed
    assert port.closes == 1
    assert not engine.stuck


@pytest.mark.parametrize("error", [ValueError("a defect"), KeyError("name"), BrokenPipeError(), OSError(5, "I/O")])
def test_any_failure_to_open_again_is_tried_again(error: Exception) -> None:
    port, good = ComingBack("port", error), Receiver("good")

    def fail() -> None:
        port.fails = MidiError("the MIDI port is gone")

    def read_on() -> None:
        time.sleep(0.05)

    engine, lines = run_engine(Script(60, fail, 62, *[read_on] * 60, None, 64, None), port, good)
    assert good.log == ["+60", "-60", "+62", "-62", "+64", "-64"]
    assert port.log[:2] == ["+60", "-60"]
    assert port.log[-2:] == ["+64", "-64"]
    assert not engine.failed
    assert lines[-1] == "port is back"


def test_a_port_that_takes_its_time_to_open_again_delays_no_note() -> None:
    go = threading.Event()

    class Hanging(ComingBack):
        def reopen(self) -> None:
            assert go.wait(20.0)
            super().reopen()

    port, good = Hanging("port"), Receiver("good")

    def fail() -> None:
        port.fails = MidiError("the MIDI port is gone")

    engine, _ = run_engine(Script(60, fail, None, 62, None, 64, go.set), port, good)
    assert good.log == ["+60", "-60", "+62", "-62", "+64", "-64"]
    assert not engine.failed


def test_an_attempt_that_runs_at_the_end_is_not_the_last() -> None:
    trying = threading.Event()

    class Slow(ComingBack):
        def reopen(self) -> None:
            failing = bool(self.failures)
            trying.set()
            if failing:
                time.sleep(0.2)
            super().reopen()

    port = Slow("port", MidiError("not yet"))

    def fail() -> None:
        port.fails = MidiError("the MIDI port is gone")

    engine, _ = run_engine(Script(60, fail, None, lambda: None, lambda: trying.wait(20.0)), port)
    assert port.log == ["+60", "-60"]
    assert not engine.failed


def test_every_other_sink_has_the_event_before_one_that_failed_is_closed() -> None:
    good = Receiver("good")
    seen: list[list[str]] = []

    class Slow(Receiver):
        def close(self) -> None:
            seen.append(list(good.log))

    bad = Slow("bad")

    def fail() -> None:
        bad.fails = MidiError("gone")

    run_engine(Script(60, fail, None), bad, good)
    # With the pitch estimate of its block before it, which every sink gets.
    assert seen[0] in (["+60"], ["+60", "-60"])
    assert good.log == ["+60", "-60"]


def test_the_end_that_comes_while_the_device_is_away_is_not_forgotten() -> None:
    class Dying(Script):
        def start(self) -> None:
            super().start()
            if self.starts == 2:
                self.finish()
                raise DeviceError("not yet")

    source = Dying(60, lambda: source.fail(DeviceError("the microphone is gone")), *[lambda: time.sleep(0.01)] * 9_000)
    receiver = Receiver()
    engine, _ = run_engine(source, receiver)
    assert receiver.log == ["+60", "-60"]
    assert not engine.failed


@pytest.mark.parametrize("lost", [-1, float("nan"), 1.5, "1", None, 1 << 50])
def test_a_loss_that_is_no_number_of_samples_is_refused(lost: object) -> None:
    source = Script()
    with pytest.raises(AudioFormatError, match="lost samples are"):
        source.push(np.zeros(BLOCK, np.float32), lost=lost)  # type: ignore[arg-type]
    tracker = make_tracker(TrackerConfig(detector="correlation"), RATE_HZ)
    with pytest.raises(AudioFormatError, match="lost samples are"):
        tracker.gap(lost)  # type: ignore[arg-type]
    assert tracker.consumed == 0


def test_a_closed_pipe_ends_the_engine_quietly() -> None:
    pipe, receiver = Receiver("pipe"), Receiver()
    pipe.fails = BrokenPipeError()
    engine, lines = run_engine(Script(60, 62, 64), receiver, pipe)
    assert not engine.failed
    assert not receiver.sounding
    assert receiver.closed
    assert lines == []


def test_a_defect_in_the_tracker_still_ends_the_note() -> None:
    receiver = Receiver()
    engine, _ = run_engine(Script(60, 127.5), receiver)  # type: ignore[arg-type]
    assert str(engine.error) == "a defect"
    assert engine.failed
    assert receiver.log == ["+60", "-60"]
    assert receiver.closed


def test_a_device_that_is_absent_from_the_start_is_an_error() -> None:
    class Absent(Script):
        def start(self) -> None:
            raise DeviceError("there is no audio input")

    receiver = Receiver()
    engine, _ = run_engine(Absent(), receiver)
    assert str(engine.error) == "there is no audio input"
    assert receiver.closed


def test_samples_that_are_not_what_was_said_are_an_error() -> None:
    source, receiver = Script(60, lambda: source.fail(AudioFormatError("a WAV file, not raw"))), Receiver()
    engine, _ = run_engine(source, receiver)
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
    engine, lines = run_engine(source, receiver, recorders=[recorder], record_now=True)
    assert before_it_was_back == [True, ["+60", "-60"]]
    assert receiver.log == ["+60", "-60", "+62", "-62"]
    assert [(take.name, take.log) for take in takes] == [
        ("take 1 from 0", ["+60", "-60"]),
        (f"take 2 from {BLOCK}", ["+62", "-62"]),
    ]
    assert not engine.failed
    assert lines[0].startswith("the microphone is gone;")
    assert lines[1] == "the audio input script is back"
