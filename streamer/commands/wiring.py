"""Joins a source, a tracker, sinks and a screen into what a command does."""

import sys
from typing import TYPE_CHECKING, Any

from streamer.config import DEFAULT_RATE_HZ
from streamer.errors import OutputError, printable

if TYPE_CHECKING:  # transcribe starts sooner without them
    from collections.abc import Mapping
    from contextlib import ExitStack

    from streamer.audio.channels import ChannelMixer
    from streamer.audio.source import Source
    from streamer.live.learned import Learned
    from streamer.live.session import Keep, Screen
    from streamer.live.snapshot import Snapshot
    from streamer.outputs.clock import MidiClock
    from streamer.outputs.midiform import MidiForm
    from streamer.outputs.sink import Sink
    from streamer.settings.file import Place
    from streamer.settings.learned import LearnConfig


def notify(line: str) -> None:
    """One line for people, apart from what goes to other programs on standard output."""
    try:
        print(f"streamer: {printable(line)}", file=sys.stderr, flush=True)
    except (OSError, ValueError):  # the terminal is gone: nobody is left to read it
        return


def keeper(place: "Place") -> "Keep":
    """What saves settings that were changed while somebody played."""

    def keep(changed: "Mapping[str, Any]") -> str:
        from streamer.settings.catalogues import PLAYING
        from streamer.settings.saving import save

        save(place, changed, PLAYING)
        names = ", ".join(name for name, value in changed.items() if value is not None)
        return f"saved {names} to {f'profile {place.profile} of ' if place.profile else ''}{place.path}"

    return keep


def open_controls(stack: "ExitStack", learn: "LearnConfig", clock: "MidiClock | None") -> "Learned | None":
    """The MIDI inputs that drive the program, where any is named.

    Parameters
    ----------
    stack : ExitStack
        Closes them.
    learn : LearnConfig
        Which, and what is known to be done.
    clock : MidiClock or None
        Gets what comes in at the clock's.

    Raises
    ------
    ConfigError, MidiError
        If a binding is none, or there is no such input.
    """
    from streamer.live.learned import Learned
    from streamer.outputs.inputs import CLOCK_NAME, CONTROL_NAME, InputPort
    from streamer.settings.learned import VIRTUAL

    learned = Learned(learn.learned)
    control, clocked = learn.control_port, learn.clock if clock is not None else None
    if clock is not None and clocked and clocked == control and clocked != VIRTUAL:  # some systems open a port once

        def both(message: bytes) -> None:
            clock.receive(message)
            learned.receive(message)

        stack.callback(InputPort(clocked, both, CONTROL_NAME).close)
        return learned
    if clock is not None and clocked:
        stack.callback(InputPort(clocked, clock.receive, CLOCK_NAME).close)
    if not control:
        return None
    stack.callback(InputPort(control, learned.receive, CONTROL_NAME).close)
    return learned


def has_screen(no_ui: bool, taken: bool) -> bool:
    """Whether there will be a screen: it is wanted, and standard output is a terminal that nothing else takes."""
    return not no_ui and not taken and sys.stdout is not None and sys.stdout.isatty()


def notify_channel(name: str, mixer: "ChannelMixer | None") -> None:
    """A line where another channel was taken than one would expect."""
    if mixer is not None and not mixer.is_usual:
        notify(f"{name}: took {mixer.taken}; --channel chooses")


def notify_end(source: "Source", newest: "Snapshot") -> None:
    """How it went, when the screen has gone."""
    from streamer.commands.printing import summary_line

    notify_channel(source.name, source.mixer)
    notify(summary_line(newest))


def open_screen() -> "Screen":
    """The terminal screen."""
    from streamer.live.screen import Screen as TerminalScreen

    screen = TerminalScreen(notify=notify)
    screen.start()
    return screen


def open_source(
    wanted: str | None, rate_hz: int | None, block: int, channel: int | None, sample_format: str, channels: int
) -> "Source":
    """The microphone that is wanted, or the raw pipe that is standard input.

    Raises
    ------
    DeviceError, AudioFormatError
        If there is no such input or it cannot be opened so.
    """
    if wanted == "-":
        from streamer.audio.pipe import PipeSource

        return PipeSource(DEFAULT_RATE_HZ if rate_hz is None else rate_hz, sample_format, channels, channel=channel)
    from streamer.audio.microphone import Microphone

    return Microphone(wanted, rate_hz, block, channel)


def open_sound(form: "MidiForm", rate_hz: int, *, needed: bool) -> "list[Sink]":
    """The built-in synthesiser.

    Parameters
    ----------
    form : MidiForm
        Has the frequency of A4, and how notes are played.
    rate_hz : int
        Sample rate of the events.
    needed : bool
        False where it is no fault that there is no sound output: that is then reported, and we go on.

    Raises
    ------
    OutputError
        When it cannot be had although it was asked for.
    """
    from streamer.outputs.sound import SoundSink

    try:
        return [SoundSink(form.a4_hz, form.expression, rate_hz)]
    except OutputError as error:
        if needed:
            raise OutputError(f"{error}; leave out --sound") from None
        notify(f"{error}; what is found is shown only")
        return []
