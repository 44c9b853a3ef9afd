"""A melody whose notes and times are known, played by a sampled instrument."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import mido
from receivers import notes_on, sounding

SOUNDFONTS = ("/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/sounds/sf2/TimGM6mb.sf2")
# Steps and leaps in both directions, and a note struck again.
NOTES = (60, 62, 64, 65, 67, 67, 72, 71, 69, 64, 76, 74, 72, 67, 79, 72)
JAZZ_GUITAR = 26  # its General MIDI program, counted from 0
SPACING_S = 0.4
LENGTH_S = 0.32
LEAD_S = 1.0  # silence before the first note
_TICKS_PER_S = 960  # mido's 480 ticks per beat at 120 beats a minute


@dataclass(frozen=True)
class Melody:
    """A recording and what is played in it."""

    recording: Path
    notes: tuple[int, ...]
    onsets_s: tuple[float, ...]


def render(directory: Path, rate_hz: int, program: int, notes: tuple[int, ...] = NOTES) -> Melody:
    """Have fluidsynth play ``notes`` on a General MIDI instrument into a WAV file."""
    track = mido.MidiTrack([mido.Message("program_change", program=program)])
    wait_s = LEAD_S
    for note in notes:
        track.append(mido.Message("note_on", note=note, velocity=96, time=round(wait_s * _TICKS_PER_S)))
        track.append(mido.Message("note_off", note=note, time=round(LENGTH_S * _TICKS_PER_S)))
        wait_s = SPACING_S - LENGTH_S
    score = mido.MidiFile(ticks_per_beat=480, tracks=[track])
    score_file, recording = directory / "melody.mid", directory / f"melody_{rate_hz}.wav"
    score.save(score_file)
    soundfont = next(font for font in SOUNDFONTS if Path(font).exists())
    stereo = directory / "stereo.wav"
    subprocess.run(
        # No reverb, no chorus: an onset is an onset.
        ["fluidsynth", "-ni", "-R0", "-C0", "-g0.8", f"-r{rate_hz}", "-F", str(stereo), soundfont, str(score_file)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    subprocess.run(["sox", str(stereo), "-c", "1", "-b", "16", str(recording)], check=True, timeout=60)
    onsets_s = tuple(LEAD_S + SPACING_S * i for i in range(len(notes)))
    return Melody(recording, notes, onsets_s)


def check_heard(melody: Melody, received: list[mido.Message], who: str) -> None:
    """Assert that every note arrived, in order, with none besides, and that none sounds on."""
    notes = [m.note for m in notes_on(received)]
    assert notes == list(melody.notes), f"{who} received {notes}"
    assert not sounding(received), f"{who} is left with {sounding(received)} sounding"


def onset_spread_ms(melody: Melody, received: list[mido.Message]) -> float:
    """The largest less the smallest delay between a note's onset in the recording and its arrival.

    The common part of the delay cannot be seen from here, and a player gets used to it; the spread is what is felt.
    """
    delays_s = [m.time - onset_s for m, onset_s in zip(notes_on(received), melody.onsets_s, strict=True)]
    return 1000.0 * (max(delays_s) - min(delays_s))
