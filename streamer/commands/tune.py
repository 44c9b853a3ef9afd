"""``streamer tune``: search for the settings of a training, or for the thresholds of the note machine."""

import csv
import io
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from streamer.commands.options import takes_settings
from streamer.commands.progress import bars
from streamer.commands.train import Data
from streamer.config import TrackerConfig
from streamer.errors import ConfigError, require_extra
from streamer.outputs.files import write_text
from streamer.outputs.safe import Wanted, check_outputs
from streamer.settings.tuning import PIECES, TUNING

if TYPE_CHECKING:
    from streamer.data.datasets import Recording
    from streamer.training.settings import Settings
    from streamer.training.tune import Search
    from streamer.training.tune_thresholds import CurvePoint

INTERRUPTED = 128 + signal.SIGINT
_TUNED = ("estimator", "hidden", "alpha", "learning_rate", "batch")
_SHOWN = 12  # rows of the table; a CSV has all
_CURVE_COLUMNS = (
    ("eagerness", "eager", 2),
    ("f1_50ms", "F1@50", 1),
    ("f1_100ms", "F1@100", 1),
    ("found", "found", 1),
    ("false_per_min", "false", 1),
    ("octave_per_min", "octave", 2),
    ("latency_ms", "late", 0),
    ("latency_p95_ms", "p95", 0),
    ("nonmusic_false_per_min", "noise", 1),
)
_CURVE_LEGEND = (
    "F1 of notes sent within 50 and 100 ms, and notes found: percent; false notes, octave errors, and notes reported "
    "in what is no music: per minute; late: ms, median and 95 %"
)


_Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The best: a TOML for `streamer train --config`; with --thresholds the model that asks for so much.",
        show_default=False,
    ),
]


@takes_settings(TUNING)
def tune(
    *,
    data: Data,
    output: _Output,
    csv_: Path | None,
    thresholds: bool,
    model: Path | None,
    hold_out: tuple[str, ...],
    candidates: int,
    rounds: int,
    pieces: int | None,
    rows: int,
    steps: int,
    folds: int,
    synthetic: bool,
    seed: int,
    jobs: int,
) -> int:
    """Search for the settings that train the best model on your recordings.

    Many candidates are tried on a few examples, the better third of them on three times as many, and so on; each is
    measured on sources that it did not learn from. Ctrl-C ends the search and keeps the best so far.

    With **--thresholds** the model's networks stay as they are, and it is searched for how much evidence a note needs.
    Give it sources that the model was not trained on. What is written is the model with the best thresholds in it.

    **Examples**

    * `streamer tune guitars voices -o tuned.toml`, then `streamer train guitars voices -o my.model --config tuned.toml`
    * `streamer tune guitars voices --thresholds --model my.model --hold-out voices -o tuned.model`
    """
    from streamer.data.formats import read_dataset
    from streamer.training.train import check_recordings

    require_extra("sklearn", "`streamer tune`")
    outputs = [Wanted("--output", output, "model" if thresholds else "TOML"), Wanted("--csv", csv_, "CSV")]
    check_outputs(outputs, [*data, *([model] if model else [])])
    recordings = [recording for path in data for recording in read_dataset(path)]
    check_recordings(recordings)
    how: dict[str, Any] = {
        "seed": seed,
        "pieces": pieces or PIECES["thresholds" if thresholds else "settings"],
        "jobs": jobs or os.cpu_count() or 1,
        "synthetic": synthetic,
        "folds": folds,
        "candidates": candidates,
    }
    if thresholds:
        return _tune_thresholds(recordings, output, csv_, model, hold_out, rounds, **how)
    return _tune_settings(recordings, output, csv_, rows, steps, **how)


def _tune_settings(
    recordings: "list[Recording]",
    output: Path,
    table: Path | None,
    rows: int,
    steps: int,
    *,
    seed: int,
    pieces: int,
    jobs: int,
    synthetic: bool,
    folds: int,
    candidates: int,
) -> int:
    from streamer.commands.printing import show
    from streamer.commands.wiring import notify
    from streamer.training.tune import material_of, search
    from streamer.training.tune_settings import LEAST_ROWS, SettingsTrial, draw_settings, gather, weight_count

    material = material_of(recordings, seed, synthetic, folds)
    if material.by_recording:
        notify("there is one source only: its recordings are held back from each other, so figures are too good")
    drawn = draw_settings(candidates, seed)
    try:
        with bars() as report:
            sample = gather(material, pieces, rows, seed, jobs, report)
            trial = SettingsTrial(drawn, steps)
            found = search(
                trial,
                len(drawn),
                sample.rows,
                sample.targets,
                sample.groups,
                seed=seed,
                folds=folds,
                least=LEAST_ROWS,
                jobs=jobs,
                progress=report,
            )
    except KeyboardInterrupt:
        notify("interrupted before anything was measured; nothing is written")
        return INTERRUPTED
    if not found.ranking:
        notify("interrupted before anything was measured; nothing is written")
        return INTERRUPTED
    view = _ranking_table("loss", ("model", "alpha", "rates", "batch", "size"))
    for rank, k in enumerate(found.ranking[:_SHOWN], 1):
        s = drawn[k]
        model = ",".join(map(str, s.hidden)) if s.estimator == "mlp" else s.estimator
        pace = ("-", "-") if s.estimator == "logistic" else ("-".join(map(str, s.learning_rate)), str(s.batch))
        _add_candidate(view, found, rank, k, -1.0, 4, (model, f"{s.alpha:g}", *pace, str(weight_count(s))))
    view.caption_justify = "left"
    view.caption = "loss: log loss in nats, on other sources than those learned from; size: weights"
    show(view)
    best = drawn[found.ranking[0]]
    about = f"best of {len(found.ranking)} candidates on {len(sample.sources)} sources, {len(sample.rows)} examples"
    write_text(output, "\n".join([f"# {about}", *_settings_lines(best), ""]))
    if table is not None:
        _write_csv(table, found, [{name: getattr(s, name) for name in _TUNED} for s in drawn])
    return _end(found, output)


def _tune_thresholds(
    recordings: "list[Recording]",
    output: Path,
    table: Path | None,
    model: Path | None,
    hold_out: Sequence[str],
    rounds: int,
    *,
    seed: int,
    pieces: int,
    jobs: int,
    synthetic: bool,
    folds: int,
    candidates: int,
) -> int:
    from dataclasses import asdict, replace

    from streamer.commands.model import load_model
    from streamer.commands.printing import show
    from streamer.commands.wiring import notify
    from streamer.training.train import save
    from streamer.training.tune import material_of
    from streamer.training.tune_thresholds import eagerness_curve, hold_back, record_pieces, search_thresholds

    scorer = load_model(str(model) if model else "default")
    start = scorer.thresholds
    used = _not_learned(recordings, scorer.card, hold_out)
    material = material_of(used, seed, synthetic, folds)
    config = TrackerConfig(model=str(model or ""))
    try:
        with bars() as report, record_pieces(material, pieces, config, jobs, report) as records:
            chosen, held = hold_back(records, seed)
            tried, found = search_thresholds(chosen, start, candidates, rounds, seed, jobs, report)
            if not found.ranking:
                notify("interrupted before anything was measured; nothing is written")
                return INTERRUPTED
            best = tried[found.ranking[0]]
            curves = [eagerness_curve(held, start, jobs), eagerness_curve(held, best, jobs)]
    except KeyboardInterrupt:
        notify("interrupted before anything was measured; nothing is written")
        return INTERRUPTED
    view = _ranking_table("worth", ("other than usual",))
    for rank, k in enumerate(found.ranking[:_SHOWN], 1):
        facts = ", ".join(f"{name} {value:g}" for name, value in tried[k].changed.items()) or "nothing"
        _add_candidate(view, found, rank, k, 1.0, 2, (facts,))
    show(view)
    names = sorted(set(held.sources))
    where = f"on {', '.join(names)}" + ("" if held is not chosen else " (searched on, too: too good)")
    for title, curve in zip((f"eagerness with the model's thresholds, {where}", "with the best"), curves, strict=True):
        show(f"\n{title}")
        show(_curve_table(curve))
    show(_CURVE_LEGEND)
    save(replace(scorer, thresholds=best), output)
    if table is not None:
        _write_csv(table, found, [asdict(t) for t in tried])
    return _end(found, output)


def _not_learned(recordings: "list[Recording]", card: dict[str, Any], words: Sequence[str]) -> "list[Recording]":
    """The recordings that a model has not learned from, as far as one knows.

    Raises
    ------
    ConfigError
        If sources are named of which there are none.
    """
    from streamer.commands.wiring import notify

    kept = [word.lower() for word in words or card.get("settings", {}).get("hold_out", [])]
    used = [r for r in recordings if any(word in f"{r.source}\n{r.instrument}".lower() for word in kept)]
    if words and not used:
        raise ConfigError(f"no source or instrument is called {' or '.join(words)}; leave --hold-out out, or mend it")
    if used:
        return used
    sources = sorted({recording.source for recording in recordings})
    learned = [source for source in sources if any(line.startswith(source) for line in card.get("licences", []))]
    if learned:
        notify(f"the model has learned from {', '.join(learned)}: what is found on these is too bold; see --hold-out")
    return recordings


def _ranking_table(score: str, columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", score, "+-", "rounds"):
        table.add_column(column, justify="right")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _add_candidate(
    table: Table, found: "Search", rank: int, k: int, sign: float, digits: int, facts: Sequence[str]
) -> None:
    table.add_row(
        str(rank),
        f"{sign * found.mean(k):.{digits}f}",
        f"{found.spread(k):.{digits}f}",
        str(found.scores[k].rounds(found.folds)),
        *facts,
    )


def _curve_table(points: "Sequence[CurvePoint]") -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for _, heading, _ in _CURVE_COLUMNS:
        table.add_column(heading, justify="right")
    for point in points:
        figures = point.figures()
        table.add_row(*(_number(figures[name], digits) for name, _, digits in _CURVE_COLUMNS))
    return table


def _number(value: float, digits: int) -> str:
    return "-" if value != value else f"{value:.{digits}f}"


def _settings_lines(settings: "Settings") -> list[str]:
    return [f"{name} = {json.dumps(getattr(settings, name))}" for name in _TUNED]


def _write_csv(path: Path, found: "Search", candidates: "Sequence[dict[str, Any]]") -> None:
    """A line for each candidate that was measured, the best first."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["rank", "score", "spread", "rounds", "samples", "seconds", *candidates[0]])
    for rank, k in enumerate(found.ranking, 1):
        score = found.scores[k]
        last = score.rounds(found.folds) * found.folds
        samples = sum(score.samples[last - found.folds : last])
        facts = [found.mean(k), found.spread(k), score.rounds(found.folds), samples, round(score.seconds, 2)]
        values = [" ".join(map(str, v)) if isinstance(v, tuple) else v for v in candidates[k].values()]
        writer.writerow([rank, *facts, *values])
    write_text(path, text.getvalue())


def _end(found: "Search", output: Path) -> int:
    from streamer.commands.wiring import notify

    if found.finished:
        notify(f"wrote {output}")
        return 0
    notify(f"interrupted; wrote the best so far to {output}")
    return INTERRUPTED
