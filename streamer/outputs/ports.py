"""A MIDI port as a sink. What sounds is known here, so that it can be ended whatever happens."""

import atexit
import ctypes
import time
from collections.abc import Callable
from contextlib import suppress
from threading import RLock
from typing import Any

import mido

from streamer.config import DEFAULT_PORT_NAME
from streamer.errors import MidiError
from streamer.events import Event
from streamer.expression.encoders import ALL_NOTES_OFF, ALL_SOUND_OFF, Encoder, PlainEncoder
from streamer.outputs.midi_apis import ANSWER_WITHIN_S, NO_VIRTUAL_PORTS, Probe, choose_api, probe
from streamer.outputs.quiet import quiet_stderr, silence_jack
from streamer.outputs.server_watch import ServerWatch
from streamer.outputs.sink import Sink

CLOSE_WITHIN_S = 2.0
REOPEN_WITHIN_S = 1.0  # at first: the caller has other things to do, but a busy machine needs longer
CHANNELS = 16
LEAVING_S = {"jack": 0.5}
"""What a message may need to leave this process after it was sent: over JACK another thread takes it along in the
server's next cycle, and a cycle may be as long as 0.19 s."""
PORT_ERRORS = (OSError, RuntimeError, ValueError, MemoryError)  # all that the MIDI libraries raise


class PortSink(Sink):
    """Sends notes to an existing MIDI port, or through a virtual one of its own.

    Parameters
    ----------
    output : str, optional
        Part of the name of an existing port, in any case.
    virtual : str, optional
        Name of a virtual port to make; not together with ``output``. With neither, one of the default name.
    api : str, optional
        A name in `streamer.outputs.midi_apis.MIDI_APIS`; by default the first that works.
    channel : int
        0 to 15.
    encoder : Encoder, optional
        Makes the messages; by default a `PlainEncoder` for the channel.

    Raises
    ------
    MidiError
        If no port, or more than one, has such a name, or none can be opened.

    Notes
    -----
    Any thread may call any method. A port that is left open is closed when the interpreter ends, so that no note
    outlives even a program that forgot.
    """

    can_reopen = True

    def __init__(
        self,
        output: str | None = None,
        *,
        virtual: str | None = None,
        api: str | None = None,
        channel: int = 0,
        encoder: Encoder | None = None,
    ) -> None:
        if output is not None and virtual is not None:
            raise MidiError("name either an existing MIDI port or a virtual one, not both")
        self._output = output
        self._virtual = virtual or DEFAULT_PORT_NAME
        self._encoder = encoder or PlainEncoder(channel)
        self.wants_pitch = self._encoder.wants_pitch
        self._port: Any = None
        self._reopen_within_s = REOPEN_WITHIN_S
        self._unended: list[Encoder] = []  # that were in use before
        self._sent_s = 0.0
        self._used = False  # whether the encoder has made a message of an event
        # Reentrant, for a signal handler may close the sink in the midst of a call by the same thread.
        self._lock = RLock()
        self._open(api)
        self._send_all(self._encoder.begin())

    def send(self, event: Event) -> None:
        """Send what the event is in MIDI, see `Sink.send`; after `close`, nothing.

        Raises
        ------
        MidiError
            If the port has failed or its server has died. `reopen` may then be tried.
        """
        with self._lock:
            if self._port is None:
                return
            if self._watch.died():
                raise MidiError(f"the MIDI port {self.name} is gone: its server died or dropped it")
            for message in self._encoder.encode(event):
                self._used = True
                self._send(message)

    def use(self, encoder: Encoder) -> None:
        """Make the messages by another encoder from now on; what sounds is ended first.

        Parameters
        ----------
        encoder : Encoder
            Nobody else's.
        """
        with self._lock:
            before = self._encoder
            self._send_all(before.end() if self._used else [])
            if not all(message.is_cc(ALL_NOTES_OFF) for message in before.end()):
                self._unended.append(before)  # the port is away, and something may still sound or be held there
            self._encoder, self.wants_pitch, self._used = encoder, encoder.wants_pitch, False
            self._send_all(encoder.begin())

    def set_bend(self, mode: str) -> None:
        """See `Sink.set_bend`."""
        with self._lock:
            self._send_all(self._encoder.set_bend(mode))
            self.wants_pitch = self._encoder.wants_pitch

    def panic(self) -> None:
        """Silence the receiver at once, whatever is believed to sound, on all channels."""
        with self._lock:
            messages = self._encoder.panic()
            known = {(message.channel, message.control) for message in messages if message.is_cc()}
            everywhere = [
                (channel, control) for channel in range(CHANNELS) for control in (ALL_NOTES_OFF, ALL_SOUND_OFF)
            ]
            more = [
                mido.Message("control_change", channel=channel, control=control)
                for channel, control in everywhere
                if (channel, control) not in known
            ]
            self._send_all([*messages, *more])

    def flush(self) -> None:
        """See `Sink.flush`."""
        with self._lock:
            if self._port is None or self._watch.died():
                return
            until_s = self._sent_s + LEAVING_S.get(self._api_in_use.name, 0.0)
        time.sleep(max(0.0, until_s - time.monotonic()))

    def reopen(self) -> None:
        """Close, open the same port again, and end what sounded when it was lost.

        Raises
        ------
        MidiError
            As the constructor does; it may be tried again.
        """
        with self._lock:
            self.close()
            within_s = self._reopen_within_s
            self._reopen_within_s = min(2.0 * within_s, ANSWER_WITHIN_S)
            self._open(self._api_in_use.name, within_s)
            self._reopen_within_s = REOPEN_WITHIN_S
            for encoder in self._unended:
                self._send_all(encoder.end())
            self._unended.clear()
            self._send_all([*self._encoder.end(), *self._encoder.begin()])

    def close(self) -> None:
        """End what sounds, then let go of the port. May be called twice, and after a failed `send`."""
        with self._lock:
            self._send_all(self._encoder.end())
            port, self._port = self._port, None
            if port is None:
                return
            atexit.unregister(self.close)
            # Closing waits for the server with the interpreter locked, so no watchdog thread could end a wait for ever.
            gone = self._watch.died()
            if not gone and self._watch.watching:
                gone = not probe(self._api_in_use, CLOSE_WITHIN_S).usable or self._watch.died()
            self._watch.close()
            if gone:
                abandon(port)
                return
            with quiet_stderr(), suppress(*PORT_ERRORS):
                port.close()

    def _open(self, api: str | None, within_s: float = ANSWER_WITHIN_S) -> None:
        answer = choose_api(api, within_s)
        if self._output is None:
            if not answer.api.virtual_ports:
                ports = f"; ports here: {', '.join(answer.ports)}" if answer.ports else ""
                raise MidiError(f"{NO_VIRTUAL_PORTS}{ports}")
            name, how = self._virtual, {"virtual": True, "client_name": self._virtual}
        else:
            name, how = find_port(self._output, answer), {}
        self.name = f"{name} ({answer.api.label})"
        self._api_in_use = answer.api
        self._watch = ServerWatch()
        self._port = self._watch.during(lambda: _open_quietly(answer, name, how))
        atexit.register(self.close)

    def _send_all(self, messages: list[mido.Message]) -> None:
        # Each on its own: one that fails must not keep the others back.
        if self._port is None or self._watch.died():
            return
        for message in messages:
            with suppress(MidiError):
                self._send(message)

    def _send(self, message: mido.Message) -> None:
        try:
            self._port.send(message)
        except PORT_ERRORS as error:
            raise MidiError(f"the MIDI port {self.name} takes no more messages: {error}") from error
        self._sent_s = time.monotonic()
        self._encoder.sent(message)


def abandon(port: Any) -> None:
    """Leave a JACK client to the end of the process.

    One whose server was killed waits a second when it is closed, and ends this process if another client was opened
    since; one whose server is stuck waits for ever. So it must never be closed, not even by the interpreter's own end:
    it gets a reference that nothing ever returns.

    Parameters
    ----------
    port : object
        Of any library.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(port))


def find_port(part: str, answer: Probe) -> str:
    """The one port with this in its name; a port of just this name goes before all others.

    Parameters
    ----------
    part : str
        Part of a port's name.
    answer : Probe
        The ports there are.

    Raises
    ------
    MidiError
        If there is none, or several.
    """
    wanted = part.casefold()
    ports = list(dict.fromkeys(answer.ports))
    exact = [port for port in ports if port.casefold() == wanted]
    found = exact or [port for port in ports if wanted in port.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise MidiError(f"several MIDI ports have {part!r} in their name: {', '.join(found)}; say more of it")
    have = f"{answer.api.label} has: {', '.join(ports)}" if ports else f"{answer.api.label} has no ports at all"
    raise MidiError(f"no MIDI port has {part!r} in its name; {have}")


def _open_quietly(answer: Probe, name: str, how: dict[str, Any]) -> Any:
    backend = mido.Backend(answer.backend, api=answer.api.constant)
    open_output: Callable[..., Any] = backend.open_output
    try:
        with quiet_stderr():
            backend.load()
            silence_jack()
            return open_output(name, **how)
    except (ImportError, *PORT_ERRORS) as error:
        raise MidiError(f"the MIDI port {name} cannot be opened with {answer.api.label}: {error}") from error
