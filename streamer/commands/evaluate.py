"""``streamer evaluate``: what is compared, and the tables that say how it went."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from streamer.commands.options import takes_settings
from streamer.config import TrackerConfig
from streamer.errors import ConfigError, DataError, printable, require_extra
from streamer.outputs.files import write_text
from streamer.outputs.safe import Wanted, check_outputs
from streamer.reading import as_text
from streamer.settings.evaluation import COMPARED_GROUP, EVALUATED, EVALUATION
from streamer.settings.tracker import BY_NAME

if TYPE_CHECKING:
    from rich.table import Table

    from streamer.data.datasets import Recording
    from streamer.evaluation.evaluate import Evaluation, System
    from streamer.evaluation.results import Grouping


def _detectors() -> list[str]:
    from streamer.detectors import DETECTORS

    return list(DETECTORS)


def _baselines() -> list[str]:
    from streamer.evaluation.baselines import BASELINES

    return list(BASELINES)


_Data = Annotated[
    Path,
    typer.Argument(help="Labelled recordings: a folder with manifest.csv, of WAV and MIDI pairs, or a CSV."),
]
_Model = Annotated[
    list[Path] | None,
    typer.Option("--model", "-m", metavar="FILE", help="A model of `streamer train`.", rich_help_panel=COMPARED_GROUP),
]
_Detector = Annotated[
    list[str] | None,
    typer.Option(
        "--detector",
        "-d",
        metavar="NAME",
        help="A detector (`streamer live --list-detectors`).",
        autocompletion=_detectors,
        rich_help_panel=COMPARED_GROUP,
    ),
]
_Baseline = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="article-mlp or article-logistic: one pitch in, one note name out.",
        autocompletion=_baselines,
        rich_help_panel=COMPARED_GROUP,
    ),
]


@takes_settings(EVALUATED, EVALUATION)
def evaluate(
    *,
    data: _Data,
    model: _Model = None,
    detector: _Detector = None,
    baseline: _Baseline = None,
    baseline_data: Path | None,
    config: TrackerConfig,
    curve: bool,
    limit: int | None,
    jobs: int,
    cluster: str,
    seed: int,
    json_: Path | None,
    report: Path | None,
) -> int:
    """Measure how right and how late trackers are, side by side, on labelled recordings.

    Each gets every recording as live would: strictly causally. With nothing named, it is the trained detector.

    **Examples**

    * `streamer evaluate my-recordings --report evaluation.html`
    * `streamer evaluate my-recordings --model mine.model --detector trained --detector yinfft --curve`
    * `streamer evaluate test --detector peak --baseline article-mlp --baseline-data train --json all.json`
    """
    from streamer.data.formats import read_dataset
    from streamer.evaluation.evaluate import evaluate as run
    from streamer.evaluation.results import as_json

    read = [data, *(model or []), *([baseline_data] if baseline_data else [])]
    check_outputs([Wanted("--json", json_, "JSON"), Wanted("--report", report, "HTML")], read)
    if cluster:  # where the work runs, another folder is the current one
        data, model = data.absolute(), [path.absolute() for path in model or []]
    whole = read_dataset(data)
    recordings = _sample(whole, limit)
    systems = [_with_overlap(s, recordings, whole) for s in _systems(config, model or [], detector or [])]
    if baseline:
        systems += _baseline_systems(_nameless(config), baseline, baseline_data, recordings, seed)
    with _Progress(f"tracking {len(recordings)} recordings", len(recordings)) as progress:
        evaluation = run(recordings, systems, cluster or jobs, curve, progress.advance)
    _show(evaluation)
    if json_:
        _write(json_, json.dumps(as_json(evaluation, data.name, seed), indent=1, allow_nan=False) + "\n")
    if report:
        from streamer.evaluation.report import page

        _write(report, page(evaluation, as_text(data.resolve().name)))
    return 0


def _sample(recordings: "list[Recording]", limit: int | None) -> "list[Recording]":
    if limit is None or limit >= len(recordings):
        return recordings
    return [recordings[number * len(recordings) // limit] for number in range(limit)]


def _systems(config: TrackerConfig, models: Sequence[Path], detectors: Sequence[str]) -> "list[System]":
    from streamer.data.datasets import file_hash
    from streamer.detectors import DETECTORS
    from streamer.evaluation.evaluate import System
    from streamer.model import load

    if not models and not detectors:
        models, detectors = ([Path(config.model)], []) if config.model else ([], [config.detector])
    config = _nameless(config)
    systems = []
    stems = [*(path.stem for path in dict.fromkeys(models)), *detectors]  # no two systems have the same name
    for path in dict.fromkeys(models):
        name = str(path) if stems.count(path.stem) > 1 else path.stem
        facts = {"model": {"file": str(path), "card": load(path).card, "sha256": file_hash(path)}}
        systems.append(System(name, f"the model {path.name}", replace(config, model=str(path)), facts=facts))
    for detector in dict.fromkeys(detectors):
        if detector not in DETECTORS:
            raise ConfigError(f"there is no detector {detector!r}; choose from {', '.join(DETECTORS)}")
        systems.append(System(detector, DETECTORS[detector], replace(config, detector=detector)))
    return systems


def _with_overlap(system: "System", recordings: "list[Recording]", whole: "list[Recording]") -> "System":
    """A system, with how many of the recordings its model was trained on; where there are any, a line says so."""
    from streamer.commands.wiring import notify
    from streamer.data.learned import learned_from
    from streamer.detectors import TRAINED
    from streamer.evaluation.results import OVERLAP, overlap_warning
    from streamer.tracker import model_of

    if system.config.detector != TRAINED:
        return system
    facts = {**system.facts, OVERLAP: learned_from(model_of(system.config).card, recordings, whole)}
    system = replace(system, facts=facts)
    if warning := overlap_warning(system, len(recordings)):
        notify(f"warning: {warning}")
    return system


def _nameless(config: TrackerConfig) -> TrackerConfig:
    """The configuration without the model or the detector that the environment names."""
    return replace(config, model="", detector=BY_NAME["detector"].default)


def _baseline_systems(
    config: TrackerConfig, names: Sequence[str], data: Path | None, evaluated: "Sequence[Recording]", seed: int
) -> "list[System]":
    from streamer.data.formats import read_dataset
    from streamer.data.hashes import evaluation_hash
    from streamer.evaluation.baselines import BASELINES
    from streamer.evaluation.evaluate import System

    unknown = [name for name in names if name not in BASELINES]
    if unknown:
        raise ConfigError(f"there is no baseline {unknown[0]!r}; choose from {', '.join(BASELINES)}")
    require_extra("sklearn", "--baseline")
    if data is None:
        raise ConfigError("--baseline needs --baseline-data: labelled recordings that it is trained on first")
    recordings = read_dataset(data)
    shared = {recording.path.resolve() for recording in recordings} & {
        recording.path.resolve() for recording in evaluated
    }
    if shared:
        raise DataError(f"{min(shared)} is in --baseline-data and among what is evaluated; nothing may be in both")
    facts = {"trained_on": {"name": as_text(data.resolve().name), "sha256": evaluation_hash(recordings)}}
    systems = []
    for name in dict.fromkeys(names):
        with _Progress(f"training {name}", None):
            make = BASELINES[name].train(recordings, seed).detector
        systems.append(System(name, BASELINES[name].summary, config, make, facts))
    return systems


def _write(path: Path, text: str) -> None:
    write_text(path, text)
    typer.echo(f"wrote {printable(str(path))}", err=True)


class _Progress:
    """A bar on standard error, which only a person sees; of unknown length where ``total`` is None."""

    def __init__(self, what: str, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
        console = Console(stderr=True)
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task(what, total=total)

    def __enter__(self) -> "_Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self) -> None:
        """One more is done."""
        self._bar.advance(self._task)


def _show(evaluation: "Evaluation") -> None:
    """All tables, on standard output."""
    from streamer.commands.printing import show
    from streamer.evaluation.results import GROUPINGS

    show(_headline(evaluation))
    for grouping in GROUPINGS:
        if len(evaluation.groups(grouping.key)) > 1:
            show("")
            show(_groups(evaluation, grouping))
    show("")
    show(_registers(evaluation))
    if evaluation.results[0][0].curve:
        show("")
        show(_curve(evaluation))


def _table(*columns: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    return table


def _headline(evaluation: "Evaluation") -> "Table":
    """Figures down, systems across; the best of each is bold."""
    from streamer.evaluation.results import SECTIONS, best, headline

    figures = [headline(evaluation, number) for number in range(len(evaluation.systems))]
    minutes = sum(result.notes.duration_s for result in evaluation.results[0]) / 60.0
    notes = sum(result.notes.notes for result in evaluation.results[0])
    table = _table("all music", *(system.name for system in evaluation.systems), "")
    for title, section in SECTIONS:
        table.add_row(f"[dim]{title}[/]")
        for figure in section:
            values = [row.get(figure.key, float("nan")) for row in figures]
            winners = best(values, figure)
            cells = [
                f"[bold green]{figure.text(value)}[/]" if number in winners else figure.text(value)
                for number, value in enumerate(values)
            ]
            table.add_row(figure.title, *cells, f"[dim]{figure.unit}[/]")
    table.caption_justify = "left"
    table.caption = (
        f"{len(evaluation.recordings)} recordings, {notes} notes, {minutes:.1f} minutes; latency is audio alone, from "
        "a note's true beginning; compute and MIDI come on top"
    )
    return table


def _groups(evaluation: "Evaluation", grouping: "Grouping") -> "Table":
    """A row for each group, or under its name one for each system."""
    from streamer.evaluation.results import GROUP_FIGURES, grouped

    table = _group_table(f"by {grouping.title}")
    rows = [grouped(evaluation, number, grouping) for number in range(len(evaluation.systems))]
    for name in rows[0]:
        if len(rows) > 1:
            table.add_row(f"[dim]{escape(name)}[/]")
        for number, system in enumerate(evaluation.systems):
            cells = [figure.text(rows[number][name][figure.key]) for figure in GROUP_FIGURES]
            table.add_row(f"  {escape(system.name)}" if len(rows) > 1 else escape(name), *cells)
    return table


def _group_table(title: str) -> "Table":
    from streamer.evaluation.results import GROUP_FIGURES

    table = _table(title)
    for figure in GROUP_FIGURES:
        table.add_column(f"{figure.short}\n[dim]{figure.unit}[/]", justify="right", no_wrap=True)
    return table


def _registers(evaluation: "Evaluation") -> "Table":
    """Notes found and how late, by register."""
    from streamer.evaluation.results import REGISTER_NAMES, headline

    table = _table("by register", "notes", "found\n[dim]%[/]", "p50\n[dim]ms[/]")
    figures = [headline(evaluation, number) for number in range(len(evaluation.systems))]
    for name in REGISTER_NAMES:
        if not figures[0].get(f"notes {name}"):
            continue
        count = f"{figures[0][f'notes {name}']:.0f}"
        if len(figures) > 1:
            table.add_row(f"[dim]{name}[/]", count)
        for system, row in zip(evaluation.systems, figures, strict=True):
            first = [f"  {escape(system.name)}", ""] if len(figures) > 1 else [name, count]
            table.add_row(*first, _text(row[f"found {name}"], 1), _text(row[f"latency_ms {name}"], 0))
    return table


def _curve(evaluation: "Evaluation") -> "Table":
    """What eagerness buys and costs."""
    from streamer.evaluation.evaluate import CURVE
    from streamer.evaluation.results import GROUP_FIGURES

    table = _group_table("by eagerness")
    for number, system in enumerate(evaluation.systems):
        music = evaluation.music(number)
        if len(evaluation.systems) > 1:
            table.add_row(f"[dim]{escape(system.name)}[/]")
        for eagerness, counts in zip(CURVE, music.curve if music else (), strict=False):
            figures = counts.figures()
            table.add_row(f"  {eagerness:g}", *(figure.text(figures[figure.key]) for figure in GROUP_FIGURES))
    return table


def _text(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"
