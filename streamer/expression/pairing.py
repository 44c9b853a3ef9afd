"""Which note-on a note-off belongs to."""

from dataclasses import replace
from typing import Generic, TypeVar

from streamer.events import NoteOff, NoteOn

T = TypeVar("T")


class OpenNotes(Generic[T]):
    """Notes that wait for their note-off, with what is kept of each.

    A pair has one ``note_id``, and one note number where the ids are missing (0). Where several notes fit, the oldest
    ends first.
    """

    def __init__(self) -> None:
        self._open: list[tuple[tuple[int, int], T]] = []  # a handful at most, so a list will do

    def begin(self, on: NoteOn, kept: T) -> None:
        """A note has begun.

        Parameters
        ----------
        on : NoteOn
            Its ``note_id`` and ``note`` are those of the note-off to come.
        kept : object
            What `end` and `remaining` give back.
        """
        self._open.append((_key(on), kept))

    def end(self, off: NoteOff) -> T | None:
        """What is kept of the note of this note-off, no longer open; None where there is none."""
        wanted = _key(off)
        for index, (key, kept) in enumerate(self._open):
            if key == wanted:
                del self._open[index]
                return kept
        return None

    def find(self, note_id: int) -> T | None:
        """What is kept of the open note of this id; None where there is none, or notes are not counted."""
        return next((kept for (key, _), kept in self._open if note_id and key == note_id), None)

    def remaining(self) -> tuple[T, ...]:
        """What is open, oldest first."""
        return tuple(kept for _, kept in self._open)

    def forget(self, kept: T) -> None:
        """A note that is open is to be paired no more.

        Parameters
        ----------
        kept : object
            As `remaining` gives it.
        """
        self._open = [(key, there) for key, there in self._open if there is not kept]

    def clear(self) -> None:
        """Forget what is open."""
        self._open.clear()


class SettledNotes:
    """Pairs of note-on and note-off, one for each note, under the name that it settled on.

    Where a note-on corrects an earlier one, their note keeps the time and the velocity of the first, and gets the name
    of the last; or, where its median pitch contradicts that, the name that its note-off gives.
    """

    def __init__(self) -> None:
        self._open: OpenNotes[NoteOn] = OpenNotes()
        self._corrected: set[int] = set()  # ids whose note-off is not the end of their note

    def begin(self, on: NoteOn) -> None:
        """A note has begun, or has got a better name.

        Parameters
        ----------
        on : NoteOn
            As it was decided or sent.
        """
        first = next((kept for kept in self._open.remaining() if on.corrects and kept.note_id == on.corrects), None)
        if first is None:
            self._open.begin(on, on)
            return
        self._open.forget(first)
        self._corrected.add(on.corrects)
        self._open.begin(on, replace(first, note=on.note, midi=on.midi, note_id=on.note_id, detuned=on.detuned))

    def end(self, off: NoteOff) -> NoteOn | None:
        """The note-on of the note that ends now; None where it only has got another name.

        Parameters
        ----------
        off : NoteOff
            As it was decided or sent.
        """
        if off.note_id and off.note_id in self._corrected:
            self._corrected.discard(off.note_id)
            return None
        on = self._open.end(off)
        return on if on is None or off.settled is None else replace(on, note=off.settled, detuned=off.detuned)

    def remaining(self) -> tuple[NoteOn, ...]:
        """What is open, oldest first."""
        return self._open.remaining()


def _key(event: NoteOn | NoteOff) -> tuple[int, int]:
    return event.note_id, event.note
