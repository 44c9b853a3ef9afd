"""The command ``streamer``: the only place that prints for people or sets exit codes.

Exit status: 0 all went well; 1 something failed on the way (`doctor` found a fault, a sink broke, the device stayed
away); 2 what was asked for cannot be done, with one line that says why; 128 + N after signal N.
"""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Annotated

import typer

from streamer import __version__
from streamer.commands.grammar import DefaultToLive, OptionalValues
from streamer.errors import StreamerError, printable
from streamer.live.signals import plain_interrupts

PLAY = "Play"
SET_UP = "Set up"
CHECK = "Check"
WORK_ON_FILES = "Work on files"
LEARN = "Learn from recordings"
# Name, module and function or group, and heading in the help. A module is imported when its command is wanted.
_COMMANDS = {
    "live": ("streamer.commands.live", "live", PLAY),
    "demo": ("streamer.commands.demo", "demo", PLAY),
    "setup": ("streamer.commands.setup", "setup", SET_UP),
    "calibrate": ("streamer.commands.calibrate", "calibrate", SET_UP),
    "config": ("streamer.commands.config", "config", SET_UP),
    "serve": ("streamer.commands.serve", "serve", PLAY),
    "devices": ("streamer.commands.check", "devices", CHECK),
    "doctor": ("streamer.commands.check", "doctor", CHECK),
    "transcribe": ("streamer.commands.transcribe", "transcribe", WORK_ON_FILES),
    "evaluate": ("streamer.commands.evaluate", "evaluate", LEARN),
    "record-dataset": ("streamer.commands.record_dataset", "record_dataset", LEARN),
    "train": ("streamer.commands.train", "train", LEARN),
    "tune": ("streamer.commands.tune", "tune", LEARN),
    "model": ("streamer.commands.model", "model", LEARN),
}
_OPTIONAL_VALUES = ("live", "demo", "transcribe")


def _version(wanted: bool) -> None:
    if wanted:
        from streamer.analysis import core

        typer.echo(f"streamer {__version__}")
        typer.echo(f"computed by {core.describe()}")
        raise typer.Exit


def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, metavar="", help="Say the version and leave.")
    ] = False,
) -> None:
    pass


def command_line(only: str | None = None) -> typer.Typer:
    """The command line, as typer has it.

    Parameters
    ----------
    only : str or None
        The one command that it is to know, which takes less time; None for all.
    """
    app = typer.Typer(
        name="streamer",
        cls=DefaultToLive,
        help="Live pitch to MIDI: play or sing, and your DAW gets the note while it is still beginning.",
        epilog="`streamer` alone is `streamer live`. `streamer COMMAND --help` shows a command's options and examples.",
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name, (module, function, heading) in _COMMANDS.items():
        if only not in (None, name):
            continue
        command = getattr(import_module(module), function)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=heading)
        else:
            kind = OptionalValues if name in _OPTIONAL_VALUES else None
            app.command(name, cls=kind, rich_help_panel=heading)(command)
    return app


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files are not always what a terminal can show
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        words = sys.argv[1:] if args is None else list(args)
        only = words[0] if words and words[0] in _COMMANDS else None
        with plain_interrupts():  # while all that is imported
            commands = command_line(only)
        status = commands(words, prog_name="streamer", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:  # who read our standard output has had enough
        status = 0
    except StreamerError as error:
        status = _complain("streamer", str(error), 2)
    except typer.TyperException as error:
        if not error.format_message():  # help was shown instead
            sys.exit(error.exit_code)
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "streamer"
        status = _complain(
            command, f"{error.format_message()}  (`{command} --help` tells what can be said)", error.exit_code
        )
    except typer.Abort:
        status = 1
    except OSError as error:
        where = error.filename or "standard output"
        status = _complain("streamer", f"cannot read or write {where}: {error.strerror or error}", 2)
    _settle_output()
    sys.exit(status)


def _settle_output() -> None:
    """What could not be written now would fail again, with a traceback, when the interpreter ends."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(command: str, message: str, status: int) -> int:
    with suppress(OSError, ValueError):  # the terminal is gone: nobody is left to read it
        print(f"{command}: {printable(' '.join(message.split()))}", file=sys.stderr)
    return status
