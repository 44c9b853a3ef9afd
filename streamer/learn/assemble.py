"""Splice recorded single notes into phrases whose labels are exact.

Everything is drawn from the generator that is passed in: the same seed gives the same samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer.errors import DataError
from streamer.events import FloatArray
from streamer.learn.augment import from_db, noise_floor, rms
from streamer.learn.datasets import Recording, load_audio
from streamer.learn.melodies import MELODIES, IntArray
from streamer.learn.phrase import Phrase
from streamer.units import s_to_samples

Range = tuple[float, float]

LEAD_S = 0.3  # silence before the first note
TAIL_S = 0.4  # at least this much of the phrase is left after the last onset
PRE_ATTACK_S = 0.012  # sound from before the labelled onset that still belongs to the attack
FADE_IN_S = 0.003
SHORTEST_S = 0.045  # a shorter note is not placed
SINGLE_NOTE = "note"
DECAY_DB = 5.0  # what falls by more from its first to its last quarter was plucked or struck


@dataclass(frozen=True, slots=True)
class Style:
    """How the notes of a phrase follow each other.

    Attributes
    ----------
    melodies : tuple of str
        Names in `streamer.learn.melodies.MELODIES`; one is drawn per stretch of notes.
    ioi_s : (float, float)
        Time from onset to onset, drawn log-uniformly.
    gap_s : (float, float)
        Silence before the next onset, drawn uniformly.
    spread_db : float
        Levels differ by up to this much within a phrase.
    rest : float
        Probability of a rest after a note.
    sixteenths : bool
        ``ioi_s`` is drawn once, and most notes last exactly that.
    crossfade_s : (float, float) or None
        Notes follow without a gap and are faded into each other over this.
    ring_s : (float, float) or None
        Each note rings on under the next for this long.
    """

    melodies: tuple[str, ...]
    ioi_s: Range
    gap_s: Range = (0.0, 0.06)
    spread_db: float = 8.0
    rest: float = 0.1
    sixteenths: bool = False
    crossfade_s: Range | None = None
    ring_s: Range | None = None


FREE = ("walk", "leap", "scale", "arpeggio", "repeat")
STYLES: dict[str, Style] = {
    "fast16": Style(("walk", "scale", "arpeggio"), (60 / 180 / 4, 60 / 120 / 4), (0.0, 0.02), sixteenths=True),
    "repeat": Style(("repeat",), (0.1, 0.4), (0.005, 0.06), spread_db=6.0),
    "legato": Style(("walk", "leap", "scale"), (0.15, 0.6), rest=0.05, crossfade_s=(0.008, 0.025)),
    "leaps": Style(("leap",), (0.15, 0.5)),
    "dynamics": Style(("walk", "leap", "arpeggio"), (0.15, 0.6), spread_db=26.0),
    "ringing": Style(("walk", "arpeggio", "leap", "repeat"), (0.12, 0.5), spread_db=12.0, ring_s=(0.05, 0.4)),
    "scales": Style(("scale",), (0.12, 0.4), (0.0, 0.04)),
    "arpeggios": Style(("arpeggio",), (0.12, 0.4), (0.0, 0.04)),
    "slow": Style(FREE, (0.6, 2.0), (0.0, 0.3), spread_db=12.0, rest=0.2),
}
MIXED = "mixed"
STYLE_NAMES = (*STYLES, MIXED)
STRETCH = (3, 9)  # notes of one style in a mixed phrase


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
    """

    tuning_cents: float = 50.0
    shift_semitones: int = 3
    top_db: Range = (-16.0, -8.0)
    floor_db: Range = (-90.0, -50.0)


PLAIN = Variety(tuning_cents=0.0, shift_semitones=0)


@dataclass(frozen=True, slots=True)
class _Planned:
    """One note of a phrase, before there is any sound: when, which, how loud, and how it ends."""

    onset_s: float
    end_s: float
    midi: int
    level_db: float
    fade_in_s: float
    ring_s: float
    slurred: bool


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
        """One of the notes nearest to a pitch."""
        away = np.abs(self.midi - midi)
        return self.notes[int(rng.choice(np.flatnonzero(away == away.min())))]

    @property
    def decays(self) -> bool:
        """Whether notes die away by themselves, as plucked and struck ones do."""
        falls_db = [_fall_db(note) for note in self.notes[:: max(1, len(self.notes) // 5)]]
        return float(np.median(falls_db)) > DECAY_DB


def _fall_db(note: Recording) -> float:
    """By how much a note falls from its first to its last quarter."""
    samples, rate_hz = _cached(note.path)
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
        One of `STYLE_NAMES`.
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
    if style != MIXED and style not in STYLES:
        raise DataError(f"there is no style {style!r}; choose from {', '.join(STYLE_NAMES)}")
    banks = group_notes(recordings)
    if style == "ringing":  # what is blown or bowed does not ring on
        banks = [bank for bank in banks if bank.decays] or banks
    bank = banks[int(rng.integers(len(banks)))]
    tuning = rng.uniform(-1.0, 1.0) * variety.tuning_cents / 100.0
    top_db = rng.uniform(*variety.top_db)
    planned = _plan(bank, variety.shift_semitones, style, rng, duration_s, top_db)

    out = np.zeros(s_to_samples(duration_s, rate_hz))
    notes: list[tuple[float, float, float]] = []
    for plan, following in zip(planned, [*planned[1:], None], strict=True):
        shift = tuning + plan.midi
        sound, onset, end_s, midi = _sound(bank.nearest(plan.midi, rng), plan, shift, rate_hz)
        start = s_to_samples(plan.onset_s, rate_hz) - onset
        skip = max(0, -start)
        room = out[start + skip : start + len(sound)]
        room += sound[skip : skip + len(room)]
        end_s = min(end_s, following.onset_s if following else duration_s)
        notes.append((plan.onset_s, end_s, midi))
    softest_db = min((plan.level_db for plan in planned), default=top_db)
    floor_db = min(rng.uniform(*variety.floor_db), softest_db - 18.0)
    out += noise_floor(len(out), rate_hz, floor_db, rng)
    return Phrase(
        samples=np.clip(out, -1.0, 1.0).astype(np.float32),
        rate_hz=rate_hz,
        notes=np.array(notes, dtype=np.float64).reshape(-1, 3),
        instrument=bank.notes[0].instrument,
        source=bank.notes[0].source,
        licence=bank.notes[0].licence,
        kind="assembled",
        style=style,
    )


def _plan(
    bank: Bank, shift: int, name: str, rng: np.random.Generator, duration_s: float, top_db: float
) -> list[_Planned]:
    """Choose onsets, ends, pitches and levels of a phrase."""
    pitches = bank.within(shift)
    decays = bank.decays
    choices = [style for style in STYLES if decays or style != "ringing"]
    planned: list[_Planned] = []
    clock = LEAD_S
    while clock < duration_s - TAIL_S:
        style = STYLES[str(rng.choice(choices)) if name == MIXED else name]
        melody = MELODIES[str(rng.choice(style.melodies))](pitches, rng)
        unit_s = _log_uniform(style.ioi_s, rng)
        slurs = style.crossfade_s is not None and not decays and rng.random() < 0.6
        for midi in _take(melody, int(rng.integers(*STRETCH))):
            ioi_s = unit_s * rng.choice([1, 2, 4], p=[0.85, 0.12, 0.03]) if style.sixteenths else 0.0
            ioi_s = ioi_s or _log_uniform(style.ioi_s, rng)
            joined = style.crossfade_s is not None or style.ring_s is not None
            gap_s = 0.0 if joined else min(rng.uniform(*style.gap_s), 0.5 * ioi_s)
            crossfade_s = rng.uniform(*style.crossfade_s) if style.crossfade_s else 0.0
            touches = bool(planned) and clock - planned[-1].end_s < 1e-6
            planned.append(
                _Planned(
                    onset_s=clock,
                    end_s=clock + ioi_s - gap_s,
                    midi=midi,
                    level_db=top_db - rng.uniform(0.0, style.spread_db),
                    fade_in_s=crossfade_s if touches else 0.0,
                    ring_s=rng.uniform(*style.ring_s) if style.ring_s else crossfade_s,
                    slurred=slurs and touches,
                )
            )
            clock += ioi_s
            if rng.random() < style.rest:
                clock += rng.uniform(0.1, 0.6)
            if clock >= duration_s - TAIL_S:
                break
    if planned:
        last_s = min(planned[-1].end_s, duration_s - 0.05)
        planned[-1] = replace(planned[-1], end_s=last_s)
    return [plan for plan in planned if plan.end_s - plan.onset_s >= SHORTEST_S]


def _sound(
    recording: Recording, plan: _Planned, target: float, rate_hz: int
) -> tuple[NDArray[np.float64], int, float, float]:
    """Cut, shift and fade one note: samples, the index of its onset in them, when it ends, and its pitch."""
    samples, source_rate_hz = _cached(recording.path)
    onset_s, offset_s, measured = (float(value) for value in recording.notes[0])
    ratio = Fraction(2.0 ** ((target - round(measured)) / 12.0) * source_rate_hz / rate_hz).limit_denominator(400)
    speed = float(ratio) * rate_hz / source_rate_hz
    # A slurred note is entered where its attack is over, as a bow or a breath goes on through the change.
    entry_s = onset_s + min(0.08, 0.25 * (offset_s - onset_s)) if plan.slurred else onset_s
    pre_s = 0.0 if plan.fade_in_s else min(PRE_ATTACK_S, entry_s)
    length_s = plan.end_s - plan.onset_s + plan.ring_s
    first = s_to_samples(entry_s - pre_s, source_rate_hz)
    last = s_to_samples(entry_s + length_s * speed, source_rate_hz)
    sound = resample(samples[first:last].astype(np.float64), ratio)
    onset = s_to_samples(pre_s / speed, rate_hz)
    sound *= from_db(plan.level_db) / max(float(np.abs(sound).max(initial=0.0)), 1e-9)
    fade_in = max(2, s_to_samples(plan.fade_in_s or FADE_IN_S, rate_hz))
    fade_out = max(2, s_to_samples(min(max(plan.ring_s, 0.008), 0.5 * length_s), rate_hz))
    sound[:fade_in] *= _rise(fade_in)[: len(sound)]
    sound[-fade_out:] *= _rise(fade_out)[::-1][-len(sound) :]
    decayed_s = plan.onset_s + (offset_s - entry_s) / speed
    return sound, onset, min(plan.end_s, decayed_s), measured + 12.0 * float(np.log2(speed))


def resample(samples: NDArray[np.float64], ratio: Fraction) -> NDArray[np.float64]:
    """Play so many times faster: ``ratio`` above 1 is shorter and higher."""
    from scipy.signal import resample_poly

    if ratio == 1 or not len(samples):
        return samples.copy()
    result: NDArray[np.float64] = resample_poly(samples, ratio.denominator, ratio.numerator)
    return result


@lru_cache(maxsize=256)
def _cached(path: Path) -> tuple[FloatArray, int]:
    """Audio without its constant part, which would click at every cut."""
    samples, rate_hz = load_audio(path)
    return samples - np.float32(samples.mean()), rate_hz


def _rise(length: int) -> NDArray[np.float64]:
    """A quarter of a sine: two of them crossed keep the power."""
    rise: NDArray[np.float64] = np.sin(0.5 * np.pi * (np.arange(length) + 0.5) / length)
    return rise


def _log_uniform(bounds: Range, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(bounds[0]), np.log(bounds[1]))))


def _take(melody: Iterator[int], count: int) -> Iterator[int]:
    for _, midi in zip(range(count), melody, strict=False):
        yield midi
