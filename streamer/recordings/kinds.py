"""What can be made of a recording, and how each kind is written.

To add a kind, give `KINDS` a line.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from streamer.errors import ConfigError
from streamer.outputs.midiform import MidiForm
from streamer.outputs.sink import Sink


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
    """

    source: Path
    title: str
    rate_hz: int
    channel: int | None
    form: MidiForm


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
    return about.form.file(path, about.rate_hz, title=about.title)


def _csv(path: Path, about: About) -> Sink:
    from streamer.outputs.tables import NotesCsvSink

    return NotesCsvSink(path, about.rate_hz)


def _f0(path: Path, about: About) -> Sink:
    from streamer.outputs.tables import F0CsvSink

    return F0CsvSink(path, about.rate_hz)


def _json(path: Path, about: About) -> Sink:
    from streamer.outputs.jsonfile import JsonFileSink

    return JsonFileSink(path, about.rate_hz, about.title)


def _jsonl(path: Path, about: About) -> Sink:
    from streamer.outputs.jsonl import JsonlSink

    return JsonlSink(path, about.rate_hz)


KINDS: Mapping[str, Kind] = {
    "mid": Kind(".mid", "a MIDI file", _midi),
    "csv": Kind(".csv", "a table of the notes", _csv),
    "json": Kind(".json", "the notes as one JSON object", _json),
    "jsonl": Kind(".jsonl", "every event as a line of JSON", _jsonl),
    "f0.csv": Kind(".f0.csv", "a table of the pitch, a row a hop", _f0),
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
