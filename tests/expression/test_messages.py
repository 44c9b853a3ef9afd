"""Note events as MIDI bytes."""

from streamer.events import Event, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.expression.messages import event_messages, panic_messages, silence_messages

ON = NoteOn(sample=480, onset=100, note=60, velocity=93, midi=60.1)
OFF = NoteOff(sample=960, offset=900, note=60, midi=60.05)


def as_bytes(event: Event, channel: int = 0) -> list[list[int]]:
    return [message.bytes() for message in event_messages(event, channel)]


def test_a_note_is_two_messages_on_its_channel():
    assert as_bytes(ON) == [[0x90, 60, 93]]
    assert as_bytes(OFF) == [[0x80, 60, 64]]
    assert as_bytes(ON, channel=15) == [[0x9F, 60, 93]]


def test_what_is_no_note_sends_nothing():
    assert as_bytes(Gap(sample=10, lost=3)) == []
    assert as_bytes(PitchEstimate(sample=1, centre=0, f0_hz=440.0, confidence=1.0, level_db=-6.0, peak=0.5)) == []


def test_silence_ends_each_note_before_all_notes():
    assert [m.bytes() for m in silence_messages({64, 60}, 2)] == [[0x82, 60, 64], [0x82, 64, 64], [0xB2, 123, 0]]


def test_panic_cuts_what_rings_on():
    assert [m.bytes() for m in panic_messages((), 1)] == [[0xB1, 123, 0], [0xB1, 120, 0]]
