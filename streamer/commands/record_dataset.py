"""``streamer record-dataset``: ask for notes, record, and write what is good."""

import contextlib
import queue
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from streamer.audio.source import EndOfStream, Source
from streamer.commands.options import takes_settings
from streamer.errors import ConfigError, printable
from streamer.settings.io import INPUT
from streamer.settings.recording import RECORDING

if TYPE_CHECKING:  # learn is heavy, and every command line would pay for it
    from streamer.data.guide import Guide
    from streamer.data.note_folder import NoteFolder
    from streamer.data.requests import Take

AHEAD_NOTES = 3  # a file may lack so many notes in a row
INTERRUPTED = 130
_READ_S = 0.1
_METER_DB = (-60.0, 0.0)
_METER_CELLS = 24
_KEYS = {"s": "skip", "b": "back", "k": "keep", "q": "quit"}


_Folder = Annotated[Path, typer.Argument(help="Where the notes go; made if absent.", show_default=False)]


@takes_settings(INPUT, RECORDING)
def record_dataset(
    *,
    folder: _Folder,
    instrument: str,
    low: int,
    high: int,
    step: int,
    takes: int,
    a4: float,
    input_: str | None,
    rate: int | None,
    channel: int | None,
    from_file: Path | None,
    audio: Literal["flac", "wav"],
    source: str,
    licence: str,
) -> int:
    """Record the notes of your instrument, guided, into a folder that `streamer train` takes.

    Each note is asked for, recorded, and checked: its level, its pitch, and that it is one note. Stop whenever you
    like: what is recorded stays, and the same command goes on where you left.

    Keys: s skip this note, b back to the one before, k keep what was refused, q quit.

    **Examples**

    * `streamer record-dataset my-guitar --instrument guitar --low E2 --high C6`
    * `streamer record-dataset my-voice --instrument voice --low A2 --high A4 --step 2 --takes 3`
    * `streamer record-dataset my-flute --instrument flute --low C4 --high C7 --from-file all-notes.wav`
    """
    from streamer.data.guide import Guide
    from streamer.data.note_folder import NoteFolder
    from streamer.data.requests import plan_requests, still_missing

    requests = plan_requests(low, high, step, takes)
    if from_file is not None and from_file.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(f"--from-file {from_file} lies in {folder}, where the notes are written; move it elsewhere")
    notes = NoteFolder(folder, instrument, source, licence, audio)
    missing = still_missing(requests, notes.requests)
    with ExitStack() as closing:
        sound = _open(input_, rate, channel, from_file)
        closing.callback(sound.close)
        guide = Guide(missing, sound.rate_hz, a4, ahead=AHEAD_NOTES * takes if from_file else 0)
        keys = input_ != "-" and from_file is None and sys.stdin.isatty()
        dialogue = _Dialogue(Console(highlight=False), guide, notes)
        dialogue.message(f"{len(requests) - len(missing)} of {len(requests)} notes are there already")
        return dialogue.run(sound, keys=keys)


def _open(wanted: str | None, rate_hz: int | None, channel: int | None, from_file: Path | None) -> Source:
    if from_file is not None:
        from streamer.audio.file import FileSource

        if wanted is not None or rate_hz is not None:
            raise ConfigError("--from-file takes the place of --input and --rate; leave those out")
        return FileSource(from_file, channel)
    from streamer.commands.wiring import open_source

    return open_source(wanted, rate_hz, 0, channel, "s16", 1)


class _Dialogue:
    """Between the guide and the person: asks in words, reads the keys, hands good takes to the folder."""

    def __init__(self, console: Console, guide: "Guide", notes: "NoteFolder") -> None:
        self._console = console
        self._guide = guide
        self._notes = notes
        self._written = 0
        self._asked: object = None

    def message(self, line: str, style: str = "") -> None:
        """One line."""
        self._console.print(Text(printable(line), style), soft_wrap=True)

    def run(self, sound: Source, *, keys: bool) -> int:
        """Go on until all is recorded, the sound ends, or the person has had enough; the exit status."""
        status = 0
        from streamer.commands.pressed import pressed_keys

        with ExitStack() as closing:
            pressed = closing.enter_context(pressed_keys()) if keys else queue.SimpleQueue[str]()
            meter = closing.enter_context(_meter(self._console))
            try:
                sound.start()
                status = self._loop(sound, pressed, meter)
            except KeyboardInterrupt:
                status = INTERRUPTED
        self._close()
        return status

    def _loop(self, sound: Source, pressed: "queue.SimpleQueue[str]", meter: Live | None) -> int:
        self._ask()
        while self._guide.request is not None:
            try:
                block = sound.read(_READ_S)
            except EndOfStream:
                self._receive(self._guide.finish())
                if self._guide.request is None:
                    break
                self.message("the sound has ended before all notes were found", "yellow")
                return 1
            if block is not None:
                self._receive(self._guide.process(block))
            while not pressed.empty():
                if self._obey(pressed.get()):
                    return 0
            self._ask()
            if meter is not None:
                meter.update(_meter_line(self._guide), refresh=True)
        return 0

    def _ask(self) -> None:
        request = self._guide.request
        if request is not None and request != self._asked:
            done, total = self._guide.position
            self.message(f"[{done + 1} of {total}] play {request}", "bold")
        self._asked = request

    def _receive(self, takes: "list[Take]") -> None:
        for take in takes:
            if take.problem is None:
                self._store(take)
            else:
                self.message(f"    {take.problem}", "yellow")

    def _store(self, take: "Take") -> None:
        path = self._notes.add(take)
        self._written += 1
        self.message(f"    {take.request}: good, {take.offset_s - take.onset_s:.1f} s, {path.name}", "green")

    def _obey(self, key: str) -> bool:
        """Do what a key asks for; True for quit."""
        wanted = _KEYS.get(key.lower())
        if wanted == "skip":
            self._guide.skip()
        elif wanted == "back":
            self._guide.back()
        elif wanted == "keep":
            take = self._guide.keep()
            if take is None:
                self.message("    nothing was refused, so there is nothing to keep", "yellow")
            else:
                self._store(take)
        return wanted == "quit"

    def _close(self) -> None:
        done = len(self._notes.requests)
        self.message(f"{self._written} notes written; {self._notes.folder} now holds {done} of this instrument")
        if self._guide.request is not None:
            self.message("the same command goes on with what is missing")
        if done:
            self.message(f"train on them: streamer train {self._notes.folder} -o mine.model --start-from default")


@contextlib.contextmanager
def _meter(console: Console) -> Iterator[Live | None]:
    """A line that shows the level, where there is a terminal."""
    if not console.is_terminal:
        yield None
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield live


def _meter_line(guide: "Guide") -> Text:
    low, high = _METER_DB
    cells = round(_METER_CELLS * min(1.0, max(0.0, (guide.level_db - low) / (high - low))))
    room = "" if guide.room_db is None else f"  room {guide.room_db:.0f} dB"
    keep = "  k keep" if guide.can_keep else ""
    bar = "#" * cells + "." * (_METER_CELLS - cells)
    return Text(f"    {bar} {guide.level_db:4.0f} dB{room}  {guide.state.name.lower()}   s skip  b back{keep}  q quit")
