"""Events as MIDI bytes, and what an encoder believes to sound at its receiver."""

import mido
import pytest

from streamer.events import Event, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.expression.encoders import Encoder, PlainEncoder

ON = NoteOn(sample=480, onset=100, note=60, velocity=93, midi=60.1)
OFF = NoteOff(sample=960, offset=900, note=60, midi=60.05)


def raw(messages: list[mido.Message]) -> list[list[int]]:
    return [message.bytes() for message in messages]


def send(encoder: Encoder, *events: Event) -> list[list[int]]:
    """Encode and have it sent."""
    messages = [message for event in events for message in encoder.encode(event)]
    for message in messages:
        encoder.sent(message)
    return raw(messages)


@pytest.mark.parametrize("channel", [0, 15])
def test_a_note_is_two_messages_on_its_channel(channel):
    assert send(PlainEncoder(channel), ON, OFF) == [[0x90 + channel, 60, 93], [0x80 + channel, 60, 64]]


def test_what_is_no_note_sends_nothing():
    pitch = PitchEstimate(sample=1, centre=0, f0_hz=440.0, confidence=1.0, level_db=-6.0, peak=0.5)
    assert send(PlainEncoder(), Gap(sample=10, lost=3), pitch) == []


def test_the_end_is_each_note_before_all_notes():
    encoder = PlainEncoder(2)
    send(encoder, NoteOn(1, 0, 64, 90, 64.0), ON)
    assert raw(encoder.end()) == [[0x82, 60, 64], [0x82, 64, 64], [0xB2, 123, 0]]


def test_panic_cuts_what_rings_on():
    assert raw(PlainEncoder(1).panic()) == [[0xB1, 123, 0], [0xB1, 120, 0]]


def test_a_note_sounds_from_encoding_its_beginning_until_its_end_was_sent():
    encoder = PlainEncoder()
    encoder.encode(ON)  # the send failed, or did it?
    encoder.encode(OFF)  # failed for certain, or not
    ending = encoder.end()
    assert raw(ending) == [[0x80, 60, 64], [0xB0, 123, 0]]
    assert raw(encoder.end()) == raw(ending)
    for message in ending:
        encoder.sent(message)
    assert raw(encoder.end()) == [[0xB0, 123, 0]]


def test_a_beginning_that_never_got_out_needs_no_end():
    encoder = PlainEncoder()
    for message in encoder.encode(ON):
        encoder.withdrawn(message)
    assert raw(encoder.end()) == [[0xB0, 123, 0]]


def test_each_of_two_notes_of_one_pitch_gets_its_end():
    encoder = PlainEncoder()
    send(encoder, ON, ON, OFF)
    assert raw(encoder.end()) == [[0x80, 60, 64], [0xB0, 123, 0]]


def test_an_end_without_a_beginning_changes_nothing():
    encoder = PlainEncoder()
    assert send(encoder, OFF) == [[0x80, 60, 64]]
    assert raw(encoder.end()) == [[0xB0, 123, 0]]
