"""A standard MIDI file as a sink: complete and readable after every single note.

Times come from sample indices, never from a clock.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from threading import RLock

import mido

from streamer.errors import ConfigError, OutputError
from streamer.events import Block, Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.encoders import ALL_NOTES_OFF, Encoder, PlainEncoder
from streamer.outputs.clock import MidiClock
from streamer.outputs.files import open_output, output_name
from streamer.outputs.miditrack import END_OF_TRACK, NOTE_MESSAGES, MidiTrack, delta
from streamer.outputs.quantised import with_quantised
from streamer.outputs.sink import Sink
from streamer.outputs.tempomap import TICKS_PER_BEAT, retimed, ticks_per_beat

__all__ = ["DEFAULT_TEMPO_BPM", "TEMPO_RANGE_BPM", "TICKS_PER_BEAT", "MidiFileSink"]

DEFAULT_TEMPO_BPM = 120.0
TEMPO_RANGE_BPM = (20.0, 999.0)
RECEIVED_TICKS_PER_BEAT = 24_000  # at 120 beats a minute, a tick for each sample of 48 kHz
EMPTY_TEXT = 0x01  # in place of 0x2f this makes END_OF_TRACK a text of no letters, at no time
_FOUR_FOUR = b"\x00\xff\x58\x04\x04\x02\x18\x08"
_LONGEST_NAME = 120  # bytes


class MidiFileSink(Sink):
    """Writes notes to a MIDI file of type 1: a track with the tempo, and one with the notes.

    Parameters
    ----------
    path : str or Path
        An existing file is replaced when this one is closed; ``-`` is standard output, which gets all at the end.
    rate_hz : int
        Sample rate of the events.
    start : int
        Sample index that is the file's time zero.
    channel : int
        0 to 15.
    encoder : Encoder, optional
        Makes the messages; by default a `PlainEncoder` for the channel.
    tempo_bpm : float
        Quarter notes a minute. It moves no note in time, it only says where the bars are. With slow tempos a beat has
        a multiple of `TICKS_PER_BEAT`, so that no time is rounded by more than half a millisecond.
    track_name : str
        Name of the track.
    program : int, optional
        General MIDI instrument of the track, 0 to 127.
    received : bool
        Each message stands at the time it was emitted, as a receiver would have recorded it. Otherwise notes stand
        where they are believed to have begun and ended.
    steps_per_beat : int
        Lines in a quarter note of the grid of a second track, which the file gets when it is closed; 0 for none.
    clock : MidiClock, optional
        Whose beats the file gets when it is closed, in place of those of the tempo.

    Raises
    ------
    ConfigError
        If the tempo is out of range.
    OutputError
        If it cannot be written.

    Notes
    -----
    A track's chunk begins with its length and ends with an end-of-track event, so a file cannot simply grow. Three
    writes, each of which leaves a whole file behind it, make it do so: the new event and a new end go after the old
    end, where no reader looks; the length is made to cover them; and one byte turns the old end into an empty text. A
    program that is killed between any two loses no earlier note. `close` writes the file anew without those texts, and
    puts in its place what is believed to have happened before what was already written.
    """

    may_block = True

    def __init__(
        self,
        path: str | Path,
        rate_hz: int,
        *,
        start: int = 0,
        channel: int = 0,
        encoder: Encoder | None = None,
        tempo_bpm: float = DEFAULT_TEMPO_BPM,
        track_name: str = "streamer",
        program: int | None = None,
        received: bool = False,
        steps_per_beat: int = 0,
        clock: MidiClock | None = None,
    ) -> None:
        self.name = output_name(path)
        self._rate_hz = rate_hz
        self._clock = clock
        self.wants_audio = clock is not None
        self._start = start
        self._received = received
        self._steps_per_beat = steps_per_beat
        self._encoder = encoder or PlainEncoder(channel)
        self.wants_pitch = self._encoder.wants_pitch
        us_per_beat = _us_per_beat(DEFAULT_TEMPO_BPM if received else tempo_bpm)
        ticks = RECEIVED_TICKS_PER_BEAT if received else ticks_per_beat(us_per_beat)
        self._ticks_per_sample = (ticks * 1_000_000, us_per_beat * rate_hz)  # a fraction
        self._front = _front(ticks, us_per_beat)
        head = _meta_text(0x03, track_name)
        if program is not None:
            head += delta(0) + bytes(mido.Message("program_change", channel=channel, program=program).bytes())
        for message in self._encoder.begin():
            head += delta(0) + bytes(message.bytes())
            self._encoder.sent(message)
        self._track = MidiTrack(head)
        self._latest: dict[tuple[int, int], int] = {}  # tick of the newest note-on or note-off of a channel and note
        self._tick = 0  # of the newest message that is written
        self._now = start
        self._began = False
        self._lock = RLock()
        self._closed = False
        self._file = open_output(path)
        if self._file.seekable:
            try:
                self._file.append(b"".join(self._whole()))
            except OutputError:
                self._file.close(keep=False)
                raise

    def send(self, event: Event) -> None:
        """Record what the event is in MIDI, see `Sink.send`; after `close`, nothing.

        Raises
        ------
        OutputError
            If the disk takes no more; the file then holds all earlier messages.
        """
        with self._lock:
            if self._closed:
                return
            self._began = True
            self._now = max(self._now, event.sample)
            messages = self._encoder.encode(event)
            begins = any(message.type == "note_on" for message in messages)
            if begins and not self._received:
                self._track.forget_bends(self._tick_at(_believed(event)))
            # What only bends a note that sounds is of this moment, not of the note's beginning.
            now = self._received or (isinstance(event, NoteOn) and not begins)
            for message in messages:
                self._write(message, self._tick_of(message, event.sample if now else _believed(event)), event)
            if not self._received:
                self._track.settle(event, self._encoder.bend_range)

    def write_audio(self, block: Block) -> None:
        """See `Sink.write_audio`: it says when samples came."""
        if self._clock is not None:
            self._clock.heard(block, self._rate_hz)

    def set_bend(self, mode: str) -> None:
        """See `Sink.set_bend`."""
        with self._lock:
            if not self._closed:
                for message in self._encoder.set_bend(mode):
                    self._write(message, self._tick_of(message, self._now))

    def close(self) -> None:
        """End what sounds at the time of the last event, and complete the file. May be called twice.

        A file that was there already is left alone if there was no event at all.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for on in self._track.remaining():
                off = NoteOff(self._now, self._now, on.note, on.midi, on.note_id)
                for message in self._encoder.encode(off):
                    self._keep(message, self._tick_of(message, self._now), off)
                self._track.settle(off, self._encoder.bend_range)
            for message in self._encoder.end():
                # A pedal that is down, and a controller, go back; only of that a file has no receiver to convince.
                if self._received or not message.is_cc(ALL_NOTES_OFF):
                    self._keep(message, self._tick_of(message, self._now))
            if self._began or not self._file.seekable:
                self._replace()
            else:
                self._file.close(keep=False)
            self._track.close()

    def complete(self) -> None:
        """See `Sink.complete`."""
        with self._lock:
            self._began = True
            self.close()

    def abandon(self) -> None:
        """Close, but leave a file that was there before: what was taken is not all. See `Sink.abandon`."""
        with self._lock:
            self._began = self._began and not self._file.replaces
            self.close()

    def _tick_of(self, message: mido.Message, sample: int) -> int:
        # From the absolute time, in whole numbers, so that rounding never adds up. No message is received early.
        tick = self._tick_at(sample)
        if message.type in NOTE_MESSAGES:  # a note never begins before its like has ended
            key = message.channel, message.note
            tick = max(tick, self._latest.get(key, 0))
        return tick

    def _tick_at(self, sample: int) -> int:
        ticks, samples = self._ticks_per_sample
        scaled = max(0, sample - self._start) * ticks
        return -(-scaled // samples) if self._received else (2 * scaled + samples) // (2 * samples)

    def _write(self, message: mido.Message, tick: int, event: Event | None = None) -> None:
        try:
            self._grow(tick, bytes(message.bytes()))
        except (OutputError, BrokenPipeError):
            self._encoder.withdrawn(message)
            raise
        self._keep(message, tick, event)

    def _grow(self, tick: int, record: bytes) -> None:
        if not self._file.seekable:
            return
        old_end = self._file.size - len(END_OF_TRACK)
        self._file.append(delta(max(0, tick - self._tick)) + record + END_OF_TRACK)
        data_at = len(self._front) + 8
        self._file.patch(data_at - 4, struct.pack(">L", self._file.size - data_at))
        self._file.patch(old_end + END_OF_TRACK.index(0x2F), bytes([EMPTY_TEXT]))

    def _keep(self, message: mido.Message, tick: int, event: Event | None = None) -> None:
        self._track.add(message, tick, event)
        self._tick = max(self._tick, tick)
        if message.type in NOTE_MESSAGES:
            self._latest[message.channel, message.note] = tick
        self._encoder.sent(message)

    def _replace(self) -> None:
        if not self._steps_per_beat and self._clock is None:
            self._file.replace(self._whole)
            return
        whole = b"".join(self._whole())
        if self._clock is not None:
            whole = retimed(whole, self._clock.beats(self._start, self._rate_hz))
        self._file.replace(with_quantised(whole, self._steps_per_beat) if self._steps_per_beat else whole)

    def _whole(self) -> Iterator[bytes]:
        """All that is known so far, in order of time, in pieces."""
        yield self._front
        yield from self._track.chunk()


def _believed(event: Event) -> int:
    """When that happened which the event tells of."""
    match event:
        case NoteOn():
            return event.onset
        case NoteOff():
            return event.offset
        case PitchEstimate():
            return event.centre
        case _:
            return event.sample


def _us_per_beat(tempo_bpm: float) -> int:
    slowest, fastest = TEMPO_RANGE_BPM
    if not slowest <= tempo_bpm <= fastest:  # not a number is neither
        raise ConfigError(f"a tempo of {tempo_bpm:g} is out of range; give {slowest:g} to {fastest:g} beats a minute")
    return round(60e6 / tempo_bpm)


def _front(ticks_per_beat: int, us_per_beat: int) -> bytes:
    """Header and tempo track."""
    header = b"MThd" + struct.pack(">LHHH", 6, 1, 2, ticks_per_beat)
    tempo = delta(0) + b"\xff\x51\x03" + us_per_beat.to_bytes(3, "big")
    return header + _chunk(tempo + _FOUR_FOUR)


def _chunk(track: bytes) -> bytes:
    data = track + END_OF_TRACK
    return b"MTrk" + struct.pack(">L", len(data)) + data


def _meta_text(kind: int, text: str) -> bytes:
    plain = "".join(c for c in text if c.isprintable()).encode("utf-8", "replace")[:_LONGEST_NAME]
    return delta(0) + bytes([0xFF, kind, len(plain)]) + plain
