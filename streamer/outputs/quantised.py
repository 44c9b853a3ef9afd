"""A second track of a MIDI file: the same notes, on the grid of its tempo."""

import io
from collections.abc import Iterable
from dataclasses import dataclass

import mido

_HEADER_BYTES = 14
_TRACKS = slice(10, 12)  # of the header: how many there are


@dataclass(frozen=True, slots=True)
class Span:
    """A note of a track, in ticks."""

    start: int
    end: int
    channel: int
    note: int
    velocity: int


def on_grid(spans: Iterable[Span], step: int) -> list[Span]:
    """Each note from the nearest line of the grid to the nearest, at least one step long.

    Notes of one number on one channel do not overlap: one that begins while another sounds ends that one, and of two
    that begin together the later played is left.

    Parameters
    ----------
    spans : iterable of Span
        In order of their beginnings.
    step : int
        Ticks between two lines.
    """
    found: list[Span] = []
    newest: dict[tuple[int, int], int] = {}
    for span in spans:
        start = _nearest(span.start, step)
        moved = Span(start, max(start + step, _nearest(span.end, step)), span.channel, span.note, span.velocity)
        key = span.channel, span.note
        at = newest.get(key)
        if at is not None and found[at].start == start:
            found[at] = moved
            continue
        if at is not None and found[at].end > start:
            before = found[at]
            found[at] = Span(before.start, start, before.channel, before.note, before.velocity)
        newest[key] = len(found)
        found.append(moved)
    return found


def with_quantised(content: bytes, steps_per_beat: int) -> bytes:
    """A MIDI file with one more track: the notes of its last, on the grid.

    Parameters
    ----------
    content : bytes
        The file, of type 1.
    steps_per_beat : int
        Lines of the grid in a quarter note.
    """
    file = mido.MidiFile(file=io.BytesIO(content))
    track = file.tracks[-1]
    spans = on_grid(_spans(track), file.ticks_per_beat // steps_per_beat)
    made = mido.MidiFile(ticks_per_beat=file.ticks_per_beat, tracks=[_track(f"{track.name} quantised", track, spans)])
    written = io.BytesIO()
    made.save(file=written)
    head = bytearray(content)
    head[_TRACKS] = (len(file.tracks) + 1).to_bytes(2, "big")
    return bytes(head) + written.getvalue()[_HEADER_BYTES:]


def _nearest(tick: int, step: int) -> int:
    return (2 * tick + step) // (2 * step) * step


def _spans(track: mido.MidiTrack) -> list[Span]:
    open_notes: dict[tuple[int, int], list[tuple[int, int]]] = {}
    found, now = [], 0
    for message in track:
        now += message.time
        if message.type == "note_on" and message.velocity:
            open_notes.setdefault((message.channel, message.note), []).append((now, message.velocity))
        elif message.type in ("note_on", "note_off") and open_notes.get((message.channel, message.note)):
            start, velocity = open_notes[message.channel, message.note].pop(0)
            found.append(Span(start, now, message.channel, message.note, velocity))
    return sorted(found, key=lambda span: (span.start, span.channel, span.note))


def _track(name: str, played: mido.MidiTrack, spans: Iterable[Span]) -> mido.MidiTrack:
    told = [message.copy(time=0) for message in played if message.type == "program_change"]
    events = [(0, 0, message) for message in told]  # at one time, notes end before others begin
    for span in spans:
        on = mido.Message("note_on", channel=span.channel, note=span.note, velocity=span.velocity)
        events.append((span.start, 2, on))
        events.append((span.end, 1, mido.Message("note_off", channel=span.channel, note=span.note)))
    track, before = mido.MidiTrack([mido.MetaMessage("track_name", name=name)]), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - before))
        before = tick
    return track
