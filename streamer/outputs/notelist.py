"""Notes kept in memory."""

from streamer.events import Event, NoteOff, NoteOn
from streamer.outputs.sink import Sink


class NoteList(Sink):
    """Keeps each note when it has ended.

    Attributes
    ----------
    notes : list of (NoteOn, NoteOff)
        In order.
    """

    name = "summary"

    def __init__(self) -> None:
        self.notes: list[tuple[NoteOn, NoteOff]] = []
        self._begun: dict[int, NoteOn] = {}

    def send(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, NoteOn):
            self._begun[event.note] = event
        elif isinstance(event, NoteOff) and event.note in self._begun:
            self.notes.append((self._begun.pop(event.note), event))

    def close(self) -> None:
        """Nothing to let go of."""
