"""Melodies rendered by fluidsynth with a General MIDI soundfont: the keys are the labels."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from streamer.data.datasets import load_audio
from streamer.data.phrase import NO_NOTES, Phrase
from streamer.errors import DataError
from streamer.events import FloatArray
from streamer.material.augment import from_db
from streamer.material.melodies import MELODIES, with_unisons
from streamer.material.plans import LEAD_S, TAIL_S
from streamer.units import s_to_samples

PROGRAM = "fluidsynth"
TIMEOUT_S = 120.0
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
LICENCE = "MIT (FluidR3_GM, Copyright (c) 2000-2002, 2008 Frank Wen; (c) 2008 Toby Smithe)"
SOURCE = "debian:fluid-soundfont-gm"
DRUM_KITS = (0, 8, 16, 24, 25, 32, 40, 48)
DRUM_KEYS = (35, 82)
TICKS = 960  # per beat, at one beat a second

# General MIDI program -> name, lowest and highest key that sounds natural there
PROGRAMS: dict[int, tuple[str, int, int]] = {
    0: ("piano", 21, 108),
    4: ("electric_piano", 28, 96),
    6: ("harpsichord", 29, 89),
    9: ("glockenspiel", 79, 108),
    10: ("music_box", 60, 96),
    11: ("vibraphone", 53, 89),
    12: ("marimba", 45, 96),
    13: ("xylophone", 65, 108),
    16: ("drawbar_organ", 36, 96),
    19: ("church_organ", 28, 96),
    21: ("accordion", 53, 89),
    22: ("harmonica", 60, 96),
    24: ("nylon_guitar", 40, 84),
    25: ("steel_guitar", 40, 84),
    26: ("jazz_guitar", 40, 86),
    27: ("clean_guitar", 40, 86),
    28: ("muted_guitar", 40, 80),
    29: ("overdriven_guitar", 40, 86),
    32: ("acoustic_bass", 28, 60),
    33: ("finger_bass", 24, 60),
    34: ("picked_bass", 28, 60),
    35: ("fretless_bass", 28, 60),
    36: ("slap_bass", 28, 60),
    38: ("synth_bass", 24, 60),
    40: ("violin", 55, 100),
    41: ("viola", 48, 88),
    42: ("cello", 36, 80),
    43: ("contrabass", 28, 62),
    45: ("pizzicato_strings", 36, 88),
    46: ("harp", 24, 100),
    52: ("choir_aahs", 43, 81),
    53: ("voice_oohs", 43, 81),
    56: ("trumpet", 54, 86),
    57: ("trombone", 36, 74),
    58: ("tuba", 28, 58),
    59: ("muted_trumpet", 54, 84),
    60: ("french_horn", 40, 77),
    64: ("soprano_sax", 56, 88),
    65: ("alto_sax", 49, 81),
    66: ("tenor_sax", 44, 76),
    67: ("baritone_sax", 36, 68),
    68: ("oboe", 58, 91),
    69: ("english_horn", 52, 81),
    70: ("bassoon", 34, 72),
    71: ("clarinet", 50, 91),
    72: ("piccolo", 74, 108),
    73: ("flute", 60, 96),
    74: ("recorder", 60, 96),
    75: ("pan_flute", 60, 96),
    78: ("whistle", 72, 108),
    79: ("ocarina", 60, 89),
    80: ("square_lead", 36, 96),
    81: ("saw_lead", 36, 96),
    104: ("sitar", 48, 77),
    105: ("banjo", 48, 84),
    108: ("kalimba", 48, 84),
    110: ("fiddle", 55, 96),
}


def is_available() -> bool:
    """Whether fluidsynth and the soundfont are installed."""
    return shutil.which(PROGRAM) is not None and SOUNDFONT.is_file()


def render(
    program: int,
    rng: np.random.Generator,
    rate_hz: int = 44_100,
    duration_s: float = 12.0,
    span_semitones: int = 24,
) -> Phrase:
    """Play a random melody on one General MIDI program.

    Parameters
    ----------
    program : int
        A key of `PROGRAMS`.
    rng : numpy.random.Generator
        Decides register, melody, tempo and velocities.
    rate_hz : int
        Samples per second.
    duration_s : float
        Length in seconds.
    span_semitones : int
        Width of the register that the melody stays in.

    Returns
    -------
    Phrase
        Of kind ``rendered``. A note's onset is its key going down, its offset the key going up.

    Raises
    ------
    DataError
        If fluidsynth or the soundfont is absent, or fails.
    """
    import mido

    name, low, high = PROGRAMS[program]
    bottom = int(rng.integers(low, max(low + 1, high - span_semitones + 1)))
    pitches = np.arange(bottom, min(high, bottom + span_semitones) + 1)
    style = str(rng.choice(list(MELODIES)))
    melody = with_unisons(MELODIES[style](pitches, rng), rng)
    track, notes = _melody_track(program, melody, rng, duration_s)
    samples = _synthesise(mido.MidiFile(tracks=[track], ticks_per_beat=TICKS), rate_hz)
    samples = _fitted(samples, duration_s, rate_hz)
    return Phrase(
        samples=_levelled(samples, rng),
        rate_hz=rate_hz,
        notes=np.array(notes),
        instrument=f"gm_{name}",
        source=SOURCE,
        licence=LICENCE,
        kind="rendered",
        style=style,
    )


def _melody_track(
    program: int, melody: Iterator[int], rng: np.random.Generator, duration_s: float
) -> tuple["mido.MidiTrack", list[tuple[float, float, float]]]:  # type: ignore[name-defined]  # noqa: F821
    """The keys of a melody, one after the other, with random lengths and velocities; and the notes as labels."""
    import mido

    track = mido.MidiTrack(
        [mido.MetaMessage("set_tempo", tempo=1_000_000), mido.Message("program_change", program=program)]
    )
    notes: list[tuple[float, float, float]] = []
    clock, written = LEAD_S, 0.0
    slowest_s = rng.uniform(0.12, 0.9)
    while clock < duration_s - TAIL_S:
        key = next(melody)
        ioi_s = rng.uniform(max(0.085, 0.5 * slowest_s), slowest_s)
        end_s = min(clock + ioi_s * rng.uniform(0.75, 1.0), duration_s - 0.05)
        notes.append((clock, end_s, float(key)))
        velocity = int(rng.integers(40, 120))
        for message, at_s in (("note_on", clock), ("note_off", end_s)):
            track.append(mido.Message(message, note=key, velocity=velocity, time=_ticks(at_s) - _ticks(written)))
            written = at_s
        clock += ioi_s + (rng.uniform(0.1, 0.5) if rng.random() < 0.1 else 0.0)
    return track, notes


def render_drums(rng: np.random.Generator, rate_hz: int = 44_100, duration_s: float = 12.0) -> Phrase:
    """Play a random pattern on one of the General MIDI drum kits: sound without a single note.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides kit, instruments, tempo and velocities.
    rate_hz : int
        Samples per second.
    duration_s : float
        Length in seconds.

    Returns
    -------
    Phrase
        Of kind ``nonmusic``.

    Raises
    ------
    DataError
        If fluidsynth or the soundfont is absent, or fails.
    """
    import mido

    kit = int(rng.choice(DRUM_KITS))
    keys = rng.choice(np.arange(*DRUM_KEYS), size=int(rng.integers(3, 9)), replace=False)
    step_s = rng.uniform(0.09, 0.3)
    track = mido.MidiTrack(
        [mido.MetaMessage("set_tempo", tempo=1_000_000), mido.Message("program_change", program=kit, channel=9)]
    )
    loop = [[int(key) for key in keys if rng.random() < 0.35] for _ in range(16)]
    written = 0.0
    for step in range(int((duration_s - TAIL_S) / step_s)):
        for key in loop[step % len(loop)]:
            at_s = step * step_s
            velocity = int(rng.integers(40, 127))
            for message, when_s in (("note_on", at_s), ("note_off", at_s + 0.05)):
                delay = max(0, _ticks(when_s) - _ticks(written))
                track.append(mido.Message(message, note=key, velocity=velocity, time=delay, channel=9))
                written = max(written, when_s)
    samples = _fitted(_synthesise(mido.MidiFile(tracks=[track], ticks_per_beat=TICKS), rate_hz), duration_s, rate_hz)
    return Phrase(
        samples=_levelled(samples, rng),
        rate_hz=rate_hz,
        notes=NO_NOTES,
        instrument="gm_drums",
        source=SOURCE,
        licence=LICENCE,
        kind="nonmusic",
        style="drum_kit",
    )


def _fitted(samples: np.ndarray, duration_s: float, rate_hz: int) -> np.ndarray:
    length = s_to_samples(duration_s, rate_hz)
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


def _levelled(samples: np.ndarray, rng: np.random.Generator) -> FloatArray:
    peak = max(float(np.abs(samples).max()), 1e-9)
    return np.asarray(samples * (from_db(rng.uniform(-20.0, -3.0)) / peak), np.float32)


def _ticks(seconds: float) -> int:
    return round(seconds * TICKS)


def _synthesise(midi: "mido.MidiFile", rate_hz: int) -> np.ndarray:  # type: ignore[name-defined]  # noqa: F821
    """Let fluidsynth play a MIDI file, dry."""
    if not is_available():
        raise DataError(f"{PROGRAM} or {SOUNDFONT} is absent; install fluidsynth and fluid-soundfont-gm")
    with tempfile.TemporaryDirectory() as folder:
        score, audio = Path(folder, "score.mid"), Path(folder, "audio.wav")
        midi.save(score)
        command = [PROGRAM, "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(rate_hz), "-T", "wav"]
        try:
            subprocess.run(
                [*command, "-F", str(audio), str(SOUNDFONT), str(score)],
                capture_output=True,
                timeout=TIMEOUT_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise DataError(f"{PROGRAM} failed: {error}") from error
        return load_audio(audio)[0]
