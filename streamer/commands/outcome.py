"""What `streamer train` ends with: what it wrote, what that brings, and what to type next."""

import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streamer.errors import printable

if TYPE_CHECKING:
    from streamer.data.datasets import Recording
    from streamer.training.outcome import Figures, Sample

_SOURCES_SHOWN = 5


def show_outcome(
    output: Path, learned: "Sequence[Recording]", measured: "Sample", found: "Sequence[Figures]", before: str
) -> None:
    """Print it on standard output; the card has all the rest.

    Parameters
    ----------
    output : Path
        The model that was written.
    learned : sequence of Recording
        What it was trained on.
    measured : Sample
        What it was measured on.
    found : sequence of Figures
        Of the model before, and of this one; empty where that was interrupted.
    before : str
        Path of the model before; empty for that of the package.
    """
    from streamer.training.outcome import duration_s

    sources = sorted({recording.source or "not stated" for recording in learned})
    minutes = duration_s(learned) / 60.0
    file = shlex.quote(str(output))
    lines = [
        f"wrote {output} ({output.stat().st_size / 1000:.0f} kB)",
        f"learned from {_count(len(learned), 'recording')}, {minutes:.1f} minutes; sources: {_some(sources)}",
        *(_gain(measured, found, before or "the model that comes with streamer") if found else []),
        *([] if measured.held_out else [_unmeasured(sources)]),
        f"play with it:     streamer live --model {file}",
        f"measure it:       streamer evaluate OTHER_RECORDINGS --model {file} --detector trained",
        f"the whole card:   streamer model show {file}",
    ]
    for line in lines:
        typer.echo(printable(line))  # not folded: what is to be typed must be fit to be copied


def _gain(measured: "Sample", found: "Sequence[Figures]", before: str) -> list[str]:
    """Figures before and after, and what they are of."""
    old, new = found
    count = len(measured.recordings)
    what = _count(count, "recording") if count == measured.of else f"{count} of {measured.of} recordings"
    whose = "held out" if measured.held_out else "that it was trained on, so the figures are too favourable"
    return [
        f"onset F1 {_text(old.onset_f1)} -> {_text(new.onset_f1)} %, "
        f"false notes {_text(old.false_per_min)} -> {_text(new.false_per_min)} a minute, "
        f"on {what} {whose}",
        f"(before: {before})",
    ]


def _unmeasured(sources: Sequence[str]) -> str:
    if len(sources) > 1:
        return "nothing was held out; `--hold-out SOURCE` measures on what was not learned from"
    return "nothing was held out; to know how it does, record other notes in a second folder and measure on that"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SOURCES_SHOWN
    return ", ".join(names[:_SOURCES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _text(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else "-"
