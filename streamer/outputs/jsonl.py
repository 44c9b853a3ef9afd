"""Every event as one line of JSON, to a file or to standard output.

This is the reference of the format. Each line is an object with these fields, and later versions only add to them:

``type``
    ``"pitch"``, ``"note_on"``, ``"note_off"`` or ``"gap"``.
``sample``
    Samples consumed when the event was decided, an integer.
``time_s``
    The same in seconds.

A ``pitch`` line, one a hop, adds

``centre_s``
    Centre of what was analysed, in seconds.
``f0_hz``
    Fundamental frequency, or ``null`` where unvoiced. As the notes it is transposed, and while muted it is ``null``.
``confidence``
    0 to 1.
``level_db``, ``peak_db``
    RMS level, and the largest sample since the previous hop, dB relative to full scale; never below -120.

A ``note_on`` line adds

``onset_s``
    Where people would mark the note's beginning.
``latency_ms``
    How late it was decided: from where its sound is believed to have begun, up to 8 ms before ``onset_s``, to
    ``time_s``.
``note``, ``name``
    MIDI note number, and its name with octave: C4 is 60.
``velocity``
    1 to 127.
``midi``
    Fractional pitch as measured so far.
``note_id``
    Which note of the stream, counted from 1; its ``note_off`` has the same.
``corrects``
    The ``note_id`` of the note that this one is, under a better name: no new note. 0 where it is a note of its own.

A ``note_off`` line adds

``offset_s``
    Where the note is believed to have ended.
``note``, ``name``, ``note_id``
    Those of its ``note_on``.
``midi``
    Fractional median pitch of the whole note.

A ``gap`` line, where samples were lost, adds

``lost``
    How many.

A number that is not finite stands as ``null``.
"""

import json
import math
from pathlib import Path
from threading import RLock

from streamer.events import Event, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.outputs.files import open_output, output_name
from streamer.outputs.sink import Sink
from streamer.units import amplitude_to_db, note_name, samples_to_ms, samples_to_s

Fields = dict[str, str | int | float | None]


def event_fields(event: Event, rate_hz: int) -> Fields:
    """One event as the fields of its line, see this module's head.

    Parameters
    ----------
    event : Event
        What happened.
    rate_hz : int
        Sample rate of the events.
    """
    time_s = _seconds(event.sample, rate_hz)
    match event:
        case PitchEstimate():
            return {
                "type": "pitch",
                "sample": event.sample,
                "time_s": time_s,
                "centre_s": _seconds(event.centre, rate_hz),
                "f0_hz": None if event.f0_hz is None else _number(event.f0_hz, 4),
                "confidence": _number(event.confidence, 4),
                "level_db": _number(event.level_db, 2),
                "peak_db": _number(amplitude_to_db(event.peak), 2),
            }
        case NoteOn():
            return {
                "type": "note_on",
                "sample": event.sample,
                "time_s": time_s,
                "onset_s": _seconds(event.onset, rate_hz),
                "latency_ms": _number(samples_to_ms(event.latency, rate_hz), 3),
                "note": event.note,
                "name": note_name(event.note),
                "velocity": event.velocity,
                "midi": _number(event.midi, 4),
                "note_id": event.note_id,
                "corrects": event.corrects,
            }
        case NoteOff():
            return {
                "type": "note_off",
                "sample": event.sample,
                "time_s": time_s,
                "offset_s": _seconds(event.offset, rate_hz),
                "note": event.note,
                "name": note_name(event.note),
                "midi": _number(event.midi, 4),
                "note_id": event.note_id,
            }
        case Gap():
            return {"type": "gap", "sample": event.sample, "time_s": time_s, "lost": event.lost}


class JsonlSink(Sink):
    """Writes each event as a line, which is with its reader before `send` returns.

    Parameters
    ----------
    path : str or Path
        ``-`` is standard output. An existing file is replaced at the first event.
    rate_hz : int
        Sample rate of the events.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """

    may_block = True

    def __init__(self, path: str | Path, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._lock = RLock()
        self._closed = False
        self.name = output_name(path)
        self._began = False
        self._output = open_output(path, at_once=True)

    def send(self, event: Event) -> None:
        """Write one line, see `Sink.send`; after `close`, nothing.

        Raises
        ------
        OutputError
            If the disk takes no more; the file then ends with its last whole line.
        BrokenPipeError
            When who reads it has left.
        """
        line = json.dumps(event_fields(event, self._rate_hz), allow_nan=False, separators=(",", ":")) + "\n"
        with self._lock:
            if not self._closed:
                self._began = True
                self._output.append(line.encode("ascii"))

    def complete(self) -> None:
        """See `Sink.complete`."""
        with self._lock:
            self._began = True
            self.close()

    def close(self) -> None:
        """Let go; nothing is left to be written. May be called twice."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._output.close(keep=self._began)


def _seconds(sample: int, rate_hz: int) -> float:
    return round(samples_to_s(sample, rate_hz), 6)


def _number(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
