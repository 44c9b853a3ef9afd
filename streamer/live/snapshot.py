"""What the screen knows: the frozen state of the session, made many times a second.

The screen runs in a process of its own, since one that shares the interpreter with the audio costs input overflows.
So a snapshot is plain data that crosses a pipe as one line of JSON.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from streamer.latency import LatencySummary


@dataclass(frozen=True, slots=True)
class RollNote:
    """One note of the piano roll; ``end_s`` is None while it sounds."""

    note: int
    start_s: float
    end_s: float | None
    velocity: int
    note_id: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The session at one moment. Times are seconds since the stream began."""

    time_s: float = 0.0
    rate_hz: int = 0
    hop: int = 0
    input_name: str = ""
    output_names: tuple[str, ...] = ()
    detector: str = ""
    preset: str = ""
    note: int | None = None  # sounding now, as sent
    velocity: int = 0
    f0_hz: float | None = None
    cents: float | None = None  # of the pitch against the note that sounds; where none does, against the nearest
    tuned_to: int | None = None  # that note
    confidence: float = 0.0
    level_db: float = -120.0
    peak_db: float = -120.0
    clipped: bool = False  # in the last second
    silent_input: bool = False  # the input has been exactly zero from the start
    roll: tuple[RollNote, ...] = ()  # the last seconds, oldest first
    messages: tuple[str, ...] = ()  # MIDI messages as sent, newest last
    notes_sent: int = 0
    corrections: int = 0  # of names of notes that sounded already; none of them is a note sent
    a4_hz: float = 440.0  # that names and cents are relative to
    total: LatencySummary = field(default_factory=LatencySummary)  # sound's onset to MIDI sent
    audio: LatencySummary = field(default_factory=LatencySummary)  # samples consumed after the onset
    queue: LatencySummary = field(default_factory=LatencySummary)  # captured to dequeued
    compute: LatencySummary = field(default_factory=LatencySummary)  # dequeued to decided
    send: LatencySummary = field(default_factory=LatencySummary)  # decided to sent
    histogram_ms: tuple[float, ...] = ()  # upper edges of the total's bins
    histogram: tuple[int, ...] = ()  # notes per bin
    input_latency_ms: float | None = None  # as the driver says; not in `total`
    round_trip_ms: float | None = None  # of sound out and in again, as it was measured
    clock_bpm: float | None = None  # of the MIDI clock that comes in
    lost_samples: int = 0
    losses: int = 0  # how many times that was
    lost_events: int = 0  # by files and pipes that are too slow
    load: float = 0.0  # compute time per second of audio
    transpose: int = 0
    bend: str = ""  # how pitch bends follow
    bend_range: int = 0  # semitones that a full one is, as receivers were told; 0 where none are sent
    scale: str = ""  # that notes are held in; empty where they are not
    muted: bool = False
    recording: str | None = None  # file being written, or None
    status: str = ""  # one line for people: "device gone, trying again", ...

    def to_json(self) -> str:
        """One line, without a line feed."""
        return json.dumps(self, default=_fields, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> "Snapshot":
        """The snapshot that `to_json` wrote."""
        data = json.loads(line)
        for part in ("total", "audio", "queue", "compute", "send"):
            data[part] = LatencySummary(**data[part])
        data["roll"] = tuple(RollNote(**note) for note in data["roll"])
        for part in ("output_names", "messages", "histogram_ms", "histogram"):
            data[part] = tuple(data[part])
        return cls(**data)


def _fields(part: Any) -> dict[str, Any]:
    # dataclasses.asdict copies all it meets, and takes four times as long: a millisecond, twenty times a second.
    return {name: getattr(part, name) for name in part.__slots__}
