"""From decided events to sinks: by way of the ledger, past whoever watches, with the time that it took."""

from collections.abc import Sequence
from dataclasses import replace

from streamer.events import Block, Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.ledger import Ledger
from streamer.latency import LatencyStats
from streamer.outputs.fanout import Fanout
from streamer.status import Observer
from streamer.units import samples_to_ms


class Delivery:
    """Sends the events of one stream.

    Parameters
    ----------
    fanout : Fanout
        To which sinks.
    rate_hz : int
        Sample rate of the events.
    latency : LatencyStats
        Gets each note-on's times.
    observer : Observer, optional
        Follows the music.
    ledger : Ledger, optional
        What sounds, transposed, locked and muted; by default one that changes nothing yet.

    Attributes
    ----------
    ledger : Ledger
    holds : bool
        Whether a note that is followed by silence sounds on until the next one begins.
    """

    def __init__(
        self,
        fanout: Fanout,
        rate_hz: int,
        latency: LatencyStats,
        observer: Observer | None,
        ledger: Ledger | None = None,
    ) -> None:
        self.ledger = ledger or Ledger()
        self._fanout = fanout
        self._rate_hz = rate_hz
        self._latency = latency
        self._observer = observer
        self.holds = False
        self._held: NoteOff | None = None  # the end of a note that has ended, and sounds on

    def deliver(self, event: Event, block: Block, dequeued_ns: int, decided_ns: int) -> None:
        """Send one event of this block, and count where a note-on's time went.

        Parameters
        ----------
        event : Event
            As decided.
        block : Block
            The newest that it was decided from.
        dequeued_ns, decided_ns : int
            `time.monotonic_ns` when that block was taken, and when the event stood.
        """
        if self._observer and isinstance(event, PitchEstimate):
            self._observer.estimate(event)
        sent = self.ledger.apply(event)
        if sent is None:
            return
        if self.holds and isinstance(sent, NoteOff) and not (sent.followed or sent.released):
            self._let_go(event.sample)
            self._held = sent
            return
        if self._held is not None:
            if isinstance(sent, NoteOn):
                self._let_go(event.sample)
            elif isinstance(sent, PitchEstimate):  # what begins now is another note's: the one that is held is not bent
                sent = replace(sent, f0_hz=None, guess_hz=0.0)
        sent_ns = self._fanout.send(sent)
        if isinstance(sent, NoteOn) and sent.corrects:  # not a note of its own, so its lateness is no latency
            if self._observer:
                self._observer.correction(sent)
        elif isinstance(sent, NoteOn):
            total_ms = self._latency.add(
                samples_to_ms(block.start + len(block.samples) - sent.sounds_from, self._rate_hz),
                (dequeued_ns - block.captured_ns) / 1e6,
                (decided_ns - dequeued_ns) / 1e6,
                (sent_ns - decided_ns) / 1e6,
            )
            if self._observer:
                self._observer.note_on(sent, total_ms)
        elif self._observer and isinstance(sent, NoteOff):
            self._observer.note_off(sent)

    def pass_on(self, events: Sequence[Event]) -> None:
        """Send what a note-on cannot be among."""
        if events:
            self._let_go(events[-1].sample)
        self._send([sent for event in events if (sent := self.ledger.apply(event)) is not None])

    def release(self, sample: int) -> None:
        """End all that sounds, at a sample index."""
        self._let_go(sample)
        self._send(self.ledger.release(sample))

    def toggle_mute(self, sample: int) -> None:
        """Send no notes from now on, or send them again; what sounds ends, at a sample index."""
        self.ledger.muted = not self.ledger.muted
        self.release(sample)

    def toggle_hold(self, sample: int) -> None:
        """Hold notes from now on; or no more, and let go of the one that is held, at a sample index."""
        self.holds = not self.holds
        self._let_go(sample)

    def _let_go(self, sample: int) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._send([replace(held, sample=sample, offset=sample)])

    def _send(self, events: Sequence[Event]) -> None:
        for event in events:
            self._fanout.send(event)
            if self._observer and isinstance(event, NoteOff):
                self._observer.note_off(event)
