"""What this machine has of all that `streamer` needs, and what mends the rest."""

import importlib
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from streamer import __version__
from streamer.analysis import core
from streamer.audio.source import Source
from streamer.config import DEFAULT_RATE_HZ, TrackerConfig
from streamer.errors import EXTRAS, ConfigError, DeviceError
from streamer.events import FloatArray

_CAPTURE_S = 0.5
_SCREEN = (80, 24)
_MOST_LOAD = 0.5  # compute time per second of audio; with more, a burst of another program costs samples


class Severity(Enum):
    """How a finding is to be taken."""

    GOOD = "ok"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination.

    Attributes
    ----------
    what : str
        What was looked at.
    severity : Severity
        ``NOTE`` is a restriction that one can play with; a ``FAULT`` must be mended first.
    text : str
        What was found, and what mends it.
    """

    what: str
    severity: Severity
    text: str


def examine(timing_s: float) -> Iterator[Finding]:
    """Look at everything, one finding after the other.

    Parameters
    ----------
    timing_s : float
        How many seconds of audio the timing test processes.
    """
    system = f"Python {platform.python_version()} on {platform.system()} {platform.release()} ({platform.machine()})"
    yield Finding("streamer", Severity.GOOD, f"{__version__}, {system}")
    yield _core()
    yield from _libraries()
    yield from _microphones()
    yield from _midi()
    yield _terminal()
    yield _timing(timing_s)


def _core() -> Finding:
    try:
        text = core.describe()
    except ConfigError as error:
        return Finding("core", Severity.FAULT, str(error))
    return Finding("core", Severity.GOOD if core.is_built() else Severity.NOTE, text)


def _libraries() -> Iterator[Finding]:
    for name, purpose in (("aubio", "the aubio detectors"), ("soundfile", "reading and writing audio files")):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if name not in EXTRAS:
                raise
            mend = f'only needed for {purpose}; `{sys.executable} -m pip install "{EXTRAS[name]}"` brings it'
            yield Finding(name, Severity.NOTE, f"not installed ({error}); {mend}")
        except (ImportError, OSError) as error:
            mend = "`python -m pip install --force-reinstall pitch-streamer` in streamer's own environment"
            yield Finding(name, Severity.NOTE, f"does not load ({error}), so {purpose} cannot be used; {mend}")
        else:
            yield Finding(name, Severity.GOOD, purpose)


def _microphones() -> Iterator[Finding]:
    from streamer.audio.microphone import list_inputs

    try:
        devices = list_inputs()
    except DeviceError as error:
        yield Finding("audio input", Severity.FAULT, str(error))
        return
    if not devices:
        mend = "connect a microphone"
        if sys.platform == "linux":
            mend += ", see that PipeWire, PulseAudio or JACK runs, and `sudo usermod -aG audio $USER`"
        yield Finding("audio input", Severity.FAULT, f"PortAudio sees none: {mend}")
        return
    names = ", ".join(dict.fromkeys(device.host_api for device in devices))
    yield Finding("audio input", Severity.GOOD, f"{len(devices)} by {names}; `streamer devices` lists them")
    yield _check_microphone()


def _check_microphone() -> Finding:
    """Record the default input for a moment: an operating system that forbids it gives zeros, not an error."""
    from streamer.audio.microphone import Microphone

    try:
        microphone = Microphone()
        try:
            captured = _samples(microphone)
        finally:
            microphone.close()
    except DeviceError as error:
        return Finding("microphone", Severity.FAULT, str(error))
    if not len(captured):
        return Finding("microphone", Severity.FAULT, f"{microphone.name} delivers nothing; choose another with --input")
    peak = float(np.abs(captured).max())
    if peak == 0.0:
        return Finding("microphone", Severity.FAULT, f"{microphone.name} gives exact zeros: {_why_silent()}")
    from streamer.units import amplitude_to_db

    latency_ms = microphone.input_latency_ms
    buffer = "latency unknown" if latency_ms is None else f"latency {latency_ms:.1f} ms, as its driver says"
    text = f"{microphone.name} at {microphone.rate_hz} Hz, {buffer}, peak {amplitude_to_db(peak):.0f} dB"
    if peak >= 1.0:
        return Finding("microphone", Severity.NOTE, f"{text}: it clips; turn the input down")
    return Finding("microphone", Severity.GOOD, text)


def _samples(microphone: Source) -> FloatArray:
    microphone.start()
    captured: list[FloatArray] = []
    until = time.monotonic() + 2 * _CAPTURE_S
    while time.monotonic() < until and sum(map(len, captured)) < _CAPTURE_S * microphone.rate_hz:
        block = microphone.read(_CAPTURE_S)
        if block is not None:
            captured.append(block.samples)
    return np.concatenate(captured) if captured else np.zeros(0, np.float32)


def _why_silent() -> str:
    match sys.platform:
        case "darwin":
            settings = "x-apple.systempreferences:com.apple.preference.security?Privacy_Microphone"
            return f'the terminal may not use the microphone; allow it with `open "{settings}"`, then start it anew'
        case "win32":
            return "programs may not use the microphone; allow it with `start ms-settings:privacy-microphone`"
        case _:
            return "it is muted, or nothing is connected to it; look with `pavucontrol` or `alsamixer -V capture`"


def _midi() -> Iterator[Finding]:
    from streamer.outputs.midi_apis import list_midi_outputs

    lines = list_midi_outputs()
    works = any(line.usable for line in lines)
    for line in lines:
        what = f"MIDI, {line.label}"
        if line.port is None:
            # One way out is enough; without any, each is a fault.
            bad = Severity.NOTE if works else Severity.FAULT
            yield Finding(what, Severity.GOOD if line.usable else bad, line.detail)
        else:
            yield Finding(what, Severity.GOOD, f"port {line.port}")


def _terminal() -> Finding:
    if not sys.stdout.isatty():
        return Finding("terminal", Severity.NOTE, "standard output is no terminal, so there is no screen")
    columns, rows = shutil.get_terminal_size()
    if os.environ.get("TERM") == "dumb":
        return Finding(
            "terminal", Severity.NOTE, "it is dumb (TERM=dumb): the screen is plain lines; try another terminal"
        )
    if columns < _SCREEN[0] or rows < _SCREEN[1]:
        wanted = "x".join(map(str, _SCREEN))
        return Finding(
            "terminal", Severity.NOTE, f"{columns}x{rows}: with {wanted} and more the screen shows all it has"
        )
    return Finding("terminal", Severity.GOOD, f"{columns}x{rows}")


def _timing(timing_s: float) -> Finding:
    """The tracker at its defaults over a synthetic performance, hop by hop, as fast as it goes."""
    from streamer.material.demo import demo_performance
    from streamer.tracker import make_tracker

    samples = np.resize(demo_performance(DEFAULT_RATE_HZ).samples, round(timing_s * DEFAULT_RATE_HZ))
    tracker = make_tracker(TrackerConfig(), DEFAULT_RATE_HZ)
    hop = tracker.config.hop
    tracker.process(samples[: DEFAULT_RATE_HZ // 10])  # the first hops fill caches
    took_ms = []
    for start in range(DEFAULT_RATE_HZ // 10, len(samples) - hop, hop):
        before_ns = time.perf_counter_ns()
        tracker.process(samples[start : start + hop])
        took_ms.append((time.perf_counter_ns() - before_ns) / 1e6)
    hop_ms = 1000.0 * hop / DEFAULT_RATE_HZ
    load = float(np.mean(took_ms)) / hop_ms
    p99_ms = float(np.percentile(took_ms, 99))
    text = f"load {load:.0%}; a hop of {hop_ms:.2f} ms takes {np.median(took_ms):.2f} ms, p99 {p99_ms:.2f} ms"
    if load > _MOST_LOAD:
        return Finding("timing", Severity.FAULT, f"{text}: too slow; `streamer live --hop {4 * hop}`")
    if p99_ms > hop_ms:
        mend = f"close other programs, or `streamer live --hop {2 * hop}`"
        return Finding("timing", Severity.NOTE, f"{text}: some come late; {mend}")
    return Finding("timing", Severity.GOOD, text)
