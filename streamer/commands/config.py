"""``streamer config``: the file in which settings are kept."""

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import typer

from streamer.commands.grammar import OptionalValues
from streamer.commands.options import Flags, Settled, takes_settings
from streamer.errors import ConfigError, printable
from streamer.settings.catalogues import PLAYING
from streamer.settings.file import CONFIGURATION, Place, SettingsFile
from streamer.settings.layers import Origin, environment_name

if TYPE_CHECKING:
    from rich.table import Table

config = typer.Typer(help="The file in which settings are kept.", no_args_is_help=True, rich_markup_mode="markdown")
_NOT_SAVED = {setting.name for setting in CONFIGURATION}
_EDITORS = {"win32": "notepad"}


@config.command("show", cls=OptionalValues)
@takes_settings(PLAYING, CONFIGURATION)
def show_config(*, settled: Settled, place: Place) -> int:
    """Show every setting, and where its value comes from: default, preset, file, environment or flag.

    **Examples**

    * `streamer config show`
    * `streamer config show --profile stage --gate -45`
    """
    from streamer.commands.printing import show
    from streamer.settings.tracker import config_of

    config_of(settled)  # says what contradicts each other
    show(_table(settled, str(place.path)))
    if place.path.exists():
        typer.echo(printable(f"file: {place.path}{f', profile {place.profile}' if place.profile else ''}"))
    else:
        typer.echo(printable(f"file: {place.path}, which is not there; `streamer setup` makes it"))
    return 0


@config.command("path")
@takes_settings(CONFIGURATION)
def show_path(*, place: Place) -> int:
    """Print where the file is, whether it is there or not.

    **Example**: `streamer config path`
    """
    typer.echo(printable(str(place.path)))
    return 0


@config.command("check")
@takes_settings(CONFIGURATION)
def check_config(*, place: Place) -> int:
    """Check the whole file, with all its profiles, and say what is wrong. Exit status 2 if anything is.

    A file that is not there is right: all settings are the usual ones then.

    **Examples**

    * `streamer config check`
    * `streamer config check --config rig.toml`
    """
    return _check(place)


@config.command("save", cls=OptionalValues)
@takes_settings(PLAYING, CONFIGURATION)
def save_config(*, flags: Flags, place: Place) -> int:
    """Write the options that are given here to the file, or to a profile in it; all else in it stays.

    **Examples**

    * `streamer config save --preset guitar --input USB`
    * `streamer config save --profile stage --gate -45`
    """
    from streamer.settings.saving import save

    given = {name: value for name, value in flags.items() if name not in _NOT_SAVED}
    if not given:
        raise ConfigError("there is nothing to save; give the options that the file is to hold, such as --gate -50")
    save(place, given, PLAYING)
    where = f"profile {place.profile} of {place.path}" if place.profile else str(place.path)
    typer.echo(printable(f"saved {', '.join(given)} to {where}"))
    return 0


@config.command("edit")
@takes_settings(CONFIGURATION)
def edit_config(*, place: Place) -> int:
    """Open the file in the editor that `VISUAL` or `EDITOR` names, and check it afterwards.

    **Example**: `streamer config edit`
    """
    from streamer.settings.saving import make

    make(place)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _EDITORS.get(sys.platform, "vi")
    try:
        done = subprocess.run([*shlex.split(editor, posix=sys.platform != "win32"), str(place.path)], check=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the editor {editor!r} cannot be started ({error}); set EDITOR, or edit {place.path}"
        ) from None
    return done.returncode or _check(Place(place.path, named=True))


def _check(place: Place) -> int:
    from streamer.commands.wiring import notify

    file = SettingsFile(place, PLAYING)
    complaints = file.complaints()
    for complaint in complaints:
        notify(complaint)
    if complaints:
        return 2
    if not place.path.exists():
        typer.echo(
            printable(f"{place.path} is not there, so there is nothing wrong with it; `streamer setup` makes it")
        )
        return 0
    profiles = ", ".join(file.profiles) or "none"
    typer.echo(printable(f"{place.path} is right; profiles: {profiles}"))
    return 0


def _table(settled: Settled, path: str) -> "Table":
    from rich.table import Table
    from rich.text import Text

    known = {setting.name: setting for setting in PLAYING}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("setting", "value", "from"):
        table.add_column(column, overflow="fold")
    for name, found in settled.items():
        setting = known[name]
        value = setting.shown_default if found.origin is Origin.DEFAULT else setting.text_of(found.value)
        by = {
            Origin.PRESET: f"preset {settled['preset'].value}",
            Origin.FILE: found.where.replace(path, "file"),
            Origin.ENVIRONMENT: f"environment: {environment_name(setting)}",
            Origin.FLAG: f"flag {setting.flag}",
        }.get(found.origin, "default")
        style = "dim" if found.origin is Origin.DEFAULT else ""
        table.add_row(*(Text(printable(part), style=style) for part in (name, value, by)))
    return table
