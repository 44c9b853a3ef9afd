"""Notes and pitch as a piano roll, over the spectrogram where there is one; matplotlib draws it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.config import HIGHEST_MIDI, LOWEST_MIDI
from streamer.errors import require_extra
from streamer.events import FloatArray
from streamer.units import A4_HZ, A4_MIDI, note_name

_MARGIN = 3  # semitones above and below
_FEWEST = 12  # semitones that are shown
_LONGEST_LINE = 20_000  # points of the line; more cannot be seen


def draw_roll(
    notes: NDArray[np.void],
    f0: NDArray[np.void],
    duration_s: float,
    ax: Any = None,
    spectrogram: FloatArray | None = None,
) -> Any:
    """Draw a piano roll.

    Parameters
    ----------
    notes : structured ndarray, shape (notes,)
        As `streamer.transcription.Transcription.notes`.
    f0 : structured ndarray, shape (hops,)
        As `streamer.transcription.Transcription.f0`.
    duration_s : float
        How long the recording is.
    ax : matplotlib.axes.Axes, optional
        Where to; by default on new axes.
    spectrogram : ndarray of float32, shape (semitones, columns), optional
        Levels in dB of the notes from A0 to C8, over the whole duration.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    require_extra("matplotlib", "a picture")
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.figure(figsize=(10, 4), layout="constrained").add_subplot()
    low, high = _range(notes)
    if spectrogram is not None:
        extent = (0.0, duration_s, LOWEST_MIDI - 0.5, HIGHEST_MIDI + 0.5)
        top = float(spectrogram.max())
        ax.imshow(
            spectrogram, origin="lower", aspect="auto", extent=extent, cmap="Greys", vmin=top - 60.0, vmax=top + 10.0
        )
    lengths = notes["offset_s"] - notes["onset_s"]
    ax.barh(notes["note"], lengths, left=notes["onset_s"], height=0.9, color="#2a6fdb", alpha=0.45, label="notes")
    if len(f0):
        f0 = f0[:: max(1, len(f0) // _LONGEST_LINE)]
        hz = np.where(f0["f0_hz"] > 0.0, f0["f0_hz"], np.nan)
        ax.plot(f0["time_s"], A4_MIDI + 12.0 * np.log2(hz / A4_HZ), color="#c8321e", linewidth=0.9, label="pitch")
    ax.set(xlim=(0.0, max(duration_s, 1e-3)), ylim=(low - 0.5, high + 0.5), xlabel="time, s")
    marks = range(low, high + 1, 1 if high - low <= 18 else 2 if high - low <= 36 else 12)
    ax.set_yticks(list(marks), [note_name(mark) for mark in marks])
    return ax


def _range(notes: NDArray[np.void]) -> tuple[int, int]:
    """Lowest and highest note that are shown."""
    if not len(notes):
        return LOWEST_MIDI, HIGHEST_MIDI
    low, high = int(notes["note"].min()) - _MARGIN, int(notes["note"].max()) + _MARGIN
    missing = max(0, _FEWEST - (high - low))
    return max(LOWEST_MIDI, low - missing // 2), min(HIGHEST_MIDI, high + missing - missing // 2)
