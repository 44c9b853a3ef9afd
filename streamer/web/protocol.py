"""What is said on a live socket, see ``docs/guide/web-protocol.md``: texts are understood here, and made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from streamer.config import RATES_HZ
from streamer.errors import AudioFormatError, ConfigError
from streamer.events import FloatArray, sample_count
from streamer.settings.description import Setting, shown
from streamer.settings.music import MUSIC
from streamer.web.config import Asked, ServerConfig

VERSION = 1
SUBPROTOCOL = f"streamer.v{VERSION}"
MOST_TEXT_BYTES = 65_536
MOST_BINARY_BYTES = 1 << 20

_RATE = Setting(name="rate_hz", kind="int", default=None, help="", low=RATES_HZ[0], high=RATES_HZ[1])
_MUTE = Setting(name="mute", kind="bool", default=False, help="Send no notes.")
LIVE = {setting.name: setting for setting in (*MUSIC, _MUTE)}
"""What can be set while a stream runs."""

_FORMATS: dict[str, np.dtype[Any]] = {"f32": np.dtype("<f4"), "s16": np.dtype("<i2")}


@dataclass(frozen=True, slots=True)
class Start:
    """The first message of a stream.

    Attributes
    ----------
    rate_hz : int
        Sample rate of what will come.
    sample_format : str
        ``f32`` or ``s16``.
    asked : Asked
        Settings of its tracker, and of what it is sent.
    muted : bool
        Whether it begins with no notes being sent.
    first_sample : int
        Index of the first sample that will come.
    """

    rate_hz: int
    sample_format: str
    asked: Asked
    muted: bool
    first_sample: int


def parse_text(text: str) -> dict[str, Any]:
    """A text message, which is one object of JSON with a ``type``.

    Raises
    ------
    AudioFormatError
        If it is not.
    """
    if len(text) > MOST_TEXT_BYTES:
        raise AudioFormatError(f"a text message has more than {MOST_TEXT_BYTES} characters")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise AudioFormatError("a text message is no JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise AudioFormatError('a text message must be an object of JSON with a "type"')
    return message


def parse_start(message: Mapping[str, Any], server: ServerConfig) -> Start:
    """What the first message asks for.

    Parameters
    ----------
    message : mapping of str to object
        As `parse_text` has it.
    server : ServerConfig
        What is allowed, and what holds where nothing is said.

    Raises
    ------
    AudioFormatError, ConfigError
        If it is no such message, or asks for what cannot be.
    """
    if message["type"] != "start":
        raise AudioFormatError(f'the first message must be of type "start", not {shown(message["type"])}')
    unknown = message.keys() - {"type", "protocol", "rate_hz", "format", "preset", "options", "first_sample"}
    if unknown:
        raise AudioFormatError(f"the first message has an unknown field {shown(min(unknown))}")
    if message.get("protocol", VERSION) != VERSION:
        raise AudioFormatError(f"protocol {shown(message['protocol'])} is not spoken here; this is {VERSION}")
    rate_hz = _RATE.from_toml(message.get("rate_hz"))
    if rate_hz > server.most_rate_hz:
        raise ConfigError(f"a rate of {rate_hz} Hz is more than this server takes; give at most {server.most_rate_hz}")
    sample_format = message.get("format", "f32")
    if not isinstance(sample_format, str) or sample_format not in _FORMATS:
        raise ConfigError(f"there is no format {shown(sample_format)}; choose from {', '.join(_FORMATS)}")
    options = message.get("options") or {}
    if not isinstance(options, dict):
        raise ConfigError("options must be an object of names and values")
    wanted = options | ({} if message.get("preset") is None else {"preset": message["preset"]})
    muted = _MUTE.from_toml(wanted.pop("mute", False), "mute")
    first_sample = sample_count(message.get("first_sample", 0))
    return Start(rate_hz, sample_format, server.asked(wanted), muted, first_sample)


def parse_set(message: Mapping[str, Any]) -> tuple[str, Any]:
    """Name and value of what is to be set while a stream runs.

    Raises
    ------
    ConfigError
        If it cannot be set, or not to this.
    """
    name = message.get("name")
    if not isinstance(name, str) or name not in LIVE:
        raise ConfigError(f"{shown(name)} cannot be set while a stream runs; only {', '.join(LIVE)} can")
    return name, LIVE[name].from_toml(message.get("value"))


def samples_of(message: bytes, sample_format: str) -> FloatArray:
    """The samples of a binary message.

    Parameters
    ----------
    message : bytes
        Mono PCM, little endian.
    sample_format : str
        ``f32``, or ``s16``.

    Returns
    -------
    ndarray of float32, shape (n,)
        Full scale +-1.

    Raises
    ------
    AudioFormatError
        If the message is too long, or is not made of whole samples.
    """
    kind = _FORMATS[sample_format]
    if len(message) > MOST_BINARY_BYTES:
        raise AudioFormatError(f"a binary message has more than {MOST_BINARY_BYTES} bytes")
    if len(message) % kind.itemsize:
        raise AudioFormatError(
            f"a binary message of {len(message)} bytes is not made of whole {sample_format} samples "
            f"of {kind.itemsize} bytes"
        )
    samples: FloatArray = np.frombuffer(message, kind).astype(np.float32, copy=False)
    return samples / np.float32(32_768) if sample_format == "s16" else samples
