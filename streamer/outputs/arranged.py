"""A sink that plays a part: other notes than those that are sent to all."""

from streamer.events import Block, Event
from streamer.music.arrangement import Arrangement
from streamer.outputs.sink import Sink


class ArrangedSink(Sink):
    """Puts an arrangement before a sink.

    Parameters
    ----------
    sink : Sink
        Gets what the arrangement makes of the events.
    arrangement : Arrangement
        Used by no other sink.
    """

    def __init__(self, sink: Sink, arrangement: Arrangement) -> None:
        self._sink = sink
        self._arrangement = arrangement
        self.may_block = sink.may_block
        self.wants_audio = sink.wants_audio
        self.wants_pitch = sink.wants_pitch
        self.can_reopen = sink.can_reopen

    @property
    def name(self) -> str:  # type: ignore[override]
        """That of the sink."""
        return self._sink.name

    def send(self, event: Event) -> None:
        """Send what is played for the event, see `Sink.send`."""
        for played in self._arrangement.apply(event):
            self._sink.send(played)

    def write_audio(self, block: Block) -> None:
        """See `Sink.write_audio`."""
        self._sink.write_audio(block)

    def panic(self) -> None:
        """See `Sink.panic`."""
        self._sink.panic()

    def set_bend(self, mode: str) -> None:
        """See `Sink.set_bend`."""
        self._sink.set_bend(mode)
        self.wants_pitch = self._sink.wants_pitch

    def flush(self) -> None:
        """See `Sink.flush`."""
        self._sink.flush()

    def reopen(self) -> None:
        """See `Sink.reopen`."""
        self._sink.reopen()

    def abandon(self) -> None:
        """See `Sink.abandon`."""
        self._sink.abandon()

    def complete(self) -> None:
        """See `Sink.complete`."""
        self._sink.complete()

    def close(self) -> None:
        """See `Sink.close`."""
        self._sink.close()
