"""The command ``streamer``: the only place that prints for people or sets exit codes.

Exit status: 0 all went well; 1 something failed on the way (`doctor` found a fault, a sink broke, the device stayed
away); 2 what was asked for cannot be done, with one line that says why; 128 + N after signal N.
"""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from streamer import __version__
from streamer.commands.check import devices, doctor
from streamer.commands.demo import demo
from streamer.commands.evaluate import evaluate
from streamer.commands.grammar import DefaultToLive, OptionalValues
from streamer.commands.live import live
from streamer.commands.model import model
from streamer.commands.record_dataset import record_dataset
from streamer.commands.train import train
from streamer.commands.transcribe import transcribe
from streamer.commands.tune import tune
from streamer.errors import StreamerError, printable

PLAY = "Play"
CHECK = "Check"
WORK_ON_FILES = "Work on files"
LEARN = "Learn from recordings"

app = typer.Typer(
    name="streamer",
    cls=DefaultToLive,
    help="Live pitch to MIDI: play or sing, and your DAW gets the note while it is still beginning.",
    epilog="`streamer` alone is `streamer live`. `streamer COMMAND --help` tells each command's options and examples.",
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"streamer {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, metavar="", help="Say the version and leave.")
    ] = False,
) -> None:
    pass


app.command("live", cls=OptionalValues, rich_help_panel=PLAY)(live)
app.command("demo", cls=OptionalValues, rich_help_panel=PLAY)(demo)
app.command("devices", rich_help_panel=CHECK)(devices)
app.command("doctor", rich_help_panel=CHECK)(doctor)
app.command("transcribe", rich_help_panel=WORK_ON_FILES)(transcribe)
app.command("evaluate", rich_help_panel=LEARN)(evaluate)
app.command("record-dataset", rich_help_panel=LEARN)(record_dataset)
app.command("train", rich_help_panel=LEARN)(train)
app.command("tune", rich_help_panel=LEARN)(tune)
app.add_typer(model, name="model", rich_help_panel=LEARN)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files are not always what a terminal can show
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = app(args, prog_name="streamer", standalone_mode=False)
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
