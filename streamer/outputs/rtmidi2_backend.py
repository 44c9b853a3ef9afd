"""A mido back end on rtmidi2, for Pythons that python-rtmidi has no wheels for. Output ports only.

Load it as ``mido.Backend("streamer.outputs.rtmidi2_backend", api="LINUX_ALSA")``; the names of APIs and what the
functions take are those of mido's own python-rtmidi back end.

Notes
-----
An API must always be named: RtMidi tries every API it was compiled with when none is given, and the JACK client library
inside rtmidi2's wheel ends the whole process when it meets a server of another protocol version, as Debian's is.
"""

from typing import Any

import rtmidi2
from mido.messages import Message
from mido.ports import BaseOutput

_API_PREFIX = "API_"


def _client(api: str | None, name: str = "streamer") -> Any:
    number = getattr(rtmidi2, f"{_API_PREFIX}{api}", None)
    if api in (None, "UNSPECIFIED") or number is None:
        raise ValueError(f"unknown API {api}")
    client = rtmidi2.MidiOut(name, number)
    if client.get_current_api() != number:
        raise ValueError(f"API {api} not compiled in")
    return client


def get_devices(api: str | None = None, **_: Any) -> list[dict[str, Any]]:
    """Existing output ports, as mido's back ends list them."""
    return [{"name": name, "is_input": False, "is_output": True} for name in _client(api).ports]


class Output(BaseOutput):  # type: ignore[misc]  # mido has no types
    """An output port: ``virtual`` makes one, else ``name`` is that of an existing one."""

    _locking = False  # the sink has a lock of its own

    def _open(self, virtual: bool = False, client_name: str | None = None, api: str | None = None, **_: Any) -> None:
        self._client = _client(api, client_name or "streamer")
        if virtual:
            self._client.open_virtual_port(self.name)
        else:
            ports = list(self._client.ports)
            if self.name not in ports:
                raise OSError(f"unknown port {self.name!r}")
            self._client.open_port(ports.index(self.name))  # by number: rtmidi2 takes a text for a glob pattern

    def _send(self, message: Message) -> None:
        self._client.send_raw(*message.bytes())

    def _close(self) -> None:
        self._client.close_port()
        del self._client  # rtmidi2 leaves the system only when the object goes
