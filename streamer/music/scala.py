"""Tunings from Scala files, for synthesisers that are tuned by the same files."""

from pathlib import Path

from streamer.errors import ConfigError, require_extra
from streamer.expression.ledger import Lock, Moved
from streamer.reading import read_at_most
from streamer.units import A4_HZ, hz_to_midi

KEYS = 128
_MOST_BYTES = 65_536
_MOST_HZ = 100_000.0
_OUTSIDE = 0.5  # semitones from the nearest key


def read_tuning(scl: Path, kbm: Path | None = None, a4_hz: float = A4_HZ) -> dict[int, float]:
    """What each key of a keyboard sounds like, in semitones.

    Parameters
    ----------
    scl : Path
        The scale, a Scala file.
    kbm : Path, optional
        Which key plays what, a Scala keyboard mapping; by default the scale begins at middle C, of 261.6 Hz.
    a4_hz : float
        Frequency that 69.0 stands for in what is returned.

    Returns
    -------
    dict of int to float
        Fractional MIDI note numbers by key, 0 to 127; a key that is not mapped is absent.

    Raises
    ------
    MissingExtraError
        If tuning-library is not installed.
    ConfigError
        If a file cannot be read, is no such file, or makes a tuning that nobody can hear.
    """
    require_extra("tuning_library", "a Scala tuning")
    import tuning_library

    try:
        scale = tuning_library.parse_scl_data(_text(scl))
    except Exception as error:  # whatever its parser does not take
        raise _refusal(scl, "scale (.scl)", error) from None
    try:
        mapping = () if kbm is None else (tuning_library.parse_kbm_data(_text(kbm)),)
        tuning = tuning_library.Tuning(scale, *mapping)
        found = {k: tuning.frequency_for_midi_note(k) for k in range(KEYS) if tuning.is_midi_note_mapped(k)}
    except Exception as error:  # as above
        raise _refusal(kbm or scl, "keyboard mapping (.kbm)" if kbm else "scale (.scl)", error) from None
    heard = {key: hz_to_midi(hz, a4_hz) for key, hz in found.items() if 0.0 < hz < _MOST_HZ}
    if len(heard) < len(found) or not heard:
        raise ConfigError(f"{scl} makes a tuning with keys that nobody can hear; look at its ratios and reference")
    return heard


def nearest_key(tuning: dict[int, float], drop: bool = False) -> Lock:
    """Send each note as the key that sounds nearest to it.

    The pitch is moved so that it lies as far from the key as what was played from the key's own pitch.

    Parameters
    ----------
    tuning : dict of int to float
        As `read_tuning` gives it.
    drop : bool
        Leave out what is farther than half a semitone from the nearest key.
    """

    def lock(_: int, midi: float) -> Moved | None:
        key = min(tuning, key=lambda key: abs(tuning[key] - midi))
        if drop and abs(tuning[key] - midi) > _OUTSIDE:
            return None
        return Moved(key, key - tuning[key], tuning[key] - key)

    return lock


def _text(path: Path) -> str:
    try:
        return read_at_most(path, _MOST_BYTES).decode("latin-1")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from None


def _refusal(path: Path, what: str, error: Exception) -> ConfigError:
    if isinstance(error, ConfigError):
        return error
    return ConfigError(f"{path} is no Scala {what}: {' '.join(str(error).split())[:200]}")
