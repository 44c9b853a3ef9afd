"""What does a hop cost? The tracker and its parts on one thread, each as CPU time, side by side in one run.

Run it as ``python tests/bench/bench_tracker.py``. The demo performance is tracked by the trained detector with either
core, and by others, in turn, several times over: hop by hop, four hops at once as live may, and many as recordings do.
Then the features and scores of its hops are computed by either core, the model is loaded, and its verifier asked about
as many notes as a hop may propose. Medians are shown, and ratios, which say more than times do on another machine.
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

from streamer.analysis import core
from streamer.analysis.framing import Hopper
from streamer.analysis.native import make_stream
from streamer.config import TrackerConfig
from streamer.decision.onset_context import NAMES
from streamer.material.demo import demo_performance
from streamer.model import SHIPPED, Model, load
from streamer.tracker import LIVE_HOPS, MANY_HOPS, make_tracker

RATE_HZ = 48_000
CORES = (core.NATIVE, core.NUMPY) if core.is_built() else (core.NUMPY,)
TRACKERS = (*(("trained", name) for name in CORES), ("correlation", CORES[0]), ("yinfft", CORES[0]))
MOST_PROPOSED = 4  # notes of one hop
HOPS_AT_ONCE = (1, LIVE_HOPS, MANY_HOPS)


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def fresh_model(name: str) -> Model:
    """The shipped model, computed by that core from now on: a network keeps the one that it was first used with."""
    os.environ[core.VARIABLE] = name
    with as_file(files("streamer") / "models" / SHIPPED) as path:
        return load(path)


def track(detector: str, name: str, samples: np.ndarray, hops_at_once: int) -> float:
    """CPU seconds per second of audio."""
    model = fresh_model(name)
    config = TrackerConfig(detector=detector)
    tracker = make_tracker(config, RATE_HZ, model=model if detector == "trained" else None, hops_at_once=hops_at_once)
    return cpu_s(lambda: tracker.process(samples)) / (len(samples) / RATE_HZ)


def trackers(samples: np.ndarray, rounds: int) -> None:
    """Whole trackers, each with its ratio to the first one."""
    spent: dict[tuple[str, str, int], list[float]] = {(*t, h): [] for t in TRACKERS for h in HOPS_AT_ONCE}
    for _ in range(rounds):
        for (detector, name, hops), values in spent.items():
            values.append(track(detector, name, samples, hops))
    first = statistics.median(spent[(*TRACKERS[0], 1)])
    print("detector     core    hops at once   CPU s per s of audio   of the first")
    for (detector, name, hops), values in spent.items():
        value = statistics.median(values)
        print(f"{detector:12} {name:7} {hops:12} {value:22.4f} {value / first:14.2f}")


def parts(samples: np.ndarray) -> None:
    """Features and scores by either core."""
    config = TrackerConfig(hop=TrackerConfig().hop_at(RATE_HZ))
    print(f"\nhop of {config.hop / RATE_HZ * 1000:.2f} ms, medians, us of CPU a hop")
    print("core     hops at once   features   scores of 88 notes")
    hops = Hopper(config.hop).push(samples)
    for name in CORES:
        for batch in HOPS_AT_ONCE:
            scorer, stream = fresh_model(name).scorer, make_stream(config, RATE_HZ)
            gather_s, score_s = [], []
            for k in range(0, len(hops) - batch + 1, batch):
                begun = time.process_time()
                matrix = stream.analyse(hops[k : k + batch]).matrix
                gathered = time.process_time()
                scorer.log_odds(matrix)
                gather_s.append((gathered - begun) / batch)
                score_s.append((time.process_time() - gathered) / batch)
            gather_us, score_us = (1e6 * statistics.median(values) for values in (gather_s, score_s))
            print(f"{name:8} {batch:12} {gather_us:10.1f} {score_us:20.1f}")


def models(rounds: int) -> None:
    """Loading, and the verifier."""
    contexts = np.random.default_rng(0).standard_normal((MOST_PROPOSED, len(NAMES))).astype(np.float32)
    load_s = []
    for name in CORES:
        load_s += [cpu_s(lambda name=name: fresh_model(name)) for _ in range(rounds)]
        verifier = fresh_model(name).verifier
        assert verifier is not None
        verifier.log_odds(contexts)
        verify_s = [cpu_s(lambda v=verifier: [v.log_odds(contexts) for _ in range(100)]) / 100 for _ in range(rounds)]
        print(f"verifier, {MOST_PROPOSED} notes, {name}: {1e6 * statistics.median(verify_s):.1f} us")
    print(f"model loaded in {1e3 * statistics.median(load_s):.1f} ms")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="once, on two seconds")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    rounds = 1 if options.smoke else options.rounds
    samples = demo_performance(RATE_HZ).samples[: 2 * RATE_HZ if options.smoke else 10 * RATE_HZ]
    print(core.describe() + "\n")
    trackers(samples, rounds)
    parts(samples)
    models(rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
