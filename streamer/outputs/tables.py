"""Notes and pitch as CSV tables, for spreadsheets and for measuring.

All times are seconds from the first sample. ``emit_s`` is how much of the audio had been consumed when that line's
fact was decided: the honest measure of lateness.
"""

from pathlib import Path
from threading import RLock

from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.pairing import SettledNotes
from streamer.outputs.files import open_output, output_name
from streamer.outputs.sink import Sink
from streamer.units import samples_to_ms, samples_to_s

NOTES_HEADER = "onset_s,offset_s,midi,emit_s,note,velocity,latency_ms"
F0_HEADER = "time_s,f0_hz,emit_s,confidence,freq_hz"
BATCH_BYTES = 16_384  # of the F0 table: its rows come by the hundred a second


class NotesCsvSink(Sink):
    """Writes a row for each note, when it ends.

    ``midi`` is the note's fractional median pitch, ``note`` the MIDI note that was sent, and ``emit_s`` belongs to its
    note-on. ``latency_ms`` is how late that was, see `streamer.events.NoteOn.latency`; ``onset_s`` is where people
    would mark the note, up to 8 ms after it is first audible, so ``emit_s - onset_s`` may be less.

    Parameters
    ----------
    path : str or Path
        An existing file is replaced when this one is closed; ``-`` is standard output.
    rate_hz : int
        Sample rate of the events.
    offline : bool
        Whether notes were decided with all of the recording known: ``emit_s`` and ``latency_ms`` are then empty.

    Raises
    ------
    OutputError
        If it cannot be written.
    """

    may_block = True
    wants_pitch = False

    def __init__(self, path: str | Path, rate_hz: int, *, offline: bool = False) -> None:
        self.name = output_name(path)
        self._offline = offline
        self._rate_hz = rate_hz
        self._open = SettledNotes()
        self._now = 0
        self._lock = RLock()
        self._closed = False
        self._began = False
        self._file = open_output(path, f"{NOTES_HEADER}\n".encode("ascii"))

    def send(self, event: Event) -> None:
        """See `Sink.send`. Raises `OutputError` when the disk takes no more; the file then ends with a whole row."""
        with self._lock:
            if self._closed:
                return
            self._began = True
            self._now = max(self._now, event.sample)
            match event:
                case NoteOn():
                    self._open.begin(event)
                case NoteOff() if (begun := self._open.end(event)) is not None:
                    self._write(begun, event.offset, event.midi)

    def close(self) -> None:
        """End notes that still sound at the time of the last event, and let go. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                for begun in self._open.remaining():
                    self._write(begun, self._now, begun.midi)
            finally:
                self._file.close(keep=self._began)

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

    def _write(self, begun: NoteOn, offset: int, midi: float) -> None:
        onset_s, offset_s, emit_s = (samples_to_s(n, self._rate_hz) for n in (begun.onset, offset, begun.sample))
        emitted, late = f"{emit_s:.6f}", f"{samples_to_ms(begun.latency, self._rate_hz):.3f}"
        if self._offline:
            emitted = late = ""
        row = f"{onset_s:.6f},{offset_s:.6f},{midi:.4f},{emitted},{begun.note},{begun.velocity},{late}\n"
        self._file.append(row.encode("ascii"))


class F0CsvSink(Sink):
    """Writes a row for each hop; ``time_s`` is the centre of what was analysed, ``f0_hz`` is 0 where unvoiced, and
    ``freq_hz`` is the same but for a guess, with a minus sign, where unvoiced: what evaluation programs take.

    Parameters
    ----------
    path : str or Path
        An existing file is replaced when this one is closed; ``-`` is standard output.
    rate_hz : int
        Sample rate of the events.

    Raises
    ------
    OutputError
        If it cannot be written.
    """

    may_block = True

    def __init__(self, path: str | Path, rate_hz: int) -> None:
        self.name = output_name(path)
        self._rate_hz = rate_hz
        self._batch = bytearray()
        self._lock = RLock()
        self._closed = False
        self._began = False
        self._file = open_output(path, f"{F0_HEADER}\n".encode("ascii"))

    def send(self, event: Event) -> None:
        """See `Sink.send`. Raises `OutputError` when the disk takes no more; the file then ends with a whole row."""
        self._began = True
        if not isinstance(event, PitchEstimate):
            return
        time_s, emit_s = samples_to_s(event.centre, self._rate_hz), samples_to_s(event.sample, self._rate_hz)
        f0_hz = event.f0_hz or 0.0
        row = f"{time_s:.6f},{f0_hz:.4f},{emit_s:.6f},{event.confidence:.4f},{f0_hz or 0.0 - event.guess_hz:.4f}\n"
        with self._lock:
            if self._closed:
                return
            self._batch += row.encode("ascii")
            if len(self._batch) >= BATCH_BYTES:
                self._write()

    def close(self) -> None:
        """Write what is left, and let go. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._write()
            finally:
                self._file.close(keep=self._began)

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

    def _write(self) -> None:
        rows, self._batch = bytes(self._batch), bytearray()
        self._file.append(rows)
