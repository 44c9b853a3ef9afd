"""Scales by name or as a list of notes."""

import re
from dataclasses import dataclass

from streamer.errors import ConfigError
from streamer.settings.description import nearest
from streamer.units import NOTE_NAMES

SEMITONES_PER_OCTAVE = 12
SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "lydian dominant": (0, 2, 4, 6, 7, 9, 10),
    "phrygian dominant": (0, 1, 4, 5, 7, 8, 10),
    "altered": (0, 1, 3, 4, 6, 8, 10),
    "double harmonic": (0, 1, 4, 5, 7, 8, 11),
    "hungarian minor": (0, 2, 3, 6, 7, 8, 11),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "major blues": (0, 2, 3, 4, 7, 9),
    "hirajoshi": (0, 2, 3, 7, 8),
    "in sen": (0, 1, 5, 7, 10),
    "whole tone": (0, 2, 4, 6, 8, 10),
    "whole half": (0, 2, 3, 5, 6, 8, 9, 11),
    "half whole": (0, 1, 3, 4, 6, 7, 9, 10),
    "chromatic": tuple(range(12)),
}
"""Semitones above the tonic, by name."""

_ALSO = {
    "": "major",
    "ionian": "major",
    "m": "minor",
    "aeolian": "minor",
    "natural minor": "minor",
    "pentatonic": "major pentatonic",
    "diminished": "whole half",
}
_TONIC = re.compile(r"([A-Ga-g])([#b♯♭]?)(m?)")
_MOST_LETTERS = 100


@dataclass(frozen=True, slots=True)
class Scale:
    """The notes of a key, the same in every octave.

    Attributes
    ----------
    name : str
        For people, such as "C minor".
    tonic : int
        Its first note, 0 for C to 11 for B.
    steps : tuple of int
        Its notes in semitones above the tonic, rising, from 0 to 11.
    """

    name: str
    tonic: int
    steps: tuple[int, ...]

    def __contains__(self, note: int) -> bool:
        """Whether a MIDI note is in the scale."""
        return (note - self.tonic) % SEMITONES_PER_OCTAVE in self.steps

    def up(self, note: int, steps: int) -> int:
        """The note of the scale that lies so many of its steps above a note of the scale; below, where negative.

        Parameters
        ----------
        note : int
            MIDI note number. One outside the scale keeps its distance to the note of the scale below it.
        steps : int
            Steps of the scale, not semitones.
        """
        above = (note - self.tonic) % SEMITONES_PER_OCTAVE
        index = max(k for k, step in enumerate(self.steps) if step <= above)
        octaves, wanted = divmod(index + steps, len(self.steps))
        return note + SEMITONES_PER_OCTAVE * octaves + self.steps[wanted] - self.steps[index]


def parse_scale(text: str) -> Scale:
    """The scale that a text means: "C minor", "F# dorian", "Am", or its notes, "C D Eb G A", of which the first leads.

    Parameters
    ----------
    text : str
        As people write it.

    Raises
    ------
    ConfigError
        If there is no such scale; it names the nearest that there is.
    """
    words = text[:_MOST_LETTERS].replace(",", " ").split()
    found = _TONIC.fullmatch(words[0]) if words else None
    if found is None:
        raise ConfigError(
            f"there is no scale {text[:_MOST_LETTERS]!r}; begin with its tonic, as in 'C minor' or 'F# dorian', "
            "or list its notes, as in 'C D Eb G A'"
        )
    tonic = _pitch_class(found)
    notes = [_TONIC.fullmatch(word) for word in words]
    if len(words) > 1 and all(note and not note[3] for note in notes):
        steps = sorted({(_pitch_class(note) - tonic) % SEMITONES_PER_OCTAVE for note in notes if note})
        return Scale(" ".join(words), tonic, tuple(steps))
    name = " ".join([found[3], *words[1:]]).strip().lower().replace("-", " ")
    name = _ALSO.get(name, name)
    if name not in SCALES:
        raise ConfigError(f"there is no scale {name!r}{nearest(name, SCALES)}; there are {', '.join(SCALES)}")
    return Scale(f"{NOTE_NAMES[tonic]} {name}", tonic, SCALES[name])


def _pitch_class(found: re.Match[str]) -> int:
    accidental = {"#": 1, "♯": 1, "b": -1, "♭": -1, "": 0}[found[2]]
    return (NOTE_NAMES.index(found[1].upper()) + accidental) % SEMITONES_PER_OCTAVE
