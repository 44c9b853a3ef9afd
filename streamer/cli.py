"""The command ``streamer``: the only place that prints for people or sets exit codes.

Exit status: 0 all went well; 1 something failed on the way (`doctor` found a fault, a sink broke, the device stayed
away); 2 what was asked for cannot be done, with one line that says why; 128 + N after signal N.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from streamer import __version__
from streamer.commands.grammar import DefaultToLive, OptionalValues
from streamer.commands.options import (
    FILES,
    INPUT,
    Block,
    Jsonl,
    MidiApi,
    NoUi,
    Output,
    Virtual,
    takes_tracker_options,
)
from streamer.config import TrackerConfig
from streamer.errors import StreamerError

PLAY = "Play"
CHECK = "Check"
WORK_ON_FILES = "Work on files"

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


@app.command("live", cls=OptionalValues, rich_help_panel=PLAY)
@takes_tracker_options
def _live(
    *,
    input_: Annotated[
        str | None,
        typer.Option(
            "--input",
            "-i",
            metavar="DEVICE|-",
            help="Number or part of the name (`streamer devices`); - reads raw PCM from standard input.",
            show_default="the system's own choice",
            rich_help_panel=INPUT,
        ),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(
            metavar="HZ",
            help="Sample rate, 8000 to 192000.",
            show_default="the device's own; 48000 for a pipe",
            rich_help_panel=INPUT,
        ),
    ] = None,
    block: Block = None,
    sample_format: Annotated[
        str, typer.Option("--format", metavar="s16|f32", help="Samples of a raw pipe.", rich_help_panel=INPUT)
    ] = "s16",
    channels: Annotated[
        int,
        typer.Option(
            min=1, max=64, metavar="N", help="Channels of a raw pipe; the first is heard.", rich_help_panel=INPUT
        ),
    ] = 1,
    output: Output = None,
    virtual: Virtual = None,
    midi_api: MidiApi = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE.mid", help="Write the notes down.", rich_help_panel=FILES)
    ] = None,
    record_audio: Annotated[
        Path | None, typer.Option(metavar="FILE.wav", help="Write the sound down.", rich_help_panel=FILES)
    ] = None,
    jsonl: Jsonl = None,
    no_ui: NoUi = False,
    config: TrackerConfig,
    preset: str,
) -> int:
    """Turn what the microphone hears into MIDI, at once.

    Without **--output** or **--virtual**, a MIDI port "streamer" appears (Linux, macOS): choose it in your DAW.

    **Examples**

    * `streamer live --preset guitar --record take1.mid`
    * `streamer live --input "USB" --output "FluidSynth"`
    * `arecord -f S16_LE -r 48000 -c 1 -t raw | streamer live --input - --rate 48000 --jsonl -`

    Keys on the screen: q quit, space mute, p panic, up/down transpose, r start or stop recording, ? help.
    """
    raise NotImplementedError


@app.command("demo", cls=OptionalValues, rich_help_panel=PLAY)
@takes_tracker_options
def _demo(
    *,
    virtual: Virtual = None,
    output: Output = None,
    midi_api: MidiApi = None,
    play: Annotated[bool, typer.Option("--play", metavar="", help="Make the performance audible.")] = False,
    midi: Annotated[
        Path, typer.Option(metavar="FILE.mid", help="Where the notes are written.", rich_help_panel=FILES)
    ] = Path("streamer-demo.mid"),
    jsonl: Jsonl = None,
    no_ui: NoUi = False,
    config: TrackerConfig,
    preset: str,
) -> int:
    """Hear a performance that the program plays to itself: no microphone, no MIDI gear.

    It writes the MIDI file of what it heard, and ends with how many notes it found and how late they were.

    **Examples**

    * `streamer demo`
    * `streamer demo --play --virtual`
    """
    raise NotImplementedError


@app.command("devices", rich_help_panel=CHECK)
def _devices(midi_api: MidiApi = None) -> int:
    """List microphones and MIDI ports, which are usable, and why not.

    **Example**: `streamer devices`
    """
    raise NotImplementedError


@app.command("doctor", rich_help_panel=CHECK)
def _doctor(
    seconds: Annotated[float, typer.Option(min=1.0, max=60.0, metavar="S", help="Length of the timing test.")] = 3.0,
) -> int:
    """Check this machine, and say what mends what is wrong. Exit status 1 if something must be mended.

    **Example**: `streamer doctor`
    """
    raise NotImplementedError


@app.command("transcribe", rich_help_panel=WORK_ON_FILES)
@takes_tracker_options
def _transcribe(
    *,
    file: Annotated[Path, typer.Argument(help="WAV, FLAC, OGG or MP3.", show_default=False)],
    notes: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="onset_s,offset_s,midi,emit_s,note,velocity", rich_help_panel=FILES),
    ] = None,
    f0: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="time_s,f0_hz,emit_s,confidence; one row a hop.", rich_help_panel=FILES),
    ] = None,
    midi: Annotated[
        Path | None, typer.Option(metavar="FILE.mid", help="A standard MIDI file.", rich_help_panel=FILES)
    ] = None,
    jsonl: Jsonl = None,
    config: TrackerConfig,
    preset: str,
) -> int:
    """Transcribe a recording just as live would have: causally, without a look ahead.

    With no file to write, a table of the notes is printed.

    **Examples**

    * `streamer transcribe song.flac`
    * `streamer transcribe solo.wav --preset sax --midi solo.mid --notes solo.csv`
    """
    raise NotImplementedError


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    try:
        status = app(args, prog_name="streamer", standalone_mode=False)
    except StreamerError as error:
        status = _complain("streamer", str(error), 2)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "streamer"
        status = _complain(
            command, f"{error.format_message()}  (`{command} --help` tells what can be said)", error.exit_code
        )
    except typer.Abort:
        status = 1
    sys.exit(status)


def _complain(command: str, message: str, status: int) -> int:
    print(f"{command}: {' '.join(message.split())}", file=sys.stderr)
    return status
