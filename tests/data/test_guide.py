"""Recording one's own notes: what is asked, what is heard, and what a person is told of a note that is not good."""

import numpy as np
import pytest

from streamer.data.guide import Guide, GuideState
from streamer.data.requests import Request, Take, plan_requests, still_missing
from streamer.errors import ConfigError
from streamer.events import Block
from streamer.units import midi_to_hz
from tests.tones import pluck

RATE_HZ = 22_050
ROOM = 1e-4


def silence(duration_s: float) -> np.ndarray:
    return np.zeros(round(duration_s * RATE_HZ), np.float32)


def note(midi: float, level: float = 0.3, duration_s: float = 0.8) -> np.ndarray:
    return pluck(midi, duration_s, RATE_HZ, level)


def sequence(*parts: np.ndarray, room: float = ROOM) -> np.ndarray:
    """Sounds with silence around them, in a room."""
    joined = np.concatenate([silence(0.6), *(x for part in parts for x in (part, silence(0.5)))])
    noise = room * np.random.default_rng(1).standard_normal(len(joined))
    return (joined + noise).astype(np.float32)


def play(guide: Guide, samples: np.ndarray, size: int = 2048) -> list[Take]:
    takes: list[Take] = []
    start = 0
    while start < len(samples):
        takes += guide.process(Block(samples[start : start + size], start, 0))
        start += size
    return takes


def guide_for(*midis: int, takes: int = 1, ahead: int = 0) -> Guide:
    return Guide([Request(midi, take) for midi in midis for take in range(1, takes + 1)], RATE_HZ, ahead=ahead)


def test_what_is_asked_for_in_words():
    asked = [str(request) for request in plan_requests(40, 42, 2, 3)]
    assert asked == ["E2", "E2 again, softly", "E2 again, loudly", "F#2", "F#2 again, softly", "F#2 again, loudly"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((12, 60, 1, 1), "the lowest note is C0, but must be from A0 to C8"),
        ((60, 50, 1, 1), r"the lowest note \(C4\) is above the highest \(D3\)"),
        ((50, 60, 0, 1), "step is 0"),
    ],
)
def test_a_plan_that_cannot_be(given, message):
    with pytest.raises(ConfigError, match=message):
        plan_requests(*given)


def test_what_is_there_is_not_asked_for_again():
    requests = plan_requests(60, 61, 1, 2)
    assert still_missing(requests, requests[:3]) == requests[3:]


def test_good_notes_are_taken_one_after_the_other():
    guide = guide_for(57, 60, takes=2)
    takes = play(guide, sequence(note(57), note(57, 0.05), note(60), note(60, 0.05)))
    assert [take.problem for take in takes] == [None] * 4
    assert [str(take.request) for take in takes] == ["A3", "A3 again, softly", "C4", "C4 again, softly"]
    assert guide.state is GuideState.DONE
    assert guide.request is None
    for take in takes:
        assert take.f0_hz == pytest.approx(midi_to_hz(take.request.midi), rel=1e-3)
        assert 0.75 < take.offset_s - take.onset_s <= 0.81
        assert take.offset_s <= len(take.samples) / RATE_HZ
    first = takes[0].samples
    attack = round(takes[0].onset_s * RATE_HZ)
    assert np.abs(first[: attack - 30]).max() < 0.02  # the attack is whole, and silence is before it


@pytest.mark.parametrize("size", [1, 61, 5000, 10**9])
def test_blocks_of_any_size_give_the_same_takes(size):
    samples = sequence(note(57, duration_s=0.3), note(58, duration_s=0.3))
    there = play(guide_for(57, 58), samples)
    here = play(guide_for(57, 58), samples, size)
    assert [(take.onset_s, take.f0_hz) for take in here] == [(take.onset_s, take.f0_hz) for take in there]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(here, there, strict=True))


@pytest.mark.parametrize(
    ("sound", "room", "problem"),
    [
        (note(59), ROOM, "heard B3, not A3"),
        (note(69), ROOM, "heard A4, not A3"),
        (note(57.62), ROOM, "A3 is 62 cents sharp; tune, and play it again"),
        (note(56.35), ROOM, "A3 is 65 cents flat; tune, and play it again"),
        (note(57, 0.006), 1e-5, "too soft, -44 dB at its peak; turn the input up, or go nearer to the microphone"),
        (np.clip(note(57, 3.0), -1, 1), ROOM, "it clips; turn the input down, or play less loudly"),
        (note(57, 0.1), 0.004, "only 17 dB above the noise before it, not 26; make the room quieter"),
        (0.1 * np.random.default_rng(0).standard_normal(9000), ROOM, "no clear pitch is heard"),
        (np.concatenate([note(57, duration_s=0.4)] * 2), ROOM, "it was struck more than once; play one note"),
        (note(57, duration_s=0.06), ROOM, "too short"),
    ],
)
def test_what_is_not_good_is_told_and_asked_for_again(sound, room, problem):
    guide = guide_for(57, 60)
    (take,) = play(guide, sequence(sound, room=room))
    assert take.problem is not None
    assert take.problem.startswith(problem)
    assert guide.request == Request(57, 1)


def test_a_touch_of_the_microphone_is_no_note():
    guide = guide_for(57)
    click = np.full(40, 0.5, np.float32)
    assert [take.problem for take in play(guide, sequence(click, note(57)))] == [None]


def test_a_note_without_end_is_cut_and_the_next_waits_for_silence():
    guide = guide_for(57, 58)
    time_s = np.arange(8 * RATE_HZ) / RATE_HZ
    organ = sum(0.1 * np.sin(2 * np.pi * k * midi_to_hz(57) * time_s) / k for k in (1, 2, 3))
    samples = sequence(organ, note(58))
    before = play(guide, samples[: 7 * RATE_HZ])
    assert [take.problem for take in before] == [None]
    assert guide.state is GuideState.FADING
    assert len(before[0].samples) / RATE_HZ == pytest.approx(6.3, abs=0.05)
    assert [str(take.request) for take in play(guide, samples[7 * RATE_HZ :])] == ["A#3"]


def test_skip_back_and_keep():
    guide = guide_for(57, 58, 59)
    guide.skip()
    assert guide.request == Request(58, 1)
    guide.back()
    guide.back()
    assert guide.request == Request(57, 1)
    assert guide.keep() is None
    play(guide, sequence(note(69)))
    assert guide.can_keep
    kept = guide.keep()
    assert kept is not None
    assert (kept.problem, kept.f0_hz, kept.request) == (None, None, Request(57, 1))
    assert guide.request == Request(58, 1)
    assert guide.keep() is None
    guide.skip()
    guide.skip()
    guide.skip()
    assert (guide.request, guide.state) == (None, GuideState.DONE)


def test_a_note_begun_before_a_skip_is_not_taken_for_the_next():
    guide = guide_for(57, 58)
    samples = sequence(note(57), note(58))
    play(guide, samples[: round(0.9 * RATE_HZ)])
    assert guide.state is GuideState.SOUNDING
    guide.skip()
    takes = play(guide, samples[round(0.9 * RATE_HZ) :])
    assert [(take.request.midi, take.problem) for take in takes] == [(58, None)]


def test_what_comes_next_may_be_taken_from_a_recording_that_lacks_a_note():
    guide = guide_for(57, 58, 59, 60, ahead=2)
    takes = play(guide, sequence(note(57), note(59), note(69), note(60)))
    assert [take.request.midi for take in takes if take.problem is None] == [57, 59, 60]


def test_lost_sound_spoils_the_note_that_sounds():
    guide = guide_for(57)
    samples = sequence(note(57), note(57))
    half = round(0.9 * RATE_HZ)
    play(guide, samples[:half])
    takes = guide.process(Block(samples[half:], half + 500, 0, lost=500))
    assert [take.problem for take in takes] == ["some of the sound was lost; again", None]


def test_the_end_of_the_sound_ends_a_note():
    guide = guide_for(57)
    assert play(guide, sequence(note(57))[: round(1.45 * RATE_HZ)]) == []
    assert [take.problem for take in guide.finish()] == [None]
    assert guide.finish() == []


def test_in_a_loud_room_nothing_begins_by_itself():
    guide = guide_for(57)
    assert play(guide, sequence(room=0.01)) == []
    assert guide.state is GuideState.WAITING
    assert guide.room_db == pytest.approx(-40, abs=2)
