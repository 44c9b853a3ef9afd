"""``streamer train``: from labelled recordings to a model of one's own."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamer.commands.options import Given, takes_settings
from streamer.errors import require_extra
from streamer.outputs.safe import Wanted, check_outputs
from streamer.settings.training import ADAPTING, HOW_GROUP, MACHINE, TRAINING

if TYPE_CHECKING:
    from streamer.jobs import Progress as Report
    from streamer.model import Model
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


@takes_settings(TRAINING, MACHINE)
def train(
    *,
    data: Data,
    output: _Output,
    start_from: _StartFrom = None,
    given: Given,
    config: _Config = None,
    jobs: int,
    cache: Path | None,
) -> int:
    """Train a model on labelled recordings; `streamer live --model FILE` plays with it.

    The same data and settings give the same model, byte for byte. When a run was interrupted, the same command goes on
    where it was.

    **Examples**

    * `streamer train my-guitar -o guitar.model --start-from default`
    * `streamer train guitars voices -o mine.model --hold-out voices --config tuned.toml`
    """
    from streamer.commands.model import card_view, load_model
    from streamer.commands.printing import show
    from streamer.commands.wiring import notify
    from streamer.data.formats import read_dataset
    from streamer.model import load
    from streamer.training import train as training

    require_extra("sklearn", "`streamer train`")
    read = [*data, *(Path(text) for text in (start_from, config) if text)]
    check_outputs([Wanted("--output", output, "model")], read)
    start = load_model(start_from) if start_from else None
    settings = _settings(given, config, start)
    recordings = [recording for path in data for recording in read_dataset(path)]
    work = cache or output.with_name(output.name + ".work")
    try:
        with bars() as report:
            made = training.train(recordings, settings, work, jobs or os.cpu_count() or 1, start, report)
    except KeyboardInterrupt:
        notify(f"interrupted; the same command goes on from what is in {work}")
        return 128 + signal.SIGINT
    training.save(made, output)
    if cache is None:
        training.clear(work)
    show(card_view(load(output), str(output)))
    return 0


def _settings(given: Given, config: Path | None, start: "Model | None") -> "Settings":
    """What the options set, before what the file sets, before what suits the model to start from."""
    from streamer.training.settings import make_settings, read_settings

    chosen: dict[str, Any] = {**ADAPTING, "hidden": _hidden(start)} if start else {}
    chosen |= read_settings(config) if config else {}
    chosen |= given
    return make_settings(chosen, str(config or "the settings"))


def _hidden(model: "Model") -> tuple[int, ...]:
    return tuple(weights.shape[1] for weights in model.scorer.weights[:-1])


@contextmanager
def bars() -> Iterator["Report"]:
    """A bar for each thing that is done; lines where standard error is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from streamer.commands.wiring import notify

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:>18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, Any] = {}
    reported: dict[str, int] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)
            tenths = 10 * done // max(1, total)
            if not console.is_terminal and reported.get(what) != tenths:  # ten lines of each are enough
                reported[what] = tenths
                notify(f"{what}: {done} of {total} done")

        yield report
