"""Which note-on a note-off belongs to."""

from dataclasses import replace

from streamer.events import NoteOff, NoteOn

_CONTRADICTED = 0.55  # semitones from a name to the median pitch; a little more than half, so that no border decides


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

    def forget(self, kept: NoteOn) -> None:
        """A note that is open is to be paired no more.

        Parameters
        ----------
        kept : NoteOn
            As `remaining` gives it.
        """
        self._open = [(key, on) for key, on in self._open if on is not kept]

    def clear(self) -> None:
        """Forget what is open."""
        self._open.clear()


class SettledNotes:
    """Pairs of note-on and note-off, one for each note, under the name that it settled on.

    Where a note-on corrects an earlier one, their note keeps the time and the velocity of the first, and gets the name
    of the last; or, where its median pitch contradicts that, the name which is nearest to the pitch.
    """

    def __init__(self) -> None:
        self._open = OpenNotes()
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
        self._open.begin(on, replace(first, note=on.note, midi=on.midi, note_id=on.note_id))

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
        if on is not None and abs(off.midi - on.note) > _CONTRADICTED:
            return replace(on, note=min(127, max(0, round(off.midi))))
        return on

    def remaining(self) -> tuple[NoteOn, ...]:
        """What is open, oldest first."""
        return self._open.remaining()


def _key(event: NoteOn | NoteOff) -> tuple[int, int]:
    return event.note_id, event.note
