"""Short recordings whose events are kept beside them, so that a change that moves a note is seen at once.

``python -m tests.golden.golden --write`` writes the events of the present tracker to ``golden.json``; to be run, and
its difference read, only when notes are meant to change. Each recording states where it comes from, its licence, and
by how much its events may differ between platforms.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from streamer import NoteOff, NoteOn, TrackerConfig
from streamer.tracker import make_tracker

HERE = Path(__file__).parent
GOLDEN = HERE / "golden.json"
USUAL_TOLERANCE = {"onset_ms": 3.0, "offset_ms": 12.0, "emit_ms": 3.0, "cents": 2.0, "velocity": 1}
Note = dict[str, float]


@dataclass(frozen=True)
class Recording:
    """One of the recordings, as ``golden.json`` has it."""

    file: str
    source: str
    licence: str
    tolerance: dict[str, float]
    notes: list[Note]

    def track(self, hops_at_once: int = 1) -> list[Note]:
        """What the tracker makes of it now."""
        samples, rate_hz = soundfile.read(HERE / "recordings" / self.file, dtype="float32")
        tracker = make_tracker(TrackerConfig(), rate_hz, hops_at_once=hops_at_once)
        events = [*tracker.process(np.ascontiguousarray(samples)), *tracker.flush()]
        begun = [event for event in events if isinstance(event, NoteOn)]
        ended = [event for event in events if isinstance(event, NoteOff)]
        return [
            {
                "onset_s": round(on.onset / rate_hz, 6),
                "offset_s": round(off.offset / rate_hz, 6),
                "emit_s": round(on.sample / rate_hz, 6),
                "note": on.note,
                "midi": round(off.midi, 4),
                "velocity": on.velocity,
            }
            for on, off in zip(begun, ended, strict=True)
        ]


def recordings() -> list[Recording]:
    """All of them."""
    kept: list[dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return [Recording(**one) for one in kept]


def write(all_of_them: list[Recording]) -> None:
    """Keep the present tracker's events."""
    kept = [{**vars(one), "notes": one.track()} for one in all_of_them]
    GOLDEN.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", required=True)
    parser.parse_args()
    write(recordings())
    sys.exit(0)
