"""A recording as a picture or a page: its notes over its spectrogram, with the line of its pitch."""

import html
import io
from pathlib import Path
from typing import Any

import numpy as np

from streamer.audio.file import AudioFile
from streamer.config import HIGHEST_MIDI, LOWEST_MIDI
from streamer.events import FloatArray
from streamer.outputs.picture import draw_roll
from streamer.recordings.whole import write_bytes
from streamer.transcription import Transcription
from streamer.units import midi_to_hz, note_name

_WINDOW_S = 0.1
_COLUMNS = 1200
_FAINT = 1e-12  # power
_STYLE = "body{font-family:sans-serif;margin:2em}svg{max-width:100%;height:auto}td,th{padding:0 1em;text-align:right}"


def spectrogram(source: Path, channel: int | None, duration_s: float) -> FloatArray:
    """Levels of the notes over time, in memory that does not depend on the recording's length.

    Parameters
    ----------
    source : Path
        The recording, which is read once more.
    channel : int or None
        Its channel, as of `AudioFile`.
    duration_s : float
        How long it is.

    Returns
    -------
    ndarray of float32, shape (notes, columns)
        dB, from A0 to C8; one window of each column is looked at.
    """
    recording = AudioFile(source, channel)
    rate_hz = recording.rate_hz
    size = 1 << round(np.log2(_WINDOW_S * rate_hz))
    step = max(size // 2, int(duration_s * rate_hz) // _COLUMNS)
    window = np.hanning(size)
    bins = [midi_to_hz(note) * size / rate_hz for note in range(LOWEST_MIDI, HIGHEST_MIDI + 1)]
    columns: list[FloatArray] = []
    kept, start = np.zeros(0, np.float32), 0  # start: sample of the first that is kept
    for samples in recording.blocks(until_damage=True):
        kept = np.concatenate([kept, samples])
        while len(columns) * step + size <= start + len(kept):
            at = len(columns) * step - start
            power = np.abs(np.fft.rfft(window * kept[at : at + size])) ** 2
            columns.append(np.interp(bins, np.arange(len(power)), power, right=0.0).astype(np.float32))
        drop = max(0, min(len(kept), len(columns) * step - start))
        kept, start = kept[drop:], start + drop
    if not columns:
        columns = [np.zeros(len(bins), np.float32)]
    return np.asarray(10.0 * np.log10(np.maximum(np.stack(columns, axis=1), _FAINT)), np.float32)


def write_picture(path: Path, made: Transcription, source: Path, channel: int | None, form: str) -> None:
    """Write a picture.

    Parameters
    ----------
    path : Path
        Where to.
    made : Transcription
        Notes and pitch.
    source : Path
        The recording, which is read once more.
    channel : int or None
        Its channel, as of `AudioFile`.
    form : str
        ``png`` or ``svg``.

    Raises
    ------
    OutputError
        If it cannot be written.
    MissingExtraError
        If matplotlib is not installed.
    """
    write_bytes(path, _picture(made, source, channel, form))


def write_page(path: Path, made: Transcription, source: Path, channel: int | None, title: str) -> None:
    """Write a page with the picture and a table of the notes, all in one file.

    Parameters
    ----------
    path : Path
        Where to.
    made : Transcription
        Notes and pitch.
    source : Path
        The recording, which is read once more.
    channel : int or None
        Its channel, as of `AudioFile`.
    title : str
        What the recording is called.

    Raises
    ------
    OutputError
        If it cannot be written.
    MissingExtraError
        If matplotlib is not installed.
    """
    picture = _picture(made, source, channel, "svg").decode()
    picture = picture[picture.index("<svg") :]
    names = ("onset, s", "length, s", "note", "MIDI", "cents", "velocity")
    rows = "\n".join(
        f"<tr><td>{note['onset_s']:.3f}<td>{note['offset_s'] - note['onset_s']:.3f}<td>{note_name(int(note['note']))}"
        f"<td>{note['note']}<td>{100.0 * (note['midi'] - note['note']):+.0f}<td>{note['velocity']}"
        for note in made.notes
    )
    text = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>
<style>{_STYLE}</style>
<h1>{html.escape(title)}</h1>
<p>{len(made.pairs)} notes in {made.duration_s:.1f} s</p>
{picture}
<table><thead><tr>{"".join(f"<th>{name}" for name in names)}</thead>
<tbody>
{rows}
</tbody></table></html>
"""
    write_bytes(path, text.encode("utf-8", "replace"))


def _picture(made: Transcription, source: Path, channel: int | None, form: str) -> bytes:
    figure, ax = _figure()
    draw_roll(made.notes, made.f0, made.duration_s, ax, spectrogram(source, channel, made.duration_s))
    content = io.BytesIO()
    # The same recording gives the same bytes: neither date nor version nor a seed.
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "streamer"}):
        figure.savefig(content, format=form, dpi=120, metadata=metadata)
    return content.getvalue()


def _figure() -> tuple[Any, Any]:
    """A figure that nobody shows, so that no window system is asked for."""
    from streamer.errors import require_extra

    require_extra("matplotlib", "a picture")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()
