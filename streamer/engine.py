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
from typing import Self

from streamer.adjustments import Adjustments
from streamer.audio.priority import TRACKER, before_others
from streamer.audio.skipping import Skipper
from streamer.audio.source import EndOfStream, Source
from streamer.control import COMMANDS, Command, parse_command
from streamer.delivery import Delivery
from streamer.errors import DeviceError, StreamerError
from streamer.events import Block
from streamer.expression.ledger import Ledger
from streamer.latency import LatencyStats
from streamer.outputs.fanout import Fanout, Recorder
from streamer.outputs.sink import Sink
from streamer.status import EngineStatus, MessageLine, Observer
from streamer.tracker import Tracker

__all__ = ["COMMANDS", "Engine"]

_COMMANDS_WAITING = 64
_READ_S = 0.1  # what `stop` and commands may wait for while no sound comes
_RETRY_S = (0.5, 1.0, 2.0)  # between attempts to get the device back
_SILENT_S = 1.0  # of exact zeros from the start: a microphone never does that
_PATIENCE_S = 1.0


class Engine:
    """Runs once, from `start` until the source ends, no sink is left, `stop` is called, or something breaks.

    Whatever the reason, notes end first, then sinks and source are closed. One that is never started closes them when
    it is stopped. As a context manager it is started, and at the end stopped and waited for.

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
    ledger : Ledger, optional
        Transposes and locks; by default nothing.
    adjustments : Adjustments, optional
        Of this tracker and ledger: what the commands ``set`` and ``step`` change.
    while_closing : callable, optional
        Makes a context manager that is entered, in the engine's thread, while sinks and source are closed: drivers
        have been seen to hang there.

    Attributes
    ----------
    source : Source
    tracker : Tracker
    latency : LatencyStats
        Of the notes so far.
    message : MessageLine
        For `status`.
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
        ledger: Ledger | None = None,
        adjustments: Adjustments | None = None,
        while_closing: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        self.source = source
        self.tracker = tracker
        self.latency = LatencyStats()
        self.error: BaseException | None = None
        self._fanout = Fanout(sinks, recorders, self._report, _PATIENCE_S if source.can_wait else 0.0)
        self._can_record = bool(recorders)
        self._record_now = record_now
        self._notify = notify
        self._while_closing = while_closing
        self._delivery = Delivery(self._fanout, tracker.rate_hz, self.latency, observer, ledger)
        self._adjustments = adjustments or Adjustments(tracker, self._delivery.ledger)
        self._commands: queue.Queue[Command] = queue.Queue(_COMMANDS_WAITING)
        self._launched = threading.Lock()  # taken once, by whoever starts the thread
        self._stop = threading.Event()
        self._done = threading.Event()
        self._released = threading.Event()
        self._pausing, self._paused = threading.Event(), threading.Event()
        self._skipper = Skipper()
        self._silent = True  # exact zeros so far
        self._load = 0.0
        self.message = MessageLine()
        self._thread = threading.Thread(target=self._work, name=f"engine of {source.name}", daemon=True)

    # -- any thread ------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.join()

    def start(self) -> None:
        """Start the engine's thread, which opens the source. Can be called once; after `stop` it does nothing."""
        if self._launched.acquire(blocking=False):
            self._thread.start()
        elif not self._stop.is_set():
            raise RuntimeError("the engine was started before")

    def stop(self) -> None:
        """Ask it to end; returns at once. One that was not started closes its sinks and its source."""
        self._stop.set()
        if self._launched.acquire(blocking=False):
            self._thread.start()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until all is closed; False where ``timeout_s`` has passed before that.

        Parameters
        ----------
        timeout_s : float, optional
            Seconds to wait at most; without it, as long as it takes.

        Raises
        ------
        RuntimeError
            When it was neither started nor stopped.
        """
        if not self._launched.locked():
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
    def transpose(self) -> int:
        """Semitones that are added to what begins now."""
        return self._delivery.ledger.semitones

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
        command = parse_command(line)
        if command is None:
            return False
        if command.verb == "quit":
            self.stop()
            return True
        try:
            self._commands.put_nowait(command)
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
            self._commands.put(Command("release"), timeout=timeout_s)
        except queue.Full:
            return False
        return self._released.wait(timeout_s)

    def pause(self, timeout_s: float) -> bool:
        """End all that sounds, and take and send nothing until `resume`.

        Parameters
        ----------
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        bool
            True once the last note-off has left this process; False where the time has passed before.
        """
        self._paused.clear()
        self._pausing.set()
        return self._done.is_set() or self._paused.wait(timeout_s)

    def resume(self) -> None:
        """Go on; what a live source has gathered meanwhile is lost, and counted."""
        self._pausing.clear()

    def status(self) -> EngineStatus:
        """The engine at this moment."""
        return EngineStatus(
            consumed=(consumed := self.tracker.consumed),
            output_names=self._fanout.names,
            silent_input=self._silent and consumed > _SILENT_S * self.tracker.rate_hz,
            lost_samples=self.source.lost + self._skipper.lost,
            losses=self.source.losses + self._skipper.losses,
            lost_events=self._fanout.lost,
            load=self._load,
            transpose=self.transpose,
            muted=self._delivery.ledger.muted,
            holds=self._delivery.holds,
            recording=self._fanout.recording,
            settings=self._adjustments.values,
            message=str(self.message) or self._fanout.trouble,
        )

    def _work(self) -> None:
        try:
            try:
                if not self._stop.is_set():
                    self._start_stream()
            finally:
                self._close()
        except (EndOfStream, BrokenPipeError):
            pass
        except BaseException as error:  # it is for whoever joins, when all is closed
            self.error = error
        finally:
            self._done.set()

    def _start_stream(self) -> None:
        self.source.start()
        if self._record_now:
            self._fanout.begin_take(self.tracker.consumed)
        # A source that is read as fast as we can would leave other programs nothing.
        with contextlib.nullcontext() if self.source.can_wait else before_others(TRACKER):
            self._run_stream()

    def _close(self) -> None:
        """End notes, then sinks, then the source, whichever of them fails."""
        self._stop.set()
        with self._while_closing(), contextlib.ExitStack() as closing:
            closing.callback(self.source.close)
            closing.callback(self._fanout.close)
            self._delivery.release(self.tracker.consumed)

    def _run_stream(self) -> None:
        while not self._stop.is_set() and not self._fanout.exhausted:
            self._run_commands()
            self._fanout.reopen()
            try:
                block = self.source.read(_READ_S)
            except EndOfStream:
                self._delivery.pass_on(self.tracker.flush())
                raise
            except DeviceError as error:
                self._await_device(error)
                continue
            if block is not None and (fresh := self._skipper.pass_on(block)) is not None:
                self._take(fresh)
        self._delivery.pass_on(self.tracker.flush())

    def _take(self, block: Block) -> None:
        dequeued_ns = time.monotonic_ns()
        if block.lost:
            self._delivery.pass_on(self.tracker.gap(block.lost))
        computing_ns, resumed_ns = 0, dequeued_ns
        self.tracker.push(block.samples)
        for event in self.tracker.events():  # each is sent before the next is decided
            decided_ns = time.monotonic_ns()
            computing_ns += decided_ns - resumed_ns
            self._delivery.deliver(event, block, dequeued_ns, decided_ns)
            resumed_ns = time.monotonic_ns()
        computing_ns += time.monotonic_ns() - resumed_ns
        self._fanout.write_audio(block)
        self._silent = self._silent and not block.samples.any()
        block_s = len(block.samples) / self.tracker.rate_hz
        self._load += (computing_ns / 1e9 / block_s - self._load) * min(1.0, block_s)

    def _await_device(self, error: DeviceError) -> None:
        """The device died: end what sounds, complete the recordings, and wait until it is back."""
        self._delivery.pass_on(self.tracker.flush())
        recording = self._fanout.recording is not None
        self._fanout.end_take()
        self.message.trouble = f"{error}; notes are ended; trying again until it is back"
        self._report(self.message.trouble)
        waits, wait_s = iter(_RETRY_S), 0.0
        while not self._stop.is_set():
            self.source.close()
            wait_s = next(waits, wait_s)
            until_s = time.monotonic() + wait_s
            while time.monotonic() < until_s and not self._stop.wait(_READ_S):
                self._run_commands()
                self._fanout.reopen()
            if self._stop.is_set():
                return
            with contextlib.suppress(DeviceError):  # the same as before: it was reported
                self.source.start()
                break
        self.message.trouble = ""
        self._report(f"the audio input {self.source.name} is back")
        if recording:
            self._toggle_recording()

    def _run_commands(self) -> None:
        while not self._commands.empty():
            self._run_command(self._commands.get_nowait())
        if self._pausing.is_set():
            self._stand_still()

    def _run_command(self, command: Command) -> None:
        match command.verb:
            case "mute":
                self._delivery.toggle_mute(self.tracker.consumed)
            case "hold":
                self._delivery.toggle_hold(self.tracker.consumed)
            case "panic":
                self._delivery.release(self.tracker.consumed)
                self._fanout.panic()
                self._report("panic: every note is ended, on all 16 MIDI channels")
            case "release":
                self._delivery.release(self.tracker.consumed)
                self._released.set()
            case "save" | "set" | "step":
                self.message.show(self._adjustments.run(command, self._fanout.set_bend))
            case "record":
                self._toggle_recording()

    def _stand_still(self) -> None:
        self._delivery.pass_on(self.tracker.flush())
        self._delivery.release(self.tracker.consumed)
        self._fanout.flush()
        self._paused.set()
        while self._pausing.is_set() and not self._stop.wait(_READ_S / 4):
            pass
        if not self.source.can_wait:
            self._skipper.skip_to_now()

    def _toggle_recording(self) -> None:
        if not self._can_record:
            self._report("no takes are recorded here: what was asked for is written all the time")
        elif (name := self._fanout.recording) is not None:
            self._fanout.end_take()
            self._report(f"recorded {name}")
        else:
            try:
                self._fanout.begin_take(self.tracker.consumed)
                self._report(f"recording {self._fanout.recording}")
            except StreamerError as error:
                self._report(str(error))

    def _report(self, line: str) -> None:
        self.message.show(line)
        if self._notify:
            self._notify(line)
