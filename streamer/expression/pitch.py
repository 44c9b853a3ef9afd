"""The pitch of a note that sounds, hop by hop."""

from collections import deque

_MEDIAN = 3  # hops; a single one that is off never sounds
_STEP_ST = 0.3  # semitones from one hop to the next, and more with time: no pitch that moves is quicker
_FASTEST_ST_PER_S = 40.0
_JUMP_MS = 24.0  # a pitch that has stayed elsewhere for so long is believed to have jumped there
_FARTHEST_ST = 1.6  # from a note's name; what lies further off is another note, or an octave that flickers
_FARTHEST_JUMP_ST = 0.7  # of a note that slides: what jumps further is another note
_NEAR_ST = 0.5  # from the pitch that goes with a new name
_LEFT_ST = 0.7  # from its name, a note that slides has left it
_PATH = 7  # hops through which it is told where a pitch is going
_LEAST_PATH_MS = 8.0
_AHEAD = 0.5  # of the time since the sound that was analysed
_LEAST_AHEAD_ST, _FARTHEST_AHEAD_ST = 0.04, 0.4


class PitchFollower:
    """The pitch of one note.

    A median takes out single hops, and what jumps is waited for.

    Parameters
    ----------
    rate_hz : int
        Samples per second.
    name : int
        Number of the note.
    midi : float
        Fractional note number that it begins with.
    sample : int
        When that is known.

    Attributes
    ----------
    name : int
        Number of the note under its newest name.
    midi : float
        Where its pitch is.
    """

    def __init__(self, rate_hz: int, name: int, midi: float, sample: int) -> None:
        self.name = name
        self.midi = midi
        self._fastest = _FASTEST_ST_PER_S / rate_hz
        self._jump = _JUMP_MS * rate_hz / 1000.0
        self._newest: deque[float] = deque([midi], _MEDIAN)
        self._path: deque[tuple[int, float]] = deque(maxlen=_PATH)  # when, and where
        self._least_path = round(_LEAST_PATH_MS * rate_hz / 1000.0)
        self._taken = self._heard = sample

    def take(self, midi: float, sample: int, age: int, *, slides: bool) -> None:
        """Take the pitch of a hop.

        Parameters
        ----------
        midi : float
            Fractional note number.
        sample : int
            The end of the hop.
        age : int
            How long ago its sound was, in samples.
        slides : bool
            Whether the note may move further from its name than notes do, but without a break.
        """
        step = abs(midi - self._newest[-1])
        fastest = _STEP_ST + self._fastest * (sample - self._heard)
        self._heard = sample
        if step > fastest:
            far = step > _FARTHEST_JUMP_ST if slides else abs(midi - self.name) > _FARTHEST_ST
            if far or sample - self._taken < self._jump:
                return
            self._newest.clear()
            self._path.clear()
        elif not slides and abs(midi - self.name) > _FARTHEST_ST:
            return
        self._newest.append(midi)
        self._taken = sample
        middle = sorted(self._newest)[len(self._newest) // 2]
        self._path.append((sample, middle))
        self.midi = middle + self._ahead(age)

    def is_sliding(self, sample: int) -> bool:
        """Whether it is heard, and has left its name.

        Parameters
        ----------
        sample : int
            Now.
        """
        return sample - self._taken < self._jump and abs(self.midi - self.name) > _LEFT_ST

    def _ahead(self, age: int) -> float:
        """How much further a pitch that moves has got since the sound that was analysed."""
        (before, there), (now, here) = self._path[0], self._path[-1]
        if now - before < self._least_path:
            return 0.0
        further = (here - there) / (now - before) * _AHEAD * age
        return min(_FARTHEST_AHEAD_ST, max(-_FARTHEST_AHEAD_ST, further)) if abs(further) > _LEAST_AHEAD_ST else 0.0

    def rename(self, name: int, midi: float) -> None:
        """The note is known under another name, and where its pitch is not near that, it is there.

        Parameters
        ----------
        name : int
            The new name.
        midi : float
            The pitch that goes with it.
        """
        self.name = name
        if abs(self.midi - midi) > _NEAR_ST:
            self.midi = midi
            self._newest.clear()
            self._newest.append(midi)
            self._path.clear()
