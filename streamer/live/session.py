"""The live session: one source, one tracker, any number of sinks, and an end that leaves no note sounding.

Three threads share the work. The source's own (or the process behind it) collects samples. The **tracker's thread**
takes them, runs the tracker and feeds the sinks; nobody else touches any of the three. The **main thread** keeps the
screen, hears signals, and ends the process when the tracker's thread cannot.
"""

import contextlib
import faulthandler
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from streamer.audio.priority import TRACKER, before_others
from streamer.audio.source import EndOfStream, Source
from streamer.errors import DeviceError, StreamerError
from streamer.events import Block, Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.ledger import Ledger
from streamer.live.realtime import real_time, tidy
from streamer.live.snapshot import Snapshot
from streamer.live.snapshots import Picture
from streamer.outputs.fanout import Outlets, Recorder
from streamer.outputs.sink import Sink
from streamer.tracker import Tracker
from streamer.units import samples_to_ms

__all__ = ["COMMANDS", "Recorder", "Screen", "Session", "run_live"]

COMMANDS = ("quit", "mute", "panic", "record", "transpose +1", "transpose -1")
"""What a screen may send: ``mute`` and ``record`` toggle; ``transpose`` takes any number of semitones, relative."""

_HUSH = "hush"  # not for screens
_READ_S = 0.1  # what a signal may wait for while no sound comes
_RETRY_S = (0.5, 1.0, 2.0)  # between attempts to get the device back
_REDRAW_S = 0.05
_GRACE_S = 6.0  # for closing all; more than the sinks and the source may take themselves
_TIDY_S, _LATEST_TIDY_S = 20.0, 120.0  # in silence, and when there is none
_SILENT_S = 1.0  # of exact zeros from the start: a microphone never does that
_PATIENCE_S = 1.0
_MOST_SEMITONES = 60


class Screen(Protocol):
    """What shows the session. None of these may block."""

    def show(self, snapshot: Snapshot) -> None:
        """Draw this, or skip it when the screen is behind."""

    def commands(self) -> list[str]:
        """Commands given since the last call, see `COMMANDS`."""

    def close(self) -> None:
        """Give the terminal back."""


def run_live(
    source: Source,
    tracker: Tracker,
    sinks: Sequence[Sink],
    *,
    recorders: Sequence[Recorder] = (),
    record_now: bool = False,
    screen: Screen | None = None,
    say: Callable[[str], None] | None = None,
    preset: str = "default",
) -> int:
    """Run until the source ends, the user quits, or a signal comes; everything is closed on return.

    Parameters
    ----------
    source : Source
        Not yet started.
    tracker : Tracker
        For the source's rate.
    sinks : sequence of Sink
        They live as long as the session. The latency part ``send`` ends when the first of them that does not block has
        taken the note, so a MIDI port comes first. One that fails is closed, and the others go on.
    recorders : sequence of Recorder
        Each opens one file per take. A take ends with the stream, when the device dies, or by the command ``record``;
        it goes on as another take when the device is back.
    record_now : bool
        Begin the first take at once.
    screen : Screen, optional
        Gets a snapshot some 20 times a second.
    say : callable, optional
        Gets each line for people; with a screen, after the screen is closed.
    preset : str
        For the screen.

    Returns
    -------
    int
        Exit status: 1 when a sink has failed or is still away at the end; else 0 after ``quit``, the end of the source,
        or when who read a pipe has left, and 128 + the signal's number after SIGINT, SIGTERM or SIGHUP.

    Raises
    ------
    StreamerError
        When the source or a recording cannot be opened at the very beginning, or the source's samples are not what
        they were said to be; all is closed all the same.

    Notes
    -----
    Where a thread is stuck inside a driver or a full pipe when all else is closed, the process is ended with
    `os._exit` and the same status: this function does not return then.
    """
    session = Session(
        source, tracker, sinks, recorders=recorders, record_now=record_now, screen=screen, say=say, preset=preset
    )
    return session.run()


class Session:
    """What `run_live` runs; for those who want to look into it or command it meanwhile. Parameters as there."""

    def __init__(
        self,
        source: Source,
        tracker: Tracker,
        sinks: Sequence[Sink],
        *,
        recorders: Sequence[Recorder] = (),
        record_now: bool = False,
        screen: Screen | None = None,
        say: Callable[[str], None] | None = None,
        preset: str = "default",
    ) -> None:
        self._source = source
        self._tracker = tracker
        self._outlets = Outlets(sinks, recorders, self._say, _PATIENCE_S if source.can_wait else 0.0)
        self._can_record = bool(recorders)
        self._record_now = record_now
        self._screen = screen
        self._tell = say
        self._preset = preset
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._status_line = ""
        self._ledger = Ledger()
        self._picture = Picture(tracker.rate_hz, tracker.config.a4_hz)
        self._commands: queue.Queue[str] = queue.Queue(64)
        self._stop = threading.Event()
        self._done = threading.Event()
        self._signal = 0
        self._suspend = threading.Event()
        self._hushed = threading.Event()
        self._crash: BaseException | None = None
        self._silent = True  # exact zeros so far
        self._load = 0.0

    def run(self) -> int:
        """See `run_live`."""
        # A thread that has the interpreter must not be kept from letting it go, so this one goes first as well.
        with real_time(), self._before_others(), self._signals():
            thread = threading.Thread(target=self._work, name="tracker", daemon=True)
            thread.start()
            tidied_s = time.monotonic()
            while not self._done.wait(_REDRAW_S):
                self._look()
                if self._suspend.is_set():
                    self._suspended()
                if self._stop.is_set() and not self._done.wait(_GRACE_S):
                    self._give_up("the audio or MIDI system hangs; ending without it")
                if time.monotonic() - tidied_s > (_TIDY_S if self._picture.quiet else _LATEST_TIDY_S):
                    tidy()
                    tidied_s = time.monotonic()
            self._look()
            if self._screen:
                self._screen.close()
            self._speak()
            if self._outlets.stuck:
                self._give_up("")
        if self._crash is not None:
            raise self._crash
        return self._status()

    def _before_others(self) -> contextlib.AbstractContextManager[None]:
        # A source that is read as fast as we can would leave other programs nothing.
        return contextlib.nullcontext() if self._source.can_wait else before_others(TRACKER)

    def command(self, line: str) -> bool:
        """Ask for one of `COMMANDS`, from any thread; False where it is none, or too many wait."""
        if line == "quit":
            self._stop.set()
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

    def snapshot(self) -> Snapshot:
        """The session at this moment."""
        consumed = self._tracker.consumed
        return replace(
            self._picture.snapshot(consumed),
            hop=self._tracker.config.hop,
            detector=self._tracker.config.detector,
            preset=self._preset,
            input_name=self._source.name,
            input_latency_ms=self._source.input_latency_ms,
            output_names=self._outlets.names,
            silent_input=self._silent and consumed > _SILENT_S * self._tracker.rate_hz,
            lost_samples=self._source.lost,
            losses=self._source.losses + self._outlets.lost,
            load=self._load,
            transpose=self._ledger.semitones,
            muted=self._ledger.muted,
            recording=self._outlets.recording,
            status=self._status_line,
        )

    # -- the main thread -----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """End in order on a signal; where this is not the main thread, signals are somebody else's."""
        numbers = [
            getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
        ]
        if threading.current_thread() is not threading.main_thread():
            numbers = []
        before = [(number, signal.signal(number, self._on_signal)) for number in numbers]
        if numbers and hasattr(signal, "SIGTSTP"):
            before.append((signal.SIGTSTP, signal.signal(signal.SIGTSTP, lambda *_: self._suspend.set())))
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _on_signal(self, number: int, _: object) -> None:
        self._signal = self._signal or number
        self._stop.set()

    def _suspended(self) -> None:
        """Ctrl-Z: no note may sound while this process stands still."""
        self._suspend.clear()
        self._hushed.clear()
        self._commands.put(_HUSH)
        self._hushed.wait(_GRACE_S)
        os.kill(os.getpid(), signal.SIGSTOP)

    def _look(self) -> None:
        if self._screen:
            self._screen.show(self.snapshot())
            for line in self._screen.commands():
                self.command(line)
        else:
            self._speak()

    def _speak(self) -> None:
        while self._tell and not self._lines.empty():
            self._tell(self._lines.get())

    def _say(self, line: str) -> None:
        self._status_line = line
        self._lines.put(line)

    def _status(self) -> int:
        if self._crash is not None or self._outlets.failed:
            return 1
        return 128 + self._signal if self._signal else 0

    def _give_up(self, line: str) -> None:
        """End the process although a thread is stuck; all that could be closed is."""
        if line:
            self._lines.put(line)
        if self._screen:
            self._screen.close()
        self._speak()
        os._exit(self._status() or 1)

    # -- the tracker's thread ------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            try:
                self._source.start()
                if self._record_now:
                    self._outlets.begin_take(self._tracker.consumed)
                with self._before_others():
                    self._listen()
            finally:
                self._end()
        except (EndOfStream, BrokenPipeError):
            pass
        except BaseException as error:  # it is raised by `run`, when all is closed
            self._crash = error
        finally:
            self._done.set()

    def _end(self) -> None:
        """End notes, then sinks, then the source, whichever of them fails."""
        self._stop.set()
        # Where even the main thread cannot run, since a C library hangs while it holds the interpreter.
        with open(os.devnull, "w") as nowhere, contextlib.ExitStack() as closing:
            faulthandler.dump_traceback_later(2 * _GRACE_S, exit=True, file=nowhere)
            closing.callback(faulthandler.cancel_dump_traceback_later)
            closing.callback(self._source.close)
            closing.callback(self._outlets.close)
            self._send_all(self._ledger.release(self._tracker.consumed))

    def _listen(self) -> None:
        while not self._stop.is_set() and not self._outlets.exhausted:
            self._obey()
            self._outlets.reopen()
            try:
                block = self._source.read(_READ_S)
            except EndOfStream:
                self._hand_on(self._tracker.flush())
                raise
            except DeviceError as error:
                self._survive(error)
                continue
            if block is not None:
                self._take(block)
        self._hand_on(self._tracker.flush())

    def _take(self, block: Block) -> None:
        dequeued_ns = time.monotonic_ns()
        if block.lost:
            self._hand_on(self._tracker.gap(block.lost))
        events = self._tracker.process(block.samples)
        decided_ns = time.monotonic_ns()
        for event in events:
            if isinstance(event, PitchEstimate):
                self._picture.estimate(event)
            sent = self._ledger.apply(event)
            if sent is None:
                continue
            sent_ns = self._outlets.send(sent)
            if isinstance(sent, NoteOn):
                total_ms = self._picture.latency.add(
                    samples_to_ms(block.start + len(block.samples) - sent.first_heard, self._tracker.rate_hz),
                    (dequeued_ns - block.captured_ns) / 1e6,
                    (decided_ns - dequeued_ns) / 1e6,
                    (sent_ns - decided_ns) / 1e6,
                )
                self._picture.note_on(sent, total_ms)
            elif isinstance(sent, NoteOff):
                self._picture.note_off(sent)
        self._outlets.hear(block)
        if self._silent and block.samples.any():
            self._silent = False
        block_s = len(block.samples) / self._tracker.rate_hz
        self._load += ((decided_ns - dequeued_ns) / 1e9 / block_s - self._load) * min(1.0, block_s)

    def _hand_on(self, events: Sequence[Event]) -> None:
        """Send what a note-on cannot be among."""
        self._send_all([sent for event in events if (sent := self._ledger.apply(event)) is not None])

    def _send_all(self, events: Sequence[Event]) -> None:
        for event in events:
            self._outlets.send(event)
            if isinstance(event, NoteOff):
                self._picture.note_off(event)

    def _survive(self, error: DeviceError) -> None:
        """The device died: end what sounds, complete the recordings, and wait until it is back."""
        self._hand_on(self._tracker.flush())
        recording = self._outlets.recording is not None
        self._outlets.end_take()
        self._say(f"{error}; notes are ended, and it is tried again until it is back")
        waits = iter(_RETRY_S)
        wait_s = 0.0
        while not self._stop.is_set():
            self._source.close()
            wait_s = next(waits, wait_s)
            until_s = time.monotonic() + wait_s
            while time.monotonic() < until_s and not self._stop.wait(_READ_S):
                self._obey()
            if self._stop.is_set():
                return
            with contextlib.suppress(DeviceError):  # the same as before: it was said
                self._source.start()
                break
        self._say(f"the audio input {self._source.name} is back")
        if recording:
            self._toggle_recording()

    def _obey(self) -> None:
        while not self._commands.empty():
            verb, _, argument = self._commands.get_nowait().partition(" ")
            if verb == "mute":
                self._ledger.muted = not self._ledger.muted
                self._send_all(self._ledger.release(self._tracker.consumed))
            elif verb == "panic":
                self._send_all(self._ledger.release(self._tracker.consumed))
                self._outlets.panic()
            elif verb == _HUSH:
                self._send_all(self._ledger.release(self._tracker.consumed))
                self._hushed.set()
            elif verb == "transpose":
                wanted = self._ledger.semitones + int(argument)
                self._ledger.semitones = max(-_MOST_SEMITONES, min(_MOST_SEMITONES, wanted))
            elif verb == "record":
                self._toggle_recording()

    def _toggle_recording(self) -> None:
        if not self._can_record:
            self._say("there is nothing to record to")
        elif (name := self._outlets.recording) is not None:
            self._outlets.end_take()
            self._say(f"recorded {name}")
        else:
            try:
                self._outlets.begin_take(self._tracker.consumed)
            except StreamerError as error:
                self._say(str(error))
            else:
                self._say(f"recording {self._outlets.recording}")
