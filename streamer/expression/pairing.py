"""Which note-on a note-off belongs to."""

from streamer.events import NoteOff, NoteOn


class OpenNotes:
    """Note-ons that wait for their note-off.

    A pair has one ``note_id``, and one note number where the ids are missing (0). Where several notes fit, the oldest
    ends first.
    """

    def __init__(self) -> None:
        self._open: list[tuple[tuple[int, int], NoteOn]] = []  # a handful at most, so a list will do

    def begin(self, on: NoteOn, kept: NoteOn | None = None) -> None:
        """A note has begun.

        Parameters
        ----------
        on : NoteOn
            Its ``note_id`` and ``note`` are those of the note-off to come.
        kept : NoteOn, optional
            What `end` and `remaining` give back; ``on`` where it is left out.
        """
        self._open.append((_key(on), on if kept is None else kept))

    def end(self, off: NoteOff) -> NoteOn | None:
        """The note-on of this note-off, no longer open; None where there is none."""
        wanted = _key(off)
        for index, (key, on) in enumerate(self._open):
            if key == wanted:
                del self._open[index]
                return on
        return None

    def remaining(self) -> tuple[NoteOn, ...]:
        """What is open, oldest first."""
        return tuple(on for _, on in self._open)

    def clear(self) -> None:
        """Forget what is open."""
        self._open.clear()


def _key(event: NoteOn | NoteOff) -> tuple[int, int]:
    return event.note_id, event.note
