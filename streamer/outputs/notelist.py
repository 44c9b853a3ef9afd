"""Notes kept in memory."""

from streamer.events import Event, NoteOff, NoteOn
from streamer.expression.pairing import SettledNotes
from streamer.outputs.sink import Sink


class NoteList(Sink):
    """Keeps each note when it has ended.

    Attributes
    ----------
    notes : list of (NoteOn, NoteOff)
        In order.
    """

    name = ""
    wants_pitch = False

    def __init__(self) -> None:
        self.notes: list[tuple[NoteOn, NoteOff]] = []
        self._open = SettledNotes()

    def send(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, NoteOn):
            self._open.begin(event)
        elif isinstance(event, NoteOff) and (begun := self._open.end(event)) is not None:
            self.notes.append((begun, event))

    def close(self) -> None:
        """Nothing to let go of."""
