"""Audio inputs: what there is, and which one a name or number means."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamer.errors import DeviceError


@dataclass(frozen=True, slots=True)
class InputDevice:
    """One input as PortAudio lists it.

    Attributes
    ----------
    number : int
        PortAudio's own.
    name, host_api : str
        For people.
    channels : int
        How many it has.
    rate_hz : int
        Its default sample rate.
    latency_ms : float or None
        Lowest latency as the driver says; None where it says nothing believable.
    is_default : bool
        The system's own choice.
    """

    number: int
    name: str
    host_api: str
    channels: int
    rate_hz: int
    latency_ms: float | None
    is_default: bool

    def __str__(self) -> str:
        return f"{self.number}: {self.name} ({self.host_api})"


def believable_latency_ms(latency_s: float) -> float | None:
    """What a driver reports, in milliseconds, or None: some say 0, some seconds, some NaN."""
    return 1000.0 * latency_s if 0.0 < latency_s < 2.0 else None


def choose_input(wanted: str | None, devices: Sequence[InputDevice]) -> InputDevice:
    """The one input that is meant.

    Parameters
    ----------
    wanted : str or None
        Its number, its whole name, or a part of name and host API in any case; None for the system's own choice.
    devices : sequence of InputDevice
        Those that exist.

    Raises
    ------
    DeviceError
        When none or more than one fits; the line lists them.
    """
    if not devices:
        raise DeviceError(
            "there is no audio input: connect one, or start the audio server (`streamer doctor` tells more)"
        )
    there = "; ".join(map(str, devices))
    if wanted is None:
        chosen = [device for device in devices if device.is_default]
        if len(chosen) != 1:
            raise DeviceError(f"the system has no default audio input; choose one with --input: {there}")
    elif wanted.strip().isdecimal():
        chosen = [device for device in devices if device.number == int(wanted)]
    else:
        part = wanted.strip().casefold()
        chosen = [device for device in devices if device.name.casefold() == part]
        if len(chosen) != 1:
            chosen = [device for device in devices if part in f"{device.name} ({device.host_api})".casefold()]
    if not chosen:
        raise DeviceError(f"no audio input is called {wanted!r}; there is {there}")
    if len(chosen) > 1:
        raise DeviceError(f"{wanted!r} fits more than one audio input; say which: {'; '.join(map(str, chosen))}")
    return chosen[0]
