"""Speech from espeak-ng, as something that has pitch and yet is no note."""

import io
import shutil
import subprocess

import numpy as np

from streamer.data.phrase import NO_NOTES, Phrase
from streamer.errors import DataError
from streamer.material.augment import from_db, noise_floor
from streamer.material.nonmusic import OWN_LICENCE, OWN_SOURCE

PROGRAM = "espeak-ng"
TIMEOUT_S = 60.0
VOICES = ("en-gb", "en-us", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "fi", "cmn", "ja", "ru", "tr", "hu")
VARIANTS = ("", "+m1", "+m3", "+m5", "+m7", "+f1", "+f2", "+f3", "+f4", "+f5", "+croak", "+whisper")
SENTENCES = (
    "Could you turn the monitors up a little, please? I can not hear myself at all.",
    "We start again at letter C, everyone, and this time watch the dynamics.",
    "That was nearly it. The third bar was late, and the last chord too long.",
    "One, two, three, four, and rest, two, three, four.",
    "Who has seen my capo? It was on the amplifier a minute ago.",
    "The next piece is in seven eight, so count with me before you come in.",
    "Is this thing on? Check, check, one two. Yes, now it is red.",
    "Shall we stop here for today and meet on Thursday at half past six?",
)


def is_available() -> bool:
    """Whether espeak-ng is installed."""
    return shutil.which(PROGRAM) is not None


def speech(rng: np.random.Generator, rate_hz: int = 44_100, duration_s: float = 12.0) -> Phrase:
    """Let a random voice say random sentences.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides voice, speed, pitch, text and level.
    rate_hz : int
        Samples per second.
    duration_s : float
        Length in seconds.

    Returns
    -------
    Phrase
        Of kind ``nonmusic``, without notes.

    Raises
    ------
    DataError
        If espeak-ng is absent or fails.
    """
    parts: list[np.ndarray] = [np.zeros(round(0.2 * rate_hz))]
    voice = str(rng.choice(VOICES)) + str(rng.choice(VARIANTS))
    speed, pitch = str(rng.integers(110, 220)), str(rng.integers(5, 95))
    while sum(map(len, parts)) < duration_s * rate_hz:
        parts.append(_speak(str(rng.choice(SENTENCES)), voice, speed, pitch, rate_hz))
        parts.append(np.zeros(int(rng.uniform(0.1, 0.7) * rate_hz)))
    speech = np.concatenate(parts)[: round(duration_s * rate_hz)]
    speech *= from_db(rng.uniform(-24.0, -8.0)) / max(float(np.abs(speech).max()), 1e-9)
    speech += noise_floor(len(speech), rate_hz, rng.uniform(-85.0, -60.0), rng)
    return Phrase(
        samples=speech.astype(np.float32),
        rate_hz=rate_hz,
        notes=NO_NOTES,
        instrument="speech",
        source=OWN_SOURCE,
        licence=OWN_LICENCE,
        kind="nonmusic",
        style="speech",
    )


def _speak(text: str, voice: str, speed: str, pitch: str, rate_hz: int) -> np.ndarray:
    """One sentence at our rate."""
    import soundfile
    from scipy.signal import resample_poly

    command = [PROGRAM, "--stdout", "-v", voice, "-s", speed, "-p", pitch, text]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=True)
    except FileNotFoundError as error:
        raise DataError(f"{PROGRAM} is not installed; install it, or train without speech") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise DataError(f"{PROGRAM} failed on voice {voice}: {error}") from error
    samples, made_hz = soundfile.read(io.BytesIO(done.stdout), dtype="float64")
    divisor = int(np.gcd(made_hz, rate_hz))
    return np.asarray(resample_poly(samples, rate_hz // divisor, made_hz // divisor))
