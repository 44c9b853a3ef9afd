"""A recording through the live tracker, as fast as the machine can."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from streamer.config import TrackerConfig
from streamer.events import Event, FloatArray, NoteOff, NoteOn
from streamer.expression.ledger import Ledger
from streamer.outputs.notelist import NoteList
from streamer.outputs.sink import Sink
from streamer.tracker import MANY_HOPS, make_tracker
from streamer.units import samples_to_s


@dataclass(frozen=True, slots=True)
class Transcription:
    """What was transcribed.

    Attributes
    ----------
    notes : tuple of (NoteOn, NoteOff)
        In order.
    rate_hz : int
        Of the recording; the events count its samples.
    duration_s : float
        How much was transcribed.
    """

    notes: tuple[tuple[NoteOn, NoteOff], ...]
    rate_hz: int
    duration_s: float


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
    note_list = NoteList()
    consumed = follow(blocks, rate_hz, config, (note_list, *sinks), progress, ledger)
    return Transcription(tuple(note_list.notes), rate_hz, samples_to_s(consumed, rate_hz))


def follow(
    blocks: Iterable[FloatArray],
    rate_hz: int,
    config: TrackerConfig,
    sinks: Sequence[Sink],
    progress: Callable[[int], None] | None = None,
    ledger: Ledger | None = None,
) -> int:
    """Track a recording to its end and keep nothing of it, however long it is; parameters and errors are as in `track`.

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
        for samples in blocks:
            tracker.push(samples)
            _deliver(tracker.events(), ledger, sinks)
            if progress is not None:
                progress(tracker.consumed)
        _deliver(tracker.flush(), ledger, sinks)
        complete = True
    return tracker.consumed


def _deliver(events: Iterable[Event], ledger: Ledger, sinks: Iterable[Sink]) -> None:
    for event in events:
        sent = ledger.apply(event)
        if sent is not None:
            for sink in sinks:
                sink.send(sent)
