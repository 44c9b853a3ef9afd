"""The recordings that went worst, and what was detected in them beside what was played."""

import math

import numpy as np
from numpy.typing import NDArray

from streamer.data.datasets import Recording
from streamer.evaluation.evaluate import Evaluation, Result, is_music
from streamer.evaluation.metrics import IN_TIME_S, EventTable, follow
from streamer.evaluation.svg import BOTTOM, TOP, Plot, round_step, ticks
from streamer.units import note_name

SHOWN_S = 20.0  # of a longer recording, the stretch with most errors
PER_SEMITONE = 6.5
VERDICTS = {
    "right": "right",
    "late": f"right, but later than {1000 * IN_TIME_S[1]:.0f} ms",
    "octave": "an octave off",
    "false": "no such note began there",
}


def worst(evaluation: Evaluation, system: int, count: int) -> list[int]:
    """Recordings of music with the lowest F1@100ms, then nonmusic with the most false notes, worst first.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.
    system : int
        Index of the system.
    count : int
        At most so many.
    """
    results = evaluation.results[system]
    music = [n for n, recording in enumerate(evaluation.recordings) if is_music(recording) and len(recording.notes)]
    others = [
        n for n, recording in enumerate(evaluation.recordings) if not is_music(recording) and len(results[n].events)
    ]
    music.sort(key=lambda n: results[n].notes.figures()["f1_100ms"])
    others.sort(key=lambda n: -results[n].notes.figures()["false_per_min"])
    noisy = others[: max(0, min(len(others), count // 3))]
    return [*music[: count - len(noisy)], *noisy]


def verdicts(recording: Recording, events: EventTable) -> tuple[list[str], NDArray[np.bool_]]:
    """For each event a key of `VERDICTS`, and for each note whether an event is taken for it.

    Parameters
    ----------
    recording : Recording
        What was played.
    events : ndarray, shape (n, 4)
        Onset, offset (s), MIDI pitch and emission time (s) of each detected note.
    """
    taken, octave = follow(recording.notes, events)
    kinds = ["octave" if away else "false" for away in octave]
    for note, event in enumerate(taken):
        if event >= 0:
            late = events[event, 3] - recording.notes[note, 0] > IN_TIME_S[1]
            kinds[event] = "late" if late else "right"
    return kinds, taken >= 0


def roll(recording: Recording, result: Result) -> str:
    """Piano roll of one recording: what was played, wide, and on it what was detected, narrow.

    Parameters
    ----------
    recording : Recording
        What was played.
    result : Result
        What was detected.
    """
    notes, events = recording.notes, result.events
    kinds, found = verdicts(recording, events)
    wrong_s = [*events[[v in ("octave", "false") for v in kinds], 0], *notes[~found, 0]]
    start, end = _stretch(wrong_s, result.notes.duration_s)
    shown = [midi for onset, offset, midi, *_ in (*notes, *events) if onset < end and offset > start]
    low, high = (math.floor(min(shown)) - 2, math.ceil(max(shown)) + 2) if shown else (57, 69)
    low, high = min(low, high - 14), high
    height = min(300.0, TOP + BOTTOM + PER_SEMITONE * (high - low))
    plot = Plot(980, height, (start, end), (low, high), f"Piano roll of {recording.path.stem}")
    every = 12 if high - low > 30 else 4
    named = [midi for midi in range(low + 1, high) if midi % 12 % every == 0]
    plot.y_axis([(midi, note_name(midi)) for midi in named])
    step = round_step(end - start, 10)
    plot.x_axis(ticks(math.ceil(start / step) * step, math.floor(end / step) * step, step, " s"))
    for (onset, offset, midi), hit in zip(notes, found, strict=True):
        if onset < end and offset > start:
            title = f"played {_named(midi)}, {onset:.2f} to {offset:.2f} s" + ("" if hit else ": missed")
            span = (max(onset, start), min(offset, end))
            plot.block(span, (midi - 0.5, midi + 0.5), "truth" if hit else "missed", title)
    for (onset, offset, midi, emitted), verdict in zip(events, kinds, strict=True):
        if onset < end and offset > start:
            title = f"detected {_named(midi)} from {onset:.2f} s, reported at {emitted:.2f} s: {VERDICTS[verdict]}"
            plot.block((max(onset, start), min(offset, end)), (midi - 0.22, midi + 0.22), f"k-{verdict}", title)
    return str(plot)


def _stretch(wrong_s: list[float], duration_s: float) -> tuple[float, float]:
    """The part of a recording that is shown."""
    if duration_s <= SHOWN_S or not wrong_s:
        return 0.0, min(duration_s, SHOWN_S)
    times = np.sort(np.array(wrong_s))
    inside = np.searchsorted(times, times + SHOWN_S - 1.0) - np.arange(len(times))
    start = min(max(0.0, float(times[inside.argmax()]) - 0.5), duration_s - SHOWN_S)
    return start, start + SHOWN_S


def _named(midi: float) -> str:
    note = round(midi)
    return f"{note_name(note)} {100 * (midi - note):+.0f} cents"
