"""A recording to notes in one call, for programs."""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.audio.channels import ChannelMixer
from streamer.audio.file import AudioFile
from streamer.config import TrackerConfig, apply_preset
from streamer.errors import AudioFormatError
from streamer.events import FloatArray
from streamer.expression.ledger import Ledger
from streamer.outputs.eventlist import EventList
from streamer.outputs.midiform import MidiForm
from streamer.reading import as_text
from streamer.recordings.revision import revised
from streamer.transcription import Transcription, follow
from streamer.units import samples_to_s

_BLOCK = 4096


def transcribe(
    recording: str | Path | NDArray[Any],
    rate_hz: int | None = None,
    *,
    preset: str = "default",
    config: TrackerConfig | None = None,
    channel: int | None = None,
    ledger: Ledger | None = None,
    offline: bool = False,
) -> Transcription:
    """Notes and pitch of a recording.

    Parameters
    ----------
    recording : str, Path or ndarray, shape (n,) or (n, channels)
        The path of a sound file, or samples: floats with full scale +-1, or integers, whose full scale is that of their
        type.
    rate_hz : int, optional
        Samples per second of an array, a whole number of any type; a file has its own.
    preset : str
        What plays, a key of `streamer.PRESETS`: its range and gate.
    config : TrackerConfig, optional
        Settings of the tracker; with a preset, the range and the gate are those of the preset.
    channel : int, optional
        Which channel to take, counted from 1; by default the mean, by the rule of `streamer.audio.channels`.
    ledger : Ledger, optional
        Transposes notes and holds them in a scale.
    offline : bool
        Whether notes are decided again when all is known; they are then dated to when they happened.

    Returns
    -------
    Transcription
        As far as the recording could be read; `Transcription.broken` tells where it breaks off, and so does a warning.

    Raises
    ------
    AudioFormatError
        If the file cannot be read at all, or the array is no sound.
    ConfigError
        If a setting is out of range.

    Examples
    --------
    >>> result = streamer.transcribe("solo.wav", preset="guitar")
    >>> result.notes["note"]
    array([64, 67, 71], dtype=int16)
    >>> result.to_midi("solo.mid")
    """
    config = (config or TrackerConfig()) if preset == "default" else apply_preset(config or TrackerConfig(), preset)
    form = MidiForm(preset=preset, a4_hz=config.reference_hz)  # as the command has it
    if not isinstance(recording, str | Path):
        samples, rate_hz = _samples(recording), _whole(rate_hz)
        return _all_of(_blocks(samples, rate_hz, channel), rate_hz, config, form, ledger, offline)
    file = AudioFile(recording, channel)
    form = replace(form, title=as_text(file.path.stem))
    made = _all_of(file.blocks(until_damage=True), file.rate_hz, config, form, ledger, offline)
    if file.broken is not None:
        warnings.warn(f"{recording} breaks off {file.broken}", stacklevel=2)
    return replace(made, broken=file.broken)


def _blocks(samples: FloatArray, rate_hz: int, channel: int | None) -> Iterator[FloatArray]:
    mixer = ChannelMixer(samples.shape[1], rate_hz, channel)
    for at in range(0, len(samples), _BLOCK):
        yield mixer.mix(samples[at : at + _BLOCK])


def _all_of(
    blocks: Iterable[FloatArray],
    rate_hz: int,
    config: TrackerConfig,
    form: MidiForm,
    ledger: Ledger | None,
    offline: bool,
) -> Transcription:
    events = EventList()
    consumed = follow(blocks, rate_hz, config, (events,), ledger=ledger, revise=revised if offline else None)
    return Transcription(events, rate_hz, samples_to_s(consumed, rate_hz), form)


def _whole(rate_hz: float | None) -> int:
    """A sample rate of any numeric type, as other libraries give it."""
    if rate_hz is None:
        raise AudioFormatError("an array does not tell its sample rate; give rate_hz")
    try:
        if int(rate_hz) == rate_hz:
            return int(rate_hz)
    except (TypeError, ValueError, OverflowError):
        pass
    raise AudioFormatError(f"a sample rate of {rate_hz} is none; give a whole number of hertz")


def _samples(array: NDArray[Any]) -> FloatArray:
    """Samples of any type as float32, shape (n, channels)."""
    array = np.asarray(array)
    if array.dtype == object or array.dtype.kind in "SU":
        raise AudioFormatError("that is no sound; give the path of a file, or an array of samples and its rate_hz")
    if array.ndim not in (1, 2) or 0 in array.shape:
        raise AudioFormatError(f"an array of shape {array.shape} is no sound; give (n,) or (n, channels)")
    if array.ndim == 2 and array.shape[1] > array.shape[0]:
        raise AudioFormatError(f"an array of shape {array.shape} has channels first; give (n, channels), its transpose")
    if np.issubdtype(array.dtype, np.integer):
        info = np.iinfo(array.dtype)
        middle = 0 if info.min < 0 else (info.max + 1) // 2
        array = (array.astype(np.float64) - middle) / ((info.max + 1) // (1 if info.min < 0 else 2))
    elif not np.issubdtype(array.dtype, np.floating):
        raise AudioFormatError(f"an array of {array.dtype} is no sound; give floats or integers")
    return np.atleast_2d(array.astype(np.float32).T).T
