"""How much evidence the note machine asks for. They belong to a model: what its log odds are worth, they weigh."""

import math
from dataclasses import asdict, dataclass, fields

_MOST = 1e6


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the evidence is weighed against. Sums are in nepers of odds times milliseconds.

    Attributes
    ----------
    begin : float
        For a note out of silence.
    change : float
        For another note while one sounds.
    neighbour : float
        For a note a semitone from the one that sounds: vibrato and scoops look like that.
    octave : float
        For a note one or more octaves (or a twelfth) from the one that sounds.
    again : float
        For the note that sounds, struck again.
    end : float
        For the end of the note that sounds.
    refractory_ms : float
        No note is struck again sooner than this after it began.
    newness : float
        Weight of the evidence that a note has just begun beside the evidence that it sounds.
    lag_ms, lag_periods : float
        A note's evidence begins to rise so long after its onset, in milliseconds and in its own periods.
    same_semitones : float
        What differs by less from the note that sounds is that note, whatever its name: vibrato, glides, mistuning.
    swing_semitones : float
        What differs by less than this may be a swing about the note that sounds, which has not ended.
    swing_ms : float
        It has been away for so long at most: what a wide vibrato takes to turn.
    swing_after_ms : float
        So long after a note began.
    propose : float
        Sum at which a note is put to the verifier, where there is one.
    propose_again : float
        Log odds of having just begun at which the note that sounds is put to the verifier, as struck again.
    propose_again_ms : float
        Not sooner than this after it was last told.
    right : float
        Log odds of being right at which the verifier is believed, at an eagerness of 0.5.
    evident : float
        A note is evident when its sum is so many times what ``begin`` to ``octave`` ask for.
    right_evident : float
        So much less is asked for then.
    right_again : float
        So much more for the note that sounds, struck again.
    right_change : float
        So much more for another note than the one that sounds.
    right_near : float
        So much more instead for one of the two nearest names on either side: it may be no more than a swing.
    stands_ms, stands_semitones : float
        A pitch that has been steady for so long stands; and on a name, if it is so near to it.
    right_stands : float
        So much less for one of those two where the pitch stands on its name.
    left_ms : float
        Nor is any of that asked for where the pitch has been away from what sounds for longer than this.
    right_correct : float
        So much more instead for a better name of a note that is young and has hardly stood on its own.
    right_outlasts : float
        So much more instead for a better name of a note that was young, and has sounded for longer than that had.
    right_young : float
        So much more for what has only just begun; it falls to nothing at ``young_ms``.
    young_ms : float
        Age from which on nothing more is asked for.
    youngest_ms : float
        No note is told sooner: a tick, which is over by then, sounds as one that is struck does.
    right_octave : float
        So much more where one an octave or two away is likely too.
    octave_likely : float
        Log odds of sounding at which such a one is.
    right_third : float
        So much more instead where this may be the third harmonic of one: a clipped attack sounds like that at first.
    third_likely : float
        Log odds of sounding at which it may.
    right_per_eagerness : float
        How much less is asked for at an eagerness of 1 than at one of 0.
    """

    begin: float = 22.0
    change: float = 32.0
    neighbour: float = 100.0
    octave: float = 90.0
    again: float = 20.0
    end: float = 75.0
    refractory_ms: float = 70.0
    newness: float = 0.2
    lag_ms: float = 8.0
    lag_periods: float = 1.8
    same_semitones: float = 0.8
    swing_semitones: float = 1.8
    swing_ms: float = 70.0
    swing_after_ms: float = 200.0
    propose: float = 7.0
    propose_again: float = -2.0
    propose_again_ms: float = 25.0
    right: float = 1.25
    evident: float = 2.0
    right_evident: float = 0.4
    right_again: float = -0.5
    right_change: float = 1.0
    right_near: float = 1.5
    stands_ms: float = 60.0
    stands_semitones: float = 0.12
    right_stands: float = 1.5
    left_ms: float = 25.0
    right_correct: float = -1.0
    right_outlasts: float = 0.25
    right_young: float = 0.4
    young_ms: float = 50.0
    youngest_ms: float = 14.0
    right_octave: float = 2.0
    octave_likely: float = -3.0
    right_third: float = 3.0
    third_likely: float = -3.9
    right_per_eagerness: float = 4.0

    @property
    def changed(self) -> dict[str, float]:
        """Those values that are not the usual ones."""
        usual = asdict(USUAL)
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


USUAL = Thresholds()


def thresholds_of(values: object) -> Thresholds:
    """Thresholds that come from a file; one that it lacks, as it was added later, has its default.

    Raises
    ------
    ValueError
        If there is a name that `Thresholds` does not have, or a value is no number.
    """
    names = {field.name for field in fields(Thresholds)}
    if not isinstance(values, dict) or not values.keys() <= names:
        raise ValueError("not the thresholds of this version")
    for value in values.values():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.fabs(value) < _MOST:
            raise ValueError("a threshold is no number, or out of all bounds")
    return Thresholds(**{name: float(value) for name, value in values.items()})
