"""``streamer train``: from labelled recordings to a model of one's own."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamer.errors import ConfigError, OutputError, require_extra

if TYPE_CHECKING:
    from streamer.jobs import Progress as Report
    from streamer.model import Model
    from streamer.training.settings import Settings

HOW = "How it learns"
MACHINE = "This machine"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([MG])B?", re.IGNORECASE)


_Data = Annotated[
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
_HoldOut = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SOURCE",
        help="Measure on this source or instrument, learn from the others; may be repeated.",
        show_default=False,
    ),
]
_Estimator = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="mlp, logistic or sgd.", show_default="mlp", rich_help_panel=HOW),
]
_Hidden = Annotated[
    str | None,
    typer.Option(metavar="UNITS", help="Hidden layers of mlp.", show_default="64,32", rich_help_panel=HOW),
]
_Pieces = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Pieces of 10 s to learn from.", show_default="600; 60 to adapt", rich_help_panel=HOW
    ),
]
_Epochs = Annotated[
    int | None,
    typer.Option(metavar="N", help="Passes over them.", show_default="12; 6 to adapt", rich_help_panel=HOW),
]
_NoSynthetic = Annotated[
    bool,
    typer.Option("--no-synthetic", metavar="", help="Mix in no soundfont, noise, speech.", rich_help_panel=HOW),
]
_Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="Decides all that is random.", show_default="0", rich_help_panel=HOW),
]
_Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE.toml", help="These settings and more; options come before it.", rich_help_panel=HOW),
]
_Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", "-j", min=0, metavar="N", help="Processes.", show_default="one a core", rich_help_panel=MACHINE
    ),
]
_Memory = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="What features may take in memory.", show_default="2G", rich_help_panel=MACHINE),
]
_Cache = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Keep features here, for other runs.",
        show_default="beside the model until that is done",
        rich_help_panel=MACHINE,
    ),
]


def train(
    *,
    data: _Data,
    output: _Output,
    start_from: _StartFrom = None,
    hold_out: _HoldOut = None,
    estimator: _Estimator = None,
    hidden: _Hidden = None,
    pieces: _Pieces = None,
    epochs: _Epochs = None,
    no_synthetic: _NoSynthetic = False,
    seed: _Seed = None,
    config: _Config = None,
    jobs: _Jobs = 0,
    memory: _Memory = None,
    cache: _Cache = None,
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

    given = {
        "estimator": estimator,
        "hidden": _layer_sizes(hidden),
        "pieces": pieces,
        "epochs": epochs,
        "seed": seed,
        "memory_mb": _megabytes(memory),
        "hold_out": hold_out or None,
        "synthetic": False if no_synthetic else None,
    }
    _check(output)
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


def _check(output: Path) -> None:
    require_extra("sklearn", "`streamer train`")
    check_output(output)


def _settings(given: dict[str, Any], config: Path | None, start: "Model | None") -> "Settings":
    """What the options set, before what the file sets, before what suits the model to start from."""
    from streamer.training.settings import ADAPTING, make_settings, read_settings

    chosen: dict[str, Any] = {**ADAPTING, "hidden": _hidden(start)} if start else {}
    chosen |= read_settings(config) if config else {}
    chosen |= {name: value for name, value in given.items() if value is not None}
    return make_settings(chosen, str(config or "the settings"))


def _megabytes(text: str | None) -> int | None:
    """Read a size such as 500M or 2G.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if text is None:
        return None
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ConfigError(f"--memory is {text!r}, but must be a size such as 500M or 2G")
    return round(float(match[1]) * (1000 if match[2].upper() == "G" else 1))


def _layer_sizes(text: str | None) -> tuple[int, ...] | None:
    """Read the units of hidden layers, such as 64,32.

    Raises
    ------
    ConfigError
        If it is something else.
    """
    if text is None:
        return None
    try:
        return tuple(int(units) for units in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--hidden is {text!r}, but must be numbers of units, such as 64,32") from error


def _hidden(model: "Model") -> tuple[int, ...]:
    return tuple(weights.shape[1] for weights in model.scorer.weights[:-1])


def check_output(path: Path) -> None:
    """Find out now what would fail after the work is done."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the model a file name")
    if not path.parent.is_dir():
        raise OutputError(f"there is no folder {path.parent} to write the model to")


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
