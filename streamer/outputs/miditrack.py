"""What stands in the track of a MIDI file when it is done, in memory that does not grow with it."""

import struct
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import IO

import mido
from mido.midifiles.meta import encode_variable_int

from streamer.events import NoteOff, NoteOn
from streamer.expression.pairing import SettledNotes

END_OF_TRACK = b"\x00\xff\x2f\x00"
NOTE_MESSAGES = ("note_on", "note_off")
_RECENT = 64  # messages among which those of a note that is being corrected are
_RECENT_BENDS = 256  # messages among which those are that came while a note was found
_LONGEST_NOTE = 10_000  # messages of a note that gets another name
_BATCH = 2_000  # messages that leave the memory at once
_PIECE_BYTES = 1 << 16
_BEND = 0xE0
_FULL_BEND = 8192  # steps from the middle to one end


@dataclass(frozen=True, slots=True)
class _Record:
    """A message of the track: its tick and bytes, and which note it begins or ends, 0 for none."""

    tick: int
    data: bytes
    note_id: int
    is_on: bool


class MidiTrack:
    """Puts messages in order of time, and notes under the names that they settle on.

    Only the newest messages can still be changed, or have others put before them, and only these are in memory. The
    bytes of those before them are in a temporary file, which has no name.

    Parameters
    ----------
    head : bytes
        Events at the beginning, with their delta times.
    """

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._records: list[_Record] = []
        self._notes = SettledNotes()
        self._detuned: dict[int, float] = {}  # by the id that a note began with: of its key, where that is not 0
        self._first: dict[int, int] = {}  # of the id of each note that corrects another: the id that it began with
        self._older: IO[bytes] | None = None
        self._older_bytes = 0
        self._older_tick = 0  # of the last message there
        self._most = _LONGEST_NOTE + _BATCH

    def add(self, message: mido.Message, tick: int, event: object = None) -> None:
        """Take a message.

        Parameters
        ----------
        message : mido.Message
            Not a meta message.
        tick : int
            Its time; it may be before that of others.
        event : Event, optional
            What it was made of.
        """
        note_id = event.note_id if isinstance(event, NoteOn | NoteOff) and message.type in NOTE_MESSAGES else 0
        data = bytes(message.bytes())
        self._records.append(_Record(tick, data, self._first.get(note_id, note_id), message.type == "note_on"))
        if len(self._records) >= self._most:
            self._put_away()

    def forget_bends(self, since_tick: int) -> None:
        """Leave out what was bent after that, as far as it was taken just now.

        Parameters
        ----------
        since_tick : int
            Where a note is believed to have begun that has been decided only now: the bends were not its own.
        """
        recent = self._records[-_RECENT_BENDS:]
        self._records[-_RECENT_BENDS:] = [r for r in recent if r.tick <= since_tick or r.data[0] & 0xF0 != _BEND]

    def settle(self, event: object, bend_range: int) -> None:
        """Have one note, under its last name, where the name was corrected.

        Parameters
        ----------
        event : Event
            Its messages have been added.
        bend_range : int
            Semitones that a full bend is; 0 where there are none.
        """
        if isinstance(event, NoteOn):
            self._notes.begin(event)
            if event.detuned and event.note_id and not event.corrects:
                self._detuned[event.note_id] = event.detuned
            if event.corrects:
                self._first[event.note_id] = self._first.get(event.corrects, event.corrects)
            if event.corrects and not bend_range:
                self._records[-1] = replace(self._records[-1], note_id=self._first[event.note_id])
        elif isinstance(event, NoteOff):
            first = self._first.pop(event.note_id, event.note_id)
            settled = self._notes.end(event)
            if settled is None or not first:  # notes that are not counted cannot be told from each other
                return
            detuned = self._detuned.pop(first, 0.0)
            if bend_range:
                self._rename(first, settled.note, bend_range, detuned - settled.detuned)
            elif first != event.note_id or settled.note != event.note:
                self._join(first, settled.note)

    def remaining(self) -> tuple[NoteOn, ...]:
        """Notes that have not ended, oldest first."""
        return self._notes.remaining()

    def chunk(self) -> Iterator[bytes]:
        """The chunk of the track, all that is known so far, in pieces."""
        length = sum(map(len, self._events())) + len(END_OF_TRACK)
        yield b"MTrk" + struct.pack(">L", length)
        yield from self._events()
        yield END_OF_TRACK

    def close(self) -> None:
        """Let go of what was put away."""
        if self._older is not None:
            self._older.close()
            self._older = None

    def _events(self) -> Iterator[bytes]:
        yield self._head
        if self._older is not None:
            self._older.seek(0)
            left = self._older_bytes
            while left and (piece := self._older.read(min(left, _PIECE_BYTES))):
                yield piece
                left -= len(piece)
        yield self._bytes_of(sorted(self._records, key=lambda record: record.tick))  # stable

    def _bytes_of(self, records: Iterable[_Record]) -> bytes:
        """Records in order of time, which follow what was put away."""
        made, before = bytearray(), self._older_tick
        for record in records:
            made += delta(max(0, record.tick - before)) + record.data
            before = max(before, record.tick)
        return bytes(made)

    def _put_away(self) -> None:
        """Write the oldest, by their time, to the temporary file; where it takes nothing, they stay."""
        records = self._records
        by_time = sorted(range(len(records)), key=lambda k: records[k].tick)
        oldest = by_time[:_BATCH]
        made = self._bytes_of(records[k] for k in oldest)
        try:
            if self._older is None:
                self._older = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
            self._older.seek(self._older_bytes)
            self._older.write(made)
            self._older.flush()
        except OSError:
            self._most += _BATCH  # tried again after as many more
            return
        self._older_bytes += len(made)
        self._older_tick = max(self._older_tick, records[oldest[-1]].tick)
        gone = set(oldest)
        self._records = [record for k, record in enumerate(records) if k not in gone]

    def _join(self, note_id: int, note: int) -> None:
        """Of all messages of a note keep the first that begins it, and the last that ends it, under this name."""
        recent = self._records[-_RECENT:]
        ons = [k for k, record in enumerate(recent) if record.note_id == note_id and record.is_on]
        offs = [k for k, record in enumerate(recent) if record.note_id == note_id and not record.is_on]
        kept = {ons[0], offs[-1]} if ons and offs else set()
        self._records[-_RECENT:] = [
            replace(record, data=bytes([record.data[0], note, record.data[2]])) if k in kept else record
            for k, record in enumerate(recent)
            if k in kept or record.note_id != note_id
        ]

    def _rename(self, note_id: int, note: int, bend_range: int, detuned: float) -> None:
        """A note that is bent gets another number, and bends from there, so that it sounds as it did.

        The key that it had is ``detuned`` semitones further above the other than their numbers say.
        """
        records = self._records
        begun, ended = self._ends_of(note_id)
        if begun is None or ended is None or ended < begun or records[begun].data[1] == note:
            return
        away = records[begun].data[1] - note + detuned
        bend = _BEND | (records[begun].data[0] & 0x0F)
        for k in (begun, ended):
            records[k] = replace(records[k], data=bytes([records[k].data[0], note, records[k].data[2]]))
        steps = round(away * _FULL_BEND / bend_range)
        first = _Record(records[begun].tick, bytes([bend, 0, 64]), 0, is_on=False)
        between = [first, *records[begun + 1 : ended]]
        records[begun + 1 : ended] = [_bent_on(r, steps) if r.data[0] == bend else r for r in between]

    def _ends_of(self, note_id: int) -> tuple[int | None, int | None]:
        """Where the newest messages are that begin and end a note; None where there are none."""
        begun = ended = None
        for k in range(len(self._records) - 1, max(0, len(self._records) - _LONGEST_NOTE) - 1, -1):
            if self._records[k].note_id != note_id:
                continue
            if self._records[k].is_on:
                begun = k if begun is None else begun
            else:
                ended = k if ended is None else ended
            if begun is not None and ended is not None:
                break
        return begun, ended


def delta(ticks: int) -> bytes:
    """A delta time as files have it.

    Parameters
    ----------
    ticks : int
        Since the event before.
    """
    return bytes(encode_variable_int(ticks))


def _bent_on(record: _Record, steps: int) -> _Record:
    within = min(2 * _FULL_BEND - 1, max(0, record.data[1] + 128 * record.data[2] + steps))
    return replace(record, data=bytes([record.data[0], within & 0x7F, within >> 7]))
