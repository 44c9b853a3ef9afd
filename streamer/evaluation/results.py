"""What an evaluation has to say, as rows for people and as JSON for programs."""

import math
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from streamer import __version__
from streamer.data.datasets import Recording
from streamer.data.hashes import evaluation_hash
from streamer.evaluation.confusion import CLASSES
from streamer.evaluation.confusion import NOTHING as NO_NOTE
from streamer.evaluation.evaluate import CURVE, Evaluation, Result, System
from streamer.evaluation.metrics import REGISTERS

FORMAT = "streamer evaluation"
FORMAT_VERSION = 1
OVERLAP = "trained_on_recordings"  # among the facts of a system: how many of the set its model was trained on
LIBRARIES = ("numpy", "scipy", "scikit-learn", "aubio-ledfx", "soundfile")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of merit.

    Attributes
    ----------
    key : str
        Its name in `Result.figures`.
    title, unit : str
        For people.
    means : str
        Its definition in a line.
    better : int
        1 where more is better, -1 where less is, 0 where neither.
    digits : int
        After the point.
    brief : str
        A shorter title, where the usual one is long.
    """

    key: str
    title: str
    unit: str
    means: str
    better: int = 1
    digits: int = 1
    brief: str = ""

    @property
    def short(self) -> str:
        """A title for narrow columns."""
        return self.brief or self.title

    def text(self, value: float) -> str:
        """The value for people; a dash where there is none."""
        return f"{value:.{self.digits}f}" if math.isfinite(value) else "-"


NOTES = (
    Figure(
        "f1_50ms",
        "F1@50ms",
        "%",
        "notes right in pitch and onset, and reported within 50 ms of their beginning",
        brief="F1@50",
    ),
    Figure("f1_100ms", "F1@100ms", "%", "the same within 100 ms", brief="F1@100"),
    Figure(
        "onset_f1", "onset F1", "%", "notes right in pitch and onset, however late they are reported", brief="onset"
    ),
    Figure("onset_precision", "precision", "%", "of the notes reported, how many are right"),
    Figure("onset_recall", "recall", "%", "of the notes played, how many are reported right"),
    Figure("onset_offset_f1", "on+off F1", "%", "notes right in pitch, onset and offset"),
    Figure("found", "found", "%", "notes played for which one of that pitch is reported, up to 200 ms later"),
    Figure(
        "false_per_min",
        "false notes",
        "/min",
        "notes reported where none of that pitch began; a note reported twice is one",
        -1,
        brief="false",
    ),
    Figure("octave_per_min", "octave errors", "/min", "notes reported one or more octaves off", -1, brief="octave"),
)
NOTHING = Figure(
    "nonmusic_false_per_min", "false on nonmusic", "/min", "notes reported where there is no music at all", -1
)
LATENCY = (
    Figure(
        "latency_ms",
        "latency p50",
        "ms",
        "from a note's true beginning until it is reported, in audio consumed",
        -1,
        0,
        "p50",
    ),
    Figure("latency_p90_ms", "latency p90", "ms", "a tenth of the notes found comes later", -1, 0, "p90"),
    Figure("latency_p95_ms", "latency p95", "ms", "a twentieth of the notes found comes later", -1, 0, "p95"),
)
# What a tracker that says little, or much, has for nothing is never marked as the best: `better` is 0.
MELODY = (
    Figure("rpa_50", "RPA50", "%", "raw pitch accuracy: voiced moments with a pitch within 50 cents"),
    Figure("rpa_25", "RPA25", "%", "the same within 25 cents"),
    Figure("rca_50", "RCA", "%", "raw chroma accuracy: within 50 cents, octaves folded"),
    Figure("voicing_recall", "VR", "%", "voicing recall: voiced moments called voiced", 0),
    Figure("voicing_false_alarm", "VFA", "%", "voicing false alarm: unvoiced moments called voiced", 0),
    Figure("overall_accuracy", "OA", "%", "overall accuracy: right where voiced, silent where not"),
    Figure("median_cents", "pitch error", "cents", "median, where both are voiced", -1),
)
HOPS = (
    Figure("hop_accuracy", "hop accuracy", "%", "hops in which the note that sounds, or nothing, is detected"),
    Figure("hop_macro_f1", "hop macro F1", "%", "F1 of each note that occurs, averaged"),
    Figure("hop_octave", "octave off", "%", "sounding hops detected one or more octaves off", 0),
    Figure("hop_neighbour", "semitone off", "%", "sounding hops detected as a neighbour", 0),
    Figure("hop_other", "other note", "%", "sounding hops detected as any other note", 0),
    Figure("hop_missed", "missed", "%", "sounding hops in which nothing is detected", 0),
    Figure("hop_false", "false", "%", "silent hops in which a note is detected", 0),
)
COST = (Figure("real_time_factor", "cost", "x real time", "processor time over the length of the audio", -1, 3),)
SECTIONS = (
    ("Notes", (*NOTES, NOTHING)),
    ("Latency", LATENCY),
    ("Pitch", MELODY),
    ("Classification", HOPS),
    ("Cost", COST),
)
GROUP_FIGURES = tuple(
    figure
    for figure in (*NOTES, *LATENCY)
    if figure.key
    in ("f1_50ms", "f1_100ms", "onset_f1", "found", "false_per_min", "octave_per_min", "latency_ms", "latency_p95_ms")
)


@dataclass(frozen=True, slots=True)
class Grouping:
    """A way to tell recordings apart."""

    title: str
    key: Callable[[Recording], str]


GROUPINGS = (
    Grouping("kind", lambda recording: recording.kind),
    Grouping("instrument", lambda recording: recording.instrument or "not stated"),
    Grouping("style", lambda recording: recording.style or "not stated"),
)


def headline(evaluation: Evaluation, system: int) -> dict[str, float]:
    """All figures over music, with the false notes on nonmusic among them.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.
    system : int
        Index of the system.
    """
    music, nonmusic = evaluation.music(system), evaluation.nonmusic(system)
    figures = music.figures() if music else {}
    figures[NOTHING.key] = _false_per_min(nonmusic) if nonmusic else math.nan
    return figures


def grouped(evaluation: Evaluation, system: int, grouping: Grouping) -> dict[str, dict[str, float]]:
    """Figures of each group of recordings, in order.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.
    system : int
        Index of the system.
    grouping : Grouping
        How recordings are grouped.
    """
    rows = {}
    for name in evaluation.groups(grouping.key):
        result = evaluation.total(system, lambda recording, name=name: grouping.key(recording) == name)  # type: ignore[misc]
        assert result is not None  # the names come from the recordings
        rows[name] = result.figures()
    return rows


def top_confusions(result: Result, count: int = 12) -> list[tuple[int, int, float]]:
    """The commonest wrong notes: true, detected, and the share of the true note's hops in percent.

    Parameters
    ----------
    result : Result
        What was detected.
    count : int
        At most so many.
    """
    matrix = result.hops.matrix()
    wrong = matrix[:NO_NOTE, :NO_NOTE].copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    pairs = [divmod(int(index), NO_NOTE) for index in order]
    return [
        (true, estimated, 100.0 * wrong[true, estimated] / matrix[true].sum())
        for true, estimated in pairs
        if wrong[true, estimated]
    ]


def as_json(evaluation: Evaluation, data: str, seed: int) -> dict[str, Any]:
    """Everything, as plain JSON.

    Parameters
    ----------
    evaluation : Evaluation
        The run.
    data : str
        What the set is called.
    seed : int
        Of the baselines' training.
    """
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "versions": versions(),
        "seed": seed,
        "data": {
            "name": data,
            "sha256": evaluation_hash(evaluation.recordings),
            "recordings": len(evaluation.recordings),
            "notes": sum(len(recording.notes) for recording in evaluation.recordings),
            "duration_s": round(sum(result.notes.duration_s for result in evaluation.results[0]), 3),
        },
        "figures": {
            figure.key: {"unit": figure.unit, "means": figure.means} for _, part in SECTIONS for figure in part
        },
        "systems": [_system(evaluation, number) for number in range(len(evaluation.systems))],
    }


def overlap_warning(system: System, count: int) -> str:
    """What to know of figures on recordings that a model was trained on; empty where there are none.

    Parameters
    ----------
    system : System
        With `OVERLAP` among its facts, where that is known.
    count : int
        How many recordings there are.
    """
    if not (overlap := system.facts.get(OVERLAP, 0)):
        return ""
    return f"{system.name} was trained on {overlap} of these {count} recordings, so its figures are too favourable"


def versions() -> dict[str, str]:
    """Of this package, Python and the libraries that figures may depend on."""
    found = {"streamer": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _system(evaluation: Evaluation, number: int) -> dict[str, Any]:
    system, results = evaluation.systems[number], evaluation.results[number]
    music = evaluation.music(number)
    return {
        "name": system.name,
        "what": system.what,
        "config": asdict(system.config),
        **system.facts,
        "music": _plain(headline(evaluation, number)),
        **{
            f"by_{grouping.title}": {
                name: _plain(figures) for name, figures in grouped(evaluation, number, grouping).items()
            }
            for grouping in GROUPINGS
        },
        "confusion": _confusion(music) if music else [],
        "curve": _curve(music) if music else [],
        "recordings": [
            {"file": str(recording.path), "kind": recording.kind, **_plain(result.figures())}
            for recording, result in zip(evaluation.recordings, results, strict=True)
        ],
    }


def _confusion(result: Result) -> list[dict[str, int | None]]:
    """Pairs that occurred, as MIDI numbers; null is nothing."""
    pairs = [divmod(int(pair), CLASSES) for pair in result.hops.pairs]
    return [
        {
            "true": true if true != NO_NOTE else None,
            "detected": estimated if estimated != NO_NOTE else None,
            "hops": int(hops),
        }
        for (true, estimated), hops in zip(pairs, result.hops.hops, strict=True)
    ]


def _curve(result: Result) -> list[dict[str, float | None]]:
    return [
        {"eagerness": eagerness, **_plain(counts.figures())}
        for eagerness, counts in zip(CURVE, result.curve, strict=False)  # none where it was not asked for
    ]


def _plain(figures: dict[str, float]) -> dict[str, float | None]:
    """Numbers that JSON has."""
    return {key: round(float(value), 4) if math.isfinite(value) else None for key, value in figures.items()}


def _false_per_min(result: Result) -> float:
    return 60.0 * result.notes.events / result.notes.duration_s if result.notes.duration_s else math.nan


def best(values: Sequence[float], figure: Figure) -> frozenset[int]:
    """Which of several values are the best; none where there is nothing to choose.

    Parameters
    ----------
    values : sequence of float
        One of each system; nan where it has none.
    figure : Figure
        Says whether more or less is better.
    """
    known = [value for value in values if math.isfinite(value)]
    if not figure.better or len(known) < 2 or min(known) == max(known):
        return frozenset()
    winner = max(known) if figure.better > 0 else min(known)
    return frozenset(number for number, value in enumerate(values) if value == winner)


REGISTER_NAMES = tuple(name for name, _, _ in REGISTERS)
