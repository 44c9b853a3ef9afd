"""Arrays on disk, whole or not at all."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.errors import OutputError


def write_whole(path: Path, **arrays: NDArray[Any]) -> None:
    """Write arrays so that there is either all of the file or none.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
