"""The forms in which a data set may come, and how each becomes recordings.

* a folder with ``manifest.csv``, or such a file: see `streamer.data.datasets`;
* a CSV ``audio_filename,transcription``: the transcription is a note name (``F#4``, ``Bb3``, or ``C`` alone, whose
  octave is then measured), a MIDI number, or the path of a CSV of notes or a MIDI file;
* a folder of ``NAME.wav`` (or FLAC, OGG, AIFF) with ``NAME.mid`` beside it, suffixes in capitals or not.
"""

import io
import os
import re
import struct
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from streamer.data.datasets import (
    MANIFEST,
    NoteTable,
    Recording,
    as_note_table,
    load_audio,
    read_csv,
    read_manifest,
    read_notes_csv,
    sounding_span,
)
from streamer.errors import DataError, require_extra
from streamer.events import FloatArray
from streamer.reading import as_text, is_file, read_at_most
from streamer.units import note_name

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".aif", ".aiff")
MIDI_SUFFIXES = (".mid", ".midi")
ARTICLE_COLUMNS = ("audio_filename", "transcription")
NAME = re.compile(r"([A-Ga-g])([#♯b♭]*)(-?\d+)?")
CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MOST_MIDI_BYTES = 1_000_000  # some hours of one voice; more would take minutes to be read
_ENDLESS = re.compile(rb"[\x80-\xff]{1024}")  # a number goes on as long as there are such bytes
CHORD_S = 0.03  # notes that begin together are a chord
MEASURE_WINDOW, MEASURE_HOP = 4096, 512


def read_dataset(path: Path) -> list[Recording]:
    """Read a data set of any of the accepted forms.

    Parameters
    ----------
    path : Path
        A folder or a CSV file.

    Raises
    ------
    DataError
        If it is of no such form, or something in it cannot be used.
    """
    if os.path.isdir(path):
        return read_manifest(path) if is_file(path / MANIFEST) else read_pairs(path)
    if not os.path.exists(path):
        raise DataError(f"there is no folder or file {path}")
    header, _ = read_csv(path)
    return read_transcriptions(path) if ARTICLE_COLUMNS[0] in header else read_manifest(path)


def read_pairs(folder: Path) -> list[Recording]:
    """Read a folder of recordings, each with a MIDI file of the same name.

    Raises
    ------
    DataError
        If there is none, or a MIDI file cannot be used.
    """
    pairs = []
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}") from error
    source = as_text(folder.resolve().name)
    scores = {(path.stem, path.suffix.lower()): path for path in files if path.suffix.lower() in MIDI_SUFFIXES}
    for audio in files:
        if audio.suffix.lower() in AUDIO_SUFFIXES:
            candidates = [scores.get((audio.stem, suffix)) for suffix in MIDI_SUFFIXES]
            midi = next((path for path in candidates if path is not None and is_file(path)), None)
            if midi is not None:
                pairs.append(_recording(audio, read_midi(midi), source, "phrase"))
    if not pairs:
        raise DataError(f"{folder} holds neither {MANIFEST} nor a pair such as take1.wav and take1.mid")
    return pairs


def read_transcriptions(path: Path) -> list[Recording]:
    """Read a CSV ``audio_filename,transcription``.

    Raises
    ------
    DataError
        If a line cannot be used; the message names it.
    """
    header, rows = read_csv(path)
    for column in ARTICLE_COLUMNS:
        if column not in header:
            raise DataError(f"{path} has no column {column!r}; its header must be {','.join(ARTICLE_COLUMNS)}")
    recordings = []
    source = as_text(path.parent.resolve().name)
    notes_of, score_of, note_of = cache(read_notes_csv), cache(read_midi), cache(_one_note)  # each file is read once
    for line, row in rows:
        where = f"{path}, line {line}"
        audio = path.parent / row[ARTICLE_COLUMNS[0]]
        if not is_file(audio):
            raise DataError(f"{where}: there is no file {audio}")
        text = row[ARTICLE_COLUMNS[1]]
        suffix = Path(text).suffix.lower()
        if suffix == ".csv":
            recordings.append(_recording(audio, notes_of(path.parent / text), source, "phrase"))
        elif suffix in MIDI_SUFFIXES:
            recordings.append(_recording(audio, score_of(path.parent / text), source, "phrase"))
        else:
            try:
                recordings.append(_recording(audio, note_of(audio, text), source, "note"))
            except DataError as error:
                raise DataError(f"{where}: {error}") from error
    if not recordings:
        raise DataError(f"{path} lists no recording")
    return recordings


def read_midi(path: Path) -> NoteTable:
    """Notes of a MIDI file, all tracks together; a note that lasts into the next ends where that begins.

    Raises
    ------
    DataError
        If it is no MIDI file, holds no note, or has chords.
    """
    import mido

    try:
        content = read_at_most(path, MOST_MIDI_BYTES)
    except OSError as error:
        raise DataError(f"{path} cannot be read as a MIDI file ({error.strerror or error})") from error
    if _ENDLESS.search(content):
        raise DataError(f"{path} cannot be read as a MIDI file (a number in it has no end)")
    try:
        file = mido.MidiFile(file=io.BytesIO(content))
        if file.ticks_per_beat <= 0:
            raise DataError(f"{path} counts in frames of a film, or in nothing; save it with ticks per quarter note")
        messages = list(file)
    except (OSError, EOFError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError) as error:
        raise DataError(f"{path} cannot be read as a MIDI file ({error or type(error).__name__})") from error
    except (struct.error, mido.KeySignatureError) as error:
        raise DataError(f"{path} cannot be read as a MIDI file ({error})") from error
    clock_s, begun, notes = 0.0, dict[tuple[int, int], float](), list[tuple[float, float, float]]()
    for message in messages:
        clock_s += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        key = (message.channel, message.note)
        if key in begun and (onset_s := begun.pop(key)) < clock_s:
            notes.append((onset_s, clock_s, float(message.note)))
        if message.type == "note_on" and message.velocity > 0:
            begun[key] = clock_s
    if not notes:
        raise DataError(f"{path} holds no note")
    notes.sort()
    for (onset_s, _, _), (next_s, _, _) in pairwise(notes):
        if next_s - onset_s < CHORD_S:
            raise DataError(f"{path} has a chord at {next_s:.2f} s; one note at a time is what can be learnt")
    ends_s = [onset_s for onset_s, _, _ in notes[1:]] + [notes[-1][1]]
    return as_note_table(
        [(onset, min(offset, end), midi) for (onset, offset, midi), end in zip(notes, ends_s, strict=True)], str(path)
    )


def parse_pitch(text: str) -> tuple[float, bool]:
    """Read a MIDI number or a note name.

    Returns
    -------
    midi : float
        The MIDI number; where the name has no octave, 0 to 11.
    octave_known : bool
        Whether it had one.

    Raises
    ------
    DataError
        If it is neither.
    """
    match = NAME.fullmatch(text.strip())
    if match:
        letter, accidentals, octave = match.groups()
        number = CLASSES[letter.upper()]
        number += sum(1 if sign in "#♯" else -1 for sign in accidentals)
        if octave is None:
            return float(number % 12), False
        midi = float(number + 12 * (int(octave) + 1))
    else:
        try:
            midi = float(text)
        except ValueError:
            midi = float("nan")
    if not 0.0 <= midi <= 127.0:
        raise DataError(
            f"{text!r} is no pitch; write a note such as C, F#4 or Bb3, a MIDI number, or a CSV or MIDI file"
        )
    return midi, True


def measure_midi(samples: FloatArray, rate_hz: int) -> float | None:
    """Median pitch of a recording of one note, by YIN (aubio's); None if it has no clear one.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
        Mono, full scale +-1.
    rate_hz : int
        Samples per second.
    """
    require_extra("aubio", "measuring the octave of a note whose label has none")
    import aubio

    track = aubio.pitch("yinfast", MEASURE_WINDOW, MEASURE_HOP, rate_hz)
    track.set_unit("midi")
    padded = np.pad(samples, (0, -len(samples) % MEASURE_HOP)).astype(np.float32)
    estimates = [float(track(hop)[0]) for hop in padded.reshape(-1, MEASURE_HOP)]
    pitched = [midi for midi in estimates if midi > 0.0]
    return float(np.median(pitched)) if pitched else None


def _one_note(audio: Path, text: str) -> NoteTable:
    """The label of a recording of one note, whose times are measured, as is its octave where the label has none."""
    midi, octave_known = parse_pitch(text)
    samples, rate_hz = load_audio(audio)
    onset_s, offset_s = sounding_span(samples, rate_hz)
    if not octave_known:
        measured = measure_midi(samples, rate_hz)
        if measured is None:
            raise DataError(f"no clear pitch is heard in {audio}; give the octave, as in {text}4")
        octaves = round((measured - midi) / 12.0)
        if abs(measured - midi - 12.0 * octaves) > 1.0:
            raise DataError(f"labelled {text}, but {audio} sounds like {note_name(round(measured))}")
        midi += 12.0 * octaves
    return as_note_table([(onset_s, offset_s, midi)], str(audio))


def _recording(audio: Path, notes: NoteTable, source: str, kind: str) -> Recording:
    return Recording(path=audio, kind=kind, instrument="", source=source, licence="", notes=notes)
