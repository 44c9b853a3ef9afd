"""The notes of a recording as one JSON object, written note by note.

``{"title": ..., "rate_hz": ..., "offline": ..., "notes": [{"onset_s": ..., "offset_s": ..., "midi": ..., "emit_s": ...,
"note": ..., "name": ..., "velocity": ..., "latency_ms": ...}, ...]}``; the fields are those of the table of notes.
"""

import json
from pathlib import Path
from typing import Any

from streamer.events import Event, NoteOff, NoteOn
from streamer.expression.pairing import SettledNotes
from streamer.outputs.files import open_output, output_name
from streamer.outputs.sink import Sink
from streamer.units import note_name, samples_to_ms, samples_to_s


def note_fields(on: NoteOn, offset: int, midi: float, rate_hz: int) -> dict[str, Any]:
    """A note as JSON has it, with the values of its row in `streamer.outputs.tables.NotesCsvSink`.

    Parameters
    ----------
    on : NoteOn
        Its beginning.
    offset : int
        Sample of its end.
    midi : float
        Its fractional pitch.
    rate_hz : int
        Sample rate of the events.
    """
    onset_s, offset_s, emit_s = (round(samples_to_s(n, rate_hz), 6) for n in (on.onset, offset, on.sample))
    return {
        "onset_s": onset_s,
        "offset_s": offset_s,
        "midi": round(midi, 4),
        "emit_s": emit_s,
        "note": on.note,
        "name": note_name(on.note),
        "velocity": on.velocity,
        "latency_ms": round(samples_to_ms(on.latency, rate_hz), 3),
    }


class JsonFileSink(Sink):
    """Writes the object; it is whole once this is closed.

    Parameters
    ----------
    path : str or Path
        An existing file is replaced when this one is closed; ``-`` is standard output.
    rate_hz : int
        Sample rate of the events.
    title : str
        What the recording is called.
    offline : bool
        Whether notes were decided with all of the recording known: the object says so, and ``emit_s`` and
        ``latency_ms`` are null.

    Raises
    ------
    OutputError
        If it cannot be written.
    """

    may_block = True
    wants_pitch = False

    def __init__(self, path: str | Path, rate_hz: int, title: str = "", *, offline: bool = False) -> None:
        self._offline = offline
        self.name = output_name(path)
        self._rate_hz = rate_hz
        self._open = SettledNotes()
        self._now = 0
        self._closed = False
        self._before = "\n"
        head = json.dumps({"title": title, "rate_hz": rate_hz, "offline": offline})
        self._file = open_output(path, f'{head[:-1]}, "notes": ['.encode("ascii"))

    def send(self, event: Event) -> None:
        """See `Sink.send`. Raises `OutputError` when the disk takes no more."""
        if self._closed:
            return
        self._now = max(self._now, event.sample)
        match event:
            case NoteOn():
                self._open.begin(event)
            case NoteOff() if (begun := self._open.end(event)) is not None:
                self._write(begun, event.offset, event.midi)

    def abandon(self) -> None:
        """See `Sink.abandon`."""
        if not self._closed:
            self._closed = True
            self._file.close(keep=False)

    def close(self) -> None:
        """End notes that still sound, and the object. May be called twice."""
        if self._closed:
            return
        self._closed = True
        try:
            for begun in self._open.remaining():
                self._write(begun, self._now, begun.midi)
            self._file.append(b"\n]}\n")
        finally:
            self._file.close()

    def _write(self, on: NoteOn, offset: int, midi: float) -> None:
        note = note_fields(on, offset, midi, self._rate_hz)
        if self._offline:
            note |= {"emit_s": None, "latency_ms": None}
        self._file.append((self._before + json.dumps(note)).encode("ascii"))
        self._before = ",\n"
