"""A piece of labelled audio in memory, and a folder of such pieces on disk."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from streamer.data.datasets import MANIFEST, NoteTable, Recording
from streamer.errors import OutputError
from streamer.events import FloatArray
from streamer.units import s_to_samples

NO_NOTES = np.zeros((0, 3))
MANIFEST_COLUMNS = ("id", "file", "kind", "instrument", "style", "source", "licence", "duration_s", "notes", "f0")


@dataclass(frozen=True, slots=True, eq=False)
class Phrase:
    """Audio with the notes in it.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        Mono, full scale +-1.
    rate_hz : int
        Their rate.
    notes : ndarray, shape (m, 3)
        Onset and offset in seconds and fractional MIDI pitch, in order of onset, never overlapping: where one note
        rings on under the next, its offset is the next one's onset, since it is the newest that is to be followed.
    instrument, source, licence : str
        As of the recordings it is made of.
    kind : str
        ``assembled``, ``real``, ``rendered``, ``synthetic`` or ``nonmusic``.
    style : str
        How the notes follow each other, or which noise it is.
    """

    samples: FloatArray
    rate_hz: int
    notes: NoteTable
    instrument: str
    source: str
    licence: str
    kind: str
    style: str

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


def load_phrase(recording: Recording) -> Phrase:
    """A whole recording as it is.

    Raises
    ------
    DataError
        If the audio cannot be read.
    """
    samples, rate_hz = recording.load()
    return Phrase(
        samples=samples,
        rate_hz=rate_hz,
        notes=recording.notes,
        instrument=recording.instrument,
        source=recording.source,
        licence=recording.licence,
        kind=recording.kind,
        style=recording.style or recording.kind,
    )


def cut(recording: Recording, duration_s: float, kind: str = "real") -> list[Phrase]:
    """Cut a recording into phrases of about a given length, between its notes.

    A cut falls in the middle of the pause, or between two notes, that comes first after ``duration_s``; what is left at
    the end is a phrase if it holds a note.

    Parameters
    ----------
    recording : Recording
        What is cut.
    duration_s : float
        About how many seconds a phrase lasts.
    kind : str
        Kind of the phrases.

    Raises
    ------
    DataError
        If the audio cannot be read.
    """
    whole = load_phrase(recording)
    samples, rate_hz = whole.samples, whole.rate_hz
    phrases = []
    start, total_s = 0.0, len(samples) / rate_hz
    notes = recording.notes
    while start < total_s:
        later = np.flatnonzero(notes[:, 0] >= start + duration_s)
        last = len(later) == 0
        end = total_s if last else _pause_before(notes, int(later[0]))
        inside = notes[(notes[:, 0] >= start) & (notes[:, 0] < end)]
        if len(inside) or not len(notes):
            shifted = inside - [start, start, 0.0]
            shifted[:, 1] = np.minimum(shifted[:, 1], end - start)
            phrases.append(
                replace(
                    whole,
                    samples=samples[s_to_samples(start, rate_hz) : s_to_samples(end, rate_hz)],
                    notes=shifted,
                    kind=kind,
                )
            )
        start = end
    return phrases


def _pause_before(notes: NoteTable, index: int) -> float:
    """A moment between a note and the one before it, nearer to its onset so that a release stays with its note."""
    onset_s = float(notes[index, 0])
    before_s = float(notes[:index, 1].max(initial=0.0)) if index else 0.0
    return onset_s if before_s >= onset_s else before_s + 0.7 * (onset_s - before_s)


def write_set(folder: Path, phrases: Iterable[tuple[str, Phrase]]) -> int:
    """Write phrases as FLAC with their notes and a manifest that `streamer.data.datasets.read_manifest` takes.

    Parameters
    ----------
    folder : Path
        Made if absent.
    phrases : iterable of (str, Phrase)
        Each with its id, from which its files are named.

    Returns
    -------
    int
        How many were written.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    import soundfile

    try:
        for part in ("audio", "notes"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        rows = []
        for name, phrase in phrases:
            audio, notes = f"audio/{name}.flac", f"notes/{name}.csv"
            with (folder / audio).open("wb") as file:  # soundfile itself cannot open every name
                samples = np.clip(phrase.samples, -1.0, 1.0)
                soundfile.write(file, samples, phrase.rate_hz, format="FLAC", subtype="PCM_16")
            _write_rows(folder / notes, ("onset", "offset", "midi"), np.round(phrase.notes, 4).tolist())
            facts = {"id": name, "file": audio, "notes": notes, "f0": "", "duration_s": f"{phrase.duration_s:.3f}"}
            rows.append([facts.get(column) or getattr(phrase, column, "") for column in MANIFEST_COLUMNS])
        _write_rows(folder / MANIFEST, MANIFEST_COLUMNS, rows)
    except (OSError, soundfile.SoundFileError) as error:
        raise OutputError(f"cannot write the data set to {folder}: {error}") from error
    return len(rows)


def _write_rows(path: Path, header: tuple[str, ...], rows: list[list[object]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
