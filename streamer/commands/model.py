"""``streamer model``: what a model file is, and where it comes from."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from streamer.analysis.network import Network
    from streamer.model import Model

DEFAULT = "default"
model = typer.Typer(help="Models of the trained detector.", no_args_is_help=True, rich_markup_mode="markdown")
# Shown in a form of their own, or the same for every model that can be loaded.
_APART = (
    "settings",
    "loss",
    "licences",
    "features",
    "feature_version",
    "versions",
    "format",
    "format_version",
    "outputs",
    "verifier",
    "verifier_outputs",
    "thresholds",
    "context",
    "context_version",
    "audio_sha256",
)


@model.command("show")
def show_model(
    file: Annotated[
        str, typer.Argument(metavar="FILE|default", help="A model; default is the program's own.")
    ] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="The whole card, for programs.")] = False,
) -> int:
    """Show a model's card: its layers and features, what it was trained on, how well, and on which terms.

    **Examples**

    * `streamer model show my.model`
    * `streamer model show default --json`
    """
    from streamer.commands.printing import show

    scorer = load_model(file)
    if as_json:
        typer.echo(json.dumps(scorer.card, indent=2, sort_keys=True))
    else:
        show(card_view(scorer, file))
    return 0


def load_model(name: str) -> "Model":
    """A model by its path; ``default`` is the one that comes with the program.

    Raises
    ------
    ModelError
        If it cannot be used.
    """
    from streamer.model import load

    if name == DEFAULT:
        from streamer.model import shipped_model

        return shipped_model()
    return load(Path(name))


def card_view(model: "Model", name: str) -> "RenderableType":
    """The card as a table; a card may come from anywhere, so nothing in it is taken for more than text."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    card = model.card
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")

    def row(title: str, value: object) -> None:
        table.add_row(_plain(title), _plain(value))

    row("model", name)
    row("layers", _layers(model.scorer))
    row("verifier", "none: thresholds decide" if model.verifier is None else _layers(model.verifier))
    if changed := model.thresholds.changed:
        row("thresholds", ", ".join(f"{key} {value:g}" for key, value in changed.items()) + "; else the usual ones")
    for title, value in card.items():
        if title not in _APART:
            row(title.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else value)
    for part in ("versions", "settings"):
        if facts := _table(card, part):
            row(part, ", ".join(f"{key} {value}" for key, value in facts))
    features = card.get("features")
    if isinstance(features, list):
        row("features", f"{len(features)}, version {card.get('feature_version')}")
    if facts := _table(card, "verifier"):
        row("verifier, training", ", ".join(f"{key} {value}" for key, value in facts))
    for rows, losses in _table(card, "loss"):
        if isinstance(losses, dict):
            row(f"loss, {rows}", ", ".join(f"{key} {value}" for key, value in losses.items()))
    licences = card.get("licences", [])
    lines = [_plain(f"  {line}") for line in licences] if isinstance(licences, list) else []
    return Group(table, Text("made from", style="bold"), *lines) if lines else table


def _layers(network: "Network") -> str:
    units = [network.weights[0].shape[0], *(len(bias) for bias in network.biases)]
    numbers = sum(array.size for array in (*network.weights, *network.biases))
    return f"{' - '.join(map(str, units))} ({numbers} numbers)"


def _table(card: dict[str, Any], name: str) -> list[tuple[str, Any]]:
    value = card.get(name)
    return list(value.items()) if isinstance(value, dict) else []


def _plain(value: object) -> "Text":
    """Text without the control characters by which a terminal could be told to do something."""
    from rich.text import Text

    return Text("".join(character if character.isprintable() else " " for character in str(value)))
