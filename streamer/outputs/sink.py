"""The seam between the tracker and whatever takes its events."""

from abc import ABC, abstractmethod

from streamer.events import Block, Event


class Sink(ABC):
    """Takes events as they are decided; what it does not care for it ignores.

    Attributes
    ----------
    name : str
        For people: the port or file; empty where there is nothing that they would know.
    may_block : bool
        True where `send` may wait for a disk or for another program: an engine calls it in a thread of its own,
        behind a bounded queue, so that a slow disk delays no note.
    wants_audio : bool
        True where `write_audio` does something.
    wants_pitch : bool
        False where `PitchEstimate` events are of no use to it: where nobody wants them, there need be none.
    can_reopen : bool
        True where `reopen` may bring it back after a failed `send`.
    """

    name: str
    may_block: bool = False
    wants_audio: bool = False
    wants_pitch: bool = True
    can_reopen: bool = False

    @abstractmethod
    def send(self, event: Event) -> None:
        """Take one event.

        Parameters
        ----------
        event : Event
            What happened.

        Raises
        ------
        MidiError, OutputError
            When it cannot go on.
        BrokenPipeError
            When who reads it has left: the engine then ends as asked, and quietly.
        """

    def write_audio(self, block: Block) -> None:  # noqa: B027 - most sinks do not record audio
        """Take the samples themselves. Raises `OutputError` when it cannot go on.

        Parameters
        ----------
        block : Block
            Follows the one before, but for what was lost.
        """

    def panic(self) -> None:  # noqa: B027 - nothing can sound in a file
        """Silence the receiver at once, whatever is believed to sound."""

    def set_bend(self, mode: str) -> None:  # noqa: B027 - most send no bends
        """Bend in another way from now on, while what sounds goes on.

        Parameters
        ----------
        mode : str
            ``off``, ``trigger``, ``smooth`` or ``glide``.
        """

    def flush(self) -> None:  # noqa: B027 - most have sent what they have taken
        """Wait until all that was sent has left this process, for a moment at most."""

    def reopen(self) -> None:
        """Open the same again after a failure. Raises as the constructor does."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Close after a failure, when what was taken is not all: a file that was there before stays as it was."""
        self.close()

    def complete(self) -> None:
        """Close when all was taken: a file that was there before is replaced, even where nothing happened."""
        self.close()

    @abstractmethod
    def close(self) -> None:
        """End what sounds, then let go. May be called twice, and after a failed `send`."""
