"""Train a model on recordings of your own, and transcribe with it.

python examples/train_model.py DATA MODEL.model SONG.wav, where DATA is a folder of recordings, each with its notes
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import streamer
from streamer.data.formats import read_dataset
from streamer.model import load
from streamer.training.settings import make_settings
from streamer.training.train import save, train

SMALL = {"pieces": 5, "epochs": 3, "hidden": (8,), "synthetic": False, "memory_mb": 64}  # to see it run; leave it out


def main(data: str, model: str, song: str) -> None:
    with TemporaryDirectory() as work:
        save(train(read_dataset(Path(data)), make_settings(SMALL, "example"), Path(work)), Path(model))
    print(f"wrote {model}: {load(Path(model)).scorer.weights[0].shape[0]} features")
    result = streamer.transcribe(song, config=streamer.TrackerConfig(model=model))
    print(f"{len(result.notes)} notes in {result.duration_s:.1f} s")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        print("usage: python examples/train_model.py DATA MODEL.model SONG.wav", file=sys.stderr)
        raise SystemExit(2)
    try:
        main(*sys.argv[1:])
    except streamer.StreamerError as error:
        print(f"train_model: {error}", file=sys.stderr)
        raise SystemExit(2) from None
