"""The live session: one source, one tracker, any number of sinks, and an end that leaves no note sounding."""

from collections.abc import Callable, Sequence
from typing import Protocol

from streamer.audio.source import Source
from streamer.live.snapshot import Snapshot
from streamer.outputs.sink import Sink
from streamer.tracker import Tracker

COMMANDS = ("quit", "mute", "panic", "record", "transpose +1", "transpose -1")
"""What a screen may send: ``mute`` and ``record`` toggle; ``transpose`` takes any number of semitones, relative."""

Recorder = Callable[[int, int], Sink]
"""``recorder(take, start)`` opens the sink of take 1, 2, ... whose time zero is the sample index ``start``."""


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
        They live as long as the session. The latency part ``send`` ends when the first of them has taken the note, so a
        MIDI port comes first.
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
        Exit status: 0 after ``quit``, the end of the source, or when who read a pipe has left; 1 when a sink failed or
        the audio system hangs; 128 + the signal's number after SIGINT, SIGTERM or SIGHUP.

    Raises
    ------
    StreamerError
        When the source or a recording cannot be opened at the very beginning; the sinks are closed all the same.

    Notes
    -----
    Where a thread is stuck inside a driver or a full pipe when all else is closed, the process is ended with
    `os._exit` and the same status: this function does not return then.
    """
    raise NotImplementedError
