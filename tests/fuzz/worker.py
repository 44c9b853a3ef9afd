"""The process in which cases are tried: ``python -m tests.fuzz.worker TARGET MEMORY_MB``.

A path comes as a JSON line on standard input; what became of it goes out as one.
"""

import contextlib
import itertools
import json
import resource
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console

from streamer import reading
from streamer.audio.file import AudioFile
from streamer.commands.model import card_view
from streamer.config import TrackerConfig
from streamer.data.formats import read_dataset
from streamer.errors import ConfigError, StreamerError
from streamer.model import load
from streamer.settings.layers import from_toml
from streamer.settings.tracker import TRACKER
from streamer.tracker import make_tracker
from streamer.training.settings import make_settings, read_settings
from streamer.training.train import check_recordings
from streamer.transcription import track

RATE_HZ = 16_000
_LONGEST_S = 2.0


def use_model(path: Path) -> None:
    """Load it, show its card, and track something with it."""
    model = load(path)
    with Path("/dev/null").open("w") as nowhere:
        Console(file=nowhere).print(card_view(model, str(path)))
    time_s = np.arange(RATE_HZ // 4) / RATE_HZ
    tracker = make_tracker(TrackerConfig(), RATE_HZ, model=model, hops_at_once=32)
    tracker.process((0.2 * np.sign(np.sin(2 * np.pi * 220 * time_s))).astype(np.float32))
    tracker.flush()


def use_toml(path: Path) -> None:
    """Take it for settings of training, and for those of the tracker."""
    with contextlib.suppress(ConfigError):  # it is no file of the tracker's settings, but must not end it
        from_toml(path, TRACKER)
    make_settings(read_settings(path), str(path))


def use_dataset(path: Path) -> None:
    """Read what `streamer train` would before it learns."""
    recordings = read_dataset(path)
    check_recordings(recordings)
    for recording in recordings[:3]:
        recording.load()


def use_sound(path: Path) -> None:
    """Transcribe its beginning, and read the rest."""
    file = AudioFile(path)
    blocks = file.blocks()
    few = max(1, round(_LONGEST_S * file.rate_hz / 4096))
    track(itertools.islice(blocks, few), file.rate_hz, TrackerConfig(), ())
    for _ in itertools.islice(blocks, 5000):
        pass


TARGETS: dict[str, Callable[[Path], None]] = {
    "models": use_model,
    "toml": use_toml,
    "datasets": use_dataset,
    "sounds": use_sound,
}


def _try(use: Callable[[Path], None], path: Path) -> dict[str, object]:
    try:
        use(path)
    except StreamerError as error:
        text = str(error)
        if not text.isprintable() or not text.strip():
            return {"outcome": "unprintable", "text": repr(text)}
        return {"outcome": "refused", "text": text}
    except Exception:
        return {"outcome": "exception", "text": traceback.format_exc()}
    return {"outcome": "used"}


def main() -> None:
    use = TARGETS[sys.argv[1]]
    reading._WRITER_WITHIN_S = 0.05  # nobody writes into the pipes here
    # What is imported or made but once is no case's fault.
    tracker = make_tracker(TrackerConfig(), RATE_HZ)
    tracker.process(np.zeros(RATE_HZ, np.float32))
    for first in TARGETS.values():
        _try(first, Path("/nowhere"))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    used_kb = int(Path("/proc/self/status").read_text().split("VmSize:")[1].split()[0])
    limit = used_kb * 1024 + int(sys.argv[2]) * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for line in sys.stdin:
        start_s = time.process_time()
        answer = _try(use, Path(json.loads(line)))
        answer["seconds"] = time.process_time() - start_s
        answer["mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
