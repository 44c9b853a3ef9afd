"""Settings that change while notes sound: what holds from then on, and that no note is dropped or stuck."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.adjustments import Adjustments
from streamer.config import PRESETS, TrackerConfig
from streamer.control import parse_command
from streamer.engine import Engine
from streamer.errors import ConfigError, OutputError
from streamer.events import NoteOff, NoteOn
from streamer.expression.ledger import Ledger
from streamer.live.session import Session
from streamer.music.config import MusicConfig
from streamer.settings.expression import Expression
from streamer.settings.live import LIVE, STEPS
from streamer.tracker import Tracker, make_tracker
from tests.scripted import Receiver, Script, ScriptedTracker, wait_for
from tests.tones import melody

RATE_HZ = 48_000


def adjusted(tracker: Tracker, **about: object) -> Adjustments:
    return Adjustments(tracker, Ledger(), **about)  # type: ignore[arg-type]


def run(adjustments: Adjustments, line: str) -> str:
    command = parse_command(line)
    assert command is not None, line
    return adjustments.run(command)


def notes_of(tracker: Tracker, samples: np.ndarray, changes: dict[int, TrackerConfig]) -> list[tuple[str, int]]:
    """Note-ons and note-offs of samples in blocks of 10 ms, the tracker configured anew before some of them."""
    found: list[NoteOn | NoteOff] = []
    for number, at in enumerate(range(0, len(samples), 480)):
        if number in changes:
            tracker.configure(changes[number])
        found += [event for event in tracker.process(samples[at : at + 480]) if isinstance(event, NoteOn | NoteOff)]
    return [("on" if isinstance(event, NoteOn) else "off", event.note) for event in found]


def test_a_note_goes_on_while_eagerness_gate_and_range_change():
    samples, onsets_s = melody([52, 55, 59], RATE_HZ, note_s=0.5)
    middle = round((onsets_s[1] + 0.25) * 100)
    changes = {middle: TrackerConfig(eagerness=0.9, gate_db=-70.0, low_midi=57)}  # above the note that sounds
    plain = notes_of(make_tracker(TrackerConfig(), RATE_HZ), samples, {})
    assert plain == [("on", 52), ("off", 52), ("on", 55), ("off", 55), ("on", 59), ("off", 59)]
    assert notes_of(make_tracker(TrackerConfig(), RATE_HZ), samples, changes) == plain
    changes = {middle: TrackerConfig(high_midi=57)}
    assert notes_of(make_tracker(TrackerConfig(), RATE_HZ), samples, changes) == plain[:4]
    changes = {middle: TrackerConfig(gate_db=0.0)}
    assert notes_of(make_tracker(TrackerConfig(), RATE_HZ), samples, changes) == plain[:4]


def test_the_same_settings_again_change_nothing():
    samples, _ = melody([52, 55], RATE_HZ, note_s=0.2)
    trackers = [make_tracker(TrackerConfig(eagerness=0.7), RATE_HZ) for _ in range(2)]
    events: list[list[object]] = [[], []]
    for at in range(0, len(samples), 480):
        trackers[1].configure(TrackerConfig(eagerness=0.7))
        for tracker, found in zip(trackers, events, strict=True):
            found += tracker.process(samples[at : at + 480])
    assert events[0] == events[1]


def test_what_needs_a_new_tracker_is_refused():
    tracker = make_tracker(TrackerConfig(), RATE_HZ)
    for other in ({"hop": 256}, {"a4_hz": 442.0}, {"detector": "correlation"}, {"correct_ms": 0.0}):
        with pytest.raises(ConfigError, match="only eagerness, range of notes and gate"):
            tracker.configure(TrackerConfig(**other))


def test_numbers_move_by_steps_within_their_range_and_names_go_round():
    adjustments = adjusted(ScriptedTracker())
    assert run(adjustments, "step gate +1") == "gate -53 dBFS"
    assert run(adjustments, "set eagerness 0.95") == "eagerness 0.95"
    assert run(adjustments, "step eagerness +1") == "eagerness 1"
    assert run(adjustments, "step lock +2") == "lock off"
    assert run(adjustments, "step lock +1") == "lock snap"
    assert run(adjustments, "step octave +9") == "octave 5 octaves"
    assert run(adjustments, "transpose +9") == "transpose 0 semitones"  # five octaves up are all there are
    assert run(adjustments, "transpose -3") == "transpose -3 semitones"
    assert adjustments.values["gate"] == -53.0
    assert dict(adjustments.changed) == {"gate": -53.0, "eagerness": 1.0, "lock": "snap", "octave": 5, "transpose": -3}


def test_a_preset_brings_its_range_and_what_it_decides_is_not_saved_beside_it():
    tracker = ScriptedTracker()
    adjustments = adjusted(tracker, preset="guitar")
    run(adjustments, "step gate +1")
    assert run(adjustments, "step preset +1") == f"preset {[*PRESETS][[*PRESETS].index('guitar') + 1]}"
    run(adjustments, "set preset voice")
    assert (tracker.config.low_midi, tracker.config.gate_db) == (36, -50.0)
    assert adjustments.changed["preset"] == "voice"
    assert adjustments.changed["gate"] is None
    run(adjustments, "step gate -1")
    assert adjustments.changed["gate"] == -53.0
    run(adjustments, "set preset default")
    assert (tracker.config.low_midi, tracker.config.gate_db) == (21, -56.0)


def test_the_outputs_bend_as_the_settings_say():
    adjustments = adjusted(ScriptedTracker(), expression=Expression(mpe="lower"))
    modes: list[str] = []
    for line, now in (("step bend +1", "bend off"), ("set bend smooth", "bend smooth"), ("set bend auto", "bend auto")):
        command = parse_command(line)
        assert command is not None
        assert adjustments.run(command, modes.append) == now
    assert modes == ["off", "smooth", "glide"]
    assert dict(adjustments.changed) == {"bend": "auto"}


def test_what_cannot_be_is_told_and_changes_nothing():
    adjustments = adjusted(ScriptedTracker(), music=MusicConfig(scale="C minor"))
    before = dict(adjustments.values)
    assert "must be below" in run(adjustments, "set low C8")
    assert "scale" in run(adjustments, "set scale H major")
    assert dict(adjustments.values) == before
    assert dict(adjustments.changed) == {}


@pytest.mark.parametrize(
    "line",
    ["set gate 1", "set gate x", "set gaet -50", "set hop 256", "set gate", "step gate", "step gate 1.5",
     "step scale +1", "step hop +1", "set  gate -50", "set scale " + "C" * 300, "step gate +1000"],
)  # fmt: skip
def test_lines_that_are_no_commands(line):
    assert parse_command(line) is None


def test_the_session_saves_what_was_changed():
    kept: list[dict[str, object]] = []

    def keep(changed):
        kept.append(dict(changed))
        if len(kept) > 1:
            raise OutputError("the disk is full")
        return "saved"

    session: Session

    def save(until: str):
        return [lambda: session.command("save"), None, lambda: wait_for(lambda: session.snapshot().status == until)]

    change = [lambda: session.command("set scale C minor")]
    steps = [*save("nothing was changed that could be saved"), *change, *save("saved"), *save("the disk is full")]
    session = Session(Script(60, *steps, None), ScriptedTracker(), [Receiver()], keep=keep, preset="bass")
    assert session.run() == 0
    assert kept == [{"scale": "C minor"}] * 2
    assert session.snapshot().preset == "bass"
    assert session.snapshot().scale == "C minor"


LINES = st.one_of(
    st.sampled_from([f"step {name} {steps:+d}" for name in STEPS for steps in (-3, -1, 1, 4)]),
    st.sampled_from(["set scale C minor", "set scale F# major", "set lock drop", "set lock snap", "mute", "panic"]),
    st.sampled_from([f"set preset {name}" for name in LIVE["preset"].choices]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 126), st.none(), LINES), max_size=40))
def test_no_note_is_stuck_whatever_is_changed(steps):
    receiver = Receiver()
    engine: Engine

    def give(line: str):
        return lambda: engine.command(line)

    script = Script(*(give(step) if isinstance(step, str) else step for step in steps))
    engine = Engine(script, ScriptedTracker(), [receiver])
    engine.start()
    assert engine.join(30.0)
    assert not engine.failed
    assert not receiver.sounding
    assert sum(entry[0] == "+" for entry in receiver.log) == sum(entry[0] == "-" for entry in receiver.log)
