"""Every error that a user can cause or meet.

    StreamerError
    ├── ConfigError        a setting is out of range or unknown
    ├── AudioFormatError   samples, a file or a raw pipe are not what was said
    ├── DeviceError        an audio device or its driver is absent, busy or gone
    ├── MidiError          a MIDI port or its back end is absent, busy or gone
    ├── ModelError         a model file is damaged, foreign or too new
    ├── DataError          a data set's manifest or labels cannot be used
    ├── MissingExtraError  a library that a bare install leaves out is needed
    ├── ProcessKilledError a process that worked for this one was killed
    ├── ClusterError       a cluster does not answer
    └── OutputError        something that was to be written cannot be

The message of each is one line: what was wrong, and what to do about it. The command line prints that line and exits
with status 2; nothing else may be needed to understand it. Whatever a message quotes, such as the name of a file, it
holds no character that a terminal would obey.
"""

import sys
from importlib import import_module

# What a bare install leaves out: module, and what pip installs it from. The extras in pyproject.toml say the same.
EXTRAS = {
    "sklearn": "scikit-learn>=1.5",
    "aubio": "aubio-ledfx>=0.4.11",
    "pythonosc": "python-osc>=1.9",
    "tuning_library": "tuning-library>=0.1",
    "distributed": "distributed>=2024.6",
    "joblib": "joblib>=1.4",
    "ray": "ray[client]>=2.40",
    "fsspec": "fsspec>=2024.6",
    "s3fs": "s3fs>=2024.6",
    "gcsfs": "gcsfs>=2024.6",
    "starlette": "starlette>=1.0",
    "uvicorn": "uvicorn>=0.50",
    "websockets": "websockets>=15",
    "prometheus_client": "prometheus_client>=0.22",
    "matplotlib": "matplotlib>=3.8",
    "pandas": "pandas>=2.2",
    "partitura": "partitura>=1.5",
    "av": "av>=14",
    "python_multipart": "python-multipart>=0.0.20",
}


def printable(text: str) -> str:
    r"""A text on one line, with ``\x1b`` and the like for what is not printable.

    A byte of a file's name that is no UTF-8 becomes ``\xff``. What is printable stays as it is, so that a text which
    was made so before is not changed.

    Parameters
    ----------
    text : str
        Of any characters.
    """
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # what `os.fsdecode` makes of such a byte
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


class StreamerError(Exception):
    """Base of all errors raised on purpose by this package."""

    def __str__(self) -> str:
        return printable(super().__str__())


class ConfigError(StreamerError):
    """A setting is out of range, unknown, or contradicts another."""


class AudioFormatError(StreamerError):
    """Samples, an audio file or a raw pipe are not of the stated form."""


class DeviceError(StreamerError):
    """An audio device or its driver is absent, busy or gone."""


class MidiError(StreamerError):
    """A MIDI port or its back end is absent, busy or gone."""


class ModelError(StreamerError):
    """A model file is damaged, not a model, or made by a newer version."""


class DataError(StreamerError):
    """A data set's manifest, labels or audio cannot be used."""


class OutputError(StreamerError):
    """A file or pipe that was to be written cannot be."""


class ProcessKilledError(StreamerError):
    """A process that worked for this one was killed, with what it was at."""


class ClusterError(StreamerError):
    """A cluster does not answer, or has no workers."""


class MissingExtraError(StreamerError):
    """A library is needed that a bare install leaves out."""


def require_extra(module: str, purpose: str) -> None:
    """Import a library that may be missing, before the work that needs it.

    Parameters
    ----------
    module : str
        Its name in Python, one of `EXTRAS`.
    purpose : str
        What needs it, as the beginning of a sentence.

    Raises
    ------
    MissingExtraError
        If it is not installed; the message has the command that installs it.
    """
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        requirement = EXTRAS[module]
        command = f'{sys.executable} -m pip install --only-binary=:all: "{requirement}"'
        name = requirement.partition(">")[0]
        raise MissingExtraError(f"{purpose} needs {name}, which is not installed; type: {command}") from error
