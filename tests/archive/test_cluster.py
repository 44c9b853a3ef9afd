"""A real cluster: the outputs of `--jobs`, though a worker is killed in the middle, and a file kills its worker."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from streamer.archive.manifest import Manifest
from streamer.archive.places import find
from streamer.archive.run import run
from streamer.archive.work import Work
from streamer.cluster import check_address
from streamer.errors import ClusterError, ConfigError
from streamer.jobs import Workers
from tests.archive.converters import noted_digest
from tests.archive.test_kill import ROOT, tree

FILES = 60
WITHIN_S = 60.0


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@pytest.fixture
def start(tmp_path):
    """Starts programs that are ended with the test; what they say is in files."""
    running = []

    def started(*words, **more):
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", **more}
        with (tmp_path / f"program{len(running)}.log").open("wb") as log:
            one = subprocess.Popen(
                [sys.executable, *words], env=environment, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
            )
        running.append(one)
        return one

    yield started
    for one in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        one.wait()


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:03d}.wav").write_bytes(b"fatal" if number == 50 else b"%d" % number)
    return folder


def run_all(inputs, out, cluster="", after=lambda number: None):
    """One run; ``after`` is called with the number of outcomes there are."""
    out.mkdir()
    outcomes = {}

    def report(outcome):
        outcomes[Path(outcome.path).name] = outcome.state
        after(len(outcomes))

    with Manifest(out / "manifest.sqlite") as manifest, Workers(cluster or 1, apart=True) as workers:
        manifest.begin("one")
        manifest.add(find([str(inputs)], str(out), print))
        counts = run(Work(noted_digest, str(out), "one"), manifest, workers, report)
    assert (counts.done, counts.failed) == (FILES - 1, 1)
    assert len(outcomes) == FILES
    return tree(out)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_dask_makes_what_this_machine_makes_though_a_worker_is_killed(inputs, tmp_path, start):
    pytest.importorskip("distributed")
    port = free_port()
    words = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    start("-m", "distributed.cli.dask_scheduler", *words, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    words = ("-m", "distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-dashboard")
    killed, _ = start(*words), start(*words)  # each has a nanny, which brings a new one after the file that kills it

    def kill_one(number):
        if number == 10:
            os.killpg(killed.pid, signal.SIGKILL)

    found = run_all(inputs, tmp_path / "cluster", f"dask://127.0.0.1:{port}", kill_one)
    assert killed.wait(timeout=WITHIN_S) == -signal.SIGKILL
    assert found == run_all(inputs, tmp_path / "here")


def test_where_nobody_answers_it_is_one_line(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("streamer.cluster._CONNECT_S", 0.5)
    with pytest.raises(ClusterError, match="no Dask scheduler answers at dask") as told:
        Workers(f"dask://127.0.0.1:{free_port()}")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("address", ["dask", "dask://", "slurm://host", "://", "tcp://127.0.0.1:8786"])
def test_what_is_no_cluster_is_refused(address):
    with pytest.raises(ConfigError, match="there is no cluster"):
        check_address(address)
