"""Notes decided again when all is known."""

import itertools
import math
from pathlib import Path

import pytest

import streamer
from streamer.config import TrackerConfig
from streamer.errors import ConfigError
from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.recordings.one import Options, transcribe_file
from streamer.recordings.revision import revised

RATE_HZ = 48_000
HOP = 128
GUITAR = Path(__file__).parents[1] / "golden" / "recordings" / "electric_guitar.flac"


def performance(*notes: tuple[float, float, int, float], dip_db: float = 0.0) -> list[Event]:
    """What a tracker says of notes: onset and offset in seconds, name and median pitch; 5 ms late."""
    events: list[Event] = []
    for k, (onset_s, offset_s, name, midi) in enumerate(notes, 1):
        onset, offset = round(onset_s * RATE_HZ), round(offset_s * RATE_HZ)
        events.append(NoteOn(onset + 240, onset, name, 80, midi, None, k))
        events.append(NoteOff(offset + 240, offset, name, midi, k))
    begun = [round(onset_s * RATE_HZ) for onset_s, *_ in notes[1:]]
    for sample in range(HOP, 3 * RATE_HZ, HOP):
        level_db = -20.0 - dip_db * any(0 < onset - sample < 2000 for onset in begun)
        events.append(PitchEstimate(sample, sample - HOP // 2, 220.0, 0.9, level_db, 0.1, 220.0, 900.0 + sample))
    return sorted(events, key=lambda event: event.sample)


def told(events: list[Event], config: TrackerConfig | None = None) -> list[tuple[float, float, int]]:
    """Onset, offset and name of each note."""
    made = [e for e in revised(events, RATE_HZ, config or TrackerConfig()) if not isinstance(e, PitchEstimate)]
    ons, offs = made[::2], made[1::2]
    return [(on.onset / RATE_HZ, off.offset / RATE_HZ, on.note) for on, off in zip(ons, offs, strict=True)]


def test_a_name_is_that_of_the_whole_note_and_too_short_ones_are_none() -> None:
    events = performance((0.1, 0.5, 57, 57.53), (0.6, 0.63, 69, 69.0), (0.7, 1.0, 60, 60.2))
    assert told(events) == [(0.1, 0.5, 58), (0.7, 1.0, 60)]


def test_the_pitch_stays_as_it_was() -> None:
    events = performance((0.1, 0.5, 57, 57.0))
    before, after = (
        [event for event in some if isinstance(event, PitchEstimate)]
        for some in (events, revised(events, RATE_HZ, TrackerConfig()))
    )
    assert after == before


def test_a_note_that_was_not_struck_again_is_one() -> None:
    pair = ((0.1, 0.5, 57, 57.0), (0.52, 0.9, 57, 57.1))
    assert told(performance(*pair)) == [(0.1, 0.9, 57)]
    assert len(told(performance(*pair, dip_db=6.0))) == 2
    assert len(told(performance(pair[0], (0.6, 0.9, 57, 57.1)))) == 2
    assert len(told(performance(pair[0], (0.52, 0.9, 58, 58.0)))) == 2


def test_with_an_automatic_a4_names_follow_the_whole_recording_from_its_first_note() -> None:
    events = performance(*((0.1 + 0.4 * k, 0.4 + 0.4 * k, 57 + k, 57.45 + k) for k in range(5)))
    assert [name for *_, name in told(events, TrackerConfig(a4_hz=0.0))] == [57, 58, 59, 60, 61]
    high = performance(*((0.1 + 0.4 * k, 0.4 + 0.4 * k, 57 + k, 57.55 + k) for k in range(5)))
    names = [name for *_, name in told(high, TrackerConfig(a4_hz=0.0))]
    assert {b - a for a, b in itertools.pairwise(names)} == {1}


def test_events_are_in_order_of_time_and_none_of_the_estimates_is_lost() -> None:
    events = performance((0.1, 0.5, 57, 57.0), (0.6, 0.9, 60, 60.0))
    made = list(revised(iter(events), RATE_HZ, TrackerConfig()))
    times = [e.centre if isinstance(e, PitchEstimate) else e.sample for e in made]
    assert times == sorted(times)
    estimates = [e for e in events if isinstance(e, PitchEstimate)]
    assert [e for e in made if isinstance(e, PitchEstimate)] == estimates


def test_offline_outputs_say_that_they_are(tmp_path: Path) -> None:
    options = Options(offline=True)
    outputs = {"csv": tmp_path / "a.csv", "json": tmp_path / "a.json", "mid": tmp_path / "a.mid"}
    outcome = transcribe_file(GUITAR, outputs, options)
    assert outcome.offline
    header, *rows = (line.split(",") for line in outputs["csv"].read_text().splitlines())
    assert rows
    assert {(row[header.index("emit_s")], row[header.index("latency_ms")]) for row in rows} == {("", "")}
    assert '"offline": true' in outputs["json"].read_text()
    with pytest.raises(ConfigError, match="use --to json"):
        transcribe_file(GUITAR, {"jsonl": tmp_path / "a.jsonl"}, options)
    live, later = streamer.transcribe(GUITAR), streamer.transcribe(GUITAR, offline=True)
    assert later.notes["note"].tolist() == live.notes["note"].tolist()
    assert math.isclose(later.notes["onset_s"][0], live.notes["onset_s"][0])
