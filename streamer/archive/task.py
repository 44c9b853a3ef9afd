"""What is sent to where the work runs, and what comes back."""

from dataclasses import dataclass

NOT_STARTED = "not started"
DONE = "done"
FAILED = "failed"
UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier run made of a file.

    Attributes
    ----------
    made_by : str
        Stands for all that outputs depend on but the input.
    stamp : str
        What told this state of the input from others without reading it; empty if nothing could.
    sha256 : str
        Of the input.
    outputs : tuple of (str, int)
        Their names, below the folder of the outputs, and bytes.
    """

    made_by: str
    stamp: str
    sha256: str
    outputs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Task:
    """One file to work on.

    Attributes
    ----------
    path : str
        Path or URL of the input.
    target : str
        What its outputs are called below their folder, without suffixes.
    known : Known or None
        What an earlier run made of it.
    """

    path: str
    target: str
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file.

    Attributes
    ----------
    path : str
        The input.
    state : str
        `DONE`, `FAILED`, or `UNCHANGED` where it was done before.
    reason : str
        Why it failed, or what is to be said of it; one line.
    stamp, sha256, outputs
        As of `Known`.
    duration_s : float
        Of the sound.
    notes : int
        How many were found.
    """

    path: str
    state: str
    reason: str = ""
    stamp: str = ""
    sha256: str = ""
    outputs: tuple[tuple[str, int], ...] = ()
    duration_s: float = 0.0
    notes: int = 0
