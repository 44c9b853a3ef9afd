"""What the browser's microphone hears: a melody whose notes are known, played by the built-in synthesiser."""

from pathlib import Path

import numpy as np
import soundfile

from streamer.outputs.synth import Synth
from streamer.units import midi_to_hz

RATE_HZ = 48_000
NOTES = (60, 62, 64, 67, 67, 72, 65, 57)
NAMES = ["C4", "D4", "E4", "G4", "G4", "C5", "F4", "A3"]
LEAD_S = 1.0
SPACING_S = 0.35
LENGTH_S = 0.28
HELD_S = 30.0  # the last note sounds on: something can be cut off
HELD_CENTS = 35.0  # it is sharp: something can be bent
UNTIL_HELD_S = LEAD_S + len(NOTES) * SPACING_S


def write(path: Path) -> Path:
    """The melody, and after it a sharp C4 held for long."""
    synth = Synth(RATE_HZ)
    parts = []

    def render(length_s: float) -> None:
        part = np.zeros(round(length_s * RATE_HZ), np.float32)
        synth.render(part)
        parts.append(part)

    render(LEAD_S)
    for note in NOTES:
        synth.note_on(note, 100)
        render(LENGTH_S)
        synth.note_off(note)
        render(SPACING_S - LENGTH_S)
    time_s = np.arange(round(HELD_S * RATE_HZ)) / RATE_HZ
    held_hz = midi_to_hz(60 + HELD_CENTS / 100)
    held = sum(np.sin(2 * np.pi * held_hz * k * time_s) / k for k in range(1, 8))
    parts.append((0.12 * np.minimum(1.0, time_s / 0.02) * held).astype(np.float32))
    soundfile.write(path, np.concatenate(parts), RATE_HZ, subtype="PCM_16")
    return path
