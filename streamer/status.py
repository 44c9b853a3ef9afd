"""What an engine shows of itself while it runs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from streamer.events import NoteOff, NoteOn, PitchEstimate

_SHOWN_S = 12.0  # how long a line for people stays


class Observer(Protocol):
    """What follows the music for people. The engine's thread calls it: it must return at once, and not raise."""

    def estimate(self, event: PitchEstimate) -> None:
        """One hop went by; the pitch is as heard, whether muted or transposed."""

    def note_on(self, event: NoteOn, total_ms: float) -> None:
        """A note-on was sent, so late after its sound began.

        Parameters
        ----------
        event : NoteOn
            As it was sent.
        total_ms : float
            From its beginning until it was sent.
        """

    def correction(self, event: NoteOn) -> None:
        """A note that sounds got a better name."""

    def note_off(self, event: NoteOff) -> None:
        """A note-off was sent."""


class MessageLine:
    """The line for people that is shown at present. Any thread may show one.

    Attributes
    ----------
    trouble : str
        What is shown when no newer line is.
    """

    def __init__(self) -> None:
        self.trouble = ""
        self._newest = ("", 0.0)

    def show(self, line: str) -> None:
        """Show a line for some seconds."""
        self._newest = (line, time.monotonic())

    def __str__(self) -> str:
        line, since_s = self._newest
        return line if line and time.monotonic() - since_s < _SHOWN_S else self.trouble


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """An engine at one moment.

    Attributes
    ----------
    consumed : int
        Samples so far, lost ones included.
    output_names : tuple of str
        Of the sinks that live as long as the engine, where they have one.
    silent_input : bool
        Whether the input has been exactly zero from the start.
    lost_samples : int
        By the source, and what came while the engine was paused.
    losses : int
        How many times that happened; overruns of unknown length that a driver reports are among them.
    lost_events : int
        Events and blocks of sound that a sink was too slow for.
    load : float
        Compute time per second of audio.
    transpose : int
        In semitones.
    muted : bool
        Whether notes are kept back.
    holds : bool
        Whether notes sound on until the next begins.
    recording : str or None
        What the present take is written to.
    settings : mapping of str to object
        The values in force of those that can be changed.
    message : str
        The latest line for people, for some seconds; then what is still wrong, if anything is.
    """

    consumed: int
    output_names: tuple[str, ...]
    silent_input: bool
    lost_samples: int
    losses: int
    lost_events: int
    load: float
    transpose: int
    muted: bool
    holds: bool
    recording: str | None
    settings: Mapping[str, Any]
    message: str
