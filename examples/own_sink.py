"""A sink of your own: it gets each event as soon as it is decided, and makes of it what it likes.

This one tells the intervals of a melody: python examples/own_sink.py song.wav
"""

import sys

from streamer import AudioFile, Event, NoteOn, Sink, StreamerError, TrackerConfig, track

NAMES = "unison,minor second,second,minor third,third,fourth,tritone,fifth,minor sixth,sixth,minor seventh,seventh"


class Intervals(Sink):
    """Prints how far each note is from the one before."""

    name = "intervals"
    wants_pitch = False  # there need be no pitch for every hop

    def __init__(self) -> None:
        self._last: int | None = None

    def send(self, event: Event) -> None:
        if not isinstance(event, NoteOn) or event.corrects:  # a correction is the same note under a better name
            return
        if self._last is not None:
            octaves, semitones = divmod(abs(event.note - self._last), 12)
            way = "up" if event.note > self._last else "down"
            more = f" and {octaves} octaves" if octaves else ""
            print(f"{NAMES.split(',')[semitones]}{more} {way if event.note != self._last else ''}".rstrip())
        self._last = event.note

    def close(self) -> None:
        """Nothing to let go of."""


def main(recording: str) -> None:
    sound = AudioFile(recording)
    track(sound.blocks(), sound.rate_hz, TrackerConfig(), [Intervals()])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: python examples/own_sink.py SONG.wav", file=sys.stderr)
        raise SystemExit(2)
    try:
        main(sys.argv[1])
    except StreamerError as error:
        print(f"own_sink: {error}", file=sys.stderr)
        raise SystemExit(2) from None
