"""Zones of the keyboard: a range of notes that has its own channel, transposition and instrument."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from streamer.errors import ConfigError
from streamer.settings import music as settings
from streamer.settings.description import nearest, shown
from streamer.units import note_name, note_number

LOWEST, HIGHEST = 0, 127
_KEYS = {"channel": settings.ZONE_CHANNEL, "transpose": settings.TRANSPOSE} | {
    setting.name: setting for setting in (settings.PROGRAM, settings.BANK)
}

_NOTE = r"\s*([A-Ga-g][#b]?-?\d|\d{1,3})?\s*"
_SPAN = re.compile(f"{_NOTE}(?:(-){_NOTE})?")


@dataclass(frozen=True, slots=True)
class Instrument:
    """Which sound a channel is told to have.

    Attributes
    ----------
    program : int or None
        0 to 127; None to leave it.
    bank : int or None
        0 to 16383; None to leave it.
    """

    program: int | None = None
    bank: int | None = None

    @classmethod
    def of(cls, program: int, bank: int) -> "Instrument":
        """As people count: programs from 1.

        Parameters
        ----------
        program : int
            1 to 128; 0 to leave it.
        bank : int
            0 to 16383; -1 to leave it.
        """
        return cls(program - 1 if program else None, bank if bank >= 0 else None)


@dataclass(frozen=True, slots=True)
class Zone:
    """A range of notes.

    Attributes
    ----------
    low, high : int
        Its lowest and highest MIDI note, before its own transposition.
    channel : int or None
        MIDI channel, 0 to 15; None for that of the output.
    semitones : int
        Its transposition.
    instrument : Instrument
        Of its channel.
    """

    low: int = LOWEST
    high: int = HIGHEST
    channel: int | None = None
    semitones: int = 0
    instrument: Instrument = Instrument()

    @classmethod
    def between(cls, low: int, high: int) -> "Zone":
        """A range of notes alone.

        Parameters
        ----------
        low, high : int
            Its lowest and highest MIDI note.

        Raises
        ------
        ConfigError
            If the lowest is above the highest.
        """
        if low > high:
            raise ConfigError(f"a range goes down from {note_name(low)} to {note_name(high)}; name the lowest first")
        return cls(low, high)

    def __contains__(self, note: int) -> bool:
        """Whether a MIDI note is in its range."""
        return self.low <= note <= self.high


def parse_zone(text: str) -> Zone:
    """The zone that a text describes, such as ``E2-B3:channel=2,transpose=12,program=33``.

    Parameters
    ----------
    text : str
        A range of notes; after a colon, what is special there. Either end may be left out.

    Raises
    ------
    ConfigError
        If it is none; what is wrong is named.
    """
    span, _, rest = text.partition(":")
    zone = _span(span, text)
    given = {}
    for word in filter(None, (part.strip() for part in rest.split(","))):
        key, _, value = word.partition("=")
        key = key.strip()
        if key not in _KEYS:
            raise ConfigError(
                f"the zone {shown(text)} cannot have {shown(key)}{nearest(key, _KEYS)}; it has {', '.join(_KEYS)}"
            )
        given[key] = _KEYS[key].parse(value, f"{key} of the zone {shown(text)}")
    return _with_values(zone, given)


def _span(span: str, text: str) -> Zone:
    found = _SPAN.fullmatch(span)
    try:
        low, dash, high = found.groups() if found and span.strip() else ("-", "", "")  # which is no note
        high = high if dash else low
        ends = note_number(low) if low else LOWEST, note_number(high) if high else HIGHEST
    except ValueError:
        raise ConfigError(
            f"the zone {shown(text)} has no range of notes; begin with one, as in E2-B3:channel=2"
        ) from None
    return Zone.between(*ends)


def _with_values(zone: Zone, given: Mapping[str, Any]) -> Zone:
    channel = given.get("channel", 0)
    return replace(
        zone,
        channel=channel - 1 if channel else None,
        semitones=given.get("transpose", 0),
        instrument=Instrument.of(given.get("program", 0), given.get("bank", -1)),
    )
