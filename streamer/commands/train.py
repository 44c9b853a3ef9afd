"""``streamer train``: from labelled recordings to a model of one's own."""

import itertools
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamer.commands.model import DEFAULT
from streamer.commands.options import Given, takes_settings
from streamer.errors import require_extra
from streamer.outputs.safe import Wanted, check_outputs
from streamer.settings.training import ADAPTING, HOW_GROUP, MACHINE, TRAINING

if TYPE_CHECKING:
    from streamer.jobs import Progress as Report
    from streamer.model import Model
    from streamer.training.outcome import Figures, Sample
    from streamer.training.settings import Settings

Data = Annotated[
    list[Path],
    typer.Argument(
        help="Labelled recordings: folders with manifest.csv, of WAV and MIDI pairs, or a CSV.", show_default=False
    ),
]
_Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The model.", show_default=False)]
_StartFrom = Annotated[
    str | None,
    typer.Option(metavar="default|FILE", help="Adapt this model instead of beginning anew.", show_default=False),
]
_Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.toml", help="These settings and more; options come before it.", rich_help_panel=HOW_GROUP
    ),
]

INTERRUPTED = 128 + signal.SIGINT


@takes_settings(TRAINING, MACHINE)
def train(
    *,
    data: Data,
    output: _Output,
    start_from: _StartFrom = None,
    given: Given,
    config: _Config = None,
    jobs: int,
    cluster: str,
    cache: Path | None,
) -> int:
    """Train a model on labelled recordings; `streamer live --model FILE` plays with it.

    The same data and settings give the same model, byte for byte. When a run was interrupted, the same command goes on
    where it was.

    **Examples**

    * `streamer train my-guitar -o guitar.model --start-from default`
    * `streamer train guitars voices -o mine.model --hold-out voices --config tuned.toml`
    """
    from streamer.commands.model import load_model
    from streamer.commands.outcome import show_outcome
    from streamer.commands.progress import overall_bar
    from streamer.commands.wiring import notify
    from streamer.data.formats import read_dataset
    from streamer.training import train as training
    from streamer.training.outcome import MEASURING, MEASURING_WEIGHT, sample_of
    from streamer.training.steps import Step, steps_of

    require_extra("sklearn", "`streamer train`")
    read = [*data, *(Path(text) for text in (start_from, config) if text)]
    check_outputs([Wanted("--output", output, "model")], read)
    start = load_model(start_from) if start_from else None
    settings = _settings(given, config, start)
    recordings = [recording for path in data for recording in read_dataset(path.absolute() if cluster else path)]
    training.check_recordings(recordings)
    measured = sample_of(recordings, settings.hold_out)
    count = len(measured.recordings)
    work = cache or output.with_name(output.name + ".work")
    before = start_from if start_from and start_from != DEFAULT else ""
    workers = cluster or jobs or os.cpu_count() or 1
    try:
        with overall_bar([*steps_of(settings, start), Step(MEASURING, count, MEASURING_WEIGHT)]) as report:
            made = training.train(recordings, settings, work.absolute(), workers, start, report)
            training.save(made, output)
            if cache is None:
                training.clear(work)
            found = _measure(measured, [before, str(output.absolute())], workers, report)
    except KeyboardInterrupt:
        notify(f"interrupted; the same command goes on from what is in {work}")
        return INTERRUPTED
    show_outcome(output, training.split(recordings, settings.hold_out).learned, measured, found, before)
    return 0 if found else INTERRUPTED


def _measure(measured: "Sample", models: Sequence[str], jobs: int | str, report: "Report") -> "Sequence[Figures]":
    """Figures of each model; none if that was interrupted, which does the model that is written no harm."""
    from streamer.commands.wiring import notify
    from streamer.training.outcome import MEASURING, measure

    count = len(measured.recordings)
    done = itertools.count(1)
    report(MEASURING, 0, count)
    try:
        return measure(measured.recordings, models, jobs, lambda: report(MEASURING, next(done), count))
    except KeyboardInterrupt:
        notify("interrupted while the model was measured; it is written")
        return []


def _settings(given: Given, config: Path | None, start: "Model | None") -> "Settings":
    """What the options set, before what the file sets, before what suits the model to start from."""
    from streamer.training.settings import make_settings, read_settings

    chosen: dict[str, Any] = {**ADAPTING, "hidden": _hidden(start)} if start else {}
    chosen |= read_settings(config) if config else {}
    chosen |= given
    return make_settings(chosen, str(config or "the settings"))


def _hidden(model: "Model") -> tuple[int, ...]:
    return tuple(weights.shape[1] for weights in model.scorer.weights[:-1])
