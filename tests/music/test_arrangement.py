"""Zones, harmony and instruments: tables of what is played, and no note that stays."""

import dataclasses
from collections import Counter

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.errors import ConfigError
from streamer.events import Gap, NoteOff, NoteOn
from streamer.expression.encoders import PlainEncoder
from streamer.music.arrangement import Arrangement, Part
from streamer.music.config import MusicConfig
from streamer.music.encoder import ChannelsEncoder
from streamer.music.lock import LOCKS
from streamer.music.scales import parse_scale
from streamer.music.zones import Instrument, Zone, parse_zone
from streamer.outputs.arranged import ArrangedSink
from streamer.outputs.midifile import MidiFileSink
from tests.music.test_config import off, on


def played(part: Part, note: int) -> list[tuple[int, int]]:
    """Channels, counted from 1, and notes of what is played for a note."""
    return [(event.channel + 1, event.note) for event in Arrangement(part).apply(on(note, 1))]


ZONES = {
    "E2-B3:channel=2,transpose=12,program=33": Zone(40, 59, 1, 12, Instrument(32)),
    "C4-:channel=1": Zone(60, 127, 0),
    "-B3": Zone(0, 59),
    "60": Zone(60, 60),
    "C-1-C1": Zone(0, 24),
    "Bb2 - c4 : bank=129 , program=1": Zone(46, 60, None, 0, Instrument(0, 129)),
}


@pytest.mark.parametrize("text", ZONES)
def test_a_zone_is_read_as_it_is_written(text):
    assert parse_zone(text) == ZONES[text]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("channel=2", "no range of notes"),
        ("E2-B3-C4:channel=2", "no range of notes"),
        ("", "no range of notes"),
        ("C4-E2", "goes down from C4"),
        ("E2-B3:chanel=2", "cannot have 'chanel' .did you mean channel.*it has channel, transpose"),
        ("E2-B3:channel=17", "channel of the zone 'E2-B3:channel=17' is 17"),
        ("E2-B3:program=x", "cannot be 'x'"),
    ],
)
def test_what_is_no_zone_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        MusicConfig(zones=(text,))


SPLIT = MusicConfig(zones=("-B3:channel=2,transpose=12", "C4-C6:channel=1", "C5-:channel=5,transpose=-24"))
PLAYED = {40: [(2, 52)], 59: [(2, 71)], 60: [(1, 60)], 72: [(1, 72), (5, 48)], 90: [(5, 66)]}


@pytest.mark.parametrize("note", PLAYED)
def test_each_zone_plays_its_range_on_its_channel(note):
    assert played(SPLIT.part(), note) == PLAYED[note]


def test_outside_all_zones_nothing_is_played():
    assert played(MusicConfig(zones=("C4-C5",)).part(3), 59) == []
    assert played(MusicConfig(zones=("C4-C5",)).part(3), 60) == [(4, 60)]


HARMONIES = [  # in C major, for C4, D4, B4
    ((3,), ((60, 64), (62, 65), (71, 74))),
    ((3, 5), ((60, 64, 67), (62, 65, 69), (71, 74, 77))),
    ((-3,), ((60, 57), (62, 59), (71, 67))),
    ((8, -8), ((60, 72, 48), (62, 74, 50), (71, 83, 59))),
    ((6, 10), ((60, 69, 76), (62, 71, 77), (71, 79, 86))),
]


@pytest.mark.parametrize(("intervals", "chords"), HARMONIES)
def test_harmony_stays_in_the_key(intervals, chords):
    part = MusicConfig(scale="C major", harmony=intervals).part()
    assert tuple(tuple(note for _, note in played(part, lead)) for lead, *_ in chords) == chords


def test_a_third_in_a_minor_is_minor_on_a_and_a_note_outside_takes_that_of_the_note_below():
    part = MusicConfig(scale="A minor", harmony=(3,), lock="off").part()
    assert [played(part, note)[1][1] for note in (69, 71, 72, 70)] == [72, 74, 76, 73]


def test_a_voice_out_of_range_is_left_out_alone():
    part = MusicConfig(scale="C major", harmony=(8,)).part()
    assert played(part, 120) == [(1, 120)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"harmony": (3,)}, "needs a key"),
        ({"harmony": (1,), "scale": "C"}, "counts as musicians do"),
        ({"harmony": (0,), "scale": "C"}, "counts as musicians do"),
        ({"harmony": (16,), "scale": "C"}, "from -15 to 15"),
        ({"program": 129}, "from 1 to 128"),
        ({"bank": 16_384}, "from 0 to 16383"),
    ],
)
def test_what_cannot_be_played_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        MusicConfig(**values)


def test_instruments_are_selected_first_on_each_channel_and_banks_before_programs():
    music = MusicConfig(zones=("-B3:channel=2,program=34,bank=257", "C4-"), program=1)
    encoder = ChannelsEncoder(music.part(9).instruments, PlainEncoder)
    told = [(message.type, message.channel, *message.bytes()[1:]) for message in encoder.begin()]
    assert told == [
        ("control_change", 1, 0, 2),
        ("control_change", 1, 32, 1),
        ("program_change", 1, 33),
        ("program_change", 9, 0),
    ]


def test_a_better_name_moves_every_voice_that_goes_on_and_begins_the_others():
    arrangement = Arrangement(SPLIT.part())
    (first,) = arrangement.apply(on(72 - 2, 1))
    better = arrangement.apply(on(72, 2, corrects=1))
    assert [(event.channel, event.corrects) for event in better] == [(0, first.note_id), (4, 0)]
    assert [event.note for event in arrangement.apply(off(70, 1))] == [70]
    assert {(event.channel, event.note) for event in arrangement.apply(off(72, 2))} == {(0, 72), (4, 48)}


def test_a_file_has_each_zone_on_its_channel_and_a_corrected_note_once(tmp_path):
    music = MusicConfig(zones=("-B3:channel=2,transpose=12", "C4-"), scale="C major", harmony=(3,))
    path, part = tmp_path / "zones.mid", music.part()
    encoder = ChannelsEncoder(part.instruments, PlainEncoder)
    sink = ArrangedSink(MidiFileSink(path, 1000, encoder=encoder), Arrangement(part))
    for event in (on(50, 1), off(50, 1), on(60, 3), on(62, 4, corrects=3), off(60, 3), off(62, 4)):
        sink.send(event)
    sink.close()
    notes = [(m.type, m.channel, m.note) for m in mido.MidiFile(path) if m.type in ("note_on", "note_off")]
    begun = Counter((channel, note) for kind, channel, note in notes if kind == "note_on")
    assert begun == {(1, 62): 1, (1, 65): 1, (0, 62): 1, (0, 65): 1}
    assert Counter((channel, note) for kind, channel, note in notes if kind == "note_off") == begun


PARTS = st.builds(
    Part,
    channel=st.integers(0, 15),
    semitones=st.integers(-24, 24),
    lock=st.sampled_from([None, *(lock(parse_scale("D minor")) for lock in LOCKS.values())]),
    scale=st.sampled_from([None, parse_scale("D minor")]),
    harmony=st.lists(st.sampled_from([-8, -3, 2, 3, 5]), max_size=3).map(tuple),
    zones=st.lists(st.sampled_from([*ZONES.values(), Zone()]), max_size=3).map(tuple),
)
STEPS = st.one_of(
    st.tuples(st.just("on"), st.integers(0, 127)),
    st.tuples(st.just("correct"), st.integers(0, 127)),
    st.tuples(st.just("off"), st.integers(0, 3)),
    st.tuples(st.just("part"), PARTS),
)


@given(PARTS, st.lists(STEPS, max_size=30))
def test_whatever_is_changed_while_notes_sound_each_voice_ends_on_its_channel(part, steps):
    arrangement, open_notes, count, sent = Arrangement(part), [], 0, []
    for what, value in steps:
        if what == "on" or (what == "correct" and open_notes):
            count += 1
            corrected = open_notes.pop() if what == "correct" else None
            event = on(value, count, corrects=corrected.note_id if corrected else 0)
            sent += arrangement.apply(event)
            if corrected:
                sent += arrangement.apply(off(corrected.note, corrected.note_id))
            open_notes.append(event)
        elif what == "off" and value < len(open_notes):
            ended = open_notes.pop(value)
            sent += arrangement.apply(off(ended.note, ended.note_id, settled=min(127, ended.note + 1)))
        elif what == "part":
            arrangement.part = value
    sent += [event for on in open_notes for event in arrangement.apply(off(on.note, on.note_id))]
    sounding = []
    for event in sent:
        assert 0 <= event.note <= 127
        key = event.channel, event.note, event.note_id
        if isinstance(event, NoteOn):
            assert key[2] not in [note_id for *_, note_id in sounding], "each voice has a number of its own"
            sounding.append(key)
        else:
            sounding.remove(key)
    assert sounding == []


def test_what_is_no_note_passes():
    assert Arrangement(SPLIT.part()).apply(Gap(1, 2)) == [Gap(1, 2)]
    event = dataclasses.replace(NoteOff(1, 1, 60, 60.0), note_id=9)
    assert Arrangement(SPLIT.part()).apply(event) == []
