"""Pitch curves put on recorded sound: slurs, trills, scoops, falls, slides and vibrato, with exact truth.

A recording is played faster and slower along a curve of semitones, so that its pitch is known at every moment. Held
notes become breaths of several notes that no attack parts; phrases get a vibrato and scoops that they did not have.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streamer.data.phrase import Phrase
from streamer.material.assemble import PRE_ATTACK_S, Bank, samples_of
from streamer.material.augment import Samples, from_db, noise_floor
from streamer.material.nonmusic import OWN_LICENCE, OWN_SOURCE
from streamer.material.plans import LEAD_S, TAIL_S, log_uniform
from streamer.units import midi_to_hz, s_to_samples

_FARTHEST = 7  # semitones from a recording's own pitch
_SHIFT = 3  # semitones by which a breath as a whole may lie beside the recording
_GAP_S = (0.05, 0.8)
_BREATHS = {"scale": 0.22, "trill": 0.2, "melody": 0.24, "held": 0.2, "tongued": 0.14}
_COMPUTED = 0.25  # of the phrases: of computed tones instead of recorded ones
_LOOP_S = 0.05  # over which a note that is too short is joined to itself
_SMALL_STEPS, _SMALL_SHARES = np.arange(1, 6), np.array([0.35, 0.3, 0.15, 0.1, 0.1])


@dataclass(frozen=True, slots=True)
class _Step:
    """One of the notes of a breath: its length, semitones from the breath's pitch, and the glide that leads to it.

    Where it is struck anew, softly, the level falls by ``dip_db`` for a moment.
    """

    length_s: float
    semitones: float
    glide_s: float
    dip_db: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Breath:
    """A curve of semitones, one value a sample, gains, and the notes in it: onset, offset (s) and semitones."""

    curve: Samples
    gain: Samples
    notes: NDArray[np.float64]


def slurred(banks: Sequence[Bank], rng: np.random.Generator, rate_hz: int = 44_100, duration_s: float = 10.0) -> Phrase:
    """Breaths of notes without an attack between them.

    Parameters
    ----------
    banks : sequence of Bank
        Recorded notes; where there are none, all tones are computed.
    rng : numpy.random.Generator
        Decides everything.
    rate_hz : int
        Rate of the phrase.
    duration_s : float
        Its length.

    Returns
    -------
    Phrase
        Of kind ``assembled``, or ``synthetic`` where its tones are computed.
    """
    computed = not banks or rng.random() < _COMPUTED
    bank = None if computed else banks[int(rng.choice(len(banks), p=_held_more(banks)))]
    out = np.zeros(s_to_samples(duration_s, rate_hz))
    top_db, tuning = rng.uniform(-20.0, -8.0), rng.uniform(-0.5, 0.5)
    register = int(rng.integers(28, 88))
    dips_db = rng.choice([0.0, rng.uniform(0.0, 12.0)])
    notes: list[tuple[float, float, float]] = []
    clock = LEAD_S * rng.uniform(0.7, 2.0)
    while clock < duration_s - TAIL_S:
        breath = _breath(rng, rate_hz, duration_s - 0.1 - clock, dips_db)
        wanted = register + int(rng.integers(-6, 7))
        sound, onset, midi = (
            _computed(breath, wanted + tuning, rate_hz, rng)
            if bank is None
            else _recorded(bank, breath, wanted, tuning, rate_hz, rng)
        )
        sound *= from_db(top_db - rng.uniform(0.0, 12.0)) / max(float(np.abs(sound).max(initial=0.0)), 1e-9)
        start = s_to_samples(clock, rate_hz) - onset
        room = out[start : start + len(sound)]
        room += sound[: len(room)]
        end_s = (start + len(sound)) / rate_hz
        notes += [(clock + a, min(clock + b, end_s), midi + c) for a, b, c in breath.notes if clock + a < end_s - 0.02]
        clock = max(clock + len(breath.curve) / rate_hz, end_s) + rng.uniform(*_GAP_S)
    out += noise_floor(len(out), rate_hz, min(rng.uniform(-90.0, -50.0), top_db - 30.0), rng)
    first = None if bank is None else bank.notes[0]
    return Phrase(
        samples=np.clip(out, -1.0, 1.0).astype(np.float32),
        rate_hz=rate_hz,
        notes=np.array(notes).reshape(-1, 3),
        instrument=first.instrument if first else "computed tone",
        source=first.source if first else OWN_SOURCE,
        licence=first.licence if first else OWN_LICENCE,
        kind="assembled" if first else "synthetic",
        style="slurred",
    )


def inflected(phrase: Phrase, rng: np.random.Generator) -> Phrase:
    """A phrase whose longer notes get a vibrato, and whose notes begin with scoops, more of them than it had.

    Parameters
    ----------
    phrase : Phrase
        As it was played or sung.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    rate_hz = phrase.rate_hz
    curve = np.zeros(len(phrase.samples))
    depth, rate = _vibrato_depth(rng), rng.uniform(4.5, 7.0)
    for onset_s, offset_s, _ in phrase.notes:
        first, last = s_to_samples(onset_s, rate_hz), min(len(curve), s_to_samples(offset_s, rate_hz))
        after_s = np.arange(max(0, last - first)) / rate_hz
        if rng.random() < 0.4:
            scoop = float(np.clip(rng.normal(-0.4, 0.6), -2.5, 1.5))
            curve[first:last] += scoop * np.exp(-after_s / log_uniform((0.015, 0.06), rng))
        if offset_s - onset_s > 0.3:
            curve[first:last] += _vibrato(after_s, depth, rate, rng) * np.clip((after_s[::-1]) / 0.05, 0.0, 1.0)
    samples, at = _along(phrase.samples.astype(np.float64), curve)
    notes = phrase.notes.copy()
    heard_at = np.arange(len(at)) / rate_hz
    notes[:, :2] = np.interp(notes[:, :2], at / rate_hz, heard_at)
    return replace(phrase, samples=samples.astype(np.float32), notes=notes)


def _held_more(banks: Sequence[Bank]) -> NDArray[np.float64]:
    """What is blown or bowed slurs more often than what is plucked."""
    shares = np.array([0.35 if bank.decays else 1.0 for bank in banks])
    return np.asarray(shares / shares.sum())


def _vibrato_depth(rng: np.random.Generator) -> float:
    """Semitones to either side."""
    low, high = ((0.05, 0.5), (0.5, 1.0), (1.0, 1.6))[int(rng.choice(3, p=[0.4, 0.3, 0.3]))]
    return float(rng.uniform(low, high))


def _vibrato(after_s: Samples, depth: float, rate: float, rng: np.random.Generator) -> Samples:
    """Semitones of a vibrato that sets in after a while."""
    grown = np.clip((after_s - rng.uniform(0.0, 0.35)) / rng.uniform(0.08, 0.4), 0.0, 1.0)
    phase = 2.0 * np.pi * rate * after_s * (1.0 + rng.uniform(-0.05, 0.05)) + rng.choice([0.0, np.pi])
    swing: Samples = depth * grown * np.sin(phase)
    return swing


def _steps(rng: np.random.Generator) -> list[_Step]:
    """The notes of one breath."""
    kind = str(rng.choice(list(_BREATHS), p=list(_BREATHS.values())))
    if kind == "held":
        return [_Step(rng.uniform(0.3, 2.2), 0.0, 0.0)]
    if kind == "trill":
        each_s, away = rng.uniform(0.06, 0.17), float(rng.choice([1, 2, -1, -2, 3], p=[0.4, 0.25, 0.2, 0.1, 0.05]))
        glide_s = min(0.45 * each_s, log_uniform((0.006, 0.05), rng))
        main_s = each_s if rng.random() < 0.6 else rng.uniform(0.15, 0.6)
        trill = [_Step(each_s, away * (k % 2), glide_s) for k in range(1, int(rng.integers(4, 15)))]
        return [_Step(main_s, 0.0, 0.0), *trill]
    if kind == "tongued":
        return _tongued(rng)
    slow = log_uniform((0.1, 0.5), rng)
    glide_s = log_uniform((0.006, 0.07), rng) if kind == "scale" or rng.random() < 0.6 else rng.uniform(0.06, 0.22)
    up = float(rng.choice([-1.0, 1.0]))
    chromatic = rng.random() < 0.5
    steps, now = [_Step(slow * rng.uniform(0.8, 1.6), 0.0, 0.0)], 0.0
    for _ in range(int(rng.integers(1, 10))):
        if kind == "scale":
            size = 1.0 if chromatic else float(rng.choice([1, 2], p=[0.3, 0.7]))
        else:
            size = float(rng.choice(_SMALL_STEPS, p=_SMALL_SHARES))
            up = float(rng.choice([-1.0, 1.0]))
        if abs(now + up * size) > _FARTHEST:
            up = -up
        now += up * size
        length_s = slow * (1.0 if kind == "scale" else log_uniform((0.6, 2.5), rng))
        steps.append(_Step(length_s, now, min(glide_s, 0.6 * min(length_s, steps[-1].length_s))))
    return steps


def _tongued(rng: np.random.Generator) -> list[_Step]:
    """Notes that are parted by no more than a tongue or a turn of the bow, most of them of one pitch."""
    each_s, now = log_uniform((0.1, 0.5), rng), 0.0
    dip_db = rng.uniform(4.0, 24.0)
    steps = [_Step(each_s, 0.0, 0.0)]
    for _ in range(int(rng.integers(1, 9))):
        now += float(rng.choice([0, 1, -1, 2, -2], p=[0.7, 0.075, 0.075, 0.075, 0.075]))
        steps.append(_Step(each_s * rng.uniform(0.85, 1.2), now, 0.01, dip_db + rng.uniform(-2.0, 2.0)))
    return steps


def _breath(rng: np.random.Generator, rate_hz: int, longest_s: float, dips_db: float) -> _Breath:
    steps = _steps(rng)
    length = s_to_samples(min(longest_s, sum(step.length_s for step in steps)), rate_hz)
    time_s = np.arange(length) / rate_hz
    curve, gain_db = np.full(length, steps[0].semitones), np.zeros(length)
    vibrato = rng.random() < 0.6
    depth, rate = _vibrato_depth(rng), rng.uniform(4.3, 7.2)
    notes, clock, before = [], 0.0, steps[0].semitones
    for step in steps:
        progress = np.clip((time_s - clock) / max(step.glide_s, 1e-4) + 0.5, 0.0, 1.0)
        here = progress > 0.0
        moved = progress * progress * (3.0 - 2.0 * progress)
        curve[here] = (before + (step.semitones - before) * moved)[here]
        if clock > 0.0:
            gain_db -= max(dips_db, step.dip_db) * np.exp(-(((time_s - clock) / rng.uniform(0.006, 0.02)) ** 2))
        if vibrato and step.length_s > 0.3:
            after_s = time_s - clock - 0.5 * step.glide_s
            inside = (after_s > 0.0) & (time_s < clock + step.length_s)
            ending = np.clip((clock + step.length_s - time_s) / 0.06, 0.0, 1.0)
            curve += np.where(inside, _vibrato(np.maximum(after_s, 0.0), depth, rate, rng) * ending, 0.0)
        notes.append((clock, clock + step.length_s, step.semitones))
        before, clock = step.semitones, clock + step.length_s
    if rng.random() < 0.45:
        scoop = float(np.clip(rng.normal(-0.7, 0.7), -2.5, 1.5))
        if rng.random() < 0.5:
            curve += scoop * np.exp(-time_s / log_uniform((0.01, 0.05), rng))
        else:
            curve += scoop * np.clip(1.0 - time_s / rng.uniform(0.03, 0.12), 0.0, 1.0)
    if rng.random() < 0.2:
        falling_s = rng.uniform(0.05, 0.25)
        curve -= rng.uniform(0.5, 5.0) * np.clip((time_s - time_s[-1] + falling_s) / falling_s, 0.0, 1.0)
    knots = rng.normal(0.0, rng.uniform(0.0, 0.08), length // (rate_hz // 20) + 2)
    curve += np.interp(time_s, np.arange(len(knots)) * 0.05, knots)
    swell = rng.normal(0.0, rng.uniform(0.0, 3.0), length // (rate_hz // 4) + 2)
    gain_db += np.interp(time_s, np.arange(len(swell)) * 0.25, swell)
    if rng.random() < 0.25:  # a tremolo is no repetition
        gain_db += rng.uniform(0.5, 4.0) * np.sin(2.0 * np.pi * rng.uniform(3.5, 8.0) * time_s + rng.uniform(0.0, 6.0))
    kept = [(a, min(b, length / rate_hz), c) for a, b, c in notes if a < length / rate_hz - 0.03]
    return _Breath(curve, 10.0 ** (gain_db / 20.0), np.array(kept).reshape(-1, 3))


def _recorded(
    bank: Bank, breath: _Breath, wanted: int, tuning: float, rate_hz: int, rng: np.random.Generator
) -> tuple[Samples, int, float]:
    """Sound of a breath made of one recorded note, the index of its onset, and the pitch that its curve starts from."""
    lowest, highest = int(bank.midi.min()) - _SHIFT, int(bank.midi.max()) + _SHIFT
    wanted = int(np.clip(wanted, lowest, highest)) if rng.random() < 0.5 else int(rng.integers(lowest, highest + 1))
    recording = bank.nearest(wanted, rng)
    samples, source_hz = samples_of(recording)
    onset_s, offset_s, measured = (float(value) for value in recording.notes[0])
    attack = rng.random() < 0.6
    entry_s = onset_s if attack else onset_s + min(0.12, 0.3 * (offset_s - onset_s))
    pre_s = min(PRE_ATTACK_S, entry_s) if attack else 0.0
    first, last = s_to_samples(entry_s - pre_s, source_hz), s_to_samples(offset_s, source_hz)
    away = float(np.clip(wanted + tuning - measured, -_SHIFT - 0.5, _SHIFT + 0.5))
    onset = s_to_samples(pre_s, rate_hz)
    curve = np.concatenate([np.full(onset, breath.curve[0]), breath.curve]) + away
    ratio = source_hz / rate_hz
    needed = int(np.sum(2.0 ** (curve / 12.0)) * ratio) + 8
    source = _long_enough(samples[first:last].astype(np.float64), needed, source_hz, bank.decays)
    sound, _ = _along(source, curve, ratio)
    sound[onset:] *= breath.gain[: max(0, len(sound) - onset)]
    if not attack:
        rise = min(len(sound), s_to_samples(log_uniform((0.004, 0.4), rng), rate_hz))
        sound[:rise] *= np.linspace(0.0, 1.0, rise)
    _end(sound, rate_hz, rng)
    return sound, onset, measured + away


def _computed(breath: _Breath, midi: float, rate_hz: int, rng: np.random.Generator) -> tuple[Samples, int, float]:
    """The same of a tone whose partials are drawn at random."""
    f0_hz = midi_to_hz(midi) * 2.0 ** (breath.curve / 12.0)
    phase = 2.0 * np.pi * np.cumsum(f0_hz) / rate_hz
    out = np.zeros(len(phase))
    kind = int(rng.integers(4))
    slope = rng.uniform(0.5, 2.5)
    for k in range(1, min(40, int(0.45 * rate_hz / f0_hz.max())) + 1):
        if kind == 0 and k > 1:  # a sine
            break
        if kind == 1 and k % 2 == 0:  # square and triangle
            continue
        strength = k**-slope * (rng.uniform(0.2, 1.5) if kind == 3 else 1.0)
        out += strength * np.sin(k * phase + rng.uniform(0.0, 2.0 * np.pi))
    out *= breath.gain
    rise = min(len(out), s_to_samples(log_uniform((0.003, 0.45), rng), rate_hz))
    out[:rise] *= np.linspace(0.0, 1.0, rise)
    _end(out, rate_hz, rng)
    return out, 0, midi


def _end(sound: Samples, rate_hz: int, rng: np.random.Generator) -> None:
    fall = min(len(sound), s_to_samples(rng.uniform(0.01, 0.12), rate_hz))
    sound[len(sound) - fall :] *= np.linspace(1.0, 0.0, fall)


def _along(source: Samples, curve: Samples, ratio: float = 1.0) -> tuple[Samples, Samples]:
    """A sound played along a curve of semitones; also where in the source each of its samples lies."""
    from scipy.ndimage import map_coordinates

    at = np.concatenate([[0.0], np.cumsum(ratio * 2.0 ** (curve / 12.0))[:-1]])
    at = at[at <= len(source) - 1]
    result: Samples = map_coordinates(source, at[None], order=3, mode="nearest")
    return result, at


def _long_enough(source: Samples, needed: int, rate_hz: int, decays: bool) -> Samples:
    """A note joined to itself, where it fits best, until it is long enough; what dies away is left to."""
    join = s_to_samples(_LOOP_S, rate_hz)
    if decays or len(source) < 8 * join:
        return source
    body = source[int(0.3 * len(source)) : int(0.9 * len(source))]
    source = source[: int(0.9 * len(source))]
    while len(source) < needed:
        tail = source[-join:]
        places = min(len(body) - 3 * join, s_to_samples(0.15, rate_hz))
        if places < 1:
            break
        windows = np.lib.stride_tricks.sliding_window_view(body[: places + join], join)[::4]
        fit = windows @ tail / np.sqrt((windows**2).sum(axis=1) + 1e-12)
        best = 4 * int(np.argmax(fit))
        weight = np.linspace(0.0, 1.0, join)
        joined = tail * np.sqrt(1.0 - weight) * np.sqrt(1.0 - weight) + body[best : best + join] * weight
        source = np.concatenate([source[:-join], joined, body[best + join :]])
    return source
