"""The process that owns the sound output: ``python -m streamer.outputs.sound_process``.

As with the microphone, PortAudio lives where it can be ended at any time, and its chatter ends here.

Protocol: one JSON argument has ``a4_hz`` and ``bend_range`` in semitones. On standard output one JSON line tells what
was opened, or ``error``. Then MIDI messages of three bytes come on standard input; its end lets go of all that sounds,
and ends the process.
"""

import gc
import json
import os
import sys
import threading
import time
from typing import Any

import numpy as np

from streamer.audio.priority import CAPTURE, before_others
from streamer.outputs.synth import Synth

NOTE_OFF, NOTE_ON, CONTROL, BEND = 0x80, 0x90, 0xB0, 0xE0
_MIDDLE = 0x2000  # no bend
ALL_OFF = (120, 123)  # controllers
_LATENCY_S = 0.02
_FADE_S = 0.4
_DEAD_S = 2.0  # without a callback
_CLOSING_S = 0.2


def _open(a4_hz: float) -> tuple[Any, Synth, str, list[float]]:
    try:
        import sounddevice as sd
    except OSError:
        raise OSError("PortAudio is not installed; on Debian and Ubuntu `sudo apt install libportaudio2`") from None

    number = sd.default.device[1]
    if number < 0:
        there = [api["default_output_device"] for api in sd.query_hostapis() if api["default_output_device"] >= 0]
        if not there:
            raise OSError("no output device is connected")
        number = there[0]
    device = sd.query_devices(number)
    rate_hz = round(device["default_samplerate"])
    channels = min(2, device["max_output_channels"])
    synth = Synth(rate_hz, a4_hz)
    called_s = [time.monotonic()]

    def fill(data: Any, count: int, _time: Any, _status: Any) -> None:
        called_s[0] = time.monotonic()
        synth.render(np.frombuffer(data, np.float32).reshape(count, channels))

    stream = sd.RawOutputStream(
        samplerate=rate_hz,
        device=number,
        channels=channels,
        dtype="float32",
        latency=_LATENCY_S,
        callback=fill,
    )
    return stream, synth, device["name"], called_s


def _obey(synth: Synth, bend_range: int) -> None:
    """Play what comes until there is no more."""
    rest = b""
    while data := os.read(0, 4096):
        data = rest + data
        whole = len(data) - len(data) % 3
        rest = data[whole:]
        for k in range(0, whole, 3):
            kind, note, velocity = data[k] & 0xF0, data[k + 1], data[k + 2]
            if kind == NOTE_ON and velocity:
                synth.note_on(note, velocity)
            elif kind in (NOTE_ON, NOTE_OFF):
                synth.note_off(note)
            elif kind == BEND:
                synth.bend((note + (velocity << 7) - _MIDDLE) / _MIDDLE * bend_range)
            elif kind == CONTROL and note in ALL_OFF:
                synth.all_off()
    synth.all_off()


def _watch(called_s: list[float]) -> None:
    """End when the driver has stopped asking: who sends then learns that the output is gone."""
    while True:
        time.sleep(_DEAD_S / 4)
        if time.monotonic() - called_s[0] > _DEAD_S:
            os._exit(1)


def _main() -> None:
    settings = json.loads(sys.argv[1])
    try:
        with before_others(CAPTURE, heirs=True):  # the driver's thread is such an heir
            stream, synth, name, called_s = _open(settings["a4_hz"])
            stream.start()
    except Exception as error:  # no library, no device, a busy one: whatever it is, there is no sound
        reason = str(error.args[0]) if error.args else type(error).__name__
        _write_line(error=reason.split(" [PaErrorCode")[0])
        return
    gc.collect()
    gc.freeze()
    gc.disable()
    _write_line(name=name)
    threading.Thread(target=_watch, args=(called_s,), daemon=True).start()
    _obey(synth, settings["bend_range"])
    until_s = time.monotonic() + _FADE_S
    while not synth.silent and time.monotonic() < until_s:
        time.sleep(0.01)
    time.sleep(2 * _LATENCY_S)  # what is rendered is not yet heard
    closing = threading.Thread(target=stream.close, daemon=True)  # which may never return
    closing.start()
    closing.join(_CLOSING_S)


def _write_line(**what: Any) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def main() -> None:
    """Serve one stream, and leave without PortAudio's own end, which aborts or hangs when its server is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    status = 1
    try:
        _main()
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
