"""Guide a person through the notes of an instrument: ask, record, check, ask again.

`Guide` is a state machine without I/O. It is given blocks and answers with takes, each either good or with the problem
that it has; what is asked for next stands in ``Guide.request``. It tracks with the live tracker, hop by hop, so
however a recording is cut into blocks, the takes are the same.

::

    WAITING --louder than the room--> SOUNDING --silent again--> (a take) --> WAITING
       ^                                 |
       +--silent again-- FADING <--------+-- at most LONGEST_S, or interrupted
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto

import numpy as np

from streamer.config import TrackerConfig
from streamer.data.datasets import ONSET_DB, sounding_span
from streamer.data.requests import Request, Take
from streamer.data.room_level import GATE_DB, RoomLevel
from streamer.events import Block, Event, FloatArray, NoteOn, PitchEstimate
from streamer.tracker import make_tracker
from streamer.units import A4_HZ, SILENCE_DB, amplitude_to_db, hz_to_midi, note_name, s_to_samples

DETECTOR = "correlation"  # not the trained one, which may not know the instrument yet
PITCH = 0.5  # semitones from what was asked
VOICED_SHARE = 0.5  # of the hops with a pitch, so many must have the right one

BEFORE_S = 0.3  # kept from before a note, so that its attack is whole
AFTER_S = 0.1
RELEASE_S = 0.25  # a note is over after so much silence
CALM_S = 0.15  # and the next can come
LONGEST_S = 6.0
SHORTEST_S = 0.08
BLIP_S = 0.04  # what is shorter was no try: a click, a touch of the microphone
STRUCK_AGAIN_S = 0.12  # after the first stroke
STROKE_S = 0.08  # around a stroke the level rises
STROKE_DB = 5.0

DECAYED_DB = 40.0  # below its loudest hop a note is over

SOFTEST_PEAK_DB = -42.0
CLIPPING = 0.999
CLIPPED_SAMPLES = 2


class GuideState(Enum):
    """What the guide is about."""

    WAITING = auto()  # for a note
    SOUNDING = auto()  # a note is being played
    FADING = auto()  # it must be silent before the next can begin
    DONE = auto()


class Guide:
    """Ask for notes, one after the other, and check what is played.

    Parameters
    ----------
    requests : sequence of Request
        What is asked for, in order.
    rate_hz : int
        Sample rate of the blocks.
    a4_hz : float
        Frequency of A4.
    ahead : int
        A note that is not the one asked for, but one of so many that come next, is taken for that, and those between
        are left out: for recordings that were made before.

    Attributes
    ----------
    state : GuideState
        Where it stands.
    level_db : float
        Level of the latest hop.
    """

    def __init__(self, requests: Sequence[Request], rate_hz: int, a4_hz: float = A4_HZ, ahead: int = 0) -> None:
        self.rate_hz = rate_hz
        self.level_db = SILENCE_DB
        self._requests = tuple(requests)
        self._at = 0
        self._a4_hz = a4_hz
        self._ahead = ahead
        self._tracker = make_tracker(TrackerConfig(detector=DETECTOR, a4_hz=a4_hz, gate_db=GATE_DB), rate_hz)
        self._blocks: deque[tuple[int, FloatArray]] = deque()  # each with the index of its first sample
        self._room = RoomLevel(rate_hz)
        self._refused: Take | None = None
        self._begin_take(0)
        self.state = GuideState.WAITING if self._requests else GuideState.DONE

    @property
    def request(self) -> Request | None:
        """What is asked for now; None when all is done."""
        return self._requests[self._at] if self._at < len(self._requests) else None

    @property
    def position(self) -> tuple[int, int]:
        """How many requests are behind us, and how many there are."""
        return self._at, len(self._requests)

    @property
    def room_db(self) -> float | None:
        """Level of the room when nothing is played; None until it is known."""
        return self._room.level_db

    @property
    def can_keep(self) -> bool:
        """Whether `keep` has something to keep."""
        return self._refused is not None

    def process(self, block: Block) -> list[Take]:
        """Take the next samples; returns what became of the notes that ended in them."""
        takes: list[Take] = []
        if block.lost:
            self._tracker.gap(block.lost)
            self._blocks.clear()
            if self.state is GuideState.SOUNDING:
                self.state = GuideState.FADING
                takes += self._refuse_lost()
        self._blocks.append((self._tracker.consumed, block.samples))
        for event in self._tracker.process(block.samples):
            takes += self._follow(event)
        self._forget()
        return takes

    def finish(self) -> list[Take]:
        """The stream is over: check what was still sounding."""
        if self.state is not GuideState.SOUNDING:
            return []
        return self._end_take(self._tracker.consumed, GuideState.WAITING)

    def skip(self) -> None:
        """Leave this note out."""
        self._go_to(min(self._at + 1, len(self._requests)))

    def back(self) -> None:
        """Ask for the previous note again."""
        self._go_to(max(self._at - 1, 0))

    def keep(self) -> Take | None:
        """Take what was refused last as what was asked for: the person who plays may know better than the tracker.

        Returns
        -------
        Take or None
            None where there is nothing to keep.
        """
        take = self._refused
        if take is None:
            return None
        self._go_to(self._at + 1)
        return replace(take, problem=None)

    def _go_to(self, index: int) -> None:
        self._at = index
        self._refused = None
        if self.request is None:
            self.state = GuideState.DONE
        elif self.state is not GuideState.WAITING:
            self.state = GuideState.FADING
            self._quiet = 0

    def _begin_take(self, sample: int) -> None:
        self._begun = sample
        self._quiet = 0  # samples of silence up to now
        self._loudest_db = SILENCE_DB
        self._pitches: list[tuple[int, float]] = []  # centre and fractional MIDI number
        self._struck: list[NoteOn] = []
        self._levels: list[tuple[int, float]] = []  # end of each hop and its level

    def _follow(self, event: Event) -> list[Take]:
        if isinstance(event, NoteOn):
            self._struck.append(event)
        if not isinstance(event, PitchEstimate):
            return []
        self.level_db = event.level_db
        self._room.update(event)
        hop = self._tracker.config.hop
        if self.state is GuideState.SOUNDING:
            return self._follow_note(event, hop)
        if self.state is GuideState.FADING:
            self._quiet = self._quiet + hop if event.level_db < self._room.begin_db else 0
            if self._quiet >= s_to_samples(CALM_S, self.rate_hz):
                self.state = GuideState.WAITING
        elif self.state is GuideState.WAITING and self._room.is_known and event.level_db > self._room.begin_db:
            self.state = GuideState.SOUNDING
            self._begin_take(event.sample - hop)
            return self._follow_note(event, hop)
        return []

    def _follow_note(self, event: PitchEstimate, hop: int) -> list[Take]:
        self._levels.append((event.sample, event.level_db))
        if event.f0_hz is not None:
            self._pitches.append((event.centre, hz_to_midi(event.f0_hz, self._a4_hz)))
        self._loudest_db = max(self._loudest_db, event.level_db)
        over_db = max(self._room.end_db, self._loudest_db - DECAYED_DB)
        self._quiet = self._quiet + hop if event.level_db < over_db else 0
        length = event.sample - self._begun
        if self._quiet >= s_to_samples(RELEASE_S, self.rate_hz):
            if length - self._quiet < s_to_samples(BLIP_S, self.rate_hz):
                self.state = GuideState.WAITING
                return []
            after = s_to_samples(AFTER_S, self.rate_hz)
            return self._end_take(event.sample - self._quiet + after, GuideState.WAITING)
        if length >= s_to_samples(LONGEST_S, self.rate_hz):
            return self._end_take(event.sample, GuideState.FADING)
        return []

    def _end_take(self, end: int, then: GuideState) -> list[Take]:
        self.state, self._quiet = then, 0
        take = self._make_take(end)
        if take.problem is None:
            self._go_to(self._requests.index(take.request) + 1)
        else:
            self._refused = take if np.any(take.samples) else None
        return [take]

    def _refuse_lost(self) -> list[Take]:
        assert self.request is not None
        self._quiet = 0
        nothing = np.zeros(0, np.float32)
        return [
            Take(self.request, nothing, self.rate_hz, 0.0, 0.0, None, SILENCE_DB, "some of the sound was lost; again")
        ]

    def _make_take(self, end: int) -> Take:
        assert self.request is not None
        start = max(self._begun - s_to_samples(BEFORE_S, self.rate_hz), 0)
        start, samples = self._cut(start, end)
        peak = float(np.abs(samples).max(initial=0.0))
        onset_s, offset_s = sounding_span(samples, self.rate_hz) if peak else (0.0, 0.0)
        first, last = (start + s_to_samples(time_s, self.rate_hz) for time_s in (onset_s, offset_s))
        pitches = np.array([midi for centre, midi in self._pitches if first <= centre < last])
        request, f0_hz = self._match(pitches)
        before = samples[: max(0, self._begun - start - s_to_samples(BEFORE_S / 2, self.rate_hz))]
        problem = (
            self._level_problem(samples, peak, float(np.abs(before).max(initial=0.0)))
            or self._pitch_problem(pitches, f0_hz)
            or self._form_problem(request, offset_s - onset_s)
        )
        return Take(request, samples, self.rate_hz, onset_s, offset_s, f0_hz, amplitude_to_db(peak), problem)

    def _match(self, pitches: np.ndarray) -> tuple[Request, float | None]:
        """The request that these pitches answer, with their median; or else the one that stands, and None."""
        asked = self._requests[self._at : self._at + 1 + self._ahead]
        for request in asked:
            near = pitches[np.abs(pitches - request.midi) <= PITCH]
            if len(near) and len(near) >= VOICED_SHARE * len(pitches):
                return request, float(self._a4_hz * 2.0 ** ((np.median(near) - 69.0) / 12.0))
        return asked[0], None

    def _level_problem(self, samples: FloatArray, peak: float, room: float) -> str | None:
        if np.count_nonzero(np.abs(samples) >= CLIPPING) >= CLIPPED_SAMPLES:
            return "it clips; turn the input down, or play less loudly"
        peak_db = amplitude_to_db(peak)
        if peak_db < SOFTEST_PEAK_DB:
            return f"too soft, {peak_db:.0f} dB at its peak; turn the input up, or go nearer to the microphone"
        if room > peak * 10 ** (ONSET_DB / 20):
            above_db = peak_db - amplitude_to_db(room)
            return f"only {above_db:.0f} dB above the noise before it, not {-ONSET_DB:.0f}; make the room quieter"
        return None

    def _pitch_problem(self, pitches: np.ndarray, f0_hz: float | None) -> str | None:
        assert self.request is not None
        if f0_hz is not None:
            return None
        if not len(pitches):
            return "no clear pitch is heard"
        played = float(np.median(pitches))
        asked = self.request.midi
        nearest = round(played)
        if nearest == asked:
            return "its pitch does not stay at one note"
        if abs(nearest - asked) == 1 and abs(played - asked) < 0.8:
            side = "sharp" if played > asked else "flat"
            return f"{note_name(asked)} is {abs(100 * (played - asked)):.0f} cents {side}; tune, and play it again"
        return f"heard {note_name(nearest)}, not {note_name(asked)}"

    def _form_problem(self, request: Request, length_s: float) -> str | None:
        if length_s < SHORTEST_S:
            return "too short"
        strokes = [on.onset for on in self._struck if on.note == request.midi]
        later = [at for at in strokes if at - strokes[0] > s_to_samples(STRUCK_AGAIN_S, self.rate_hz)]
        if any(self._rises(at) for at in later):
            return "it was struck more than once; play one note and let it sound"
        return None

    def _rises(self, sample: int) -> bool:
        """Whether the level rises there: the tracker alone may be wrong about an instrument that is new to it."""
        reach = s_to_samples(STROKE_S, self.rate_hz)
        before = [level_db for at, level_db in self._levels if sample - reach <= at <= sample]
        after = [level_db for at, level_db in self._levels if sample < at <= sample + reach]
        # The loudest against the loudest: within a period of a low note the level goes up and down.
        return bool(before and after) and max(after) - max(before) >= STROKE_DB

    def _cut(self, start: int, end: int) -> tuple[int, FloatArray]:
        """The samples from ``start`` (or as far back as there are any) to ``end``."""
        if not self._blocks:
            return start, np.zeros(0, np.float32)
        first = self._blocks[0][0]
        whole = np.concatenate([samples for _, samples in self._blocks])
        start = max(start, first)
        return start, whole[start - first : max(start, end) - first]

    def _forget(self) -> None:
        """Let go of what no take can need."""
        needed = self._begun if self.state is GuideState.SOUNDING else self._tracker.consumed
        needed -= s_to_samples(BEFORE_S, self.rate_hz) + self._tracker.config.hop
        while self._blocks and self._blocks[0][0] + len(self._blocks[0][1]) <= needed:
            self._blocks.popleft()
