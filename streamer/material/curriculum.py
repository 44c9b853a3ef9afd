"""What a model is trained on: phrases made from recordings, in a fixed order, each from its own seed.

Piece ``k`` of a curriculum is the same whoever asks for it, and in whichever process, so the work can be spread and
taken up again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from streamer.data.datasets import Recording
from streamer.data.phrase import Phrase, cut
from streamer.events import FloatArray
from streamer.material import augment, nonmusic, soundfont, speech
from streamer.material.assemble import Bank, assemble, group_notes, resample
from streamer.material.plans import STYLE_NAMES
from streamer.material.singing import sing
from streamer.material.synthesis import synthesise
from streamer.settings.description import described
from streamer.settings.training import SHARES

RATE_HZ = 44_100
PIECE_S = 10.0
VOICE_SHIFT_SEMITONES = 4.0
_LOWEST = (21, 24, 28, 36, 40, 45, 50, 57, 69, 84, 92)


@dataclass(frozen=True, slots=True)
class Mixture:
    """The share of each kind of material; what cannot be had on this machine goes to the others.

    Computed singing is left to the verifier (`streamer.training.verifier`): its consonants are labelled as no note
    though they sound at a pitch, and a scorer that learns this takes the beginning of a sine for one of them.
    """

    assembled: float = described(SHARES["assembled"])
    phrases: float = described(SHARES["phrases"])
    rendered: float = described(SHARES["rendered"])
    synthesised: float = described(SHARES["synthesised"])
    sung: float = described(SHARES["sung"])
    nonmusic: float = described(SHARES["nonmusic"])
    drums: float = described(SHARES["drums"])
    speech: float = described(SHARES["speech"])


@dataclass(frozen=True)
class Curriculum:
    """Endless labelled material made of a data set.

    Parameters
    ----------
    recordings : sequence of Recording
        What it is made of.
    seed : int
        Decides everything.
    synthetic : bool
        Whether soundfont, noise and speech are added.
    """

    recordings: Sequence[Recording]
    seed: int = 0
    synthetic: bool = True
    mixture: Mixture = Mixture()
    conditions: augment.Conditions = field(default_factory=augment.Conditions)
    programs: tuple[int, ...] = tuple(soundfont.PROGRAMS)

    def __post_init__(self) -> None:
        """Sort the recordings into single notes and phrases."""
        notes = [r for r in self.recordings if r.kind == "note"]
        object.__setattr__(self, "_banks", group_notes(notes) if notes else [])
        object.__setattr__(self, "_phrases", [r for r in self.recordings if r.kind != "note"])

    def piece(self, index: int) -> Phrase:
        """The phrase of that number.

        Raises
        ------
        DataError
            If a recording cannot be read.
        """
        rng = np.random.default_rng([self.seed, index])
        phrase = self._plain(self._kind(rng), rng)
        if rng.random() < 0.25:  # as recorded
            return phrase
        return augment.apply(phrase, rng, self.conditions)

    def _kind(self, rng: np.random.Generator) -> str:
        banks: list[Bank] = self._banks  # type: ignore[attr-defined]
        phrases: list[Recording] = self._phrases  # type: ignore[attr-defined]
        shares = {
            "assembled": self.mixture.assembled * bool(banks),
            "phrases": self.mixture.phrases * bool(phrases),
            "rendered": self.mixture.rendered * (self.synthetic and soundfont.is_available()),
            "synthesised": self.mixture.synthesised * self.synthetic,
            "sung": self.mixture.sung * self.synthetic,
            "nonmusic": self.mixture.nonmusic * self.synthetic,
            "drums": self.mixture.drums * (self.synthetic and soundfont.is_available()),
            "speech": self.mixture.speech * (self.synthetic and speech.is_available()),
        }
        weights = np.array(list(shares.values()))
        return str(rng.choice(list(shares), p=weights / weights.sum()))

    def _plain(self, kind: str, rng: np.random.Generator) -> Phrase:
        if kind == "assembled":
            banks: list[Bank] = self._banks  # type: ignore[attr-defined]
            bank = banks[int(rng.integers(len(banks)))]
            return assemble(bank.notes, str(rng.choice(STYLE_NAMES)), rng, RATE_HZ, PIECE_S)
        if kind == "phrases":
            phrases: list[Recording] = self._phrases  # type: ignore[attr-defined]
            pieces = cut(phrases[int(rng.integers(len(phrases)))], PIECE_S)
            return shifted(pieces[int(rng.integers(len(pieces)))], rng)
        if kind == "rendered":
            return soundfont.render(int(rng.choice(self.programs)), rng, RATE_HZ, PIECE_S)
        if kind == "synthesised":
            low = int(rng.choice(_LOWEST))  # the ends of the range, where recordings are few, more often
            return synthesise(str(rng.choice(STYLE_NAMES)), rng, RATE_HZ, PIECE_S, low, low + 16)
        if kind == "sung":
            return sing(rng, RATE_HZ, PIECE_S)
        if kind == "drums":
            return soundfont.render_drums(rng, RATE_HZ, PIECE_S)
        if kind == "speech":
            return speech.speech(rng, RATE_HZ, PIECE_S)
        return nonmusic.nonmusic(str(rng.choice(list(nonmusic.MAKERS))), rng, RATE_HZ, PIECE_S)


def shifted(phrase: Phrase, rng: np.random.Generator) -> Phrase:
    """Play a phrase a little faster and higher, or slower and lower, as a tape would; its labels follow.

    Parameters
    ----------
    phrase : Phrase
        What is played.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    wanted = 2.0 ** (rng.uniform(-VOICE_SHIFT_SEMITONES, VOICE_SHIFT_SEMITONES) / 12.0)
    ratio = Fraction(wanted).limit_denominator(60)
    samples: FloatArray = resample(phrase.samples.astype(np.float64), ratio).astype(np.float32)
    speed = float(ratio)
    notes = phrase.notes.copy()
    notes[:, :2] /= speed
    notes[:, 2] += 12.0 * np.log2(speed)
    return replace(phrase, samples=samples, notes=notes)
