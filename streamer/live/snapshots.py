"""What the screen is to know, gathered as the music goes by.

Only the engine's thread calls `estimate`, `note_on` and `note_off`; any thread may call `snapshot`. What the two share
is replaced, never changed, so neither waits for the other.
"""

from collections.abc import Callable
from dataclasses import replace

from streamer.events import NoteOff, NoteOn, PitchEstimate
from streamer.expression.pairing import OpenNotes
from streamer.latency import BINS_MS, LatencyStats
from streamer.live.snapshot import RollNote, Snapshot
from streamer.units import A4_HZ, amplitude_to_db, hz_to_midi, note_name, samples_to_s

ROLL_S = 20.0
_ROLL_NOTES = 256
_MESSAGES = 32
_CLIPPING = 0.9999  # full scale in 16 bits is a little less than 1
_FALL_DB_PER_S = 20.0


class SnapshotBuilder:
    """The musical part of a `Snapshot`.

    Parameters
    ----------
    rate_hz : int
        Sample rate of the events.
    a4_hz : callable, optional
        A4 at this moment, for the deviation in cents.
    moved : callable, optional
        Semitones from a note that begins now, as decided, to what was sent.
    """

    def __init__(
        self,
        rate_hz: int,
        a4_hz: Callable[[], float] = lambda: A4_HZ,
        moved: Callable[[], float] = lambda: 0,
    ) -> None:
        self._rate_hz = rate_hz
        self._a4_hz = a4_hz
        self._moved = moved
        self._estimate: PitchEstimate | None = None
        self._peak_db = -120.0
        self._clipped_at: int | None = None
        self._open: OpenNotes[NoteOn] = OpenNotes()
        self._sounding: NoteOn | None = None  # the newest
        self._added: dict[tuple[int, int], float] = {}  # semitones, to what is open
        self._roll: tuple[RollNote, ...] = ()
        self._messages: tuple[str, ...] = ()
        self._corrections = 0

    def estimate(self, event: PitchEstimate) -> None:
        """One hop went by."""
        before = self._estimate.sample if self._estimate else event.sample
        fallen = self._peak_db - _FALL_DB_PER_S * samples_to_s(event.sample - before, self._rate_hz)
        self._peak_db = max(fallen, amplitude_to_db(event.peak))
        if event.peak >= _CLIPPING:
            self._clipped_at = event.sample
        self._estimate = event

    def note_on(self, event: NoteOn, total_ms: float) -> None:
        """A note-on was sent, so late after its onset.

        Parameters
        ----------
        event : NoteOn
            As it was sent.
        total_ms : float
            From its beginning until it was sent.
        """
        self._open.begin(event, event)
        self._added[event.note_id, event.note] = self._moved()
        self._sounding = event
        note = RollNote(event.note, samples_to_s(event.onset, self._rate_hz), None, event.velocity, event.note_id)
        from_s = note.start_s - ROLL_S
        kept = [old for old in self._roll if old.end_s is None or old.end_s >= from_s]
        self._roll = (*kept[1 - _ROLL_NOTES :], note)
        # Fits the 33 cells that a terminal of 80 columns has for it.
        self._write(f"note on  {note_name(event.note):<4} {event.note:3d} vel {event.velocity:3d} {total_ms:4.0f} ms")

    def correction(self, event: NoteOn) -> None:
        """A note that sounds got a better name: it stays one note, under that name.

        Parameters
        ----------
        event : NoteOn
            As it was sent.
        """
        self._open.begin(event, event)
        self._added[event.note_id, event.note] = self._moved()
        self._sounding = event
        self._corrections += 1
        self._roll = tuple(
            replace(note, note=event.note, note_id=event.note_id) if note.note_id == event.corrects else note
            for note in self._roll
        )
        self._write(f"corrected {note_name(event.note):<4} {event.note:3d} vel {event.velocity:3d}")

    def note_off(self, event: NoteOff) -> None:
        """A note-off was sent."""
        self._open.end(event)
        self._added.pop((event.note_id, event.note), None)
        self._sounding = next(reversed(self._open.remaining()), None)
        end_s = samples_to_s(event.offset, self._rate_hz)
        self._roll = tuple(
            replace(note, end_s=end_s)
            if note.end_s is None and (note.note_id, note.note) == (event.note_id, event.note)
            else note
            for note in self._roll
        )
        self._write(f"note off {note_name(event.note):<4} {event.note:3d}")

    @property
    def quiet(self) -> bool:
        """Whether nothing sounds."""
        return self._sounding is None

    def snapshot(self, consumed: int, latency: LatencyStats) -> Snapshot:
        """The music at this moment.

        Parameters
        ----------
        consumed : int
            Samples so far.
        latency : LatencyStats
            Of the notes so far.
        """
        estimate, sounding = self._estimate, self._sounding
        f0_hz = estimate.f0_hz if estimate else None
        a4_hz = self._a4_hz()
        midi = hz_to_midi(f0_hz, a4_hz) if f0_hz else None
        tuned_to = None if midi is None else round(midi)
        if sounding and midi is not None:
            tuned_to = sounding.note
            midi += self._added.get((sounding.note_id, sounding.note), 0)
        clipped_at = self._clipped_at
        parts = latency.summaries()
        return Snapshot(
            time_s=samples_to_s(consumed, self._rate_hz),
            rate_hz=self._rate_hz,
            note=sounding.note if sounding else None,
            velocity=sounding.velocity if sounding else 0,
            f0_hz=f0_hz,
            cents=100.0 * (midi - tuned_to) if midi is not None and tuned_to is not None else None,
            tuned_to=tuned_to,
            confidence=estimate.confidence if estimate else 0.0,
            level_db=estimate.level_db if estimate else -120.0,
            peak_db=self._peak_db,
            clipped=clipped_at is not None and consumed - clipped_at < self._rate_hz,
            roll=self._roll,
            messages=self._messages,
            notes_sent=latency.count,
            corrections=self._corrections,
            a4_hz=a4_hz,
            histogram_ms=BINS_MS,
            histogram=latency.histogram(),
            total=parts["total"],
            audio=parts["audio"],
            queue=parts["queue"],
            compute=parts["compute"],
            send=parts["send"],
        )

    def _write(self, message: str) -> None:
        self._messages = (*self._messages[1 - _MESSAGES :], message)
