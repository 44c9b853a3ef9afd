"""How long sound takes from a program through the output, the air or a cable, and the input back to the program.

`measure_round_trip` plays bursts of noise and finds them again in what comes in. As with the microphone, PortAudio
lives in a process of its own: ``python -m streamer.audio.round_trip DEVICE RATE``, which answers with a line of JSON.
"""

import json
import os
import subprocess
import sys

import numpy as np

from streamer.errors import DeviceError
from streamer.events import FloatArray

MOST_S = 0.5  # a longer round trip is not looked for
_BURST_S, _EVERY_S, _BURSTS, _PEAK = 0.01, 0.6, 5, 0.5
_CLEAR = 8.0  # times the median of the correlation
_APART_S = 0.003  # bursts whose delays differ by more were not all heard
_WITHIN_S = 20.0


def bursts(rate_hz: int) -> FloatArray:
    """What is played: some short bursts of noise, always the same, with silence between.

    Parameters
    ----------
    rate_hz : int
        Sample rate.
    """
    noise = np.random.default_rng(1).uniform(-_PEAK, _PEAK, round(_BURST_S * rate_hz)).astype(np.float32)
    played = np.zeros(round(_EVERY_S * _BURSTS * rate_hz), np.float32)
    for k in range(_BURSTS):
        at = round(_EVERY_S * k * rate_hz)
        played[at : at + len(noise)] = noise
    return played


def delay_s(recorded: FloatArray, rate_hz: int) -> float | None:
    """How late the bursts are in what was recorded while they were played.

    Parameters
    ----------
    recorded : ndarray of float32, shape (n,)
        Mono, from the moment at which playing began.
    rate_hz : int
        Sample rate of both.

    Returns
    -------
    float or None
        Seconds; None where they cannot be made out, or do not agree.
    """
    burst = bursts(rate_hz)[: round(_BURST_S * rate_hz)]
    every, most = round(_EVERY_S * rate_hz), round(MOST_S * rate_hz)
    found = []
    for k in range(_BURSTS):
        part = recorded[k * every : k * every + most + len(burst)]
        if len(part) < len(burst) or not part.any():
            continue
        strength = np.abs(np.correlate(part, burst, "valid"))
        at = int(strength.argmax())
        if strength[at] > _CLEAR * max(float(np.median(strength)), 1e-9):
            found.append(at / rate_hz)
    if len(found) <= _BURSTS // 2:
        return None
    middle = float(np.median(found))
    agreeing = [value for value in found if abs(value - middle) < _APART_S]
    return middle if len(agreeing) > _BURSTS // 2 else None


def measure_round_trip(device: str | None) -> float:
    """Play and listen; seconds.

    Parameters
    ----------
    device : str or None
        The input, as `streamer.audio.devices.choose_input` takes it; what is played goes to the default output.

    Raises
    ------
    DeviceError
        If there is no input or output, or what was played did not come back.
    """
    command = [sys.executable, "-P", "-m", "streamer.audio.round_trip", device or ""]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(entry) for entry in sys.path)}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_WITHIN_S, check=False
        )
        answer = json.loads(done.stdout.decode().splitlines()[-1])
    except (subprocess.TimeoutExpired, OSError, ValueError, IndexError):
        raise DeviceError("the audio system did not answer while it was to play and record at once") from None
    if "error" in answer:
        raise DeviceError(f"the round trip cannot be measured: {answer['error']}")
    return float(answer["delay_s"])


def _answer(device: str) -> dict[str, object]:
    import sounddevice as sd

    from streamer.audio.devices import choose_input
    from streamer.audio.microphone import list_inputs

    chosen = choose_input(device or None, list_inputs())
    rate_hz = chosen.rate_hz
    played = bursts(rate_hz)
    stream = sd.playrec(
        played.reshape(-1, 1), rate_hz, channels=1, device=(chosen.number, None), latency="low", blocking=True
    )
    found = delay_s(stream[:, 0], rate_hz)
    if found is None:
        return {"error": "what was played did not come back; turn it up, or use a cable from the output to the input"}
    return {"delay_s": found}


if __name__ == "__main__":
    sys.stdout.flush()
    told = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        line = _answer(sys.argv[1])
    except Exception as error:  # whatever it is, it cannot be measured
        line = {"error": str(error.args[0]) if error.args else type(error).__name__}
    os.write(told, json.dumps(line).encode() + b"\n")
    os._exit(0)
