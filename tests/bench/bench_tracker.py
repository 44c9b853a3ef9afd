"""What does a hop cost? The tracker and its parts on one thread, each as CPU time, detectors side by side in one run.

Run it as ``python tests/bench/bench_tracker.py``. The demo performance is heard by each detector in turn, several
times over; then the model is loaded, its scorer scores the performance hop by hop, and its verifier as many cases as a
hop may bring. Medians are shown, and the detectors' ratios, which say more than times do on another machine.
``--smoke`` only shows that all of it still runs.
"""

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")  # before numpy looks

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from streamer.detectors.stream import FeatureStream

from streamer.analysis.framing import Hopper
from streamer.config import TrackerConfig
from streamer.decision.verifier import NAMES
from streamer.material.demo import demo_performance
from streamer.model import SHIPPED, load
from streamer.tracker import make_tracker

RATE_HZ = 48_000
DETECTORS = ("trained", "correlation", "yinfft")
MOST_JUDGED = 4  # cases of one hop


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def hear(detector: str, samples: np.ndarray) -> float:
    """CPU seconds per second of audio."""
    tracker = make_tracker(TrackerConfig(detector=detector), RATE_HZ)
    return cpu_s(lambda: tracker.process(samples)) / (len(samples) / RATE_HZ)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="once, on two seconds")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    rounds = 1 if options.smoke else options.rounds
    samples = demo_performance(RATE_HZ).samples[: 2 * RATE_HZ if options.smoke else 10 * RATE_HZ]

    factors: dict[str, list[float]] = {name: [] for name in DETECTORS}
    for _ in range(rounds):
        for name in DETECTORS:
            factors[name].append(hear(name, samples))
    trained = statistics.median(factors["trained"])
    print("detector      CPU s per s of audio   of the trained one")
    for name, values in factors.items():
        value = statistics.median(values)
        print(f"{name:12} {value:21.3f} {value / trained:20.2f}")

    with as_file(files("streamer") / "models" / SHIPPED) as path:
        load_s = [cpu_s(lambda: load(path)) for _ in range(rounds)]
        model, size = load(path), path.stat().st_size
    config = TrackerConfig(hop=TrackerConfig().hop_at(RATE_HZ))
    stream = FeatureStream(config, RATE_HZ)
    gather_s, score_s = [], []
    for hop in Hopper(config.hop).push(samples):
        begun = time.process_time()
        matrix = stream.matrix(hop)
        gathered = time.process_time()
        model.log_odds(matrix)
        gather_s.append(gathered - begun)
        score_s.append(time.process_time() - gathered)
    judge_s = [0.0]
    if model.verifier is not None:
        cases = np.random.default_rng(0).standard_normal((MOST_JUDGED, len(NAMES))).astype(np.float32)
        judge_s = [cpu_s(lambda: model.verifier.log_odds(cases)) for _ in score_s]
    print(f"\nhop of {config.hop / RATE_HZ * 1000:.2f} ms, medians")
    for what, values in (("features", gather_s), ("scorer, 88 notes", score_s), ("verifier, 4 cases", judge_s)):
        print(f"{what:22} {1e6 * statistics.median(values):8.0f} us")
    print(f"model of {size / 1000:.0f} kB loaded in {1e3 * statistics.median(load_s):.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
