"""Continuous controllers: what a player does with a note while it sounds, as pressure or any controller."""

import math
from dataclasses import dataclass
from typing import Literal

from mido import Message

from streamer.errors import ConfigError
from streamer.events import PitchEstimate
from streamer.expression.curves import CURVES, curved
from streamer.settings.description import shown

_SOURCES = ("level", "brightness", "confidence")
_QUIETEST_DB, _LOUDEST_DB = -56.6, -9.0  # a full-scale tone; as velocities
_BRIGHTEST_OCTAVES = 3.0  # above the pitch
_RESERVED = {0, 6, 32, 38, *range(96, 102), *range(120, 128)}  # banks, data and its addresses, channel modes
_APART_MS = 10.0  # messages of one controller are at least so far apart
_STEP = 2  # of a value, that is worth a message
_SMOOTH_MS = 20.0
_LONGEST_SMOOTH_MS = 2000.0
_EXAMPLE = "pressure=level or cc11=level:soft,20-127,50ms"
_RESTING = {7: 100, 8: 64, 10: 64, 11: 127, 71: 64, 72: 64, 73: 64, 74: 64, 75: 64, 76: 64, 77: 64, 78: 64}


@dataclass(frozen=True, slots=True)
class Control:
    """A controller that follows the sound.

    Attributes
    ----------
    target : int or str
        Number of a controller, ``pressure`` of the channel, or ``poly``, the pressure of each note.
    source : str
        ``level``, ``brightness`` or ``confidence``.
    curve : str
        A name in `streamer.expression.curves.CURVES`.
    low, high : int
        Values of the weakest and the strongest; low may be above high.
    smooth_ms : float
        Time in which it follows by two thirds.
    """

    target: int | Literal["pressure", "poly"]
    source: str
    curve: str = "linear"
    low: int = 0
    high: int = 127
    smooth_ms: float = _SMOOTH_MS

    @property
    def resting(self) -> int:
        """The value when nothing is controlled, as receivers have it at first."""
        return _RESTING.get(self.target, 0) if isinstance(self.target, int) else 0

    def message(self, channel: int, note: int, value: int) -> Message:
        """What sets it.

        Parameters
        ----------
        channel : int
            0 to 15.
        note : int
            Whose pressure it is, where each note has its own.
        value : int
            0 to 127.
        """
        if self.target == "pressure":
            return Message("aftertouch", skip_checks=True, channel=channel, value=value)
        if self.target == "poly":
            return Message("polytouch", skip_checks=True, channel=channel, note=note, value=value)
        return Message("control_change", skip_checks=True, channel=channel, control=self.target, value=value)

    def value(self, strength: float) -> int:
        """The value for a strength from 0 to 1."""
        return round(self.low + (self.high - self.low) * curved(self.curve, strength))


def parse_control(text: str) -> Control:
    """A controller as it is written: ``TARGET=SOURCE``, and after a colon its curve, range and smoothing.

    Parameters
    ----------
    text : str
        Such as ``cc11=level:soft,20-127,50ms``.

    Raises
    ------
    ConfigError
        If it is none.
    """
    target, _, rest = text.replace(" ", "").lower().partition("=")
    source, _, options = rest.partition(":")
    number = target.removeprefix("cc")
    if target not in ("pressure", "poly"):
        if not (target.startswith("cc") and number.isdecimal() and len(number) <= 3 and int(number) <= 127):
            raise ConfigError(f"there is no control {shown(text)}; write it as {_EXAMPLE}")
        if int(number) in _RESERVED:
            raise ConfigError(f"controller {number} means something else to receivers; choose another for a control")
    if source not in _SOURCES:
        raise ConfigError(f"the control {shown(text)} follows nothing; choose from {', '.join(_SOURCES)}")
    made: dict[str, object] = {}
    for option in filter(None, options.split(",")):
        made |= _option(option, text)
    to: int | Literal["pressure", "poly"] = "pressure" if target == "pressure" else "poly"
    return Control(int(number) if target.startswith("cc") else to, source, **made)  # type: ignore[arg-type]


def _option(option: str, text: str) -> dict[str, object]:
    if option in CURVES:
        return {"curve": option}
    low, dash, high = option.partition("-")
    if dash and low.isdecimal() and high.isdecimal() and len(option) <= 7 and max(int(low), int(high)) <= 127:
        return {"low": int(low), "high": int(high)}
    smooth = option.removesuffix("ms")
    if option.endswith("ms") and smooth.isdecimal() and len(smooth) <= 5 and int(smooth) <= _LONGEST_SMOOTH_MS:
        return {"smooth_ms": float(smooth)}
    raise ConfigError(
        f"the control {shown(text)} has an option {shown(option)}; there are {', '.join(CURVES)}, a range such as "
        f"20-127, and a smoothing of at most {_LONGEST_SMOOTH_MS:g}ms"
    )


class Follower:
    """One control of one channel.

    Parameters
    ----------
    control : Control
        What follows what.
    rate_hz : int
        Sample rate of the events.

    Attributes
    ----------
    control : Control
    at : int
        The value as sent last.
    strength : float
        0 to 1, smoothed.
    away : bool
        Whether the value that receivers have at first has not certainly got out.
    """

    def __init__(self, control: Control, rate_hz: int) -> None:
        self.control = control
        self.at = control.resting
        self._apart = round(_APART_MS * rate_hz / 1000.0)
        self._smooth = max(1.0, control.smooth_ms * rate_hz / 1000.0)
        self.strength = 0.0
        self.away = False
        self._heard = self._sent = 0

    def start(self, strength: float, sample: int) -> int:
        """A note begins: the value that goes with it, which then counts as sent.

        Parameters
        ----------
        strength : float
            0 to 1.
        sample : int
            Now.
        """
        self.strength = strength
        self._heard = self._sent = sample
        return self._set(self.control.value(strength))

    def rest(self) -> int:
        """Nothing is controlled any longer: the value that goes with it, which then counts as sent."""
        self.at = self.control.resting
        return self.at

    def take(self, strength: float, sample: int) -> int | None:
        """The strength of a hop: the value to send, which then counts as sent; None where none is worth it.

        Parameters
        ----------
        strength : float
            0 to 1.
        sample : int
            The end of the hop.
        """
        passed = sample - self._heard
        self._heard = sample
        self.strength += (strength - self.strength) * passed / (passed + self._smooth)
        if sample - self._sent < self._apart:
            return None
        value = self.control.value(self.strength)
        if abs(value - self.at) < _STEP:
            return None
        self._sent = sample
        return self._set(value)

    def sent(self, message: Message) -> None:
        """Note that a message got out."""
        resting = self.control.resting
        if self.away and self.at == resting and message == self.control.message(message.channel, 0, resting):
            self.away = False

    def _set(self, value: int) -> int:
        self.at = value
        self.away = self.away or (value != self.control.resting and self.control.target != "poly")
        return value


def strength_of(source: str, event: PitchEstimate) -> float:
    """How strong a source is at a hop, from 0 to 1.

    Parameters
    ----------
    source : str
        As in `Control`.
    event : PitchEstimate
        The hop.
    """
    if source == "level":
        return level_strength(event.level_db)
    if source == "confidence":
        return event.confidence
    pitch_hz = event.f0_hz or event.guess_hz
    if event.brightness_hz <= pitch_hz or pitch_hz <= 0.0:
        return 0.0
    return min(1.0, math.log2(event.brightness_hz / pitch_hz) / _BRIGHTEST_OCTAVES)


def level_strength(level_db: float) -> float:
    """A level as a share of what there is between the quietest note and the loudest, from 0 to 1.

    Parameters
    ----------
    level_db : float
        dB relative to full scale.
    """
    return min(1.0, max(0.0, (level_db - _QUIETEST_DB) / (_LOUDEST_DB - _QUIETEST_DB)))
