"""Process control for ``live`` and ``demo``: an engine, its screen, signals, and an end that nothing can hold up.

The engine runs in a thread of its own, see `streamer.engine`. The main thread keeps the screen, takes signals, and ends
the process when the engine's thread cannot.
"""

import contextlib
import faulthandler
import os
import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from streamer.adjustments import Adjustments
from streamer.audio.priority import TRACKER, before_others
from streamer.audio.source import Source
from streamer.engine import Engine
from streamer.errors import StreamerError
from streamer.live.learned import Learned
from streamer.live.realtime import collect_garbage, real_time
from streamer.live.signals import Signals
from streamer.live.snapshot import Snapshot
from streamer.live.snapshots import SnapshotBuilder
from streamer.music.config import MusicConfig
from streamer.outputs.clock import MidiClock
from streamer.outputs.fanout import Recorder
from streamer.outputs.sink import Sink
from streamer.settings.expression import Expression
from streamer.settings.learned import LEARNED
from streamer.tracker import Tracker

__all__ = ["Screen", "Session", "run_live"]

Keep = Callable[[Mapping[str, Any]], str]

_NO_CONTROL_PORT = "there is no MIDI input to learn from: start with --control-port NAME"
_REDRAW_S = 0.05
_GRACE_S = 6.0  # for closing all; more than the sinks and the source may take themselves
_GUARD_S = 10.0  # for the whole end, the screen's included; then the process is killed from outside
_PAUSE_S = 3.0  # for the last note-off when the process is to stand still
_COLLECT_S, _LATEST_COLLECT_S = 20.0, 120.0  # between garbage collections: in silence, and when there is none


class Screen(Protocol):
    """What shows the session. None of these may block."""

    def show(self, snapshot: Snapshot) -> None:
        """Draw this, or skip it when the screen is behind."""

    def commands(self) -> list[str]:
        """Commands given since the last call, see `streamer.engine.COMMANDS`."""

    def close(self) -> None:
        """Give the terminal back."""

    def start(self) -> None:
        """Take the terminal again after `close`."""


def run_live(source: Source, tracker: Tracker, sinks: Sequence[Sink], **options: Any) -> int:
    """Run until the source ends, the user quits, or a signal comes; everything is closed on return.

    Parameters
    ----------
    source, tracker, sinks, **options
        As `Session` takes them.

    Returns
    -------
    int
        Exit status: 1 when a sink has failed or is still away at the end; else 0 after ``quit``, the end of the source,
        or when who read a pipe has left, and 128 + the signal's number after a signal, see `streamer.live.signals`.

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
    return Session(source, tracker, sinks, **options).run()


class Session:
    """What `run_live` runs; for those who want to look into it or command it meanwhile.

    Parameters
    ----------
    source, tracker, sinks, recorders, record_now
        As `Engine` takes them.
    screen : Screen, optional
        Gets a snapshot some 20 times a second.
    notify : callable, optional
        Gets each line for people; with a screen, after the screen is closed.
    preset : str
        Name of the one in force.
    music : MusicConfig, optional
        Which notes are sent for those that are played; by default these.
    keep : callable, optional
        Writes settings that were changed to where they are kept, and returns a line for people.
    round_trip_ms : float, optional
        What the way of sound out and in again takes, for the screen.
    expression : Expression, optional
        How the sinks bend.
    learned : Learned, optional
        What other MIDI devices do.
    clock : MidiClock, optional
        Whose tempo is shown.
    """

    def __init__(
        self,
        source: Source,
        tracker: Tracker,
        sinks: Sequence[Sink],
        *,
        recorders: Sequence[Recorder] = (),
        record_now: bool = False,
        screen: Screen | None = None,
        notify: Callable[[str], None] | None = None,
        preset: str = "default",
        music: MusicConfig | None = None,
        keep: Keep | None = None,
        round_trip_ms: float | None = None,
        expression: Expression | None = None,
        learned: Learned | None = None,
        clock: MidiClock | None = None,
    ) -> None:
        music = music or MusicConfig()
        ledger = music.ledger(tracker.config.reference_hz)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._builder = SnapshotBuilder(tracker.rate_hz, lambda: tracker.a4_hz, lambda: ledger.moved)
        self._adjustments = Adjustments(tracker, ledger, music, preset, expression)
        self._bend_range = self._adjustments.expression.semitones  # that of the outputs as they were opened
        self._engine = Engine(
            source,
            tracker,
            sinks,
            recorders=recorders,
            record_now=record_now,
            notify=self._lines.put,
            observer=self._builder,
            ledger=ledger,
            adjustments=self._adjustments,
            while_closing=_watchdog,
        )
        self._screen = screen
        self._notify = notify
        self._keep = keep
        self._round_trip_ms = round_trip_ms
        self._learned = learned
        self._clock = clock
        if learned is not None:
            learned.connect(self._engine.command, self._engine.message.show)
        self._signals = Signals(self._engine.stop, _GUARD_S)

    def run(self) -> int:
        """See `run_live`."""
        # A thread that has the interpreter must not be kept from letting it go, so this one goes first as well.
        first = contextlib.nullcontext() if self._engine.source.can_wait else before_others(TRACKER)
        with self._signals.taken(), real_time(), first:
            self._engine.start()
            collected_s = time.monotonic()
            while not self._engine.join(_REDRAW_S):
                self._update_screen()
                if self._signals.stop_asked.is_set() and not self._engine.stopping:
                    self._stand_still()
                if self._engine.stopping and not self._engine.join(_GRACE_S):
                    self._exit_hard("the audio or MIDI system hangs; ending without it")
                if time.monotonic() - collected_s > (_COLLECT_S if self._builder.quiet else _LATEST_COLLECT_S):
                    collect_garbage()
                    collected_s = time.monotonic()
            self._update_screen()
            if self._screen:
                self._screen.close()
            self._notify_lines()
            if self._engine.stuck:
                self._exit_hard("")
        if self._engine.error is not None:
            raise self._engine.error
        return self._exit_status()

    def command(self, line: str) -> bool:
        """See `Engine.command`; ``save`` writes what was changed to where settings are kept, ``learn`` learns MIDI."""
        said = None
        if line == "learn":
            said = self._learned.begin() if self._learned else _NO_CONTROL_PORT
        elif self._learned is not None:
            said = self._learned.teach(line)
        if said is None:
            return self._engine.command(line)
        self._engine.message.show(said)
        return True

    def _save_if_asked(self) -> None:
        if self._adjustments.save_asked:  # by a command, so that those before it are among what is saved
            self._adjustments.save_asked = False
            self._engine.message.show(self._save())

    def _save(self) -> str:
        if self._keep is None:
            return "settings are not kept here"
        changed = dict(self._adjustments.changed)
        if self._learned is not None and self._learned.changed:
            changed[LEARNED.name] = self._learned.bindings
        if not changed:
            return "nothing was changed that could be saved"
        try:
            return self._keep(changed)
        except StreamerError as error:
            return str(error)

    def snapshot(self) -> Snapshot:
        """The session at this moment."""
        status, config, source = self._engine.status(), self._engine.tracker.config, self._engine.source
        expression = self._adjustments.expression
        return replace(
            self._builder.snapshot(status.consumed, self._engine.latency),
            hop=config.hop,
            detector=config.detector,
            preset=status.settings["preset"],
            bend=expression.mode,
            bend_range=0 if expression.mode == "off" else self._bend_range,
            scale=status.settings["scale"] if status.settings["lock"] != "off" else "",
            input_name=source.name,
            input_latency_ms=source.input_latency_ms,
            round_trip_ms=self._round_trip_ms,
            clock_bpm=None if self._clock is None else self._clock.tempo_bpm,
            output_names=status.output_names,
            silent_input=status.silent_input,
            lost_samples=status.lost_samples,
            losses=status.losses,
            lost_events=status.lost_events,
            load=status.load,
            transpose=status.transpose,
            muted=status.muted,
            recording=status.recording,
            status=status.message,
        )

    def _stand_still(self) -> None:
        """Ctrl-Z: no note may sound while this process stands still, and the terminal is the shell's."""
        self._engine.pause(_PAUSE_S)
        if self._screen:
            self._screen.close()
        self._signals.stop_process()
        if self._screen:
            self._screen.start()
        self._engine.resume()

    def _update_screen(self) -> None:
        self._save_if_asked()
        if self._screen:
            self._screen.show(self.snapshot())
            for line in self._screen.commands():
                self.command(line)
        else:
            self._notify_lines()

    def _notify_lines(self) -> None:
        while self._notify and not self._lines.empty():
            self._notify(self._lines.get())

    def _exit_status(self) -> int:
        if self._engine.failed:
            return 1
        return 128 + self._signals.ended_by if self._signals.ended_by else 0

    def _exit_hard(self, line: str) -> None:
        """End the process although a thread is stuck; all that could be closed is."""
        if line:
            self._lines.put(line)
        if self._screen:
            self._screen.close()
        self._notify_lines()
        os._exit(self._exit_status() or 1)


@contextlib.contextmanager
def _watchdog() -> Iterator[None]:
    """Ends the process where even the main thread cannot: a C library hangs while it holds the interpreter."""
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(2 * _GRACE_S, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
