"""What tests let be done with a file, in other processes: fast, and wrong in the ways that matter."""

import hashlib
import os
import signal
import time
from pathlib import Path

from streamer.archive.work import Converted
from streamer.errors import AudioFormatError


def digest(source: Path, folder: Path, stem: str) -> Converted:
    """Two outputs that depend on the content and the name."""
    content = source.read_bytes()
    if content == b"bad":
        raise AudioFormatError(f"{source} cannot be read as audio")
    if content == b"defect":
        raise ZeroDivisionError("a defect\nin two lines")
    if content == b"fatal":
        os.kill(os.getpid(), signal.SIGKILL)
    if content == b"full":
        raise OSError(28, "No space left on device")
    (folder / f"{stem}.mid").write_bytes(hashlib.sha256(content).digest())
    (folder / f"{stem}.csv").write_text(stem, encoding="utf-8", errors="surrogateescape")
    return Converted(1.5, 2, "it was cut short" if content == b"short" else "")


def noted_digest(source: Path, folder: Path, stem: str) -> Converted:
    """The same, with a byte more in a file beside the inputs each time that it is called."""
    with source.with_suffix(".called").open("ab") as called:
        called.write(b"x")
    time.sleep(0.001)
    return digest(source, folder, stem)
