"""Note events to MIDI messages, and the messages that end whatever sounds. Pure: no port, no clock.

Pitch bend, pressure and MPE would be further branches of `event_messages`; there are none yet. A message carries no
time here: a port sends it at once, a file gets the event's ``sample``.
"""

from collections.abc import Iterable

from mido import Message

from streamer.events import Event, NoteOff, NoteOn

CHANNELS = range(16)
ALL_SOUND_OFF = 120
ALL_NOTES_OFF = 123


def event_messages(event: Event, channel: int = 0) -> list[Message]:
    """What an event is in MIDI: one message for a note's beginning or end, none for anything else.

    Parameters
    ----------
    event : Event
        As the tracker decided it.
    channel : int
        0 to 15; people count them from 1.
    """
    match event:
        case NoteOn():
            return [Message("note_on", channel=channel, note=event.note, velocity=event.velocity)]
        case NoteOff():
            return [Message("note_off", channel=channel, note=event.note)]
        case _:
            return []


def silence_messages(sounding: Iterable[int], channel: int = 0) -> list[Message]:
    """End these notes, one by one, then all that the receiver believes to sound.

    The note-offs come first since not every receiver knows "all notes off"; that follows for notes whose note-off was
    lost on the way.
    """
    offs = [Message("note_off", channel=channel, note=note) for note in sorted(sounding)]
    return [*offs, Message("control_change", channel=channel, control=ALL_NOTES_OFF)]


def panic_messages(sounding: Iterable[int], channel: int = 0) -> list[Message]:
    """As `silence_messages`, and cut releases and echoes too."""
    return [*silence_messages(sounding, channel), Message("control_change", channel=channel, control=ALL_SOUND_OFF)]
