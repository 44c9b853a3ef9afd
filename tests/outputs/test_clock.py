"""A MIDI clock's beats become those of the file, however unsteadily it comes."""

import io
import random
from itertools import accumulate

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.events import Block, NoteOff, NoteOn
from streamer.music.config import MusicConfig
from streamer.outputs.clock import Beats, MidiClock
from streamer.outputs.midiform import MidiForm
from streamer.outputs.tempomap import retimed

RATE_HZ = 48_000
START, CONTINUE, STOP, TICK = b"\xfa", b"\xfb", b"\xfc", b"\xf8"
_BOOT_NS = 5_000_000_000_000  # the machine has run for a while
_DELAY_NS = 4_000_000  # from the sound to its block


def came(at_s, unsteady_s=0.0, chance=random.Random(0)):  # noqa: B008 - the same for all on purpose
    return _BOOT_NS + round(1e9 * (at_s + chance.uniform(0.0, unsteady_s)))


def hear(clock, until_s, block=480):
    for start in range(0, round(until_s * RATE_HZ), block):
        at_ns = came((start + block) / RATE_HZ, 0.003) + _DELAY_NS
        clock.heard(Block(np.zeros(block, np.float32), start, at_ns), RATE_HZ)


def tick(clock, from_s, tempos_bpm, unsteady_s=0.0):
    """24 messages for each of the beats, whose tempos these are; returns when each beat was, and the end."""
    beats_s = list(accumulate((60.0 / bpm for bpm in tempos_bpm), initial=from_s))
    for at_s, bpm in zip(beats_s, tempos_bpm, strict=False):
        for k in range(24):
            clock.receive(TICK, came(at_s + k * 2.5 / bpm, unsteady_s) + _DELAY_NS)
    return beats_s


def taken(path, clock, notes_s, start_s=0.0, **music):
    """The file of a take, notes of 0.1 s at these times."""
    form = MidiForm(part=MusicConfig(**music).part(), tempo_bpm=93.0)
    sink = form.file(path, RATE_HZ, start=round(start_s * RATE_HZ), clock=clock)
    for number, at_s in enumerate(notes_s, 1):
        on, off = round(at_s * RATE_HZ), round((at_s + 0.1) * RATE_HZ)
        sink.send(NoteOn(on + 1000, on, 60, 90, 60.0, note_id=number))
        sink.send(NoteOff(off + 1000, off, 60, 60.0, number))
    sink.close()
    return mido.MidiFile(path)


def begun_s(file, track):
    """When the notes of a track begin by the file's own tempos, in seconds."""
    made = mido.MidiFile(ticks_per_beat=file.ticks_per_beat, tracks=[file.tracks[0], file.tracks[track]])
    now_s, found = 0.0, []
    for message in made:
        now_s += message.time
        if message.type == "note_on":
            found.append(now_s)
    return found


def begun_beats(file, track):
    times = accumulate(message.time for message in file.tracks[track])
    return [
        tick / file.ticks_per_beat
        for tick, message in zip(times, file.tracks[track], strict=True)
        if message.type == "note_on"
    ]


# Steady, slowing down, and another tempo at once.
@pytest.mark.parametrize("tempos_bpm", [[137.0] * 16, list(np.linspace(150, 90, 16)), [100.0] * 8 + [125.0] * 8])
@pytest.mark.parametrize("unsteady_s", [0.0, 0.008])
def test_notes_on_the_clock_are_on_the_grid_and_stay_where_they_were_played(tmp_path, tempos_bpm, unsteady_s):
    clock = MidiClock()
    clock.receive(START, came(2.0))
    beats_s = tick(clock, 2.0, tempos_bpm, unsteady_s)
    hear(clock, beats_s[-1])
    played_s = [
        at_s + late * 60.0 / bpm
        for at_s, bpm, late in zip(beats_s[4:], tempos_bpm[4:], [0.07, -0.08] * 6, strict=False)
    ]
    file = taken(tmp_path / "take.mid", clock, played_s, start_s=1.0, grid="1/4")
    assert begun_s(file, 1) == pytest.approx([at_s - 1.0 for at_s in played_s], abs=0.001)
    whole = begun_beats(file, 2)
    assert [beat - whole[0] for beat in whole] == list(range(len(played_s)))
    assert begun_s(file, 2) == pytest.approx([at_s - 1.0 for at_s in beats_s[4:-1]], abs=0.02)


def test_a_steady_clock_makes_one_tempo_and_its_bars_are_bars(tmp_path):
    clock = MidiClock()
    clock.receive(START, came(1.0))
    beats_s = tick(clock, 1.0, [120.0] * 20, 0.002)
    hear(clock, beats_s[-1])
    file = taken(tmp_path / "take.mid", clock, beats_s[:16:4], grid="1/4")
    tempos = [message for message in file.tracks[0] if message.type == "set_tempo"]
    assert [60e6 / message.tempo for message in tempos] == pytest.approx([120.0], abs=0.2)
    assert [m.numerator for m in file.tracks[0] if m.type == "time_signature"] == [2, 4]
    assert begun_beats(file, 2) == [2, 6, 10, 14]  # two beats before it began, and then bars of four


def test_a_clock_that_stops_and_goes_on_keeps_its_beats(tmp_path):
    clock = MidiClock()
    clock.receive(START, came(0.5))
    first_s = tick(clock, 0.5, [120.0] * 6)
    clock.receive(STOP, came(first_s[-1]))
    tick(clock, first_s[-1], [60.0] * 2)  # what comes while it is stopped counts for nothing
    assert clock.tempo_bpm is None
    clock.receive(CONTINUE, came(6.2))
    then_s = tick(clock, 6.2, [120.0] * 6)
    hear(clock, then_s[-1])
    file = taken(tmp_path / "take.mid", clock, [*first_s[:-1], *then_s[:-1]], grid="1/16")
    beats = begun_beats(file, 2)
    assert [beat % 1 for beat in beats] == [0.0] * 12
    assert begun_s(file, 2) == pytest.approx([*first_s[:-1], *then_s[:-1]], abs=0.003)


def test_a_clock_whose_cable_was_out_is_taken_to_have_gone_on(tmp_path):
    clock = MidiClock()
    first_s = tick(clock, 0.5, [120.0] * 6)
    then_s = tick(clock, first_s[-1] + 4 * 0.5 + 0.25, [120.0] * 6)  # again on the half of a beat
    hear(clock, 9.0)
    file = taken(tmp_path / "take.mid", clock, [at_s + 0.25 for at_s in then_s[:-2]], grid="1/4")
    assert begun_s(file, 2) == pytest.approx([at_s + 0.25 for at_s in then_s[:-2]], abs=0.003)


def test_a_song_position_says_where_in_the_beat_it_goes_on(tmp_path):
    clock = MidiClock()
    clock.receive(bytes([0xF2, 6, 0]), came(0.9))  # six sixteenths: half-way in the second beat
    clock.receive(CONTINUE, came(0.9))
    beats_s = tick(clock, 1.0, [120.0] * 8)
    hear(clock, beats_s[-1])
    file = taken(tmp_path / "take.mid", clock, [2.25], grid="1/4")
    assert begun_s(file, 2) == pytest.approx([2.25], abs=0.002)


def test_without_a_clock_the_tempo_is_what_was_said(tmp_path):
    for clock in (None, MidiClock()):
        file = taken(tmp_path / "take.mid", clock, [1.0], grid="1/4")
        tempos = [message.tempo for message in file.tracks[0] if message.type == "set_tempo"]
        assert tempos == [round(60e6 / 93.0)]


@settings(max_examples=30)
@given(
    st.lists(st.floats(0.05, 2.5), min_size=1, max_size=12),
    st.integers(0, 7),
    st.lists(st.floats(0.0, 30.0), min_size=1, max_size=6, unique=True),
)
def test_no_message_moves_in_time_whatever_the_beats_are(intervals_s, first, notes_s):
    made = mido.MidiFile(ticks_per_beat=960, tracks=[mido.MidiTrack(), mido.MidiTrack()])
    made.tracks[0].append(mido.MetaMessage("set_tempo", tempo=600_000))
    ticks = sorted(round(at_s / 0.6 * 960) for at_s in notes_s)
    for before, now in zip([0, *ticks], ticks, strict=False):
        made.tracks[1].append(mido.Message("note_on", note=60, time=now - before))
    content = io.BytesIO()
    made.save(file=content)
    times_s = np.cumsum(intervals_s)
    file = mido.MidiFile(file=io.BytesIO(retimed(content.getvalue(), Beats(times_s, first))))
    assert begun_s(file, 1) == pytest.approx([tick * 0.6 / 960 for tick in ticks], abs=0.002)


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=4) | st.sampled_from([START, CONTINUE, STOP, TICK, TICK, TICK]), max_size=200))
def test_nothing_that_comes_in_breaks_it(messages):
    clock = MidiClock()
    hear(clock, 1.0)
    for number, message in enumerate(messages):
        clock.receive(message, came(number * 0.01, 0.6))
    times_s = clock.beats(0, RATE_HZ).times_s
    assert (np.diff(times_s) > 0).all()
