"""A slow sink behind a queue, in a thread of its own."""

import threading

from streamer.events import Event, Gap, NoteOff, NoteOn
from streamer.outputs.queued import QueuedSink
from tests.scripted import Receiver


class Slow(Receiver):
    def __init__(self) -> None:
        super().__init__("slow")
        self.go = threading.Event()

    def send(self, event: Event) -> None:
        self.go.wait()
        super().send(event)


def test_what_a_slow_sink_cannot_take_is_counted() -> None:
    slow = Slow()
    queued = QueuedSink(slow, capacity=10)
    for _ in range(20):
        queued.send(Gap(0, 1))
    assert queued.lost in (9, 10)  # one may be in the sink's hands
    slow.go.set()
    queued.close()
    assert len(slow.log) == 20 - queued.lost
    assert slow.closed
    assert not queued.stuck


def test_a_source_that_can_wait_loses_nothing_to_a_slow_sink() -> None:
    slow = Slow()
    queued = QueuedSink(slow, patience_s=20.0, capacity=10)
    threading.Timer(0.1, slow.go.set).start()
    for _ in range(200):
        queued.send(Gap(0, 1))
    queued.close()
    assert (queued.lost, len(slow.log)) == (0, 200)


def test_a_full_queue_takes_the_end_of_each_note_that_it_took() -> None:
    slow = Slow()
    queued = QueuedSink(slow, capacity=10)
    for note in range(60, 75):
        queued.send(NoteOn(0, 0, note, 90, float(note), note_id=note))
    for note in range(60, 75):
        queued.send(NoteOff(1, 1, note, float(note), note_id=note))
    slow.go.set()
    queued.close()
    begun = {entry[1:] for entry in slow.log if entry.startswith("+")}
    assert 10 <= len(begun) <= 11
    assert begun == {entry[1:] for entry in slow.log if entry.startswith("-")}
    assert queued.lost == 2 * (15 - len(begun))


def test_panic_and_flush_reach_the_sink_in_their_turn() -> None:
    slow = Slow()
    slow.go.set()
    queued = QueuedSink(slow)
    queued.send(NoteOn(0, 0, 60, 90, 60.0, note_id=1))
    queued.panic()
    queued.flush()
    assert (slow.log, slow.panics, slow.flushed) == (["+60"], 1, 1)
    queued.close()
