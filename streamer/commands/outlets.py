"""Where a command sends notes as they are played: MIDI ports and OSC addresses, each with its own settings."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from streamer.commands.wiring import notify
from streamer.errors import ConfigError, MidiError
from streamer.music.config import MusicConfig
from streamer.music.output import VIRTUAL, Output
from streamer.outputs.midiform import MidiForm
from streamer.outputs.ports import PortSink
from streamer.outputs.sink import Sink
from streamer.settings.outlets import Outlets


class OpenOutlets:
    """The ports and addresses themselves.

    Parameters
    ----------
    wanted : Outlets
        Where to.
    form : MidiForm
        How MIDI is made where nothing else is said.
    music : MusicConfig
        What is played where nothing else is said.

    Raises
    ------
    ConfigError
        If one of them is none, or cannot be played so; nothing is opened yet.
    """

    def __init__(self, wanted: Outlets, form: MidiForm, music: MusicConfig) -> None:
        self._wanted = wanted
        self._form = form
        self._outputs = form.special(wanted.outputs, music)
        self._osc = form.special(wanted.osc, music)
        self._ports: list[tuple[PortSink, MidiForm]] = []
        self._sinks: list[Sink] = []
        self._control = _osc_address(wanted.osc_in, local=True) if wanted.osc_in else None
        self._addresses = [_osc_address(output.name) for output, _ in self._osc]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, *, other: bool) -> None:
        """Open the MIDI ports that are wanted, or the one that appears where none is named.

        Parameters
        ----------
        other : bool
            Whether something else comes of it: that there is no MIDI system is then reported, and we go on.

        Raises
        ------
        ConfigError
            If it is wanted that none is opened, but a port is named, or nothing else would come of it.
        MidiError
            When a port cannot be had although it was asked for, or is all there would be.
        """
        wanted = self._wanted
        if wanted.no_midi:
            if wanted.named:
                raise ConfigError(f"--no-midi and {wanted.named[0]} contradict each other; leave one out")
            if not other and not self._osc:
                raise ConfigError(
                    "with --no-midi and no screen nothing would come of it; add --jsonl -, a file or --sound"
                )
            return
        try:
            if wanted.port or wanted.virtual or not self._outputs:
                self._open_one(wanted.port, wanted.virtual, self._form)
            for output, form in self._outputs:
                self._open_one(*_port_names(output), form)
        except MidiError as error:
            self.close()
            if wanted.named or not (other or self._osc):
                raise
            notify(f"going on without MIDI: {error}")

    def sinks(self, rate_hz: int, sounding: Iterable[Sink] = ()) -> list[Sink]:
        """All of them, ports first, now that the sample rate of the events is known.

        Parameters
        ----------
        rate_hz : int
            Samples per second.
        sounding : iterable of Sink
            Others that play what is said for all; they are closed with the rest.

        Raises
        ------
        MissingExtraError, OutputError
            If python-osc is not installed, or there is no such host.
        """
        for port, form in self._ports:
            port.use(form.encoder(rate_hz))
        self._sinks = [form.arranged(port) for port, form in self._ports]
        self._sinks += map(self._form.arranged, sounding)
        for address, (_, form) in zip(self._addresses, self._osc, strict=True):
            from streamer.outputs.osc import OscSink

            self._sinks.append(form.arranged(OscSink(*address, rate_hz)))
        return list(self._sinks)

    @contextmanager
    def obeyed(self, command: Callable[[str], bool]) -> Iterator[None]:
        """Obey OSC while this lasts, where that is wanted.

        Parameters
        ----------
        command : callable
            As `Engine.command`.

        Raises
        ------
        MissingExtraError, DeviceError
            If python-osc is not installed, or the address is not to be had.
        """
        if self._control is None:
            yield
            return
        from streamer.live.osc import osc_control

        with osc_control(*self._control, command, notify):
            yield

    def close(self) -> None:
        """Close all of them, whatever has become of them."""
        for sink in (*self._sinks, *(port for port, _ in self._ports)):
            sink.close()

    def _open_one(self, port: str | None, virtual: str | None, form: MidiForm) -> None:
        sink = PortSink(port, virtual=virtual, api=self._wanted.midi_api, channel=form.part.channel)
        self._ports.append((sink, form))


def _port_names(output: Output) -> tuple[str | None, str | None]:
    """An existing port, or the name of one to make."""
    made = output.name.removeprefix(VIRTUAL)
    return (None, made) if made != output.name else (output.name, None)


def _osc_address(text: str, *, local: bool = False) -> tuple[str, int]:
    from streamer.outputs.osc import LOOPBACK, osc_address

    return osc_address(text, LOOPBACK if local else "")
