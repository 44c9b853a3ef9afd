"""What does a hop cost? The tracker and its parts on one thread, each as CPU time, detectors side by side in one run.

Run it as ``python tests/bench/bench_tracker.py``. The demo performance is tracked by each detector in turn, several
times over, hop by hop as live and many hops at once as recordings; then the model is loaded, its scorer scores the
performance hop by hop, and its verifier as many notes as a hop may propose. Medians are shown, and the detectors'
ratios, which say more than times do on another machine. ``--smoke`` only shows that all of it still runs.
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

from streamer.analysis.framing import Hopper
from streamer.analysis.stream import FeatureStream
from streamer.config import TrackerConfig
from streamer.decision.onset_context import NAMES
from streamer.material.demo import demo_performance
from streamer.model import SHIPPED, load
from streamer.tracker import MANY_HOPS, make_tracker

RATE_HZ = 48_000
DETECTORS = ("trained", "correlation", "yinfft")
MOST_PROPOSED = 4  # notes of one hop
HOPS_AT_ONCE = (1, MANY_HOPS)


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def track(detector: str, samples: np.ndarray, hops_at_once: int = 1) -> float:
    """CPU seconds per second of audio."""
    tracker = make_tracker(TrackerConfig(detector=detector), RATE_HZ, hops_at_once=hops_at_once)
    return cpu_s(lambda: tracker.process(samples)) / (len(samples) / RATE_HZ)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="once, on two seconds")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    rounds = 1 if options.smoke else options.rounds
    samples = demo_performance(RATE_HZ).samples[: 2 * RATE_HZ if options.smoke else 10 * RATE_HZ]

    factors: dict[tuple[str, int], list[float]] = {(n, h): [] for n in DETECTORS for h in HOPS_AT_ONCE}
    for _ in range(rounds):
        for name, hops in factors:
            factors[name, hops].append(track(name, samples, hops))
    trained = statistics.median(factors["trained", 1])
    print("detector      hops at once   CPU s per s of audio   of the trained one")
    for (name, hops), values in factors.items():
        value = statistics.median(values)
        print(f"{name:12} {hops:13} {value:22.3f} {value / trained:20.2f}")

    with as_file(files("streamer") / "models" / SHIPPED) as path:
        load_s = [cpu_s(lambda: load(path)) for _ in range(rounds)]
        model, size = load(path), path.stat().st_size
    config = TrackerConfig(hop=TrackerConfig().hop_at(RATE_HZ))
    stream = FeatureStream(config, RATE_HZ)
    gather_s, score_s = [], []
    for hop in Hopper(config.hop).push(samples):
        begun = time.process_time()
        matrix = stream.analyse(hop[None]).matrix
        gathered = time.process_time()
        model.scorer.log_odds(matrix)
        gather_s.append(gathered - begun)
        score_s.append(time.process_time() - gathered)
    verify_s = [0.0]
    if model.verifier is not None:
        contexts = np.random.default_rng(0).standard_normal((MOST_PROPOSED, len(NAMES))).astype(np.float32)
        verify_s = [cpu_s(lambda: model.verifier.log_odds(contexts)) for _ in score_s]
    print(f"\nhop of {config.hop / RATE_HZ * 1000:.2f} ms, medians")
    for what, values in (("features", gather_s), ("scorer, 88 notes", score_s), ("verifier, 4 notes", verify_s)):
        print(f"{what:22} {1e6 * statistics.median(values):8.0f} us")
    print(f"model of {size / 1000:.0f} kB loaded in {1e3 * statistics.median(load_s):.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
