"""Labelled recordings on disk: a manifest names the files and what sounds in them.

A manifest is a CSV with a header. Each line has a ``file`` and either the pitch of the one note in it or a table of
notes:

===================  ====================================================================================
column               meaning
===================  ====================================================================================
file                 audio file, relative to the manifest
midi                 pitch of the only note, possibly fractional
f0_hz, cents_dev     measured pitch of that note, or how far it is from ``midi``; either refines ``midi``
onset_s, offset_s    where that note begins and ends; measured from the level where they are absent
annotation, notes    or, instead of the above, a CSV ``onset,offset,midi`` (seconds, MIDI numbers), relative too
kind                 ``note``, ``phrase``, ``nonmusic`` (nothing in it is a note) or any other word
instrument, source   what plays, and where it comes from: data are split by source, never by file
licence              what a trained model has to carry on
style                how the notes follow each other; figures are given by style
f0                   a CSV ``time,freq``, for evaluation
===================  ====================================================================================

Only ``file`` is required of the columns; others are ignored.
"""

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer.audio.file import AudioFile
from streamer.config import RATES_HZ
from streamer.errors import AudioFormatError, DataError
from streamer.events import FloatArray
from streamer.reading import as_text, is_file, open_file, read_at_most
from streamer.units import hz_to_midi

NoteTable = NDArray[np.float64]  # shape (n, 3): onset_s, offset_s, midi; in order of onset
MANIFEST = "manifest.csv"
NOTE_COLUMNS = (("onset", "onset_s"), ("offset", "offset_s"), ("midi", "pitch"))
MOST_SAMPLES = 1 << 28  # of a recording: a gigabyte, an hour and a half at 48 kHz
MOST_CSV_BYTES = 32_000_000
_MOST_COLUMNS = 200
_MOST_CELLS = 4_000_000
_BLOCK = 1 << 16
_LATEST_S = 1e6  # more than a week
ONSET_DB = -26.0  # a note has begun when its waveform first comes this near to its peak
OFFSET_DB = -34.0  # and is over when it stays below this


@dataclass(frozen=True, eq=False)
class Recording:
    """One labelled audio file.

    Attributes
    ----------
    path : Path
        The audio.
    kind : str
        ``note`` for a single note, ``nonmusic`` where nothing is a note, else any word.
    instrument, source, licence : str
        What plays, where it comes from, and on which terms; empty where not stated.
    notes : ndarray, shape (n, 3)
        Onset and offset in seconds and fractional MIDI pitch, in order of onset.
    f0_path : Path or None
        Reference f0, where there is one.
    style : str
        How the notes follow each other, or which noise it is; empty where not stated.
    """

    path: Path
    kind: str
    instrument: str
    source: str
    licence: str
    notes: NoteTable
    f0_path: Path | None = None
    style: str = ""

    def load(self) -> tuple[FloatArray, int]:
        """Samples (float32, mono) and their rate.

        Raises
        ------
        DataError
            If the file cannot be read as audio.
        """
        return load_audio(self.path)


def file_hash(path: Path) -> str:
    """SHA-256 of a file.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    try:
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from error


def load_audio(path: Path) -> tuple[FloatArray, int]:
    """Read a sound file to its end, its channels made one by the rule of `streamer.audio.channels`.

    Raises
    ------
    DataError
        If the file is absent, cannot be read as audio, or is longer than what fits in memory.
    """
    try:
        file = AudioFile(path)
        try:
            if not RATES_HZ[0] <= file.rate_hz <= RATES_HZ[1]:
                low, high = RATES_HZ
                raise DataError(f"the sample rate of {path} is {file.rate_hz} Hz, but must be from {low} to {high}")
            blocks, count = [], 0
            for block in file.blocks(_BLOCK):
                blocks.append(block)
                count += len(block)
                if count > MOST_SAMPLES:
                    minutes = MOST_SAMPLES / file.rate_hz / 60.0
                    raise DataError(f"{path} is longer than {minutes:.0f} minutes; cut it into several files")
        finally:
            file.close()
    except AudioFormatError as error:
        raise DataError(str(error)) from error
    return np.concatenate(blocks), file.rate_hz


def audio_duration_s(path: Path) -> float:
    """How long a sound file is, as its header says.

    Raises
    ------
    DataError
        If it is absent, cannot be read as audio, or holds no sound.
    """
    try:
        file = AudioFile(path)
    except AudioFormatError as error:
        raise DataError(str(error)) from error
    file.close()
    return file.length / file.rate_hz


def sounding_span(samples: FloatArray, rate_hz: int) -> tuple[float, float]:
    """Onset and offset, in seconds, of the only note in a recording.

    The onset is where the waveform first comes within 26 dB of its peak; the offset where it last is within 34 dB.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
        Mono, full scale +-1.
    rate_hz : int
        Samples per second.

    Raises
    ------
    DataError
        If all samples are zero.
    """
    level = np.abs(samples)
    peak = float(level.max(initial=0.0))
    if peak == 0.0:
        raise DataError("the recording is silent, so that no note can be found in it")
    onset = int(np.argmax(level >= peak * 10 ** (ONSET_DB / 20)))
    offset = len(level) - int(np.argmax(level[::-1] >= peak * 10 ** (OFFSET_DB / 20)))
    return onset / rate_hz, offset / rate_hz


def read_csv(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header and numbered rows of a CSV, cells stripped.

    A byte that is no UTF-8 becomes what `os.fsdecode` makes of it, so that a cell can name any file.

    Raises
    ------
    DataError
        If there is no such file, it is not text with a header, or it is too large.
    """
    try:
        content = read_at_most(path, MOST_CSV_BYTES)
        if b"\0" in content:
            raise csv.Error("it has bytes that are 0")
        text = content.decode("utf-8-sig", "surrogateescape")
        reader = csv.DictReader(io.StringIO(text, newline=""))
        names = [name.strip() for name in reader.fieldnames or []]
        if len(names) > _MOST_COLUMNS:
            raise DataError(f"{path} has {len(names)} columns, but at most {_MOST_COLUMNS} are possible")
        rows = []
        for row in reader:
            rows.append((reader.line_num, {k: (v or "").strip() for k, v in row.items() if k is not None}))
            if len(rows) * len(names) > _MOST_CELLS:
                raise DataError(f"{path} has more than {_MOST_CELLS:,} cells; cut it into several files")
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as CSV ({error}); it must be UTF-8 text with a header") from error
    if not names:
        raise DataError(f"{path} is empty; its first line must name the columns")
    return names, rows


def parse_number(text: str, where: str) -> float:
    """A finite number, or a `DataError` that begins with ``where``.

    Parameters
    ----------
    text : str
        A number in digits.
    where : str
        Where it comes from; an error's message begins with it.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise DataError(f"{where} is {text!r}, but must be a number")
    return value


def as_note_table(rows: list[tuple[float, float, float]], where: str) -> NoteTable:
    """Check notes and put them in order.

    Parameters
    ----------
    rows : list of tuple of float
        Onset and offset (s), and MIDI pitch of each note.
    where : str
        Where it comes from; an error's message begins with it.

    Raises
    ------
    DataError
        If a note ends before it begins, begins before 0 or has a pitch outside of MIDI.
    """
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 3)
    for onset_s, offset_s, midi in table:
        if not 0.0 <= onset_s < offset_s:
            raise DataError(f"{where}: a note from {onset_s:g} to {offset_s:g} s cannot be; onset < offset is needed")
        if offset_s > _LATEST_S:
            raise DataError(f"{where}: a note that ends at {offset_s:g} s cannot be; times are in seconds")
        if not 0.0 <= midi <= 127.0:
            raise DataError(f"{where}: {midi:g} is no MIDI note number; give 0 to 127 (69 is A4)")
    return table


def read_notes_csv(path: Path) -> NoteTable:
    """Read a table of notes: columns ``onset,offset,midi`` (or ``onset_s,offset_s,pitch``), seconds and MIDI numbers.

    Raises
    ------
    DataError
        If the file is absent, lacks a column, or holds something that is no note.
    """
    header, rows = read_csv(path)
    names = []
    for choices in NOTE_COLUMNS:
        name = next((choice for choice in choices if choice in header), None)
        if name is None:
            raise DataError(f"{path} has no column {choices[0]!r}; its header must be onset,offset,midi")
        names.append(name)
    notes = []
    for line, row in rows:
        onset_s, offset_s, midi = (parse_number(row[name], f"{path}, line {line}: {name}") for name in names)
        notes.append((onset_s, offset_s, midi))
    return as_note_table(notes, str(path))


def read_manifest(path: Path) -> list[Recording]:
    """Read a manifest, or the one in a folder; audio is not opened unless a note's times have to be measured.

    Parameters
    ----------
    path : Path
        ``manifest.csv``, or the folder that holds it.

    Raises
    ------
    DataError
        If anything in it cannot be used; the message names file and line.
    """
    manifest = path / MANIFEST if os.path.isdir(path) else path
    header, rows = read_csv(manifest)
    if "file" not in header:
        raise DataError(f"{manifest} has no column 'file'; its header must name file and midi, or file and notes")
    once = _Once(cache(read_notes_csv), cache(_measured_span), as_text(manifest.parent.resolve().name))
    recordings = [_recording(manifest, row, f"{manifest}, line {line}", once) for line, row in rows]
    if not recordings:
        raise DataError(f"{manifest} lists no recording")
    return recordings


@dataclass(frozen=True, slots=True)
class _Once:
    """Reads each file once, however many lines name it, and knows the folder's name."""

    notes: Callable[[Path], NoteTable]
    span: Callable[[Path], tuple[float, float]]
    folder_name: str


def _measured_span(audio: Path) -> tuple[float, float]:
    return sounding_span(*load_audio(audio))


def _recording(manifest: Path, row: dict[str, str], where: str, once: _Once) -> Recording:
    """One line of a manifest."""
    folder = manifest.parent
    if not row["file"]:
        raise DataError(f"{where}: the cell 'file' is empty")
    audio = folder / row["file"]
    if not is_file(audio):
        raise DataError(f"{where}: there is no file {audio}")
    table = row.get("annotation") or row.get("notes")
    kind = as_text(row.get("kind", ""))
    if table:
        notes = once.notes(folder / table)
    elif kind == "nonmusic":
        notes = np.zeros((0, 3))
    elif row.get("midi") or row.get("f0_hz"):
        notes = as_note_table([_single_note(audio, row, where, once)], where)
        kind = kind or "note"
    else:
        raise DataError(f"{where}: no pitch and no notes; fill 'midi' or 'notes', or set kind to nonmusic")
    return Recording(
        path=audio,
        kind=kind or "phrase",
        instrument=as_text(row.get("instrument", "")),
        source=as_text(row.get("source") or once.folder_name),
        licence=as_text(row.get("licence", "")),
        notes=notes,
        f0_path=folder / row["f0"] if row.get("f0") else None,
        style=as_text(row.get("style", "")),
    )


def _single_note(audio: Path, row: dict[str, str], where: str, once: _Once) -> tuple[float, float, float]:
    """Onset, offset and pitch of a recording that holds one note."""
    if row.get("f0_hz"):
        f0_hz = parse_number(row["f0_hz"], f"{where}: f0_hz")
        if f0_hz <= 0.0:
            raise DataError(f"{where}: f0_hz is {f0_hz:g}, but must be above 0")
        midi = hz_to_midi(f0_hz)
    else:
        midi = parse_number(row["midi"], f"{where}: midi")
        if row.get("cents_dev"):
            midi += parse_number(row["cents_dev"], f"{where}: cents_dev") / 100.0
    if row.get("onset_s") and row.get("offset_s"):
        onset_s = parse_number(row["onset_s"], f"{where}: onset_s")
        return onset_s, parse_number(row["offset_s"], f"{where}: offset_s"), midi
    try:
        return *once.span(audio), midi
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def licence_lines(recordings: list[Recording]) -> list[str]:
    """What a model trained on these has to list: each source once, with its licence."""
    return list(dict.fromkeys(_licence_lines(recordings)))


def _licence_lines(recordings: list[Recording]) -> Iterator[str]:
    for recording in sorted(recordings, key=lambda item: (item.source, item.licence)):
        yield f"{recording.source}: {recording.licence or 'no licence stated'}"
