"""What tells one data set from another: for figures, which files it is; for training, what is in them.

Both stand in files that users have (reports, models, folders of features), so what they are made of must not change.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np

from streamer.data.datasets import Recording, file_hash


def evaluation_hash(recordings: Iterable[Recording]) -> str:
    """SHA-256 over audio, notes, f0 and names: the same figures can only be expected of the same set.

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    digest = hashlib.sha256()
    for recording in recordings:
        names = f"{recording.path.name}|{recording.kind}|{recording.instrument}|"
        digest.update(names.encode("utf-8", "surrogateescape"))
        digest.update(np.ascontiguousarray(recording.notes).tobytes())
        for path in (recording.path, recording.f0_path):
            if path is not None:
                digest.update(file_hash(path).encode())
    return digest.hexdigest()


def training_hash(recordings: Sequence[Recording]) -> str:
    """SHA-256 over audio, labels and facts, not names: the same wherever on disk a set lies.

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    whole = hashlib.sha256()
    for recording in recordings:
        facts = [recording.kind, recording.instrument, recording.source, recording.licence, recording.notes.tolist()]
        whole.update(json.dumps([file_hash(recording.path), *facts]).encode())
    return whole.hexdigest()
