"""The process that owns the sound card: ``python -m streamer.audio.capture``.

PortAudio cannot be trusted to let go. When a JACK server is killed, closing the stream waits forever, and ending
PortAudio aborts the process, so a program that holds it can never see the server come back. Hence it lives here, in a
process that `streamer.audio.microphone` can end at any time and start anew. The drivers' chatter on standard error ends
here too, and the callback shares its interpreter with nothing but a thread that passes the samples on.

Protocol: one JSON argument says what to open. On standard output one JSON line tells what was opened, or ``error``.
After a line on standard input the stream starts, and a second JSON line says so. Then come packets: `HEADER`, and so
many float32 samples of each channel, interleaved; an empty packet shows life; ``count`` -1 announces the death of the
stream. The end of standard input ends all.
"""

import gc
import json
import os
import struct
import sys
import threading
import time
import traceback
from dataclasses import asdict
from typing import Any

import numpy as np

from streamer.audio.devices import InputDevice, believable_latency_ms, choose_input
from streamer.audio.priority import CAPTURE, before_others
from streamer.audio.ring import Ring
from streamer.errors import DeviceError

HEADER = struct.Struct("<iiiq")  # samples, samples lost before them, losses so far, captured_ns; per channel
AUTOMATIC_CHANNELS = 2  # as many are opened at most where none is asked for
RING_S = 2.0
SILENT_S = 1.0  # without a callback for so long, the stream is dead
BELIEVED_LOSS_S = 0.02
_BEAT_S = 0.1
_PATIENCE_S = 0.3


def _portaudio() -> Any:
    try:
        import sounddevice
    except OSError:
        raise DeviceError(
            "PortAudio is not installed: on Debian and Ubuntu `sudo apt install libportaudio2`, on Fedora "
            "`sudo dnf install portaudio`, on Arch `sudo pacman -S portaudio`"
        ) from None
    return sounddevice


def inputs() -> list[InputDevice]:
    """All inputs that PortAudio sees.

    Raises
    ------
    DeviceError
        Where PortAudio is not installed or does not answer.
    """
    sd = _portaudio()
    try:
        apis, devices, default = sd.query_hostapis(), sd.query_devices(), sd.default.device[0]
    except sd.PortAudioError as error:
        raise DeviceError(f"the audio system does not answer: {_reason(error)}") from None
    if default < 0:
        default = next((api["default_input_device"] for api in apis if api["default_input_device"] >= 0), -1)
    return [
        InputDevice(
            number,
            device["name"],
            apis[device["hostapi"]]["name"],
            device["max_input_channels"],
            round(device["default_samplerate"]),
            believable_latency_ms(device["default_low_input_latency"]),
            number == default,
        )
        for number, device in enumerate(devices)
        if device["max_input_channels"] > 0
    ]


class Capture:
    """One open stream whose callback fills a ring.

    Parameters
    ----------
    device : InputDevice
        What to open.
    rate_hz : int or None
        None for the device's own.
    block : int
        Samples per callback; 0 for what suits the driver best.
    channel : int or None
        Which one to pass on, from 1; None for the first two, or the only one.

    Attributes
    ----------
    channels : int
        How many are passed on.
    """

    def __init__(self, device: InputDevice, rate_hz: int | None, block: int, channel: int | None) -> None:
        sd = _portaudio()
        if channel is not None and not 1 <= channel <= device.channels:
            raise DeviceError(f"{device.name} has no input channel {channel}: its channels are 1 to {device.channels}")
        wanted_hz = rate_hz or device.rate_hz
        opened = min(AUTOMATIC_CHANNELS, device.channels) if channel is None else channel
        try:
            # Not InputStream, whose wrapper makes two more arrays in every callback.
            self.stream = sd.RawInputStream(
                samplerate=wanted_hz,
                blocksize=block,
                device=device.number,
                channels=opened,
                dtype="float32",
                latency="low",
                callback=self._callback,
            )
        except sd.PortAudioError as error:
            raise DeviceError(_refusal(device, wanted_hz, error)) from None
        self.rate_hz = round(self.stream.samplerate)
        self.latency_ms = believable_latency_ms(self.stream.latency)
        self.channels = opened if channel is None else 1
        self.ring = Ring(round(RING_S * self.rate_hz) * self.channels)
        self.overruns = 0
        self._passed_on = slice(None) if channel is None else slice(channel - 1, None, channel)
        self._called_ns = 0

    def _callback(self, data: Any, count: int, _: Any, status: Any) -> None:
        now_ns = time.monotonic_ns()
        lost = 0
        if status.input_overflow:
            # Drivers flag every overrun of the system, most of which cost us nothing: of 34 flagged callbacks under a
            # JACK server without real-time scheduling, 3 brought a break in the signal, of one block. So an overrun is
            # always counted, but samples are missing only when the callback comes late as well.
            self.overruns += 1
            late = (now_ns - self._called_ns) * self.rate_hz // 1_000_000_000 - count if self._called_ns else 0
            if late > BELIEVED_LOSS_S * self.rate_hz:
                lost = late
        self._called_ns = now_ns
        self.ring.write(np.frombuffer(data, np.float32)[self._passed_on], now_ns, lost * self.channels)


def _reason(error: Exception) -> str:
    """PortAudio's own words, without its numbers."""
    text = str(error.args[0]) if error.args else str(error)
    return text.split(" [PaErrorCode")[0].removeprefix("Error opening RawInputStream: ").strip()


def _refusal(device: InputDevice, rate_hz: int, error: Exception) -> str:
    reason = _reason(error)
    if "sample rate" in reason.lower():
        return f"{device.name} does not run at {rate_hz} Hz; leave out --rate to use its own {device.rate_hz} Hz"
    return f"cannot open the audio input {device.name}: {reason}; is another program using it?"


def _write_line(**what: Any) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _write_all(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _pass_on(capture: Capture, ended: threading.Event) -> None:
    """Write packets until told to end, or until the stream has died."""
    ring, silent_s = capture.ring, 0.0
    while not ended.is_set():
        if ring.wait(_BEAT_S):
            silent_s = 0.0
        else:
            # Waits are added up, not times subtracted: a suspended computer is not a dead device.
            silent_s += _BEAT_S
            if not capture.stream.active or silent_s >= SILENT_S:
                _write_all(HEADER.pack(-1, 0, 0, 0))
                return
            _write_all(HEADER.pack(0, 0, ring.losses + capture.overruns, 0))
        while (block := ring.read()) is not None:
            count, lost = len(block.samples) // capture.channels, block.lost // capture.channels
            header = HEADER.pack(count, lost, ring.losses + capture.overruns, block.captured_ns)
            _write_all(header + block.samples.tobytes())


def _main() -> None:
    settings = json.loads(sys.argv[1])
    go, ended = threading.Event(), threading.Event()

    def obey() -> None:
        while os.read(0, 64):
            go.set()
        ended.set()
        go.set()

    try:
        devices = inputs()
        if settings.get("list"):
            _write_line(devices=[asdict(device) for device in devices])
            return
        device = choose_input(settings["input"], devices)
        capture = Capture(device, settings["rate_hz"], settings["block"], settings["channel"])
    except DeviceError as error:
        _write_line(error=str(error))
        return
    _write_line(name=device.name, rate_hz=capture.rate_hz, latency_ms=capture.latency_ms, channels=capture.channels)
    threading.Thread(target=obey, daemon=True).start()
    go.wait()
    if ended.is_set():
        return
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(0.0005)
    with before_others(CAPTURE, heirs=True):  # the driver's thread is such an heir
        try:
            capture.stream.start()
        except _portaudio().PortAudioError as error:
            _write_line(error=f"cannot start the audio input {device.name}: {_reason(error)}")
            return
        _write_line(started=True)
        _pass_on(capture, ended)
    closing = threading.Thread(target=capture.stream.close, daemon=True)  # which may never return
    closing.start()
    closing.join(_PATIENCE_S)


def main() -> None:
    """Serve one stream, and leave without PortAudio's own end, which aborts or hangs when its server is gone."""
    stderr = os.fdopen(os.dup(2), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    status = 0
    try:
        _main()
    except BrokenPipeError:
        pass  # who started this is gone
    except Exception:
        traceback.print_exc(file=stderr)
        stderr.flush()
        status = 1
    os._exit(status)


if __name__ == "__main__":
    main()
