"""What a training brought: the same recordings tracked with the model from before, and with the one that was made."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from streamer.config import TrackerConfig
from streamer.data.datasets import Recording, audio_duration_s
from streamer.evaluation.evaluate import System, evaluate
from streamer.jobs import Jobs
from streamer.training.train import split

MOST_S = 300.0  # of sound that is tracked: enough to tell, and soon done
MEASURING = "measuring"
MEASURING_WEIGHT = 0.3  # of a recording, as in `streamer.training.steps`


@dataclass(frozen=True, slots=True)
class Figures:
    """How a model does.

    Attributes
    ----------
    onset_f1 : float
        Percent; nan where no note is labelled.
    false_per_min : float
        False notes a minute.
    """

    onset_f1: float
    false_per_min: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Recordings that a model is measured on.

    Attributes
    ----------
    recordings : tuple of Recording
        Those that are tracked.
    of : int
        How many there are.
    held_out : bool
        False where the model has learned from them.
    """

    recordings: tuple[Recording, ...]
    of: int
    held_out: bool


def sample_of(recordings: Sequence[Recording], hold_out: Sequence[str]) -> Sample:
    """What to measure on: what was held out, or else what was learned from, `MOST_S` of it at most.

    Parameters
    ----------
    recordings : sequence of Recording
        All that were given.
    hold_out : sequence of str
        As the settings have it.

    Raises
    ------
    ConfigError
        If nothing is left to learn from, or a word names nothing.
    DataError
        If a recording cannot be read.
    """
    parts = split(recordings, hold_out)
    # A reference f0 is not needed for these figures.
    chosen = [replace(recording, f0_path=None) for recording in parts.held_out or parts.learned]
    count = max(1, min(len(chosen), int(len(chosen) * MOST_S / max(MOST_S, duration_s(chosen)))))
    few = tuple(chosen[number * len(chosen) // count] for number in range(count))
    return Sample(few, len(chosen), bool(parts.held_out))


def duration_s(recordings: Sequence[Recording]) -> float:
    """How long recordings are together; those that share a file count once.

    Raises
    ------
    DataError
        If one cannot be read.
    """
    return sum(audio_duration_s(path) for path in {recording.path for recording in recordings})


def measure(
    recordings: Sequence[Recording], models: Sequence[str], jobs: Jobs, advance: Callable[[], None]
) -> list[Figures]:
    """Track recordings with several models, strictly causally, and count.

    Parameters
    ----------
    recordings : sequence of Recording
        What is tracked.
    models : sequence of str
        Paths; an empty one is the model that comes with the package.
    jobs : int or str
        Processes.
    advance : callable
        Called after each recording.

    Raises
    ------
    DataError
        If a recording cannot be read.
    StreamerError
        If a process is killed.
    """
    systems = [System(Path(name).stem, "", TrackerConfig(model=name)) for name in models]
    evaluation = evaluate(recordings, systems, jobs, advance=advance)
    found = []
    for number in range(len(systems)):
        result = evaluation.total(number, lambda _: True)
        figures = result.figures() if result else {}
        found.append(Figures(figures.get("onset_f1", math.nan), figures.get("false_per_min", math.nan)))
    return found
