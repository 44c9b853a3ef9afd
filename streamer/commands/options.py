"""The options that several commands share, described once."""

import inspect
import os
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from streamer.config import PRESETS, TRACKER_GROUP
from streamer.errors import ConfigError
from streamer.settings.description import Setting
from streamer.settings.layers import UNSET, Resolved, from_environment
from streamer.settings.tracker import TRACKER, config_of, resolve_tracker

INPUT = "Sound in"
OUTPUT = "MIDI out"
FILES = "Files"
SCREEN = "Screen"


def _presets() -> list[str]:
    return list(PRESETS)


def _detectors() -> list[str]:
    from streamer.detectors import DETECTORS

    return list(DETECTORS)


def _annotation(setting: Setting) -> Any:
    """What typer makes an option of. Its default is None, which means: not given."""
    names = {"preset": _presets, "detector": _detectors}
    kind, parser = (Path, None) if setting.kind == "path" else (str, _parser(setting))  # a shell completes paths
    option = typer.Option(
        setting.flag,
        parser=parser,
        metavar=setting.metavar,
        help=setting.help,
        show_default=setting.shown_default,
        rich_help_panel=setting.group,
        autocompletion=names.get(setting.name),
    )
    return Annotated[kind | None, option]


def _parser(setting: Setting) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return setting.parse(text)
        except ConfigError as error:
            raise typer.BadParameter(str(error)) from error

    return parse


def _lists() -> dict[str, Any]:
    """Options that only show what there is, and leave."""
    shown = {"list_presets": (_list_presets, "presets"), "list_detectors": (_list_detectors, "detectors")}
    return {
        name: Annotated[
            bool,
            typer.Option(
                f"--list-{what}",
                callback=callback,
                is_eager=True,
                metavar="",
                help=f"Show the {what} and leave.",
                rich_help_panel=TRACKER_GROUP,
            ),
        ]
        for name, (callback, what) in shown.items()
    }


def takes_settings(*names: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Add options for some of the tracker's settings to a command, where its parameter ``config`` stands.

    The command gets them as ``config`` and, if it takes that, ``preset``. Environment variables of the same settings
    take effect, too.

    Parameters
    ----------
    *names : str
        Names of settings; all if none is given, and then ``--list-presets`` and ``--list-detectors`` as well.

    Raises
    ------
    ConfigError
        When the command runs, if a value is unknown or out of range.
    """
    taken = [setting for setting in TRACKER if not names or setting.name in names]
    annotations: dict[str, tuple[Any, bool | None]] = {s.name: (_annotation(s), None) for s in taken}
    if not names:
        annotations |= {name: (annotation, False) for name, annotation in _lists().items()}
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in annotations.items()
    ]

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = inspect.signature(command).parameters

        @wraps(command)
        def with_config(**values: Any) -> int:
            flags = {name: values.pop(name) for name in annotations}
            resolved = _resolve(taken, flags)
            made = {"config": config_of(resolved), "preset": resolved["preset"].value}
            return command(**values, **{name: made[name] for name in own if name in made})

        shown: list[inspect.Parameter] = []
        for parameter in own.values():
            if parameter.name == "config":
                shown += options
            elif parameter.name != "preset":
                shown.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        with_config.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
        with_config.__annotations__ = {p.name: p.annotation for p in shown}
        return with_config

    return decorate


def _resolve(taken: Sequence[Setting], flags: dict[str, Any]) -> dict[str, Resolved]:
    given = {s.name: UNSET if flags[s.name] is None else flags[s.name] for s in taken}
    if isinstance(given.get("model"), Path):
        given["model"] = str(given["model"])
    there = from_environment(os.environ, TRACKER)
    environment = {setting.name: there.get(setting.name, UNSET) for setting in taken}
    return resolve_tracker(environment=environment, flags=given)


def _list_presets(wanted: bool) -> None:
    if wanted:
        from streamer.commands.printing import presets_table, show

        show(presets_table())
        raise typer.Exit


def _list_detectors(wanted: bool) -> None:
    if wanted:
        from streamer.commands.printing import detectors_table, show

        show(detectors_table())
        raise typer.Exit


takes_tracker_options = takes_settings()

Input = Annotated[
    str | None,
    typer.Option(
        "--input",
        "-i",
        metavar="DEVICE|-",
        help="Number or part of the name (`streamer devices`); - reads raw PCM from standard input.",
        show_default="the system's own choice",
        rich_help_panel=INPUT,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="NAME", help="An existing MIDI port, by part of its name.", rich_help_panel=OUTPUT
    ),
]
Virtual = Annotated[
    str | None,
    typer.Option(
        metavar="[NAME]",
        help="Make a MIDI port that other programs can connect to.",
        rich_help_panel=OUTPUT,
    ),
]
MidiApi = Annotated[
    str | None,
    typer.Option(metavar="API", help="Force a MIDI system: alsa, jack, coremidi, winmm.", rich_help_panel=OUTPUT),
]
Jsonl = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|-",
        allow_dash=True,
        help="Write every event as a line of JSON; - is standard output.",
        rich_help_panel=FILES,
    ),
]
NoUi = Annotated[bool, typer.Option("--no-ui", metavar="", help="No screen: for scripts.", rich_help_panel=SCREEN)]
Block = Annotated[
    int,
    typer.Option(
        min=0,
        max=16384,
        metavar="SAMPLES",
        help="Samples per audio callback.",
        show_default="what suits the driver",
        rich_help_panel=INPUT,
    ),
]
