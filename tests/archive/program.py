"""A run as a program of its own, which a test can kill: folder of inputs, folder of outputs, jobs, cluster."""

import sys
from pathlib import Path

from streamer.archive.manifest import Manifest
from streamer.archive.places import find
from streamer.archive.run import run
from streamer.archive.work import Work
from streamer.jobs import Workers
from tests.archive.converters import noted_digest


def main(inputs: str, folder: str, jobs: str, cluster: str = "") -> None:
    with Manifest(Path(folder, "manifest.sqlite")) as manifest:
        manifest.begin("one")
        manifest.add(find([inputs], folder, print))
        with Workers(cluster or int(jobs), apart=True) as workers:
            run(Work(noted_digest, folder, "one"), manifest, workers, lambda _: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
