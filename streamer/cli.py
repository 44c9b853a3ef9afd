"""The command ``streamer``: the only place that prints for people or sets exit codes.

Exit status: 0 all went well; 1 something failed on the way (`doctor` found a fault, a sink broke, the device stayed
away); 2 what was asked for cannot be done, with one line that says why; 128 + N after signal N.
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from streamer import __version__
from streamer.commands.evaluate import evaluate
from streamer.commands.grammar import DefaultToLive, OptionalValues
from streamer.commands.model import model
from streamer.commands.options import (
    FILES,
    INPUT,
    Block,
    Input,
    Jsonl,
    MidiApi,
    NoUi,
    Output,
    Virtual,
    takes_tracker_options,
)
from streamer.commands.record_dataset import record_dataset
from streamer.commands.train import train
from streamer.commands.tune import tune
from streamer.config import DEFAULT_RATE_HZ, TrackerConfig
from streamer.errors import StreamerError

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
        from streamer.analysis import core

        typer.echo(f"streamer {__version__}")
        typer.echo(f"computed by {core.describe()}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, metavar="", help="Say the version and leave.")
    ] = False,
) -> None:
    pass


_Rate = Annotated[
    int | None,
    typer.Option(
        metavar="HZ",
        help="Sample rate, 8000 to 192000.",
        show_default="the device's own; 48000 for a pipe",
        rich_help_panel=INPUT,
    ),
]
_SampleFormat = Annotated[
    Literal["s16", "f32"], typer.Option("--format", help="Samples of a raw pipe.", rich_help_panel=INPUT)
]
_Channel = Annotated[
    int,
    typer.Option(min=1, max=64, metavar="N", help="Which channel of a device is heard.", rich_help_panel=INPUT),
]
_Channels = Annotated[
    int,
    typer.Option(min=1, max=64, metavar="N", help="Channels of a raw pipe; the first is heard.", rich_help_panel=INPUT),
]
_Record = Annotated[Path | None, typer.Option(metavar="FILE.mid", help="Write the notes down.", rich_help_panel=FILES)]
_RecordAudio = Annotated[
    Path | None, typer.Option(metavar="FILE.wav", help="Write the sound down.", rich_help_panel=FILES)
]


@app.command("live", cls=OptionalValues, rich_help_panel=PLAY)
@takes_tracker_options
def _live(
    *,
    input_: Input = None,
    rate: _Rate = None,
    block: Block = 0,
    sample_format: _SampleFormat = "s16",
    channel: _Channel = 1,
    channels: _Channels = 1,
    output: Output = None,
    virtual: Virtual = None,
    midi_api: MidiApi = None,
    record: _Record = None,
    record_audio: _RecordAudio = None,
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
    from streamer.commands.printing import summary_line
    from streamer.commands.wiring import file_sinks, notify, open_port, open_screen, open_source, recorders
    from streamer.live.session import Session
    from streamer.tracker import LIVE_HOPS, make_tracker

    make_tracker(config, rate or DEFAULT_RATE_HZ)  # refuses what cannot work before anything is opened
    with ExitStack() as closing:
        sinks = open_port(output, virtual, midi_api, needed=not (record or record_audio or jsonl))
        for sink in sinks:
            closing.callback(sink.close)
        source = open_source(input_, rate, block, channel, sample_format, channels)
        closing.callback(source.close)
        tracker = make_tracker(config, source.rate_hz, hops_at_once=LIVE_HOPS)
        sinks += file_sinks(source.rate_hz, jsonl=jsonl)
        screen = open_screen(no_ui, jsonl)
        if not screen:
            names = ", ".join(sink.name for sink in sinks) or "no port"
            notify(f"hearing {source.name} at {source.rate_hz} Hz, sending to {names}; Ctrl-C ends")
        files = recorders(record, record_audio, source.rate_hz)
        now = bool(record or record_audio)
        session = Session(
            source, tracker, sinks, recorders=files, record_now=now, screen=screen, notify=notify, preset=preset
        )
        status = session.run()
    notify(summary_line(session.snapshot()))
    return status


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
    from streamer.commands.printing import demo_summary, show
    from streamer.commands.wiring import STANDARD_OUTPUT, file_sinks, notify, open_port, open_screen
    from streamer.live.session import Session
    from streamer.material.demo import DemoSource, demo_performance
    from streamer.outputs.notelist import NoteList
    from streamer.tracker import make_tracker

    performance = demo_performance(DEFAULT_RATE_HZ)
    tracker = make_tracker(config, DEFAULT_RATE_HZ)
    with ExitStack() as closing:
        sinks = open_port(output, virtual, midi_api, needed=True) if output or virtual or midi_api else []
        for sink in sinks:
            closing.callback(sink.close)
        tracked = NoteList()
        sinks += [*file_sinks(DEFAULT_RATE_HZ, midi=midi, jsonl=jsonl), tracked]
        source = DemoSource(performance, block=tracker.config.hop, play=play)
        screen = open_screen(no_ui, jsonl)
        session = Session(source, tracker, sinks, screen=screen, notify=notify, preset=preset)
        status = session.run()
    show(demo_summary(performance, tracked.notes, session.snapshot(), midi), aside=jsonl == STANDARD_OUTPUT)
    return status


@app.command("devices", rich_help_panel=CHECK)
def _devices() -> int:
    """List microphones and MIDI ports, which of them can be used, and why not.

    **Example**: `streamer devices`
    """
    from streamer.commands.printing import inputs_table, midi_table, show

    show(inputs_table())
    show("")
    show(midi_table())
    return 0


@app.command("doctor", rich_help_panel=CHECK)
def _doctor(
    seconds: Annotated[float, typer.Option(min=1.0, max=60.0, metavar="S", help="Length of the timing test.")] = 3.0,
) -> int:
    """Check this machine, and say what mends what is wrong. Exit status 1 if there is a fault.

    **Example**: `streamer doctor`
    """
    from streamer.commands.printing import show, show_finding
    from streamer.doctor import Severity, examine

    faults = 0
    for finding in examine(seconds):
        show_finding(finding)
        faults += finding.severity is Severity.FAULT
    show(f"\n{faults} to mend" if faults else "\nready to play")
    return 1 if faults else 0


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
) -> int:
    """Transcribe a recording just as live would have: causally, without a look ahead.

    With no file to write, a table of the notes is printed.

    **Examples**

    * `streamer transcribe song.flac`
    * `streamer transcribe solo.wav --preset sax --midi solo.mid --notes solo.csv`
    """
    from streamer.audio.file import AudioFile
    from streamer.commands.printing import notes_table, show
    from streamer.commands.wiring import file_sinks
    from streamer.transcribe import transcribe

    recording = AudioFile(file)
    sinks = file_sinks(recording.rate_hz, notes=notes, f0=f0, midi=midi, jsonl=jsonl)
    try:
        tracked = transcribe(recording.blocks(), recording.rate_hz, config, sinks)
    except BrokenPipeError:  # who read our standard output has had enough
        return 0
    if not sinks:
        show(notes_table(tracked))
    return 0


app.command("evaluate", rich_help_panel=LEARN)(evaluate)
app.command("record-dataset", rich_help_panel=LEARN)(record_dataset)
app.command("train", rich_help_panel=LEARN)(train)
app.command("tune", rich_help_panel=LEARN)(tune)
app.add_typer(model, name="model", rich_help_panel=LEARN)


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
