"""A recording through the live tracker, as fast as the machine can."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.audio.file import Break
from streamer.config import TrackerConfig
from streamer.errors import require_extra
from streamer.events import Event, FloatArray, NoteOff, NoteOn
from streamer.expression.ledger import Ledger
from streamer.outputs.eventlist import EventList
from streamer.outputs.midiform import MidiForm
from streamer.outputs.notelist import NoteList
from streamer.outputs.picture import draw_roll
from streamer.outputs.sink import Sink
from streamer.tracker import MANY_HOPS, Tracker, make_tracker
from streamer.units import samples_to_ms, samples_to_s

NOTE_FIELDS = np.dtype(
    [
        ("onset_s", float),
        ("offset_s", float),
        ("midi", float),
        ("emit_s", float),
        ("note", np.int16),
        ("velocity", np.int16),
        ("latency_ms", float),
    ]
)
F0_FIELDS = np.dtype([("time_s", float), ("f0_hz", float), ("emit_s", float), ("confidence", float)])


@dataclass(frozen=True, eq=False)
class Transcription:
    """What was transcribed.

    Attributes
    ----------
    events : EventList
        All that was told, in order, as a live session would have been told it; notes also under the names that were
        put right later. The pitch is among it where it was asked for.
    rate_hz : int
        Of the recording; the events count its samples.
    duration_s : float
        How much was transcribed.
    form : MidiForm
        How `to_midi` makes a file where it is told nothing.
    broken : Break or None
        Where the recording could be read no further; None where it was read whole.
    """

    events: EventList
    rate_hz: int
    duration_s: float
    form: MidiForm = MidiForm()  # noqa: RUF009 - frozen
    broken: Break | None = None

    def __repr__(self) -> str:
        """What it is, in a line; the notes themselves are in `notes`."""
        broken = "" if self.broken is None else f", breaks off {self.broken}"
        return f"<Transcription: {len(self.pairs)} notes in {self.duration_s:.3f} s{broken}>"

    @cached_property
    def pairs(self) -> tuple[tuple[NoteOn, NoteOff], ...]:
        """The notes as events, in order, each under its last name."""
        notes = NoteList()
        self.events.tell(notes)
        return tuple(notes.notes)

    @cached_property
    def f0(self) -> NDArray[np.void]:
        """The pitch, with the fields `F0_FIELDS`, a row a hop; empty where it was not asked for.

        ``time_s`` is the centre of what was analysed, ``f0_hz`` is 0 where unvoiced, ``emit_s`` is when that was known,
        ``confidence`` is from 0 to 1.
        """
        estimates = self.events.estimates
        f0 = np.empty(len(estimates), F0_FIELDS)
        f0["time_s"] = np.divide(estimates.column("centre"), self.rate_hz)
        f0["f0_hz"] = estimates.column("f0_hz")
        f0["emit_s"] = np.divide(estimates.column("sample"), self.rate_hz)
        f0["confidence"] = estimates.column("confidence")
        return f0

    @cached_property
    def notes(self) -> NDArray[np.void]:
        """The notes, with the fields `NOTE_FIELDS`: those of the table that ``streamer transcribe --to csv`` writes."""
        rows = [
            (
                samples_to_s(on.onset, self.rate_hz),
                samples_to_s(off.offset, self.rate_hz),
                off.midi,
                samples_to_s(on.sample, self.rate_hz),
                on.note,
                on.velocity,
                samples_to_ms(on.latency, self.rate_hz),
            )
            for on, off in self.pairs
        ]
        return np.array(rows, NOTE_FIELDS)

    def to_midi(self, path: str | Path, form: MidiForm | None = None) -> None:
        """Write a MIDI file with the notes where they are believed to begin and end, with their bends.

        Parameters
        ----------
        path : str or Path
            An existing file is replaced.
        form : MidiForm, optional
            Tempo, channel, instrument, name, and which bends there are: by default `form`, which makes the file that
            ``streamer transcribe --to mid`` does. ``replace(form, expression=Expression(bend="off"))`` has no bends.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        sink = (form or self.form).file(path, self.rate_hz)
        try:
            self.events.tell(sink)
        except BaseException:
            sink.abandon()
            raise
        sink.complete()

    def to_dataframe(self) -> Any:
        """The notes as a `pandas.DataFrame`, a row each. Raises `MissingExtraError` if pandas is not installed."""
        require_extra("pandas", "to_dataframe")
        import pandas

        return pandas.DataFrame(self.notes)

    def plot(self, ax: Any = None) -> Any:
        """Draw the notes as bars and the pitch as a line, over time in seconds.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to; by default on new axes.

        Returns
        -------
        matplotlib.axes.Axes
            What was drawn on.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        """
        return draw_roll(self.notes, self.f0, self.duration_s, ax)


def track(
    blocks: Iterable[FloatArray],
    rate_hz: int,
    config: TrackerConfig,
    sinks: Sequence[Sink] = (),
    progress: Callable[[int], None] | None = None,
    ledger: Ledger | None = None,
) -> Transcription:
    """Track a recording to its end.

    Parameters
    ----------
    blocks : iterable of ndarray of float32, shape (n,)
        The recording, mono, in pieces of any lengths: `streamer.audio.file.AudioFile.blocks` for a file.
    rate_hz : int
        Samples per second.
    config : TrackerConfig
        Settings of the tracker.
    sinks : sequence of Sink
        Get the events just as a live session would give them. They are closed on return. When something fails,
        files that were there before stay as they were.
    progress : callable, optional
        Gets the number of samples that are done, after each block.
    ledger : Ledger, optional
        Transposes notes and holds them in a scale, see `streamer.music.config.MusicConfig.ledger`; by default they
        stay as they are decided.

    Raises
    ------
    StreamerError
        If the recording cannot be read or a sink cannot be written.

    Notes
    -----
    Strictly causal: the tracker gets the samples in order and knows no more than a live one would.
    """
    events = EventList(pitch=False)
    consumed = follow(blocks, rate_hz, config, (events, *sinks), progress, ledger)
    return Transcription(events, rate_hz, samples_to_s(consumed, rate_hz), MidiForm(a4_hz=config.reference_hz))


def follow(
    blocks: Iterable[FloatArray],
    rate_hz: int,
    config: TrackerConfig,
    sinks: Sequence[Sink],
    progress: Callable[[int], None] | None = None,
    ledger: Ledger | None = None,
    revise: Callable[[Iterable[Event], int, TrackerConfig], Iterable[Event]] | None = None,
) -> int:
    """Track a recording to its end and keep nothing of it, however long it is; else as in `track`.

    Parameters
    ----------
    blocks : iterable of ndarray of float32, shape (n,)
        The recording, mono.
    rate_hz : int
        Samples per second.
    config : TrackerConfig
        Settings of the tracker.
    sinks : sequence of Sink
        Get the events, and are closed on return.
    progress : callable, optional
        Gets the number of samples that are done.
    ledger : Ledger, optional
        Transposes notes and holds them in a scale.
    revise : callable, optional
        Makes other events of those of the tracker, as `streamer.recordings.revision.revised` does; gets the rate and
        the settings as well.

    Returns
    -------
    int
        Samples that were tracked.
    """
    ledger = ledger or Ledger()
    complete = False

    def end(sink: Sink) -> None:
        if complete:
            sink.complete()
        else:
            sink.abandon()

    with ExitStack() as closing:  # each is closed, whatever becomes of the others
        for sink in sinks:
            closing.callback(end, sink)
        wants_pitch = any(sink.wants_pitch for sink in sinks)
        tracker = make_tracker(config, rate_hz, hops_at_once=MANY_HOPS, pitch_estimates=wants_pitch)
        events: Iterable[Event] = _events(tracker, blocks, progress)
        if revise is not None:
            events = revise(events, rate_hz, config)
        for event in events:
            sent = ledger.apply(event)
            if sent is not None:
                for sink in sinks:
                    sink.send(sent)
        complete = True
    return tracker.consumed


def _events(tracker: Tracker, blocks: Iterable[FloatArray], progress: Callable[[int], None] | None) -> Iterator[Event]:
    for samples in blocks:
        tracker.push(samples)
        yield from tracker.events()
        if progress is not None:
            progress(tracker.consumed)
    yield from tracker.flush()
