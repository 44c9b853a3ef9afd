"""From evidence to events: pitch estimates, notes with their pitch and velocity, in order and as they are decided."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from streamer.analysis.evidence import Evidence
from streamer.config import AUTOMATIC_A4, HIGHEST_MIDI, LOWEST_MIDI, TrackerConfig
from streamer.decision.loudness import Loudness
from streamer.decision.machine import FARTHEST, Decision, NoteMachine
from streamer.decision.tuning import Tuning
from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.units import A4_MIDI, hz_to_midi, midi_to_hz

_LEAST = -700.0  # log odds of which the exponential can still be taken
_PITCHES = 2048  # hops of a note whose pitches its median is taken over
# At a note's very beginning a pitch further off is not yet to be trusted. Half a semitone and some: a quarter tone
# between two names is heard as it is, whichever of them it gets.
_FARTHEST_YET = 0.6  # semitones
_CONTRADICTED = 0.55  # semitones from a name to the median pitch; a little more than half, so that no border decides
_SETTLED = 1.5  # the same later on: what was slid into may have been told under the name next to the right one


class Decider:
    """Turn evidence into events.

    Parameters
    ----------
    config : TrackerConfig
        Settings.
    rate_hz : int
        Sample rate of the stream.
    machine : NoteMachine
        Says when notes begin and end; used by nobody else.

    Attributes
    ----------
    config : TrackerConfig
        The settings in force, the hop resolved.
    """

    def __init__(self, config: TrackerConfig, rate_hz: int, machine: NoteMachine) -> None:
        self.config = replace(config, hop=config.hop_at(rate_hz))
        self.rate_hz = rate_hz
        self._machine = machine
        hop_ms = 1000.0 * self.config.hop / rate_hz
        self._tuning, self._loudness = Tuning(hop_ms), Loudness(hop_ms)
        self._notes_begun = 0  # in the whole stream
        self._begin_anew(0)

    @property
    def a4_hz(self) -> float:
        """A4 that names are relative to: as it is set, or where this player's lies so far."""
        return midi_to_hz(A4_MIDI + self._tuning.semitones, self.config.reference_hz)

    def configure(self, config: TrackerConfig) -> None:
        """Go on with another eagerness, range of notes and gate; what sounds goes on.

        Parameters
        ----------
        config : TrackerConfig
            Settings.
        """
        self.config = replace(config, hop=self.config.hop)
        self._machine.configure(config)

    def events(self, evidence: Evidence, estimates: bool = True) -> Iterator[Event]:
        """Events of the next hops, each as soon as it is decided; to be gone through to its end.

        Parameters
        ----------
        evidence : Evidence
            Of the next hops; it is not changed. However they are grouped, the events are the same, bit for bit.
        estimates : bool
            Whether a `PitchEstimate` of each hop is among them.
        """
        pitches = [hz_to_midi(f0, self.config.reference_hz) if f0 > 0.0 else None for f0 in evidence.f0_hz.tolist()]
        audible = [level_db > self.config.gate_db for level_db in evidence.levels.level_db]
        self._machine.take(evidence, pitches, audible)
        for k, (likeliest, midi) in enumerate(zip(evidence.likeliest.tolist(), pitches, strict=True)):
            self._now += self.config.hop
            self._loudness.add(evidence.levels.power[k])
            decision = self._machine.step(k)
            log_odds = evidence.scores.item(k, likeliest)
            voiced = self._is_voiced(likeliest, log_odds, midi) and audible[k] and midi is not None
            if estimates:
                yield self._estimate(evidence, k, voiced, log_odds)
            if decision.corrects and decision.began is not None:
                yield from self._correct(decision.began, evidence.pitch_of(k, decision.began))
            elif decision.ended is not None:
                offset = self._now - decision.ended_ago * self.config.hop
                yield from self._end(self._now, offset, followed=decision.began is not None)
            if decision.began is not None and not decision.corrects:
                yield self._begin(decision, decision.began, evidence.pitch_of(k, decision.began))
            if voiced and midi is not None:
                self._measure(midi)

    def _estimate(self, evidence: Evidence, hop: int, voiced: bool, log_odds: float) -> PitchEstimate:
        f0_hz, brightness_hz = evidence.f0_hz.item(hop), evidence.levels.brightness_hz
        return PitchEstimate(
            sample=self._now,
            centre=self._now - evidence.age.item(hop),
            f0_hz=f0_hz if voiced else None,
            confidence=1.0 / (1.0 + math.exp(-max(log_odds, _LEAST))),
            level_db=evidence.levels.level_db[hop],
            peak=evidence.levels.peak.item(hop),
            guess_hz=f0_hz,
            brightness_hz=brightness_hz[hop] if brightness_hz else 0.0,
        )

    def flush(self, sample: int) -> list[Event]:
        """End the open note at a sample index: the stream is over."""
        self._machine.leave()
        return [replace(off, released=True) for off in self._end(sample, sample)]

    def restart(self, sample: int) -> None:
        """Forget the past; the next hop begins at this sample index."""
        self._machine.reset()
        self._begin_anew(sample)

    def _begin_anew(self, sample: int) -> None:
        self._now = sample  # the end of the last hop
        self._last_off = sample
        self._likely: int | None = None
        self._sounding: NoteOn | None = None
        self._tuning.reset()
        self._loudness.reset()
        self._pitches: deque[tuple[int, float]] = deque(maxlen=_PITCHES)  # and the end of the hop that each is of

    def _is_voiced(self, likeliest: int, log_odds: float, midi: float | None) -> bool:
        """Whether two hops in a row agree, or the note that sounds is held; one hop alone may be anything."""
        current = self._machine.current
        # A note that sounds is voiced where its pitch is heard, though the hop alone would not tell.
        held = current is not None and midi is not None and abs(midi - (current + LOWEST_MIDI)) < FARTHEST
        likely = likeliest if log_odds > 0.0 else None
        agreed = likely is not None and self._likely is not None and abs(likely - self._likely) <= 1
        self._likely = likely
        return agreed or held

    def _measure(self, midi: float) -> None:
        """Add a pitch to those of the note that sounds."""
        if self._sounding is not None and abs(midi - self._sounding.note) < _SETTLED:
            self._pitches.append((self._now, midi))
            if self.config.a4_hz == AUTOMATIC_A4:
                self._tuning.add(midi)

    def _begin(self, decision: Decision, candidate: int, f0_hz: float) -> NoteOn:
        note, midi = self._name(candidate, f0_hz)
        onset = max(self._now - decision.began_ago * self.config.hop, self._last_off, 0)
        since = min(onset, max(self._now - decision.sounds_ago * self.config.hop, 0))
        event = NoteOn(
            self._now, onset, note, _velocity(self._loudness.begin(decision.rise_db)), midi, since, self._new_id()
        )
        self._sound(event)
        return event

    def _correct(self, candidate: int, f0_hz: float) -> Iterator[Event]:
        """The note that sounds, under a better name: the new name begins before the old one ends, as a slur does."""
        old = self._sounding
        note, midi = self._name(candidate, f0_hz)
        if old is None or old.note == note:
            return
        event = replace(old, sample=self._now, note=note, midi=midi, note_id=self._new_id(), corrects=old.note_id)
        self._sound(event)
        yield event
        yield NoteOff(self._now, self._now, old.note, old.midi, old.note_id)

    def _name(self, candidate: int, f0_hz: float) -> tuple[int, float]:
        """Note number and fractional pitch."""
        name = candidate + LOWEST_MIDI
        midi = hz_to_midi(f0_hz, self.config.reference_hz) if f0_hz > 0.0 else float(name)
        if abs(midi - name) > _FARTHEST_YET:
            midi = float(name)
        return self._tuned(midi) if self._tuning.semitones else name, midi

    def _tuned(self, midi: float) -> int:
        """The name of a pitch for this player."""
        return min(HIGHEST_MIDI, max(LOWEST_MIDI, round(midi - self._tuning.semitones)))

    def _new_id(self) -> int:
        self._notes_begun += 1
        return self._notes_begun

    def _sound(self, event: NoteOn) -> None:
        self._sounding = event
        if event.corrects:
            self._pitches.clear()
        while self._pitches and self._pitches[0][0] <= event.onset:  # it may have begun before that was decided
            self._pitches.popleft()
        self._pitches.append((self._now, event.midi))

    def _end(self, sample: int, offset: int, *, followed: bool = False) -> Iterator[NoteOff]:
        note = self._sounding
        if note is not None:
            self._sounding = None
            self._last_off = max(offset, note.onset + 1)
            self._tuning.leave()
            self._loudness.leave()
            midi = self._median(self._last_off)
            contradicted = abs(midi - self._tuning.semitones - note.note) > _CONTRADICTED
            settled = self._tuned(midi) if contradicted else None
            yield NoteOff(sample, self._last_off, note.note, midi, note.note_id, settled, followed)

    def _median(self, until: int) -> float:
        """Median pitch of the note that ends, up to where it ended: what comes after may be the next note's."""
        pitches = [midi for sample, midi in self._pitches if sample <= until]
        return float(np.median(pitches or [self._pitches[0][1]]))


def _velocity(level_db: float) -> int:
    """From the level of a note: -9 dB, that of a full-scale tone, is 127, and every 6 dB less takes 16 off."""
    return int(min(127, max(1, round(127 + (level_db + 9.0) * 16.0 / 6.0))))
