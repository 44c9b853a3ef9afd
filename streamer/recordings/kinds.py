"""What can be made of a recording, and how each kind is written.

To add a kind, give `KINDS` a line.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.errors import ConfigError, require_extra
from streamer.outputs.midiform import MidiForm
from streamer.outputs.sink import Sink
from streamer.recordings.inputs import SONIFIED

if TYPE_CHECKING:
    from streamer.transcription import Transcription


@dataclass(frozen=True, slots=True)
class About:
    """What a writer may want to know of the recording.

    Attributes
    ----------
    source : Path
        The recording.
    title : str
        What it is called.
    rate_hz : int
        Samples per second.
    channel : int or None
        Which of its channels is transcribed, counted from 1; None for all as one.
    form : MidiForm
        How MIDI files are made.
    quantize : bool
        Whether tempo and beats are estimated, and notes are put on them.
    offline : bool
        Whether notes were decided when all was known, so that no time can be told at which each was.
    """

    source: Path
    title: str
    rate_hz: int
    channel: int | None
    form: MidiForm
    quantize: bool = False
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of output.

    Attributes
    ----------
    suffix : str
        What its file is called after the recording's name.
    what : str
        For people.
    sink : callable
        Makes what writes it, of its path and what is known of the recording.
    """

    suffix: str
    what: str
    sink: Callable[[Path, About], Sink]


def _midi(path: Path, about: About) -> Sink:
    if about.quantize:
        return _score(path, about, midi=True)
    return about.form.file(path, about.rate_hz, title=about.title)


def _csv(path: Path, about: About) -> Sink:
    from streamer.outputs.tables import NotesCsvSink

    return NotesCsvSink(path, about.rate_hz, offline=about.offline)


def _f0(path: Path, about: About) -> Sink:
    from streamer.outputs.tables import F0CsvSink

    return F0CsvSink(path, about.rate_hz)


def _json(path: Path, about: About) -> Sink:
    from streamer.outputs.jsonfile import JsonFileSink

    return JsonFileSink(path, about.rate_hz, about.title, offline=about.offline)


def _jsonl(path: Path, about: About) -> Sink:
    if about.offline:
        raise ConfigError("JSON lines tell events as they are decided, which --offline does at the end; use --to json")
    from streamer.outputs.jsonl import JsonlSink

    return JsonlSink(path, about.rate_hz)


def _score(path: Path, about: About, *, midi: bool = False) -> Sink:
    from streamer.recordings.score import require_score, write_score

    require_score()
    form = about.form

    def write(path: Path, made: "Transcription") -> None:
        write_score(path, made, about.title, form.tempo_bpm, quantize=about.quantize, midi=midi)

    return _whole(path, about, write)


def _picture(form: str) -> Callable[[Path, About], Sink]:
    def sink(path: Path, about: About) -> Sink:
        require_extra("matplotlib", "a picture")
        from streamer.recordings.pictures import write_page, write_picture

        def write(path: Path, made: "Transcription") -> None:
            if form == "html":
                write_page(path, made, about.source, about.channel, about.title)
            else:
                write_picture(path, made, about.source, about.channel, form)

        _refuse_standard_input(about, form)
        return _whole(path, about, write, pitch=True)

    return sink


def _sonified(path: Path, about: About) -> Sink:
    from streamer.recordings.sonify import SonifiedSink

    _refuse_standard_input(about, "wav")
    return SonifiedSink(path, about.source, about.channel)


def _whole(path: Path, about: About, write: Callable[[Path, "Transcription"], None], *, pitch: bool = False) -> Sink:
    from streamer.recordings.whole import WholeSink

    return WholeSink(path, about.rate_hz, write, pitch=pitch)


def _refuse_standard_input(about: About, kind: str) -> None:
    if str(about.source) == "-":
        raise ConfigError(f"--to {kind} reads the recording twice, which standard input does not allow; name a file")


KINDS: Mapping[str, Kind] = {
    "mid": Kind(".mid", "a MIDI file", _midi),
    "csv": Kind(".csv", "a table of the notes", _csv),
    "json": Kind(".json", "the notes as one JSON object", _json),
    "jsonl": Kind(".jsonl", "every event as a line of JSON", _jsonl),
    "f0.csv": Kind(".f0.csv", "a table of the pitch, a row a hop", _f0),
    "musicxml": Kind(".musicxml", "a score", _score),
    "png": Kind(".png", "a piano roll over the spectrogram", _picture("png")),
    "svg": Kind(".svg", "the same as vectors", _picture("svg")),
    "html": Kind(".html", "a page with the piano roll and the notes", _picture("html")),
    "wav": Kind(SONIFIED, "the recording left, the notes right", _sonified),
}


def parse_kinds(text: str) -> tuple[str, ...]:
    """The kinds that a text such as ``mid,csv`` names, each once.

    Parameters
    ----------
    text : str
        Names with commas between them.

    Raises
    ------
    ConfigError
        If one is unknown, or there is none.
    """
    names = tuple(dict.fromkeys(name.strip().lower().removeprefix(".") for name in text.split(",") if name.strip()))
    for name in names:
        if name not in KINDS:
            raise ConfigError(f"there is no kind of output {name!r}; --to takes {','.join(KINDS)}")
    if not names:
        raise ConfigError(f"--to names no kind of output; it takes {','.join(KINDS)}")
    return names


class OutputNames:
    """Names for the outputs of several recordings, no two the same.

    Parameters
    ----------
    folder : Path
        Where all of them go.
    kinds : tuple of str
        Keys of `KINDS`.

    Notes
    -----
    Where two recordings differ in their suffix only, or lie in different folders that were not named, the later one's
    outputs keep the suffix, or get a number: ``solo.mid``, ``solo.flac.mid``, ``solo.flac-2.mid``. The same recordings
    in the same order get the same names.
    """

    def __init__(self, folder: Path, kinds: tuple[str, ...]) -> None:
        self._folder = folder
        self._kinds = kinds
        self._taken: set[str] = set()

    def of(self, relative: Path) -> dict[str, Path]:
        """Where the outputs of the next recording go.

        Parameters
        ----------
        relative : Path
            As of `streamer.recordings.inputs.Input`.
        """
        stem = relative.with_name(relative.stem or relative.name)
        if self._is_taken(stem):
            stem = relative
        number = 1
        while self._is_taken(stem):
            number += 1
            stem = relative.with_name(f"{relative.name}-{number}")
        self._taken.add(os.path.normcase(stem).casefold())
        return output_paths(self._folder, stem, self._kinds)

    def _is_taken(self, stem: Path) -> bool:
        return os.path.normcase(stem).casefold() in self._taken  # some disks do not tell letters by their case


def output_paths(folder: Path, stem: Path, kinds: tuple[str, ...]) -> dict[str, Path]:
    """Where each kind is written.

    Parameters
    ----------
    folder : Path
        Where all outputs go.
    stem : Path
        Folders below that, and the name without the kind's suffix.
    kinds : tuple of str
        Keys of `KINDS`.
    """
    return {kind: folder / stem.parent / f"{stem.name}{KINDS[kind].suffix}" for kind in kinds}
