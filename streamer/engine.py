"""The engine: a source, a tracker, a ledger of what sounds, and any number of sinks, in one thread.

Any number of engines may run in one process. An engine takes no signals, ends no process, changes nothing that belongs
to the whole process, and knows no terminal: `streamer.live.session` does that for the commands that need it.

The source's own thread (or the process behind it) collects samples. The engine's thread takes them, runs the tracker
and feeds the sinks; no other thread touches any of the three.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from streamer.audio.priority import TRACKER, before_others
from streamer.audio.source import EndOfStream, Source
from streamer.errors import DeviceError, StreamerError
from streamer.events import Block, Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.ledger import Ledger
from streamer.latency import LatencyStats
from streamer.outputs.fanout import Fanout, Recorder
from streamer.outputs.sink import Sink
from streamer.status import EngineStatus, Observer
from streamer.tracker import Tracker
from streamer.units import samples_to_ms

COMMANDS = ("quit", "mute", "panic", "record", "transpose +1", "transpose -1")
"""What `Engine.command` takes. ``mute`` and ``record`` toggle; ``transpose`` adds any number of semitones."""

_RELEASE = "release"  # of `Engine.release` alone
_COMMANDS_WAITING = 64
_READ_S = 0.1  # what `stop` and commands may wait for while no sound comes
_RETRY_S = (0.5, 1.0, 2.0)  # between attempts to get the device back
_SILENT_S = 1.0  # of exact zeros from the start: a microphone never does that
_PATIENCE_S = 1.0
_MOST_SEMITONES = 60


class Engine:
    """Runs once, from `start` until the source ends, no sink is left, `stop` is called, or something breaks.

    Whatever the reason, notes end first, then sinks and source are closed.

    Parameters
    ----------
    source : Source
        Not yet started. The engine closes it.
    tracker : Tracker
        For the source's rate.
    sinks : sequence of Sink
        The latency part ``send`` ends when the first of them that does not block has taken the note, so a MIDI port
        comes first. One that fails is closed, and the others go on.
    recorders : sequence of Recorder
        Each opens one file per take. A take ends with the stream, when the device dies, or by the command ``record``;
        it goes on as another take when the device is back.
    record_now : bool
        Begin the first take at once.
    notify : callable, optional
        Gets each line for people, in the engine's thread.
    observer : Observer, optional
        Follows the music.
    while_closing : callable, optional
        Makes a context manager that is entered, in the engine's thread, while sinks and source are closed: drivers
        have been seen to hang there.

    Attributes
    ----------
    source : Source
    tracker : Tracker
    latency : LatencyStats
        Of the notes so far.
    error : BaseException or None
        What broke it, once `join` has returned True.
    """

    def __init__(
        self,
        source: Source,
        tracker: Tracker,
        sinks: Sequence[Sink],
        *,
        recorders: Sequence[Recorder] = (),
        record_now: bool = False,
        notify: Callable[[str], None] | None = None,
        observer: Observer | None = None,
        while_closing: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        self.source = source
        self.tracker = tracker
        self.latency = LatencyStats()
        self.error: BaseException | None = None
        self._fanout = Fanout(sinks, recorders, self._report, _PATIENCE_S if source.can_wait else 0.0)
        self._can_record = bool(recorders)
        self._record_now = record_now
        self._notify = notify
        self._observer = observer
        self._while_closing = while_closing
        self._ledger = Ledger()
        self._commands: queue.Queue[str] = queue.Queue(_COMMANDS_WAITING)
        self._stop = threading.Event()
        self._done = threading.Event()
        self._released = threading.Event()
        self._silent = True  # exact zeros so far
        self._load = 0.0
        self._message = ""
        self._thread = threading.Thread(target=self._work, name=f"engine of {source.name}", daemon=True)

    # -- any thread ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the engine's thread, which opens the source. Can be called once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; returns at once."""
        self._stop.set()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until all is closed; False where ``timeout_s`` has passed before that.

        Parameters
        ----------
        timeout_s : float, optional
            Seconds to wait at most; without it, as long as it takes.

        Raises
        ------
        RuntimeError
            When it was never started.
        """
        if self._thread.ident is None:
            raise RuntimeError("the engine was never started")
        if not self._done.wait(timeout_s):
            return False
        self._thread.join()
        return True

    @property
    def stopping(self) -> bool:
        """Whether it ends or has ended."""
        return self._stop.is_set()

    @property
    def failed(self) -> bool:
        """Whether it broke, or a sink failed or is still away."""
        return self.error is not None or self._fanout.failed

    @property
    def stuck(self) -> bool:
        """Whether a thread still waits in a sink; to be asked once it has ended."""
        return self._fanout.stuck

    def command(self, line: str) -> bool:
        """Ask for one of `COMMANDS`; False where it is none, or too many wait.

        Parameters
        ----------
        line : str
            One of them, with its argument if it takes one.
        """
        if line == "quit":
            self.stop()
            return True
        verb, _, argument = line.partition(" ")
        known = line in ("mute", "panic", "record") or (verb == "transpose" and argument.lstrip("+-").isdecimal())
        if not known:
            return False
        try:
            self._commands.put_nowait(line)
        except queue.Full:
            return False
        return True

    def release(self, timeout_s: float) -> bool:
        """End all that sounds; True once that is done, False where ``timeout_s`` has passed before.

        Parameters
        ----------
        timeout_s : float
            Seconds to wait at most.
        """
        if self._done.is_set():
            return True
        self._released.clear()
        try:
            self._commands.put(_RELEASE, timeout=timeout_s)
        except queue.Full:
            return False
        return self._released.wait(timeout_s)

    def status(self) -> EngineStatus:
        """The engine at this moment."""
        consumed = self.tracker.consumed
        return EngineStatus(
            consumed=consumed,
            output_names=self._fanout.names,
            silent_input=self._silent and consumed > _SILENT_S * self.tracker.rate_hz,
            lost_samples=self.source.lost,
            losses=self.source.losses + self._fanout.lost,
            load=self._load,
            transpose=self._ledger.semitones,
            muted=self._ledger.muted,
            recording=self._fanout.recording,
            message=self._message,
        )

    # -- the engine's thread ---------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            try:
                self.source.start()
                if self._record_now:
                    self._fanout.begin_take(self.tracker.consumed)
                # A source that is read as fast as we can would leave other programs nothing.
                with contextlib.nullcontext() if self.source.can_wait else before_others(TRACKER):
                    self._run_stream()
            finally:
                self._close()
        except (EndOfStream, BrokenPipeError):
            pass
        except BaseException as error:  # it is for whoever joins, when all is closed
            self.error = error
        finally:
            self._done.set()

    def _close(self) -> None:
        """End notes, then sinks, then the source, whichever of them fails."""
        self._stop.set()
        with self._while_closing(), contextlib.ExitStack() as closing:
            closing.callback(self.source.close)
            closing.callback(self._fanout.close)
            self._release()

    def _run_stream(self) -> None:
        while not self._stop.is_set() and not self._fanout.exhausted:
            self._run_commands()
            self._fanout.reopen()
            try:
                block = self.source.read(_READ_S)
            except EndOfStream:
                self._pass_on(self.tracker.flush())
                raise
            except DeviceError as error:
                self._await_device(error)
                continue
            if block is not None:
                self._take(block)
        self._pass_on(self.tracker.flush())

    def _take(self, block: Block) -> None:
        dequeued_ns = time.monotonic_ns()
        if block.lost:
            self._pass_on(self.tracker.gap(block.lost))
        computing_ns, resumed_ns = 0, dequeued_ns
        self.tracker.push(block.samples)
        for event in self.tracker.events():  # each is sent before the next is decided
            decided_ns = time.monotonic_ns()
            computing_ns += decided_ns - resumed_ns
            self._deliver(event, block, dequeued_ns, decided_ns)
            resumed_ns = time.monotonic_ns()
        computing_ns += time.monotonic_ns() - resumed_ns
        self._fanout.write_audio(block)
        if self._silent and block.samples.any():
            self._silent = False
        block_s = len(block.samples) / self.tracker.rate_hz
        self._load += (computing_ns / 1e9 / block_s - self._load) * min(1.0, block_s)

    def _deliver(self, event: Event, block: Block, dequeued_ns: int, decided_ns: int) -> None:
        """Send one event of this block, and count where a note-on's time went."""
        if self._observer and isinstance(event, PitchEstimate):
            self._observer.estimate(event)
        sent = self._ledger.apply(event)
        if sent is None:
            return
        sent_ns = self._fanout.send(sent)
        if isinstance(sent, NoteOn):
            total_ms = self.latency.add(
                samples_to_ms(block.start + len(block.samples) - sent.sounds_from, self.tracker.rate_hz),
                (dequeued_ns - block.captured_ns) / 1e6,
                (decided_ns - dequeued_ns) / 1e6,
                (sent_ns - decided_ns) / 1e6,
            )
            if self._observer:
                self._observer.note_on(sent, total_ms)
        elif self._observer and isinstance(sent, NoteOff):
            self._observer.note_off(sent)

    def _pass_on(self, events: Sequence[Event]) -> None:
        """Send what a note-on cannot be among."""
        self._send([sent for event in events if (sent := self._ledger.apply(event)) is not None])

    def _release(self) -> None:
        self._send(self._ledger.release(self.tracker.consumed))

    def _send(self, events: Sequence[Event]) -> None:
        for event in events:
            self._fanout.send(event)
            if self._observer and isinstance(event, NoteOff):
                self._observer.note_off(event)

    def _await_device(self, error: DeviceError) -> None:
        """The device died: end what sounds, complete the recordings, and wait until it is back."""
        self._pass_on(self.tracker.flush())
        recording = self._fanout.recording is not None
        self._fanout.end_take()
        self._report(f"{error}; notes are ended, and it is tried again until it is back")
        waits = iter(_RETRY_S)
        wait_s = 0.0
        while not self._stop.is_set():
            self.source.close()
            wait_s = next(waits, wait_s)
            until_s = time.monotonic() + wait_s
            while time.monotonic() < until_s and not self._stop.wait(_READ_S):
                self._run_commands()
            if self._stop.is_set():
                return
            with contextlib.suppress(DeviceError):  # the same as before: it was reported
                self.source.start()
                break
        self._report(f"the audio input {self.source.name} is back")
        if recording:
            self._toggle_recording()

    def _run_commands(self) -> None:
        while not self._commands.empty():
            verb, _, argument = self._commands.get_nowait().partition(" ")
            if verb == "mute":
                self._ledger.muted = not self._ledger.muted
                self._release()
            elif verb == "panic":
                self._release()
                self._fanout.panic()
            elif verb == _RELEASE:
                self._release()
                self._released.set()
            elif verb == "transpose":
                wanted = self._ledger.semitones + int(argument)
                self._ledger.semitones = max(-_MOST_SEMITONES, min(_MOST_SEMITONES, wanted))
            elif verb == "record":
                self._toggle_recording()

    def _toggle_recording(self) -> None:
        if not self._can_record:
            self._report("there is nothing to record to")
        elif (name := self._fanout.recording) is not None:
            self._fanout.end_take()
            self._report(f"recorded {name}")
        else:
            try:
                self._fanout.begin_take(self.tracker.consumed)
            except StreamerError as error:
                self._report(str(error))
            else:
                self._report(f"recording {self._fanout.recording}")

    def _report(self, line: str) -> None:
        self._message = line
        if self._notify:
            self._notify(line)
