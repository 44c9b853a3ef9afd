"""Samples in, events out: no I/O, no threads, no clock.

hop by hop: `framing.Hopper` cuts, the detector hears, the note machine decides, and here decisions become events.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from streamer.analysis.framing import Hopper
from streamer.config import LOWEST_MIDI, RATES_HZ, TrackerConfig
from streamer.decision.decider import NoteMachine
from streamer.decision.verifier import weigh_with
from streamer.detectors import make_detector
from streamer.detectors.base import Detector
from streamer.errors import ConfigError
from streamer.events import Event, FloatArray, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.units import amplitude_to_db, hz_to_midi

_LEVEL_MS = 8.0
_VELOCITY_MS = 30.0
_PITCHES = 2048  # hops of a note whose pitches its median is taken over
_FARTHEST = 0.8  # semitones from a note's name to the pitch that is measured for it
_FARTHEST_YET = 0.5  # the same at a note's very beginning, where a pitch further off is not yet to be trusted
_SETTLED = 1.5  # the same later on: what was slid into may have been told under the name next to the right one
_LOUDEST = 16.0  # full scale +-1; what a driver delivers beyond is a fault


class Tracker:
    """Follow one voice or instrument.

    Parameters
    ----------
    config : TrackerConfig
        Settings.
    rate_hz : int
        Sample rate of what `process` will be given.
    make : callable
        Makes the detector; by default the one that ``config`` names.

    Attributes
    ----------
    config : TrackerConfig
        The settings in force, the hop resolved.
    consumed : int
        Samples so far, lost ones included.
    """

    def __init__(
        self,
        config: TrackerConfig,
        rate_hz: int,
        make: Callable[[TrackerConfig, int], Detector] = make_detector,
    ) -> None:
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise ConfigError(f"the sample rate is {rate_hz} Hz, but must be from {RATES_HZ[0]} to {RATES_HZ[1]}")
        self.config = replace(config, hop=config.hop_at(rate_hz))
        self.rate_hz = rate_hz
        self.consumed = 0
        self._hopper = Hopper(self.config.hop)
        self._make = make
        self._notes_begun = 0
        self._start()

    def _start(self) -> None:
        hop = self.config.hop
        self._detector = self._make(self.config, self.rate_hz)
        hop_ms = 1000.0 * hop / self.rate_hz
        self._machine = NoteMachine(self.config, hop_ms, self._detector.thresholds, weigh_with(self._detector.judge))
        self._powers: deque[float] = deque(maxlen=max(1, round(_VELOCITY_MS / 1000.0 * self.rate_hz / hop)))
        self._level_hops = max(1, round(_LEVEL_MS / 1000.0 * self.rate_hz / hop))
        self._likely: int | None = None
        self._sounding: NoteOn | None = None
        self._pitches: deque[float] = deque(maxlen=_PITCHES)
        self._hops_end = self.consumed  # samples up to the end of the last hop
        self._last_off = self.consumed

    def process(self, samples: FloatArray) -> list[Event]:
        """Take any number of samples and return what they decide, in order.

        However a recording is cut into calls, the events are the same, bit for bit.

        Parameters
        ----------
        samples : ndarray of float32, shape (n,)
            Mono, full scale +-1, newest sample last.

        Raises
        ------
        AudioFormatError
            If the array is not one-dimensional float32.
        """
        events: list[Event] = []
        for hop in self._hopper.push(samples):
            self._hops_end += len(hop)
            events += self._hear(hop)
        self.consumed += len(samples)
        return events

    def gap(self, lost: int) -> list[Event]:
        """Samples were lost: end the open note, forget the past, and let time go on by ``lost`` samples."""
        events = self.flush()
        self.consumed += lost
        self._hopper.clear()
        self._start()
        return [*events, Gap(self.consumed, lost)]

    def flush(self) -> list[Event]:
        """End the open note: the stream is over."""
        self._machine.reset()
        return self._end(self.consumed, self.consumed)

    def _hear(self, hop: FloatArray) -> list[Event]:
        peak = float(np.abs(hop).max())
        if not peak <= _LOUDEST:  # also where it is no number
            hop = np.nan_to_num(hop, nan=0.0, posinf=0.0, neginf=0.0).clip(-_LOUDEST, _LOUDEST)
            peak = float(np.abs(hop).max())
        centred = hop - float(np.add.reduce(hop)) / len(hop)
        self._powers.append(float(centred.dot(centred)) / len(hop))
        newest = list(self._powers)[-self._level_hops :]
        level_db = amplitude_to_db((sum(newest) / len(newest)) ** 0.5)
        audible = level_db > self.config.gate_db
        hearing = self._detector.hear(hop)
        best = int(hearing.sounding.argmax())
        confidence = 1.0 / (1.0 + math.exp(-float(hearing.sounding[best])))
        f0_hz, age = self._detector.pitch(best)
        midi = hz_to_midi(f0_hz, self.config.a4_hz) if f0_hz > 0.0 else None
        if midi is None or abs(midi - (best + LOWEST_MIDI)) > _FARTHEST:
            hearing.sounding[best] = min(-1.0, hearing.sounding[best])  # whatever it is, it is not that note
        decision = self._machine.step(hearing, midi, audible)
        current = self._machine.current
        # A note that sounds is voiced where its pitch is heard, though the hop alone would not tell.
        held = current is not None and midi is not None and abs(midi - (current + LOWEST_MIDI)) < _FARTHEST
        likely = best if confidence > 0.5 else None
        agreed = likely is not None and self._likely is not None and abs(likely - self._likely) <= 1
        self._likely = likely  # one hop alone, at the attack, may be anything
        voiced = audible and midi is not None and (agreed or held)
        estimate = PitchEstimate(
            sample=self._hops_end,
            centre=self._hops_end - age,
            f0_hz=f0_hz if voiced else None,
            confidence=confidence,
            level_db=level_db,
            peak=peak,
            guess_hz=f0_hz,
        )
        events: list[Event] = [estimate]
        if decision.ended is not None:
            events += self._end(self._hops_end, self._hops_end - decision.ended_ago * len(hop))
        if decision.began is not None:
            events.append(self._begin(decision.began, decision.began_ago * len(hop), decision.sounds_ago * len(hop)))
        if self._sounding is not None and voiced and midi is not None and abs(midi - self._sounding.note) < _SETTLED:
            self._pitches.append(midi)
        return events

    def _begin(self, candidate: int, ago: int, sounds_ago: int) -> NoteOn:
        note = candidate + LOWEST_MIDI
        f0_hz, _ = self._detector.pitch(candidate)
        midi = hz_to_midi(f0_hz, self.config.a4_hz) if f0_hz > 0.0 else float(note)
        if abs(midi - note) > _FARTHEST_YET:
            midi = float(note)
        onset = max(self._hops_end - ago, self._last_off, 0)
        since = min(onset, max(self._hops_end - sounds_ago, 0))
        self._notes_begun += 1
        event = NoteOn(self._hops_end, onset, note, self._velocity(), midi, since, self._notes_begun)
        self._sounding = event
        self._pitches.clear()
        self._pitches.append(midi)
        return event

    def _end(self, sample: int, offset: int) -> list[Event]:
        note = self._sounding
        if note is None:
            return []
        self._sounding = None
        self._last_off = max(offset, note.onset + 1)
        return [NoteOff(sample, self._last_off, note.note, float(np.median(self._pitches)), note.note_id)]

    def _velocity(self) -> int:
        """From the loudest hop of the attack: 0 dBFS is 127, every 6 dB less takes 16 off."""
        loudest_db = amplitude_to_db(max(self._powers) ** 0.5)
        return int(min(127, max(1, round(127 + (loudest_db + 9.0) * 16.0 / 6.0))))
