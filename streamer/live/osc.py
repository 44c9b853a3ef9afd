"""Open Sound Control in: a fader, a pedal or another program commands the session.

``/streamer/mute``, ``hold``, ``panic``, ``record`` and ``quit`` take no argument; with one, zero means a button
that is let go, and does nothing. Any other address under ``/streamer/`` is a command with its arguments,
``/streamer/transpose 1``.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from streamer.errors import DeviceError, require_extra
from streamer.outputs.osc import PREFIX

_LARGEST = 1024  # bytes of a packet; none of ours has more
_MOST_MESSAGES = 16  # of a packet
_PLAIN = ("mute", "hold", "panic", "record", "quit")
_LONGEST_NAME = 60


def osc_commands(packet: bytes) -> list[str]:
    """The commands of a packet, as `Engine.command` takes them; what is no OSC, or not for us, is none.

    Parameters
    ----------
    packet : bytes
        As it was received; of any content.
    """
    from pythonosc.osc_packet import OscPacket

    try:
        messages = [message.message for message in OscPacket(packet).messages[:_MOST_MESSAGES]]
        found = [(message.address, message.params) for message in messages]
    except Exception:  # its parser fails in many ways: what cannot be read is no command
        return []
    lines = []
    for address, arguments in found:
        verb = address.removeprefix(PREFIX)
        if verb == address or not all(isinstance(a, int | float | str) for a in arguments):
            continue
        words = [str(int(a)) if isinstance(a, float) and a.is_integer() else str(a) for a in arguments]
        if verb not in _PLAIN:
            lines.append(" ".join([verb, *words]))
        elif "0" not in words[:1]:
            lines.append(verb)
    return lines


@contextlib.contextmanager
def osc_control(host: str, port: int, command: Callable[[str], bool], notify: Callable[[str], None]) -> Iterator[None]:
    """Obey OSC while this lasts.

    Parameters
    ----------
    host : str
        Address of this machine on which is listened: that of the loopback takes what comes from this machine alone.
    port : int
        UDP port.
    command : callable
        Takes a command, and says whether it is one.
    notify : callable
        Gets a line for people at the first one that is none.

    Raises
    ------
    MissingExtraError
        If python-osc is not installed.
    DeviceError
        If the address is not to be had.
    """
    require_extra("pythonosc", "OSC")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        receiver = socket.socket(family, kind)
    except OSError as error:
        raise DeviceError(f"OSC cannot be received at {host}: {error.strerror or error}") from None
    try:
        receiver.bind(address)
    except OSError as error:
        receiver.close()
        raise DeviceError(f"OSC cannot be received at {host}:{port}: {error.strerror or error}") from None
    receiver.settimeout(0.2)
    ended = threading.Event()
    thread = threading.Thread(target=_receive, args=(receiver, ended, command, notify), name="OSC in", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        receiver.close()


def _receive(
    receiver: socket.socket, ended: threading.Event, command: Callable[[str], bool], notify: Callable[[str], None]
) -> None:
    told = False
    while not ended.is_set():
        try:
            packet = receiver.recv(_LARGEST)
        except OSError:  # nothing came; or what was sent from here found nobody
            continue
        for line in osc_commands(packet):
            if not command(line) and not told:
                told = True
                notify(f"OSC: there is no command {line[:_LONGEST_NAME]!r}; more of such will not be told")
