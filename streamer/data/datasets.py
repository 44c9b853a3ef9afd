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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer.errors import DataError
from streamer.events import FloatArray
from streamer.units import hz_to_midi

NoteTable = NDArray[np.float64]  # shape (n, 3): onset_s, offset_s, midi; in order of onset
MANIFEST = "manifest.csv"
NOTE_COLUMNS = (("onset", "onset_s"), ("offset", "offset_s"), ("midi", "pitch"))
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
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from error


def load_audio(path: Path) -> tuple[FloatArray, int]:
    """Read any file that libsndfile knows, mixed down to mono.

    Raises
    ------
    DataError
        If the file is absent, or cannot be read as audio.
    """
    import soundfile

    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise DataError(f"{path} cannot be read as audio ({error}); give WAV, FLAC, OGG or AIFF") from error
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    return np.ascontiguousarray(mono, dtype=np.float32), int(rate_hz)


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

    Raises
    ------
    DataError
        If there is no such file, or it is not text with a header.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            rows = [
                (reader.line_num, {key: (value or "").strip() for key, value in row.items() if key is not None})
                for row in reader
            ]
            header = [name.strip() for name in reader.fieldnames or []]
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV ({error}); it must be UTF-8 text with a header") from error
    if not header:
        raise DataError(f"{path} is empty; its first line must name the columns")
    return header, rows


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
    manifest = path / MANIFEST if path.is_dir() else path
    header, rows = read_csv(manifest)
    if "file" not in header:
        raise DataError(f"{manifest} has no column 'file'; its header must name file and midi, or file and notes")
    recordings = [_recording(manifest, row, f"{manifest}, line {line}") for line, row in rows]
    if not recordings:
        raise DataError(f"{manifest} lists no recording")
    return recordings


def _recording(manifest: Path, row: dict[str, str], where: str) -> Recording:
    """One line of a manifest."""
    folder = manifest.parent
    if not row["file"]:
        raise DataError(f"{where}: the cell 'file' is empty")
    audio = folder / row["file"]
    if not audio.is_file():
        raise DataError(f"{where}: there is no file {audio}")
    table = row.get("annotation") or row.get("notes")
    kind = row.get("kind", "")
    if table:
        notes = read_notes_csv(folder / table)
    elif kind == "nonmusic":
        notes = np.zeros((0, 3))
    elif row.get("midi") or row.get("f0_hz"):
        notes = as_note_table([_single_note(audio, row, where)], where)
        kind = kind or "note"
    else:
        raise DataError(f"{where}: no pitch and no notes; fill 'midi' or 'notes', or set kind to nonmusic")
    return Recording(
        path=audio,
        kind=kind or "phrase",
        instrument=row.get("instrument", ""),
        source=row.get("source") or folder.resolve().name,
        licence=row.get("licence", ""),
        notes=notes,
        f0_path=folder / row["f0"] if row.get("f0") else None,
        style=row.get("style", ""),
    )


def _single_note(audio: Path, row: dict[str, str], where: str) -> tuple[float, float, float]:
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
        return *sounding_span(*load_audio(audio)), midi
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def licence_lines(recordings: list[Recording]) -> list[str]:
    """What a model trained on these has to list: each source once, with its licence."""
    return list(dict.fromkeys(_licence_lines(recordings)))


def _licence_lines(recordings: list[Recording]) -> Iterator[str]:
    for recording in sorted(recordings, key=lambda item: (item.source, item.licence)):
        yield f"{recording.source}: {recording.licence or 'no licence stated'}"
