"""An evaluation as one page of HTML that needs nothing else: no script, no network, light and dark."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from importlib.resources import files

import numpy as np

from streamer.data.hashes import evaluation_hash
from streamer.evaluation.confusion import NOTHING
from streamer.evaluation.evaluate import CURVE, Evaluation, Result
from streamer.evaluation.results import (
    GROUP_FIGURES,
    GROUPINGS,
    NOTES,
    REGISTER_NAMES,
    SECTIONS,
    Figure,
    Grouping,
    best,
    grouped,
    headline,
    overlap_warning,
    top_confusions,
    versions,
)
from streamer.evaluation.rolls import VERDICTS, roll, worst
from streamer.evaluation.svg import Plot, round_step, ticks
from streamer.units import note_name

TILES = ("f1_50ms", "f1_100ms", "latency_ms", "false_per_min", "octave_per_min", "rpa_50")
WORST = 6
LATENCY_MS = 250.0
LEAST_SHARE = 0.005  # of a note's hops, to be drawn
ERROR_KINDS = (
    ("k-right", "right"),
    ("k-octave", "octaves off"),
    ("k-late", "a semitone off"),
    ("k-false", "another note"),
    ("k-nothing", "nothing, or out of nothing"),
)


def page(evaluation: Evaluation, data: str) -> str:
    """The whole page.

    Parameters
    ----------
    evaluation : Evaluation
        The run.
    data : str
        What the set is called.
    """
    figures = [headline(evaluation, number) for number in range(len(evaluation.systems))]
    music = [evaluation.music(number) for number in range(len(evaluation.systems))]
    parts = [_head(evaluation, data), _tiles(evaluation, figures[0]), _side_by_side(evaluation, figures)]
    if any(result is not None and result.notes.notes for result in music):
        parts += [_latency(evaluation, music), _registers(evaluation, figures)]
    if any(result is not None and result.curve for result in music):
        parts.append(_eagerness(evaluation, music))
    if any(result is not None and len(result.hops.pairs) for result in music):
        parts.append(_confusions(evaluation, music))
    parts += [_groups(evaluation), _rolls(evaluation), _provenance(evaluation)]
    style = (files("streamer") / "evaluation" / "report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evaluation on {escape(data)}</title><style>{style}</style></head><body><main>"
        + "\n".join(part for part in parts if part)
        + "</main></body></html>\n"
    )


def _head(evaluation: Evaluation, data: str) -> str:
    results = evaluation.results[0]
    minutes = sum(result.notes.duration_s for result in results) / 60.0
    notes = sum(result.notes.notes for result in results)
    names = ", ".join(f"<b>{escape(system.name)}</b>" for system in evaluation.systems)
    warnings = [overlap_warning(system, len(results)) for system in evaluation.systems]
    warned = "".join(f"<p><b>Warning: {escape(warning)}.</b></p>" for warning in warnings if warning)
    return (
        f"<header><h1>Evaluation on {escape(data)}</h1>"
        f'<p class="soft">{len(results)} recordings, {notes} notes, {minutes:.1f} minutes, tracked by {names} as live '
        "would track them: strictly causally, with not a sample of look-ahead. Latency counts audio alone, from a "
        f"note's true beginning to the moment it is reported.</p>{warned}</header>"
    )


def _tiles(evaluation: Evaluation, figures: dict[str, float]) -> str:
    known = {figure.key: figure for _, section in SECTIONS for figure in section}
    tiles = []
    for key in TILES:
        figure, value = known[key], figures.get(key, math.nan)
        text = f"{figure.text(value)} <small>{figure.unit}</small>"
        tiles.append(f'<div class="tile"><b>{text}</b><span>{escape(figure.title)}</span></div>')
    whose = f'<p class="soft">All music, {escape(evaluation.systems[0].name)}:</p>'
    return f'{whose if len(evaluation.systems) > 1 else ""}<div class="tiles">{"".join(tiles)}</div>'


def _side_by_side(evaluation: Evaluation, figures: Sequence[dict[str, float]]) -> str:
    heads = "".join(f"<th>{_swatch(number)}{escape(s.name)}</th>" for number, s in enumerate(evaluation.systems))
    rows = []
    for title, section in SECTIONS:
        rows.append(f'<tr class="part"><th colspan="{len(figures) + 3}">{title}</th></tr>')
        for figure in section:
            values = [row.get(figure.key, math.nan) for row in figures]
            winners = best(values, figure)
            cells = "".join(
                f"<td{' class=best' if number in winners else ''}>{figure.text(value)}</td>"
                for number, value in enumerate(values)
            )
            rows.append(
                f"<tr><th>{escape(figure.title)}</th>{cells}<td>{escape(figure.unit)}</td>"
                f'<td class="means">{escape(figure.means)}</td></tr>'
            )
    return _section(
        "Side by side",
        "Over all music, recordings summed; the best of each row is marked.",
        f'<div class="wide"><table><thead><tr><th></th>{heads}<th></th><th></th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>",
    )


def _latency(evaluation: Evaluation, music: Sequence[Result | None]) -> str:
    grid = np.arange(0.0, LATENCY_MS + 1.0, 2.0)
    known = Plot(520, 290, (0.0, LATENCY_MS), (0.0, 100.0), "Share of notes reported within so many milliseconds")
    spread = Plot(520, 290, (0.0, LATENCY_MS), (0.0, 100.0), "How the latencies of the notes found are spread")
    bins = np.arange(0.0, LATENCY_MS + 1.0, 10.0)
    shares = []
    for result in music:
        late_ms = 1000.0 * (result.notes.latency_s if result else np.zeros(0))
        late_ms = late_ms[np.isfinite(late_ms)]
        counts = np.histogram(late_ms.clip(0.0, LATENCY_MS), bins)[0]
        shares.append(100.0 * counts / max(1, len(late_ms)))
    top = max(10.0, 10.0 * math.ceil(max(float(share.max(initial=0.0)) for share in shares) / 10.0))
    spread.y = (0.0, top)
    for plot, high in ((known, 100.0), (spread, top)):
        plot.x_axis(ticks(0.0, LATENCY_MS, 50.0), "ms after the note began", grid=False)
        plot.y_axis(ticks(0.0, high, round_step(high), "%"))
        plot.mark(50.0, "50 ms")
        plot.mark(100.0, "100 ms")
    for number, (result, share) in enumerate(zip(music, shares, strict=True)):
        if result is None or not result.notes.notes:
            continue
        late_ms = np.sort(1000.0 * result.notes.latency_s[result.notes.found])
        within = 100.0 * np.searchsorted(late_ms, grid, side="right") / result.notes.notes
        name = evaluation.systems[number].name
        known.line(zip(grid, within, strict=True), f"s{number % 8}", name)
        spread.line(zip(bins[:-1] + 5.0, share, strict=True), f"s{number % 8}", name)
    return _section(
        "How late",
        "Left: of all notes played, how many were reported so many milliseconds after they began; what is missing at "
        "the right edge was never found. Right: of the notes found, how many came in each 10 ms.",
        _legend(evaluation),
        f'<div class="two">{_figure("reported by then", known)}{_figure("reported in that 10 ms", spread)}</div>',
    )


def _registers(evaluation: Evaluation, figures: Sequence[dict[str, float]]) -> str:
    names = [name for name in REGISTER_NAMES if any(row.get(f"notes {name}") for row in figures)]
    latest = [row.get(f"latency_ms {name}", math.nan) for row in figures for name in names]
    highest = max([50.0, *(value for value in latest if math.isfinite(value))])
    step = round_step(highest)
    plots = (
        ("found", 100.0, 20.0, "%", "notes found"),
        ("latency_ms", step * math.ceil(highest / step), step, " ms", "median latency"),
    )
    drawn = []
    for key, top, every, unit, title in plots:
        plot = Plot(520, 250, (0.0, float(len(names))), (0.0, top), f"{title} by register")
        counts = [next(row[f"notes {name}"] for row in figures if f"notes {name}" in row) for name in names]
        labels = [f"{name} ({count:.0f})" for name, count in zip(names, counts, strict=True)]
        plot.x_axis([(at + 0.5, label) for at, label in enumerate(labels)], "register (notes played)", grid=False)
        plot.y_axis(ticks(0.0, top, every, unit))
        width = 0.76 / len(figures)
        for at, name in enumerate(names):
            for number, row in enumerate(figures):
                value = row.get(f"{key} {name}", math.nan)
                if math.isfinite(value):
                    left = at + 0.12 + number * width
                    tip = f"{evaluation.systems[number].name}, {name}: {value:.1f}{unit}"
                    plot.block((left, left + 0.92 * width), (0.0, max(0.0, value)), f"bar s{number % 8}", tip)
        drawn.append(_figure(title, plot))
    return _section(
        "Low and high",
        "Two periods of E1 last 49 ms, of E2 24 ms: low notes take longer whatever listens.",
        _legend(evaluation),
        f'<div class="two">{"".join(drawn)}</div>',
    )


def _eagerness(evaluation: Evaluation, music: Sequence[Result | None]) -> str:
    rows = [[counts.figures() for counts in result.curve] if result else [] for result in music]
    drawn = []
    for title, keys, unit in (
        ("F1@100ms (line) and F1@50ms (dashes)", ("f1_100ms", "f1_50ms"), "%"),
        ("false notes a minute", ("false_per_min",), ""),
        ("median latency", ("latency_ms",), " ms"),
    ):
        values = [row[key] for system in rows for row in system for key in keys if math.isfinite(row[key])]
        step = round_step(max([1e-3, *values]))
        top = 100.0 if unit == "%" else step * math.ceil(max([1e-3, *values]) / step)
        plot = Plot(340, 250, (0.0, 1.0), (0.0, top), f"{title} over eagerness")
        plot.x_axis([(eagerness, f"{eagerness:g}") for eagerness in CURVE], "eagerness", grid=False)
        plot.y_axis(ticks(0.0, top, 20.0 if unit == "%" else step, unit))
        for number, system in enumerate(rows):
            for key in keys:
                points = [(e, row[key]) for e, row in zip(CURVE, system, strict=True) if math.isfinite(row[key])]
                if points:
                    dash = " dash" if key == "f1_50ms" else ""
                    plot.line(points, f"s{number % 8}{dash}", evaluation.systems[number].name, dots=True)
        drawn.append(_figure(title, plot))
    return _section(
        "Eagerness",
        "One setting trades early notes for false ones: 0 waits until it is sure, 1 answers at once.",
        _legend(evaluation),
        f'<div class="three">{"".join(drawn)}</div>',
    )


def _confusions(evaluation: Evaluation, music: Sequence[Result | None]) -> str:
    drawn = [
        (evaluation.systems[number].name, _confusion(result))
        for number, result in enumerate(music)
        if result is not None
    ]
    legend = "".join(f'<li><i class="{style}"></i>{text}</li>' for style, text in ERROR_KINDS)
    return _section(
        "What was taken for what",
        "Every hop of music: the note that sounded across, the note that was detected up. The stronger the colour, the "
        "larger its share of all hops in which that note sounded; what is under half a percent is left out.",
        f'<ul class="legend">{legend}</ul>',
        _first_open(drawn),
    )


def _confusion(result: Result) -> str:
    matrix = result.hops.matrix()
    sums = matrix.sum(axis=1)
    shares = matrix / np.maximum(sums, 1)[:, None]
    shown = [(int(true), int(estimated)) for true, estimated in zip(*np.nonzero(shares >= LEAST_SHARE), strict=True)]
    notes = [note for pair in shown for note in pair if note != NOTHING]
    low, high = min(notes, default=60) - 1, max(notes, default=72) + 1
    out = low - 3  # where "nothing" stands, apart from the notes
    plot = Plot(560, 560, (out - 1.0, high + 1.0), (out - 1.0, high + 1.0), "Confusion of notes, hop by hop", left=56.0)
    named = [(float(midi), note_name(midi)) for midi in range(low, high + 1) if midi % 12 == 0]
    plot.x_axis([(float(out), "nothing"), *named], "sounded")
    plot.y_axis([(float(out), "nothing"), *named])
    for true, estimated in shown:
        share = shares[true, estimated]
        x, y = (out if note == NOTHING else note for note in (true, estimated))
        words = [("nothing" if note == NOTHING else note_name(note)) for note in (true, estimated)]
        title = f"{words[0]} detected as {words[1]}: {100 * share:.1f} % of {sums[true]} hops"
        opacity = min(1.0, 0.25 + 0.75 * float(share) ** 0.5)
        plot.block((x - 0.5, x + 0.5), (y - 0.5, y + 0.5), _error_kind(true, estimated), title, opacity)
    kinds = dict(ERROR_KINDS)
    rows = "".join(
        f"<tr><th>{note_name(true)}</th><td>{note_name(estimated)}</td><td>{share:.1f} %</td>"
        f'<td class="says"><i class="{kind}"></i>{kinds[kind]}</td></tr>'
        for true, estimated, share in top_confusions(result)
        for kind in [_error_kind(true, estimated)]
    )
    table = (
        "<h3>The commonest wrong notes</h3><table>"
        "<thead><tr><th>sounded</th><th>detected</th><th>of its hops</th><th></th>"
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )
    return f'<div class="two"><figure>{plot}</figure><div>{table}</div></div>'


def _error_kind(true: int, estimated: int) -> str:
    if NOTHING in (true, estimated):
        return "k-nothing" if true != estimated else "k-right"
    away = abs(true - estimated)
    return {0: "k-right", 1: "k-late"}.get(away, "k-octave" if away % 12 == 0 else "k-false")


def _groups(evaluation: Evaluation) -> str:
    tables = [
        (f"By {grouping.title}", _group_table(evaluation, grouping))
        for grouping in GROUPINGS
        if len(evaluation.groups(grouping.key)) > 1
    ]
    return _section("Kind by kind", "", _first_open(tables)) if tables else ""


def _group_table(evaluation: Evaluation, grouping: Grouping) -> str:
    several = len(evaluation.systems) > 1
    figures = [grouped(evaluation, number, grouping) for number in range(len(evaluation.systems))]
    rows = []
    for name in figures[0]:
        for number, system in enumerate(evaluation.systems):
            cells = [_cell(figure, [row[name] for row in figures], number) for figure in GROUP_FIGURES]
            who = f'<td class="says">{_swatch(number)}{escape(system.name)}</td>' if several else ""
            more = ' class="more"' if number + 1 < len(evaluation.systems) else ""
            rows.append(f"<tr{more}><th>{'' if number else escape(name)}</th>{who}{''.join(cells)}</tr>")
    heads = "".join(f"<th>{escape(figure.title)}<br><small>{figure.unit}</small></th>" for figure in GROUP_FIGURES)
    return (
        f'<div class="wide"><table><thead><tr><th></th>{"<th></th>" if several else ""}{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(figure: Figure, rows: Sequence[dict[str, float]], number: int) -> str:
    values = [row[figure.key] for row in rows]
    return f"<td{' class=best' if number in best(values, figure) else ''}>{figure.text(values[number])}</td>"


def _rolls(evaluation: Evaluation) -> str:
    drawn = []
    f1 = next(figure for figure in NOTES if figure.key == "f1_100ms")
    false = next(figure for figure in NOTES if figure.key == "false_per_min")
    for number, system in enumerate(evaluation.systems):
        rolls = []
        for which in worst(evaluation, number, WORST):
            recording, result = evaluation.recordings[which], evaluation.results[number][which]
            figures = result.figures()
            facts = [recording.instrument, recording.style, f"{false.text(figures[false.key])} false notes a minute"]
            if len(recording.notes):
                facts.insert(2, f"F1@100ms {f1.text(figures[f1.key])} %")
            details = ", ".join(escape(fact) for fact in facts if fact)
            rolls.append(
                f'<figure class="roll"><figcaption><b>{escape(recording.path.stem)}</b> &nbsp;{details}</figcaption>'
                f"{roll(recording, result)}</figure>"
            )
        if rolls:
            drawn.append((system.name, "".join(rolls)))
    if not drawn:
        return ""
    legend = '<li><i class="k-truth"></i>played</li><li><i class="missed"></i>played, not found</li>'
    legend += "".join(f'<li><i class="k-{key}"></i>detected: {text}</li>' for key, text in VERDICTS.items())
    return _section(
        "What went worst",
        "The recordings with the lowest F1@100ms, and those without music in which most was found; of long ones, the "
        "20 seconds with most errors.",
        f'<ul class="legend">{legend}</ul>',
        _first_open(drawn),
    )


def _provenance(evaluation: Evaluation) -> str:
    rows = []
    for system in evaluation.systems:
        facts = {"what": system.what, "settings": asdict(system.config), **system.facts}
        rows.append(f"<h3>{escape(system.name)}</h3><p><code>{escape(json.dumps(facts, sort_keys=True))}</code></p>")
    software = ", ".join(f"{name} {number}" for name, number in versions().items())
    return _section(
        "What was measured",
        f"Data: SHA-256 {evaluation_hash(evaluation.recordings)}. With {software}.",
        f"<details><summary>Settings and models</summary>{''.join(rows)}</details>",
    )


def _section(title: str, intro: str, *parts: str) -> str:
    paragraph = f'<p class="soft">{escape(intro)}</p>' if intro else ""
    return f"<section><h2>{escape(title)}</h2>{paragraph}{''.join(parts)}</section>"


def _first_open(parts: Sequence[tuple[str, str]]) -> str:
    """Several of a kind, the first unfolded; one alone needs no name."""
    if len(parts) == 1:
        return parts[0][1]
    return "".join(
        f"<details{'' if number else ' open'}><summary>{escape(name)}</summary>{body}</details>"
        for number, (name, body) in enumerate(parts)
    )


def _figure(caption: str, plot: Plot) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{plot}</figure>"


def _legend(evaluation: Evaluation) -> str:
    if len(evaluation.systems) < 2:
        return ""
    items = "".join(f"<li>{_swatch(number)}{escape(s.name)}</li>" for number, s in enumerate(evaluation.systems))
    return f'<ul class="legend">{items}</ul>'


def _swatch(number: int) -> str:
    return f'<i class="s{number % 8}"></i>'
