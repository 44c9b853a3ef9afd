"""Which notes a phrase is made of, and how their sounds are put together."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streamer.data.datasets import NoteTable
from streamer.errors import DataError
from streamer.material.melodies import MELODIES, IntArray, with_unisons
from streamer.units import s_to_samples

Range = tuple[float, float]
Samples = NDArray[np.float64]

LEAD_S = 0.3  # silence before the first note
TAIL_S = 0.4  # at least this much of the phrase is left after the last onset
SHORTEST_S = 0.045  # a shorter note is not placed
FADE_IN_S = 0.003
FADE_OUT_S = 0.008


@dataclass(frozen=True, slots=True)
class Style:
    """How the notes of a phrase follow each other.

    Attributes
    ----------
    melodies : tuple of str
        Names in `streamer.material.melodies.MELODIES`; one is drawn per stretch of notes.
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
    "fast16": Style(
        ("walk", "scale", "arpeggio", "repeat"), (60 / 180 / 4, 60 / 120 / 4), (0.0, 0.02), sixteenths=True
    ),
    "repeat": Style(("repeat",), (0.1, 0.4), (0.005, 0.06), spread_db=6.0),
    "legato": Style(("walk", "leap", "scale", "repeat"), (0.15, 0.6), rest=0.05, crossfade_s=(0.008, 0.025)),
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
_SLIDING = (0.3, 0.9)  # share of a phrase's notes
_SLIDE_MEAN, _SLIDE_SPREAD, _SLIDE_MOST = -0.35, 0.4, (-1.2, 0.6)  # semitones
_SLIDE_S = (0.01, 0.06)


@dataclass(frozen=True, slots=True)
class Slide:
    """How a note that is blown, bowed or sung finds its pitch.

    Attributes
    ----------
    semitones : float
        Where it begins, from where it goes.
    decay_s : float
        After this a third of the way is left (a factor of 1/e).
    """

    semitones: float
    decay_s: float


@dataclass(frozen=True, slots=True)
class PlannedNote:
    """One note of a phrase, before there is any sound.

    Attributes
    ----------
    onset_s, end_s : float
        When it begins, and when the player ends it.
    midi : int
        Which.
    level_db : float
        Its peak.
    fade_in_s, ring_s : float
        How long it is faded in, and how long it sounds on after its end.
    slurred : bool
        It has no attack of its own.
    slide : Slide or None
        How it reaches its pitch; None if it is there at once.
    """

    onset_s: float
    end_s: float
    midi: int
    level_db: float
    fade_in_s: float
    ring_s: float
    slurred: bool
    slide: Slide | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """The sound of one planned note.

    Attributes
    ----------
    samples : ndarray, shape (n,)
        Faded, at its level.
    onset : int
        Index in them of the note's onset.
    end_s : float
        When, in the phrase, it is over: where it is cut, or has decayed before.
    midi : float
        Its pitch.
    """

    samples: Samples
    onset: int
    end_s: float
    midi: float


def plan_notes(
    name: str, pitches: IntArray, rng: np.random.Generator, duration_s: float, top_db: float, decays: bool
) -> list[PlannedNote]:
    """Choose onsets, ends, pitches and levels of a phrase.

    Parameters
    ----------
    name : str
        One of `STYLE_NAMES`.
    pitches : ndarray of int
        What can be played.
    rng : numpy.random.Generator
        Decides everything.
    duration_s, top_db : float
        Length of the phrase, and peak level of its loudest note.
    decays : bool
        Whether notes die away by themselves; what does not is slurred now and then, and never rings on in ``mixed``.

    Raises
    ------
    DataError
        If there is no such style.
    """
    if name != MIXED and name not in STYLES:
        raise DataError(f"there is no style {name!r}; choose from {', '.join(STYLE_NAMES)}")
    choices = [style for style in STYLES if decays or style != "ringing"]
    planned: list[PlannedNote] = []
    clock = LEAD_S
    while clock < duration_s - TAIL_S:
        style = STYLES[str(rng.choice(choices)) if name == MIXED else name]
        melody = with_unisons(MELODIES[str(rng.choice(style.melodies))](pitches, rng), rng)
        unit_s = log_uniform(style.ioi_s, rng)
        slurs = style.crossfade_s is not None and not decays and rng.random() < 0.6
        for midi in _take(melody, int(rng.integers(*STRETCH))):
            ioi_s = unit_s * rng.choice([1, 2, 4], p=[0.85, 0.12, 0.03]) if style.sixteenths else 0.0
            ioi_s = ioi_s or log_uniform(style.ioi_s, rng)
            joined = style.crossfade_s is not None or style.ring_s is not None
            gap_s = 0.0 if joined else min(rng.uniform(*style.gap_s), 0.5 * ioi_s)
            crossfade_s = rng.uniform(*style.crossfade_s) if style.crossfade_s else 0.0
            touches = bool(planned) and clock - planned[-1].end_s < 1e-6
            planned.append(
                PlannedNote(
                    onset_s=clock,
                    end_s=clock + ioi_s - gap_s,
                    midi=midi,
                    level_db=top_db - rng.uniform(0.0, style.spread_db),
                    fade_in_s=crossfade_s if touches else 0.0,
                    ring_s=rng.uniform(*style.ring_s) if style.ring_s else crossfade_s,
                    slurred=slurs and touches and midi != planned[-1].midi,  # else there is nothing to hear
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


def with_slides(planned: Sequence[PlannedNote], rng: np.random.Generator) -> list[PlannedNote]:
    """Let some of a phrase's notes begin off their pitch, more often below it: a wide scoop, or a slight one.

    Parameters
    ----------
    planned : sequence of PlannedNote
        The notes of a phrase.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    share = rng.uniform(*_SLIDING)
    return [replace(plan, slide=_slide(rng)) if rng.random() < share else plan for plan in planned]


def mix(
    planned: Sequence[PlannedNote], make: Callable[[PlannedNote], Sound], rate_hz: int, duration_s: float
) -> tuple[Samples, NoteTable]:
    """Add up the sounds of all notes, and label them.

    Parameters
    ----------
    planned : sequence of PlannedNote
        The notes of a phrase.
    make : callable
        Gives the sound of one.
    rate_hz : int
        Samples per second.
    duration_s : float
        Length in seconds.

    Returns
    -------
    samples : ndarray, shape (n,)
        Of the stated duration.
    notes : ndarray, shape (m, 3)
        Onset, offset and pitch. No note lasts into the next: it is the newest that is to be followed.
    """
    out = np.zeros(s_to_samples(duration_s, rate_hz))
    notes: list[tuple[float, float, float]] = []
    for plan, following in zip(planned, [*planned[1:], None], strict=True):
        sound = make(plan)
        start = s_to_samples(plan.onset_s, rate_hz) - sound.onset
        skip = max(0, -start)
        room = out[start + skip : start + len(sound.samples)]
        room += sound.samples[skip : skip + len(room)]
        end_s = min(sound.end_s, following.onset_s if following else duration_s)
        notes.append((plan.onset_s, end_s, sound.midi))
    return out, np.array(notes, dtype=np.float64).reshape(-1, 3)


def fade(samples: Samples, plan: PlannedNote, rate_hz: int) -> None:
    """Fade a note in and out in place, as it is planned; crossed with its neighbour's fade, power is kept.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        The note's sound; it is changed.
    plan : PlannedNote
        Says how long the fades are.
    rate_hz : int
        Samples per second.
    """
    length_s = len(samples) / rate_hz
    fade_in = max(2, s_to_samples(plan.fade_in_s or FADE_IN_S, rate_hz))
    fade_out = max(2, s_to_samples(min(max(plan.ring_s, FADE_OUT_S), 0.5 * length_s), rate_hz))
    samples[:fade_in] *= _rise(fade_in)[: len(samples)]
    samples[-fade_out:] *= _rise(fade_out)[::-1][-len(samples) :]


def _rise(length: int) -> NDArray[np.float64]:
    """A quarter of a sine: two of them crossed keep the power."""
    rise: NDArray[np.float64] = np.sin(0.5 * np.pi * (np.arange(length) + 0.5) / length)
    return rise


def _slide(rng: np.random.Generator) -> Slide:
    semitones = float(np.clip(rng.normal(_SLIDE_MEAN, _SLIDE_SPREAD), *_SLIDE_MOST))
    return Slide(semitones, log_uniform(_SLIDE_S, rng))


def log_uniform(bounds: Range, rng: np.random.Generator) -> float:
    """A number between two, as probably from 1 to 2 as from 2 to 4.

    Parameters
    ----------
    bounds : tuple of float
        Smallest and largest; above 0.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    return float(np.exp(rng.uniform(np.log(bounds[0]), np.log(bounds[1]))))


def _take(melody: Iterator[int], count: int) -> Iterator[int]:
    for _, midi in zip(range(count), melody, strict=False):
        yield midi
