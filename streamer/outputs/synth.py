"""A small synthesiser: plucked tones of a few harmonics, so that one hears what is sent without any other program.

All that `Synth.render` needs is made beforehand, so that an audio callback may call it: it takes no memory and waits
for nobody.
"""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from streamer.units import midi_to_hz

VOICES = 16
_TABLE = 4096  # samples of one period
_HARMONICS = 12
_CHUNK = 128  # samples over which an envelope is a straight line
_WAITING = 256
_LOUDEST = 0.22  # of one voice, full scale 1
_SILENT = 1e-4
_ATTACK_S = 0.004
_DECAY_S = 2.5  # to 1/e while the key is held
_RELEASE_S = 0.035
_STOLEN_S = 0.002
_ALL, _BEND = -1, -2  # in place of a note
_CENTS = 100  # in a semitone


class Synth:
    """Notes in, samples out.

    `note_on`, `note_off`, `bend` and `all_off` may be called by any one thread while another calls `render`.

    Parameters
    ----------
    rate_hz : int
        Samples per second.
    a4_hz : float
        Frequency of A4.
    """

    def __init__(self, rate_hz: int, a4_hz: float = 440.0) -> None:
        hz = [midi_to_hz(note, a4_hz) for note in range(128)]
        self._steps = [_TABLE * f0_hz / rate_hz for f0_hz in hz]  # places in the table for each sample
        tables = _tables()
        # No harmonic above the hearing of the rate: it would fold back as a wrong tone.
        self._tables = [tables[max(0, min(_HARMONICS, int(0.45 * rate_hz / f0_hz)) - 1)] for f0_hz in hz]
        self._audible = [f0_hz < 0.45 * rate_hz for f0_hz in hz]
        self._attack = 1.0 / max(1.0, _ATTACK_S * rate_hz)  # of full level, for each sample
        self._decay, self._release, self._stolen = (
            float(np.exp(-1.0 / (time_s * rate_hz))) for time_s in (_DECAY_S, _RELEASE_S, _STOLEN_S)
        )
        self._commands: deque[tuple[int, int]] = deque()  # note and velocity (0: off), or _BEND and cents
        self._semitones, self._ratio = 0, 1.0  # of the bend: upwards to the next whole one, and of the frequency
        self._voices = [_Voice() for _ in range(VOICES)]
        self._count = 0  # notes begun
        self._ramp = np.arange(1, _CHUNK + 1, dtype=np.float64)
        self._place = np.zeros(_CHUNK)
        self._index = np.zeros(_CHUNK, np.intp)
        self._wave = np.zeros(_CHUNK)
        self._level = np.zeros(_CHUNK)
        self._mix = np.zeros(_CHUNK)

    @property
    def silent(self) -> bool:
        """Whether nothing sounds or waits."""
        return not self._commands and all(voice.note < 0 for voice in self._voices)

    def note_on(self, note: int, velocity: int) -> None:
        """Begin a note; one of the same pitch that sounds is let go.

        Parameters
        ----------
        note : int
            MIDI number, 0 to 127; any other is passed over.
        velocity : int
            1 to 127.
        """
        if 0 <= note <= 127:
            self._put(note, max(1, min(127, velocity)))

    def note_off(self, note: int) -> None:
        """Let go of a note."""
        if 0 <= note <= 127:
            self._put(note, 0)

    def bend(self, semitones: float) -> None:
        """Bend what is held, and what begins; what has been let go stays where it is.

        Parameters
        ----------
        semitones : float
            From the pitch of the notes, exact to a cent.
        """
        self._put(_BEND, round(semitones * _CENTS))

    def all_off(self) -> None:
        """Let go of all."""
        self._put(_ALL, 0)

    def render(self, out: NDArray[np.float32]) -> None:
        """Fill the next samples.

        Parameters
        ----------
        out : ndarray of float32, shape (n,) or (n, channels)
            Between -1 and 1 afterwards, the same in all channels.
        """
        for start in range(0, len(out), _CHUNK):
            part = out[start : start + _CHUNK]
            mix = self._mix[: len(part)]
            self._obey()
            mix.fill(0.0)
            for voice in self._voices:
                if voice.note >= 0:
                    self._add(voice, mix)
            np.tanh(mix, out=mix)  # however many sound at once
            if part.ndim == 1:
                part[:] = mix
            else:
                for channel in range(part.shape[1]):
                    part[:, channel] = mix

    def _put(self, note: int, velocity: int) -> None:
        if len(self._commands) >= _WAITING:  # nobody renders: what is lost must leave nothing sounding
            self._commands.clear()
            self._commands.extend(((_ALL, 0), (_BEND, 0)))
        self._commands.append((note, velocity))

    def _obey(self) -> None:
        while self._commands:
            note, velocity = self._commands[0]
            if note == _BEND:
                self._turn(velocity / _CENTS)
            elif velocity:
                free = next((voice for voice in self._voices if voice.note < 0), None)
                if free is None:  # the oldest makes room without a click, and the note waits for the next chunk
                    oldest = min(self._voices, key=_number)
                    oldest.rising, oldest.fall = False, self._stolen
                    return
                self._let_go(note)
                self._begin(free, note, velocity)
            else:
                self._let_go(note)
            self._commands.popleft()

    def _begin(self, voice: "_Voice", note: int, velocity: int) -> None:
        if self._audible[note]:
            self._count += 1
            voice.note, voice.number = note, self._count
            voice.place, voice.level = 0.0, 0.0
            voice.held = True
            self._tune(voice)
            voice.top = _LOUDEST * (0.2 + 0.8 * (velocity / 127.0) ** 2)
            voice.rising, voice.fall = True, self._decay

    def _turn(self, semitones: float) -> None:
        self._semitones, self._ratio = max(0, math.ceil(semitones)), 2.0 ** (semitones / 12.0)
        for voice in self._voices:
            if voice.note >= 0 and voice.held:
                self._tune(voice)

    def _tune(self, voice: "_Voice") -> None:
        voice.step = self._steps[voice.note] * self._ratio
        voice.highest = min(len(self._steps) - 1, voice.note + self._semitones)

    def _let_go(self, note: int) -> None:
        for voice in self._voices:
            if voice.note >= 0 and note in (voice.note, _ALL):
                voice.held = False
                voice.rising, voice.fall = False, min(voice.fall, self._release)

    def _add(self, voice: "_Voice", mix: NDArray[np.float64]) -> None:
        """Add a voice's next samples."""
        count = len(mix)
        ramp, place, index = self._ramp[:count], self._place[:count], self._index[:count]
        wave, level = self._wave[:count], self._level[:count]
        np.multiply(ramp, voice.step, out=place)
        place += voice.place
        np.remainder(place, _TABLE, out=place)
        np.copyto(index, place, casting="unsafe")
        np.take(self._tables[voice.highest], index, out=wave, mode="clip")
        if voice.rising:
            end = min(voice.top, voice.level + voice.top * self._attack * count)
            voice.rising = end < voice.top
        else:
            end = voice.level * voice.fall**count
        end = end if end > _SILENT or voice.rising else 0.0
        np.multiply(ramp, (end - voice.level) / count, out=level)
        level += voice.level
        wave *= level
        mix += wave
        voice.place, voice.level = float(place[-1]), end
        if end == 0.0:
            voice.note = -1


class _Voice:
    """One tone: ``note`` is -1 while it is free."""

    __slots__ = ("fall", "held", "highest", "level", "note", "number", "place", "rising", "step", "top")

    def __init__(self) -> None:
        self.note = -1
        self.number = 0  # of the note, in order
        self.held = False
        self.place = 0.0  # in the table
        self.step = 0.0  # in the table, for each sample
        self.highest = 0  # the note that it may not be higher than: its harmonics are those that this one has
        self.level = 0.0
        self.top = 0.0  # of the level
        self.rising = False
        self.fall = 1.0  # of the level, for each sample


def _number(voice: _Voice) -> int:
    return voice.number


def _tables() -> list[NDArray[np.float64]]:
    """One period with 1, 2, ... harmonics, its peak at 1."""
    phase = 2.0 * np.pi * np.arange(_TABLE) / _TABLE
    tables, wave = [], np.zeros(_TABLE)
    for k in range(1, _HARMONICS + 1):
        wave = wave + np.sin(k * phase) / k**1.4
        tables.append(wave / np.abs(wave).max())
    return tables
