"""The files that a command writes: checked before anything is opened, then opened as sinks."""

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from streamer.config import DEFAULT_RATE_HZ
from streamer.errors import OutputError
from streamer.outputs.clock import MidiClock
from streamer.outputs.fanout import Recorder
from streamer.outputs.files import STANDARD_OUTPUT
from streamer.outputs.midiform import MidiForm
from streamer.outputs.safe import Wanted, check_outputs
from streamer.outputs.sink import Sink
from streamer.settings.io import FILES

_KINDS = {
    "notes": "CSV",
    "f0": "CSV",
    "midi": "MIDI",
    "received": "MIDI",
    "record_audio": "WAV",
    "jsonl": "JSON lines",
}
_FLAGS = {setting.name: setting.flag for setting in FILES}


@dataclass(frozen=True, slots=True)
class Files:
    """What is to be written.

    Attributes
    ----------
    form : MidiForm
        Of MIDI files.
    notes, f0, midi, received, record_audio, jsonl : Path or None
        As the options of these names; None where it is not wanted.
    takes : bool
        Whether ``midi`` and ``record_audio`` are takes, numbered so that none replaces another.
    clock : MidiClock or None
        Whose beats are those of ``midi``.
    """

    form: MidiForm
    _: KW_ONLY
    notes: Path | None = None
    f0: Path | None = None
    midi: Path | None = None
    received: Path | None = None
    record_audio: Path | None = None
    jsonl: Path | None = None
    takes: bool = False
    clock: MidiClock | None = None

    def check(self, inputs: Sequence[Path] = ()) -> None:
        """Refuse what cannot or must not be written.

        Parameters
        ----------
        inputs : sequence of Path
            What the command reads.

        Raises
        ------
        OutputError
            With the option and the reason.
        ConfigError
            If the expression is none.
        """
        self.form.encoder(DEFAULT_RATE_HZ)  # refuses what it cannot make
        takes = ("midi", "record_audio") if self.takes else ()
        check_outputs(
            (
                Wanted(_FLAGS[name], path, kind, pipes=name != "record_audio" and name not in takes)
                for name, kind in _KINDS.items()
                for path in (getattr(self, name),)
            ),
            inputs,
        )
        for name in ("midi", "received"):
            if str(getattr(self, name)) == STANDARD_OUTPUT and sys.stdout is not None and sys.stdout.isatty():
                raise OutputError(
                    f"{_FLAGS[name]} -: a terminal cannot show MIDI; name a file, or send it to a program"
                )

    @property
    def to_standard_output(self) -> bool:
        """Whether one of them takes standard output."""
        return any(str(path) == STANDARD_OUTPUT for path in self._all)

    @property
    def names(self) -> list[str]:
        """Of the files, for people."""
        return [str(path) for path in self._all if str(path) != STANDARD_OUTPUT]

    @property
    def recording(self) -> bool:
        """Whether a take begins at once."""
        return self.takes and (self.midi is not None or self.record_audio is not None)

    def __bool__(self) -> bool:
        """Whether anything is written."""
        return bool(self._all)

    def sinks(self, rate_hz: int) -> list[Sink]:
        """A sink for each file but the takes. Raises `OutputError` if one cannot be opened."""
        made: list[Sink] = []
        try:
            for name in _KINDS:
                path = getattr(self, name)
                if path is not None and not (self.takes and name in ("midi", "record_audio")):
                    made.append(self._sink(name, path, rate_hz))
        except OutputError:
            for sink in made:
                sink.close()
            raise
        return made

    def recorders(self, rate_hz: int) -> list[Recorder]:
        """What opens the files of each take; with no name given, one is made of the date when recording starts."""
        wanted = {"midi": self.midi, "record_audio": self.record_audio}
        if not any(wanted.values()):
            wanted["midi"] = Path(time.strftime("streamer-%Y%m%d-%H%M%S.mid"))
        paths = {name: path for name, path in wanted.items() if path is not None}
        numbers = _TakeNumbers(paths.values())

        def recorder(name: str) -> Recorder:
            return lambda take, start: self._sink(name, take_path(paths[name], numbers.of(take)), rate_hz, start)

        return [recorder(name) for name in paths]

    @property
    def _all(self) -> list[Path]:
        return [path for name in _KINDS if (path := getattr(self, name)) is not None]

    def _sink(self, name: str, path: Path, rate_hz: int, start: int = 0) -> Sink:
        if name in ("midi", "received"):
            return self.form.file(path, rate_hz, start=start, received=name == "received", clock=self.clock)
        if name == "record_audio":
            from streamer.outputs.wavfile import WavFileSink

            return WavFileSink(path, rate_hz, start=start)
        if name == "jsonl":
            from streamer.outputs.jsonl import JsonlSink

            return JsonlSink(path, rate_hz)
        from streamer.outputs.tables import F0CsvSink, NotesCsvSink

        return (NotesCsvSink if name == "notes" else F0CsvSink)(path, rate_hz)


class _TakeNumbers:
    """Numbers of takes whose files are not there yet, the same for all files of a take."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = list(paths)
        self._numbers: dict[int, int] = {}
        self._next = 1

    def of(self, take: int) -> int:
        """The number for the ``take``-th take of this session."""
        if take not in self._numbers:
            while any(take_path(path, self._next).is_file() for path in self._paths):
                self._next += 1
            self._numbers[take] = self._next
            self._next += 1
        return self._numbers[take]


def take_path(path: Path, number: int) -> Path:
    """``song.mid``, ``song-2.mid``, ``song-3.mid``, ...; a device or a pipe is always the same."""
    if number == 1 or (path.exists() and not path.is_file()):
        return path
    return path.with_stem(f"{path.stem}-{number}")
