"""Tables for people."""

import errno
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from streamer.config import PRESETS
from streamer.doctor import Finding, Severity
from streamer.errors import DeviceError, printable
from streamer.events import NoteOff, NoteOn
from streamer.live.snapshot import Snapshot
from streamer.material.demo import TOLERANCE_S, Performance, PlayedNote, match_notes
from streamer.transcription import Transcription
from streamer.units import note_name, samples_to_ms, samples_to_s


class _StandardOutput(Console):
    def on_broken_pipe(self) -> None:
        """Let it be seen that the reader has left; rich would end the program."""
        raise BrokenPipeError(errno.EPIPE, "the reader has left")


def show(what: RenderableType, *, aside: bool = False) -> None:
    """Print to standard output, or aside to standard error where that is for another program."""
    from streamer.outputs.files import standard_output_error

    if aside:
        Console(highlight=False, stderr=True).print(what)
    elif sys.stdout is not None:  # where it is closed, nobody wants to see it
        try:
            _StandardOutput(highlight=False).print(what)
            sys.stdout.flush()
        except OSError as error:
            failure = standard_output_error(error)
            if not isinstance(failure, BrokenPipeError):  # who reads it may have had enough
                raise failure from None


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def presets_table() -> Table:
    """The presets of `streamer.config.PRESETS`."""
    table = _table("preset", "lowest", "highest", "gate", "for")
    for name, preset in PRESETS.items():
        table.add_row(
            name,
            note_name(preset.low_midi),
            note_name(preset.high_midi),
            f"{preset.gate_db:g} dB",
            preset.summary,
        )
    return table


def detectors_table() -> Table:
    """The detectors of `streamer.detectors.DETECTORS`."""
    from streamer.detectors import DETECTORS

    table = _table("detector", "what it is")
    for name, summary in DETECTORS.items():
        table.add_row(name, summary)
    return table


def inputs_table() -> Table:
    """The audio inputs, or why there are none."""
    from streamer.audio.microphone import list_inputs

    table = _table("", "audio input", "by", "rate", "channels", "latency", "usable")
    try:
        devices = list_inputs()
    except DeviceError as error:
        return _nothing("audio input", str(error))
    for device in devices:
        table.add_row(
            str(device.number),
            device.name + (" (default)" if device.is_default else ""),
            device.host_api,
            f"{device.rate_hz} Hz",
            str(device.channels),
            "unknown" if device.latency_ms is None else f"{device.latency_ms:.1f} ms",
            "yes",
        )
    return table if devices else _nothing("audio input", "none; `streamer doctor` tells what to do")


def midi_table() -> Table:
    """The ways to MIDI, each with its ports, or why it cannot be used."""
    from streamer.outputs.midi_apis import list_midi_outputs

    table = _table("MIDI", "--midi-api", "port", "usable")
    for line in list_midi_outputs():
        yes = f"yes, {line.detail}" if line.detail else "yes"
        table.add_row(line.label, line.api, line.port or "", yes if line.usable else f"no: {line.detail}")
    return table


def notes_table(transcription: Transcription) -> Table:
    """The notes of a recording, a row each."""
    table = _table("onset", "length", "note", "MIDI", "cents", "velocity", "latency")
    for on, off in transcription.pairs:
        table.add_row(
            f"{samples_to_s(on.onset, transcription.rate_hz):.3f} s",
            f"{samples_to_s(off.offset - on.onset, transcription.rate_hz):.3f} s",
            note_name(on.note),
            str(on.note),
            f"{100.0 * (off.midi - on.note):+.0f}",
            str(on.velocity),
            f"{samples_to_ms(on.latency, transcription.rate_hz):.0f} ms",
        )
    table.caption_justify = "left"
    table.caption = f"{len(transcription.pairs)} notes in {transcription.duration_s:.1f} s"
    return table


def show_finding(finding: Finding) -> None:
    """One line of the doctor's."""
    style = {Severity.GOOD: "green", Severity.NOTE: "yellow", Severity.FAULT: "bold red"}[finding.severity]
    line = Table.grid(padding=(0, 2))
    line.add_column(width=5)
    line.add_column(width=18)
    line.add_column(overflow="fold")
    line.add_row(f"[{style}]{finding.severity.value}[/]", Text(finding.what), Text(finding.text))
    show(line)


def summary_line(newest: Snapshot) -> str:
    """How it went, when the screen has gone."""
    from streamer.live.view import closing_line

    return closing_line(newest)


def demo_summary(
    played: Performance, tracked: Sequence[tuple[NoteOn, NoteOff]], newest: Snapshot, midi: Path
) -> RenderableType:
    """What was played, what was tracked of it, and how late."""
    from streamer.live.view import losses

    rate_hz = played.rate_hz
    sent = [
        PlayedNote(samples_to_s(on.onset, rate_hz), samples_to_s(off.offset, rate_hz), float(on.note))
        for on, off in tracked
    ]
    pairs = match_notes(played.notes, sent)
    late_ms = [samples_to_ms(tracked[i][0].sample, rate_hz) - 1000.0 * played.notes[n].onset_s for n, i in pairs]
    table = _table("latency, ms", "p50", "p95", "p99", "max", "what it is")
    table.add_row("since played", *_percentiles(late_ms), "from the note's true beginning to its decision, in samples")
    for name, part, what in (
        ("audio", newest.audio, "from where the note seemed to begin to its decision, in samples"),
        ("queue", newest.queue, "from the driver to the tracker"),
        ("compute", newest.compute, "in the tracker"),
        ("send", newest.send, "until the first output had taken it"),
        ("total", newest.total, "the four together"),
    ):
        table.add_row(name, *(f"{ms:.1f}" for ms in (part.p50_ms, part.p95_ms, part.p99_ms, part.max_ms)), what)
    # Where it was ended early, only what was played by then counts, and had the time to be heard.
    missed = set(range(len(played.notes))) - {n for n, _ in pairs}
    missed = {n for n in missed if played.notes[n].onset_s + TOLERANCE_S <= newest.time_s}
    counts = (
        f"notes played {len(pairs) + len(missed)}, found {len(pairs)}, missed {len(missed)}, "
        f"reported but not played {len(sent) - len(pairs)}; {losses(newest)}; wrote {printable(str(midi))}"
    )
    return Group(Text(counts), "", table)


def _percentiles(values: Sequence[float]) -> list[str]:
    import numpy as np

    return [f"{value:.1f}" for value in np.percentile(values, [50, 95, 99, 100])] if values else ["-"] * 4


def _nothing(what: str, why: str) -> Table:
    table = _table(what)
    table.add_row(Text(why))
    return table
