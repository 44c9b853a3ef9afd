"""Every step of a tutorial on training a model to transcribe music, made to work; and what to use instead.

Two models, each of which gets one number and names a note for it: a perceptron that gets a detected pitch, and a
logistic regression that gets the mean of the spectral peaks. `streamer.evaluation.baselines` tells what was needed to
make them work, and what no work can mend.

python examples/article_models.py TRAIN [TEST]

Both are folders or CSV files of labelled recordings, as `streamer train` takes them; the form
``audio_filename,transcription`` is one. Without TEST, a fifth of the sources of TRAIN is held back for it: never some
recordings of a source whose other recordings are learned from, since a model knows those again.
"""

import sys
import tempfile
from pathlib import Path

from streamer import TrackerConfig
from streamer.data.datasets import Recording
from streamer.data.formats import read_dataset
from streamer.errors import StreamerError
from streamer.evaluation.baselines import BASELINES, load_namer
from streamer.evaluation.evaluate import System, evaluate


def split(recordings: list[Recording]) -> tuple[list[Recording], list[Recording]]:
    """Recordings to learn from, and those of every fifth source."""
    sources = sorted({recording.source for recording in recordings})
    if len(sources) < 2:
        raise SystemExit(
            "all recordings are of one source, so none can be held back; give a second data set to test on"
        )
    held = set(sources[::5])
    return (
        [recording for recording in recordings if recording.source not in held],
        [recording for recording in recordings if recording.source in held],
    )


def main(train: str, test: str = "") -> None:
    # 1. Gather recordings and what is played in them.
    recordings = read_dataset(Path(train))
    known, unseen = (recordings, read_dataset(Path(test))) if test else split(recordings)
    systems = []
    for name, baseline in BASELINES.items():
        # 2. A feature: the one pitch. 3. A model. 4. Train it.
        namer = baseline.train(known, seed=0)
        # 5. Measure it on what it has not heard: the share of moments of a note in which it names the right one.
        print(f"{name + ':':18}{baseline.accuracy(namer, unseen):3.0f} % of moments named right")
        # 6. Save it, load it (arrays, not a pickle: a file from elsewhere cannot run code), and listen with it.
        with tempfile.TemporaryDirectory() as folder:
            namer.save(Path(folder) / "baseline.npz")
            loaded = load_namer(Path(folder) / "baseline.npz")
        systems.append(System(name, baseline.summary, TrackerConfig(), loaded.detector))
    systems.append(System("trained", "the model that comes with streamer", TrackerConfig()))
    print("\nAs live trackers, note by note:")
    results = evaluate(unseen, systems, jobs=1)
    for number, system in enumerate(systems):
        music = results.music(number)
        if music is not None:
            figures = music.figures()
            print(
                f"{system.name:18}F1@100ms {figures['f1_100ms']:5.1f} %, false {figures['false_per_min']:5.1f} a minute"
            )
    print(f"\nUse instead: streamer train {train} -o my.model, streamer evaluate, streamer live --model my.model")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        print("usage: python examples/article_models.py TRAIN [TEST]", file=sys.stderr)
        raise SystemExit(2)
    try:
        main(*sys.argv[1:])
    except StreamerError as error:
        print(f"article_models: {error}", file=sys.stderr)
        raise SystemExit(2) from None
