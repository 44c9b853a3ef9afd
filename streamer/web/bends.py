"""Bends for clients: what an encoder says on a MIDI channel, as events of the notes that they bend."""

from collections.abc import Iterator

from streamer.events import Event, NoteOff
from streamer.expression.encoders import Encoder
from streamer.expression.make import make_encoder
from streamer.outputs.jsonl import Fields, event_fields
from streamer.units import note_name, samples_to_s
from streamer.web.config import Asked

_FULL = 8192  # a bend of all that the range allows


class Bender:
    """Turns events into the fields that a client is sent, with bends; notes are those that the encoder lets begin.

    Parameters
    ----------
    encoder : Encoder
        Decides on notes and bends.
    semitones : int
        Its range.
    rate_hz : int
        Sample rate of the events.
    """

    def __init__(self, encoder: Encoder, semitones: int, rate_hz: int) -> None:
        self._encoder = encoder
        self._semitones = semitones
        self._rate_hz = rate_hz
        self._sounding: dict[int, int] = {}  # id of each note that sounds, the newest last
        self._ended: NoteOff | None = None  # what an encoder may hold back, to see what follows
        for message in encoder.begin():
            encoder.sent(message)

    def fields_of(self, event: Event) -> Iterator[Fields]:
        """What a client is told of an event, in order.

        Parameters
        ----------
        event : Event
            As it was sent by the engine.
        """
        fields = event_fields(event, self._rate_hz)
        if fields["type"] in ("pitch", "gap"):
            yield fields
        if isinstance(event, NoteOff):
            self._ended = event
        for message in self._encoder.encode(event):
            self._encoder.sent(message)
            if message.type == "note_on" and message.velocity:
                self._sounding[message.note] = int(fields["note_id"] or 0)
                yield fields | {"note": message.note, "name": note_name(message.note), "corrects": 0}
            elif message.type in ("note_on", "note_off"):
                note_id = self._sounding.pop(message.note, None)
                if note_id is not None and self._ended is not None:
                    ended = event_fields(self._ended, self._rate_hz)
                    yield ended | {"note": message.note, "name": note_name(message.note), "note_id": note_id}
            elif message.type == "pitchwheel" and self._sounding:
                yield self._bend(event, message.pitch)

    def end(self) -> Iterator[Fields]:
        """The note-offs that an encoder has held back to the end."""
        for note, note_id in self._sounding.items():
            if self._ended is not None:
                ended = event_fields(self._ended, self._rate_hz)
                yield ended | {"note": note, "name": note_name(note), "note_id": note_id}
        self._sounding.clear()

    def _bend(self, event: Event, pitch: int) -> Fields:
        return {
            "type": "bend",
            "sample": event.sample,
            "time_s": round(samples_to_s(event.sample, self._rate_hz), 6),
            "note_id": next(reversed(self._sounding.values())),
            "semitones": round(pitch / _FULL * self._semitones, 4),
        }


def make_bender(asked: Asked, rate_hz: int) -> Bender | None:
    """What a client asked for; None where it wants no bends.

    Parameters
    ----------
    asked : Asked
        Its settings.
    rate_hz : int
        Sample rate of the events.
    """
    if asked.expression.mode == "off":
        return None
    encoder = make_encoder(asked.expression, rate_hz, a4_hz=asked.tracker.reference_hz)
    return Bender(encoder, asked.expression.semitones, rate_hz)
