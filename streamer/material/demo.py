"""A performance that the program synthesises for itself: a short piece for guitar, voice and flute, one at a time.

It holds what is hard for a tracker: plucked lines, repeated notes, a run of sixteenths, a voice that scoops into its
notes and then vibrates, legato, low strings, breath, and silence. Pitches, times and timbres follow from the score
below and from a fixed seed, so that all machines hear the same and the true notes are known.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.audio.source import EndOfStream, Source
from streamer.errors import DeviceError
from streamer.events import Block, FloatArray
from streamer.units import NOTE_NAMES, midi_to_hz

Signal = NDArray[np.float64]

BEAT_S = 60.0 / 92.0
TAIL_S = 1.0
PEAK = 0.5  # leaves 6 dB of headroom
SEED = 1709
TOLERANCE_S = 0.1
TOLERANCE_SEMITONES = 0.5

# Voice, then notes as name:beats; "-" is a rest, "~" a breath. Four beats a line.
SCORE = (
    ("guitar", "A3:.5 E4:.5 A4:1 G4:.5 E4:.5 C4:1"),
    ("guitar", "D4:.5 E4:.5 G4:1 E4:.5 D4:.5 A3:1"),
    ("guitar", "F3:.5 C4:.5 A4:1 G4:.5 E4:.5 D4:1"),
    ("guitar", "E4:.5 E4:.5 E4:.25 E4:.25 E4:.5 B3:1 ~:1"),
    ("voice", "A4:2 C5:1 B4:1"),
    ("voice", "G4:3 ~:1"),
    ("voice", "F4:1.5 G4:.5 A4:1 C5:1"),
    ("voice", "B4:2.5 -:1.5"),
    ("guitar", "A3:.25 B3:.25 C4:.25 D4:.25 E4:.25 F4:.25 G4:.25 A4:.25 C5:.5 A4:.5 E4:1"),
    ("guitar", "G4:.25 F4:.25 E4:.25 D4:.25 C4:.25 B3:.25 A3:.25 G3:.25 A3:1.5 ~:.5"),
    ("flute", "E5:1.5 D5:.5 C5:1 A4:1"),
    ("flute", "B4:1 D5:1 E5:1.5 -:.5"),
    ("guitar", "F2:.5 C3:.5 F3:.5 A3:.5 G2:.5 D3:.5 G3:.5 B3:.5"),
    ("guitar", "A2:.5 E3:.5 A3:.5 C4:.5 A2:2"),
)


@dataclass(frozen=True, slots=True)
class PlayedNote:
    """One note as played, or as tracked.

    Attributes
    ----------
    onset_s, offset_s : float
        Begin and end, seconds.
    midi : float
        Pitch as a MIDI note number.
    """

    onset_s: float
    offset_s: float
    midi: float


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """Sound and the notes that are in it.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        Mono, full scale +-1.
    rate_hz : int
        Samples per second.
    notes : tuple of PlayedNote
        In order, none overlapping another.
    """

    samples: FloatArray
    rate_hz: int
    notes: tuple[PlayedNote, ...]


def demo_performance(rate_hz: int) -> Performance:
    """Synthesise the performance.

    Parameters
    ----------
    rate_hz : int
        Samples per second; 8000 at least.

    Returns
    -------
    Performance
        Some 37 s. The notes are the same at every rate.
    """
    random = np.random.default_rng(SEED)
    sound = np.zeros(round((4 * len(SCORE) * BEAT_S + TAIL_S) * rate_hz))
    played: list[PlayedNote] = []
    beat = 0.5  # a moment of silence to begin with
    phrase: list[PlayedNote] = []
    for line, (voice, text) in enumerate(SCORE):
        for item in text.split():
            name, beats = item.split(":")
            onset_s, beat = beat * BEAT_S, beat + float(beats)
            if name == "~":
                _add(sound, rate_hz, onset_s, _breath(random, rate_hz, (beat * BEAT_S - onset_s) * 0.8))
            if name in "~-":
                _flush(sound, rate_hz, voice, phrase, random)
            else:
                phrase.append(PlayedNote(onset_s, beat * BEAT_S, _midi(name)))
                played.append(phrase[-1])
        if line + 1 == len(SCORE) or SCORE[line + 1][0] != voice:
            _flush(sound, rate_hz, voice, phrase, random)
    sound += _room(sound, random, rate_hz)
    sound += 10 ** (-75 / 20) * random.standard_normal(len(sound))  # no room is silent
    sound *= PEAK / np.max(np.abs(sound))
    return Performance(sound.astype(np.float32), rate_hz, tuple(played))


def match_notes(
    expected: Sequence[PlayedNote], tracked: Sequence[PlayedNote], tolerance_s: float = TOLERANCE_S
) -> list[tuple[int, int]]:
    """Pair each expected note with at most one tracked, one to one.

    Parameters
    ----------
    expected, tracked : sequence of PlayedNote
        Each in order of onset.
    tolerance_s : float
        How far the onsets may lie apart, either way.

    Returns
    -------
    list of (int, int)
        Indices into ``expected`` and ``tracked``, where the pitches differ by at most half a semitone.
    """
    free = list(range(len(tracked)))
    pairs = []
    for index, note in enumerate(expected):
        for other in free:
            apart = abs(tracked[other].midi - note.midi), abs(tracked[other].onset_s - note.onset_s)
            if apart[0] <= TOLERANCE_SEMITONES and apart[1] <= tolerance_s:
                pairs.append((index, other))
                free.remove(other)
                break
    return pairs


class DemoSource(Source):
    """A performance at the pace of real time, as a microphone would deliver it.

    Parameters
    ----------
    performance : Performance
        What is played.
    block : int
        Samples in each block.
    play : bool
        Make it audible on the system's own output.
    """

    def __init__(self, performance: Performance, block: int = 128, play: bool = False) -> None:
        self.rate_hz = performance.rate_hz
        self.name = "demo performance"
        self._samples = performance.samples
        self._block = block
        self._play = play
        self._position = 0
        self._start_ns = 0
        self._closed = threading.Event()
        self._stop: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin, or begin again. Raises `DeviceError` where it shall be audible and there is no output."""
        self.close()
        self._closed.clear()
        self._position = 0
        if self._play:
            self._stop = _play(self._samples, self.rate_hz)
        self._start_ns = time.monotonic_ns()

    def read(self, timeout_s: float) -> Block | None:
        """See `Source.read`."""
        if self._position >= len(self._samples):
            raise EndOfStream
        end = min(self._position + self._block, len(self._samples))
        due_ns = self._start_ns + end * 1_000_000_000 // self.rate_hz
        wait_s = (due_ns - time.monotonic_ns()) * 1e-9
        if wait_s > 0:
            self._closed.wait(min(wait_s, timeout_s))
            if wait_s > timeout_s or self._closed.is_set():
                return None
        block = Block(self._samples[self._position : end], self._position, due_ns)
        self._position = end
        return block

    def close(self) -> None:
        """See `Source.close`."""
        self._closed.set()
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()


def _play(samples: FloatArray, rate_hz: int) -> Callable[[], None]:
    """Start to sound, and return what ends it."""
    try:
        import sounddevice as sd
    except OSError:
        raise DeviceError(
            "cannot play: PortAudio is not installed (on Debian and Ubuntu: sudo apt install libportaudio2)"
        ) from None
    position = 0

    def fill(out: NDArray[np.float32], _count: int, _time: Any, _status: Any) -> None:
        nonlocal position
        part = samples[position : position + len(out)]
        out[: len(part)] = part[:, None]
        out[len(part) :] = 0.0
        position += len(part)

    try:
        stream = sd.OutputStream(samplerate=rate_hz, channels=1, dtype="float32", latency="high", callback=fill)
        stream.start()
    except sd.PortAudioError as error:
        reason = str(error.args[0]) if error.args else "no reason given"
        raise DeviceError(f"cannot play: no usable audio output ({reason}); leave out --play") from None

    def stop() -> None:
        stream.abort(ignore_errors=True)
        stream.close(ignore_errors=True)

    return stop


def _midi(name: str) -> int:
    return NOTE_NAMES.index(name[:-1]) + 12 * (int(name[-1]) + 1)


def _add(sound: Signal, rate_hz: int, onset_s: float, part: Signal) -> None:
    start = round(onset_s * rate_hz)
    room = sound[start : start + len(part)]
    room += part[: len(room)]


def _flush(sound: Signal, rate_hz: int, voice: str, phrase: list[PlayedNote], random: np.random.Generator) -> None:
    """Play the notes that have gathered, and begin a new phrase."""
    if phrase:
        if voice == "guitar":
            for index, note in enumerate(phrase):
                rings_on = index + 1 == len(phrase)
                _add(sound, rate_hz, note.onset_s, _pluck(note, rings_on, random, rate_hz))
        else:
            _add(sound, rate_hz, phrase[0].onset_s, _sustained(phrase, voice, random, rate_hz))
    phrase.clear()


def _fade(part: Signal, rate_hz: int, in_s: float, out_s: float) -> Signal:
    """Ease in and out with half cosines."""
    for seconds, edge in ((in_s, slice(None)), (out_s, slice(None, None, -1))):
        count = min(len(part), round(seconds * rate_hz))
        part[edge][:count] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / max(count, 1))
    return part


def _noise(random: np.random.Generator, rate_hz: int, seconds: float, low_hz: float, high_hz: float) -> Signal:
    """Noise of unit RMS in a band with soft edges."""
    count = max(2, round(seconds * rate_hz))
    spectrum = np.fft.rfft(random.standard_normal(count))
    f_hz = np.fft.rfftfreq(count, 1 / rate_hz) + 1e-9
    spectrum /= (1 + (low_hz / f_hz) ** 4) * (1 + (f_hz / high_hz) ** 4)
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def _room(sound: Signal, random: np.random.Generator, rate_hz: int) -> Signal:
    """What a small room adds."""
    t_s = np.arange(round(0.45 * rate_hz)) / rate_hz
    answer = _noise(random, rate_hz, 0.45, 150.0, 4000.0)[: len(t_s)] * np.exp(-14.0 * t_s)
    answer *= 10 ** (-22 / 20) / np.sqrt(np.sum(answer**2))
    size = 1 << (len(sound) + len(answer)).bit_length()
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(answer, size), size)[: len(sound)])


def _breath(random: np.random.Generator, rate_hz: int, seconds: float) -> Signal:
    return _fade(0.006 * _noise(random, rate_hz, seconds, 500.0, 3000.0), rate_hz, 0.15, 0.1)


def _pluck(note: PlayedNote, rings_on: bool, random: np.random.Generator, rate_hz: int) -> Signal:
    """A string: stiff, plucked at a seventh of its length, its high partials dying first; the finger stops it."""
    f0_hz = midi_to_hz(note.midi)
    seconds = note.offset_s - note.onset_s
    t_s = np.arange(round(seconds * rate_hz)) / rate_hz
    part = np.zeros(len(t_s))
    # not drawn, since how much noise was drawn before depends on the rate
    strength = 0.9 + 0.1 * np.sin(7.0 * note.onset_s)
    for k in range(1, 40):
        f_hz = k * f0_hz * np.sqrt(1 + 6e-5 * k * k)
        if f_hz > min(8000.0, 0.45 * rate_hz):
            break
        amplitude = np.sin(np.pi * k / 7) / k**1.3 / (1 + (f_hz / 3500) ** 2)
        decay_per_s = 0.9 + 0.004 * f0_hz + 0.0016 * f_hz
        # The two planes in which a string moves die at two rates.
        envelope = 0.7 * np.exp(-decay_per_s * t_s) + 0.3 * np.exp(-0.35 * decay_per_s * t_s)
        part += amplitude * envelope * np.sin(2 * np.pi * f_hz * t_s)
    part = _fade(0.5 * strength * part, rate_hz, 0.0015, 0.35 if rings_on else 0.02)
    finger = _noise(random, rate_hz, 0.008, 400.0, 5000.0)
    part[: len(finger)] += 0.02 * strength * _fade(finger, rate_hz, 0.001, 0.006)[: len(part)]
    return part


# Centre in Hz, width in Hz, gain: the vowel of "father", sung.
_FORMANTS = ((720.0, 110.0, 1.0), (1180.0, 130.0, 0.55), (2650.0, 180.0, 0.22), (3300.0, 220.0, 0.16))


def _voice_partial(f_hz: Signal, k: int) -> Signal:
    gain = sum(g / (1 + ((f_hz - centre) / width) ** 2) for centre, width, g in _FORMANTS)
    return np.asarray((0.25 + 2.0 * gain) / k**0.9)


def _flute_partial(f_hz: Signal, k: int) -> Signal:
    return np.full_like(f_hz, (1.0, 0.35, 0.18, 0.06, 0.03, 0.015)[k - 1])


def _sustained(phrase: Sequence[PlayedNote], voice: str, random: np.random.Generator, rate_hz: int) -> Signal:
    """A phrase on one breath: pitch scoops into the first note, glides to the others, and vibrates when it has time."""
    sings = voice == "voice"
    start_s, end_s = phrase[0].onset_s, phrase[-1].offset_s
    t_s = np.arange(round((end_s - start_s) * rate_hz)) / rate_hz
    midi = np.full(len(t_s), float(phrase[0].midi))
    envelope = np.ones(len(t_s))
    vibrato = np.zeros(len(t_s))
    before = phrase[0].midi - (1.2 if sings else 0.0)
    for note in phrase:
        since_s = t_s - (note.onset_s - start_s)
        glide_s = (0.05 if note is phrase[0] else 0.018) if sings else 0.006
        here = (since_s >= 0) & (since_s < note.offset_s - note.onset_s)
        midi[here] = note.midi + (before - note.midi) * np.exp(-since_s[here] / glide_s)
        if note is not phrase[0]:
            envelope -= (0.35 if sings else 0.5) * np.exp(-((since_s / 0.02) ** 2))
        vibrato[here] = np.clip((since_s[here] - 0.3) / 0.5, 0.0, 1.0)
        before = note.midi
    depth, speed_hz = (0.32, 5.4) if sings else (0.12, 4.8)
    wave = np.sin(2 * np.pi * speed_hz * t_s)
    midi += depth * vibrato * wave
    envelope *= 1 + 0.08 * vibrato * wave
    f0_hz = 440.0 * 2.0 ** ((midi - 69) / 12)
    phase = 2 * np.pi * np.cumsum(f0_hz) / rate_hz
    partial, partials = (_voice_partial, 24) if sings else (_flute_partial, 6)
    part = np.zeros(len(t_s))
    coarse = slice(None, None, 64)  # timbre changes slowly
    for k in range(1, partials + 1):
        f_hz = k * f0_hz[coarse]
        gain = np.where(f_hz < 0.45 * rate_hz, partial(f_hz, k), 0.0)
        if not gain.any():
            break
        part += np.interp(t_s, t_s[coarse], gain) * np.sin(k * phase + 0.7 * k * k)
    part *= (0.17 if sings else 0.16) * envelope
    air = _noise(random, rate_hz, end_s - start_s, 800.0, 6000.0)[: len(part)]
    part[: len(air)] += (0.003 if sings else 0.008) * air
    return _fade(part, rate_hz, 0.04, 0.12)
