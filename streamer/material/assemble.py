"""Splice recorded single notes into phrases whose labels are exact.

Everything is drawn from the generator that is passed in: the same seed gives the same samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer.data.datasets import Recording, load_audio
from streamer.data.phrase import Phrase
from streamer.errors import DataError
from streamer.events import FloatArray
from streamer.material.augment import from_db, noise_floor, rms
from streamer.material.melodies import IntArray
from streamer.material.plans import PlannedNote, Range, Slide, Sound, fade, mix, plan_notes, with_slides
from streamer.units import s_to_samples

PRE_ATTACK_S = 0.012  # sound from before the labelled onset that still belongs to the attack
SINGLE_NOTE = "note"
FLOOR_BELOW_DB = 18.0  # the noise floor is this far below the softest note
DECAY_DB = 5.0  # what falls by more from its first to its last quarter was plucked or struck


@dataclass(frozen=True, slots=True)
class Variety:
    """By how much phrases may differ from the recordings they are made of.

    Attributes
    ----------
    tuning_cents : float
        Each phrase is detuned as a whole by up to this much.
    shift_semitones : int
        A note may be made from a recording so far away from it.
    top_db : (float, float)
        Peak level of the loudest note of a phrase.
    floor_db : (float, float)
        RMS level of the noise floor; it stays 18 dB below the peak of the softest note.
    sliding : float
        Probability that a phrase's notes slide into their pitch, where they do not die away by themselves.
    """

    tuning_cents: float = 50.0
    shift_semitones: int = 3
    top_db: Range = (-16.0, -8.0)
    floor_db: Range = (-90.0, -50.0)
    sliding: float = 0.6


PLAIN = Variety(tuning_cents=0.0, shift_semitones=0, sliding=0.0)


@dataclass(frozen=True, eq=False)
class Bank:
    """The single notes of one instrument from one source.

    Attributes
    ----------
    notes : tuple of Recording
        Each holds one note.
    midi : ndarray of int
        Nearest MIDI number of each.
    """

    notes: tuple[Recording, ...]
    midi: IntArray

    def within(self, shift: int) -> IntArray:
        """MIDI numbers that can be made by shifting a note by at most ``shift`` semitones."""
        shifts = np.arange(-shift, shift + 1)
        return np.unique(np.clip(self.midi[:, None] + shifts, 0, 127))

    def nearest(self, midi: int, rng: np.random.Generator) -> Recording:
        """One of the notes nearest to a pitch.

        Parameters
        ----------
        midi : int
            MIDI note number.
        rng : numpy.random.Generator
            Decides everything that is random.
        """
        away = np.abs(self.midi - midi)
        return self.notes[int(rng.choice(np.flatnonzero(away == away.min())))]

    @property
    def decays(self) -> bool:
        """Whether notes die away by themselves, as plucked and struck ones do."""
        falls_db = [_fall_db(note) for note in self.notes[:: max(1, len(self.notes) // 5)]]
        return float(np.median(falls_db)) > DECAY_DB


@lru_cache(maxsize=4096)
def _fall_db(note: Recording) -> float:
    """By how much a note falls from its first to its last quarter."""
    samples, rate_hz = _samples_of(note)
    onset_s, offset_s, _ = note.notes[0]
    sounding = samples[s_to_samples(onset_s, rate_hz) : s_to_samples(offset_s, rate_hz)].astype(np.float64)
    quarter = max(1, len(sounding) // 4)
    return float(20.0 * np.log10(rms(sounding[:quarter]) / rms(sounding[-quarter:])))


def group_notes(recordings: Sequence[Recording]) -> list[Bank]:
    """Single-note recordings by source and instrument.

    Raises
    ------
    DataError
        If there is no single note among them.
    """
    groups: dict[tuple[str, str], list[Recording]] = {}
    for recording in recordings:
        if recording.kind == SINGLE_NOTE and len(recording.notes) == 1:
            groups.setdefault((recording.source, recording.instrument), []).append(recording)
    if not groups:
        raise DataError("no recording of kind 'note' is among these, so that no phrase can be made of them")
    return [
        Bank(tuple(notes), np.array([round(float(note.notes[0, 2])) for note in notes]))
        for _, notes in sorted(groups.items())
    ]


def assemble(
    recordings: Sequence[Recording],
    style: str,
    rng: np.random.Generator,
    rate_hz: int = 44_100,
    duration_s: float = 12.0,
    variety: Variety = Variety(),
) -> Phrase:
    """Make one phrase of one instrument's recorded notes.

    Parameters
    ----------
    recordings : sequence of Recording
        Only those of kind ``note`` are used; one instrument of one source is drawn.
    style : str
        One of `streamer.material.plans.STYLE_NAMES`.
    rng : numpy.random.Generator
        Decides everything.
    rate_hz : int
        Rate of the phrase.
    duration_s : float
        Its length.
    variety : Variety
        How far it may be from the recordings.

    Returns
    -------
    Phrase
        Of kind ``assembled``. A note's onset is its recording's, put in place; its offset is the cut, or where the
        recording had decayed, or the next note's onset. Its pitch is the measured one, shifted as the sound is.

    Raises
    ------
    DataError
        If the style is unknown, or no recording is of kind ``note``.
    """
    bank = _draw_bank(recordings, style, rng)
    tuning = rng.uniform(-1.0, 1.0) * variety.tuning_cents / 100.0
    top_db = rng.uniform(*variety.top_db)
    planned = plan_notes(style, bank.within(variety.shift_semitones), rng, duration_s, top_db, bank.decays)
    if not bank.decays and rng.random() < variety.sliding:
        planned = with_slides(planned, rng)

    def make(plan: PlannedNote) -> Sound:
        return _sound(bank.nearest(plan.midi, rng), plan, plan.midi + tuning, rate_hz)

    out, notes = mix(planned, make, rate_hz, duration_s)
    softest_db = min((plan.level_db for plan in planned), default=top_db)
    out += noise_floor(len(out), rate_hz, min(rng.uniform(*variety.floor_db), softest_db - FLOOR_BELOW_DB), rng)
    return Phrase(
        samples=np.clip(out, -1.0, 1.0).astype(np.float32),
        rate_hz=rate_hz,
        notes=notes,
        instrument=bank.notes[0].instrument,
        source=bank.notes[0].source,
        licence=bank.notes[0].licence,
        kind="assembled",
        style=style,
    )


def _draw_bank(recordings: Sequence[Recording], style: str, rng: np.random.Generator) -> Bank:
    banks = group_notes(recordings)
    if style == "ringing":  # what is blown or bowed does not ring on
        banks = [bank for bank in banks if bank.decays] or banks
    return banks[int(rng.integers(len(banks)))]


def _sound(recording: Recording, plan: PlannedNote, target: float, rate_hz: int) -> Sound:
    """Cut, shift and fade one recorded note."""
    samples, source_rate_hz = _samples_of(recording)
    onset_s, offset_s, measured = (float(value) for value in recording.notes[0])
    ratio = Fraction(2.0 ** ((target - round(measured)) / 12.0) * source_rate_hz / rate_hz).limit_denominator(400)
    speed = float(ratio) * rate_hz / source_rate_hz
    # A slurred note is entered where its attack is over, as a bow or a breath goes on through the change.
    entry_s = onset_s + min(0.08, 0.25 * (offset_s - onset_s)) if plan.slurred else onset_s
    pre_s = 0.0 if plan.fade_in_s else min(PRE_ATTACK_S, entry_s)
    first = s_to_samples(entry_s - pre_s, source_rate_hz)
    last = s_to_samples(entry_s + (plan.end_s - plan.onset_s + plan.ring_s) * speed, source_rate_hz)
    sound = resample(samples[first:last].astype(np.float64), ratio)
    onset = s_to_samples(pre_s / speed, rate_hz)
    if plan.slide:
        sound = _slid(sound, onset, plan.slide, rate_hz)
    sound *= from_db(plan.level_db) / max(float(np.abs(sound).max(initial=0.0)), 1e-9)
    fade(sound, plan, rate_hz)
    decayed_s = plan.onset_s + (offset_s - entry_s) / speed
    return Sound(
        samples=sound,
        onset=onset,
        end_s=min(plan.end_s, decayed_s),
        midi=measured + 12.0 * float(np.log2(speed)),
    )


def _slid(sound: NDArray[np.float64], onset: int, slide: Slide, rate_hz: int) -> NDArray[np.float64]:
    """Play a sound so much faster or slower, from its onset on, that it slides into its pitch."""
    from scipy.ndimage import map_coordinates

    after_s = (np.arange(len(sound)) - onset) / rate_hz
    semitones = np.where(after_s < 0.0, 0.0, slide.semitones * np.exp(-np.maximum(after_s, 0.0) / slide.decay_s))
    at = np.concatenate([[0.0], np.cumsum(2.0 ** (semitones / 12.0))[:-1]])
    result: NDArray[np.float64] = map_coordinates(sound, at[None, at <= len(sound) - 1], order=3, mode="nearest")
    return result


def resample(samples: NDArray[np.float64], ratio: Fraction) -> NDArray[np.float64]:
    """Play so many times faster: ``ratio`` above 1 is shorter and higher.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        The sound.
    ratio : Fraction
        How many times.
    """
    from scipy.signal import resample_poly

    if ratio == 1 or not len(samples):
        return samples.copy()
    result: NDArray[np.float64] = resample_poly(samples, ratio.denominator, ratio.numerator, window=_low_pass(ratio))
    return result


@lru_cache(maxsize=64)
def _low_pass(ratio: Fraction) -> NDArray[np.float64]:
    """The filter that `resample` needs; a phrase uses few ratios, and designing it takes longer than using it."""
    from scipy.signal import firwin

    widest = max(ratio.numerator, ratio.denominator)
    taps: NDArray[np.float64] = firwin(2 * 12 * widest + 1, 0.95 / widest, window=("kaiser", 6.0))
    return taps


def _samples_of(recording: Recording) -> tuple[FloatArray, int]:
    """Audio of a recording of one note, and its rate."""
    samples, rate_hz = _cached(recording.path)
    onset_s = float(recording.notes[0, 0])
    if s_to_samples(onset_s, rate_hz) >= len(samples):
        raise DataError(f"{recording.path} ends before its note begins, at {onset_s:g} s; correct onset_s")
    return samples, rate_hz


@lru_cache(maxsize=256)
def _cached(path: Path) -> tuple[FloatArray, int]:
    """Audio without its constant part, which would click at every cut."""
    samples, rate_hz = load_audio(path)
    return samples - np.float32(samples.mean()), rate_hz
