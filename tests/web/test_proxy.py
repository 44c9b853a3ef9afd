"""Two workers behind nginx, with the configuration of the example: a client that is cut off goes on with the other."""

import json
import re
import socket as sockets
import subprocess
from pathlib import Path

import pytest

from tests.real.waiting import end_process, wait_until
from tests.tones import melody
from tests.web.servers import Heard, Server, listen_to_end, play, serving, start_message
from tests.web.test_access import get
from tests.web.test_predict import post, wav

EXAMPLE = Path(__file__).parents[2] / "examples" / "deploy" / "nginx.conf"
TOKEN = "correct-horse-battery"
RATE_HZ = 48_000


def free_port():
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def proxied(require_program, tmp_path_factory):
    """Two workers, and nginx in front of them."""
    nginx, tmp_path = require_program("nginx"), tmp_path_factory.mktemp("nginx")
    words = ("--proxy", "127.0.0.1", "--jobs", "1")
    environment = {"STREAMER_WEB_TOKEN": TOKEN}
    with serving(*words, **environment) as one, serving(*words, **environment) as two:
        port = free_port()
        text = (
            EXAMPLE.read_text()
            .replace("one:8000", f"127.0.0.1:{one.port}")
            .replace("two:8000", f"127.0.0.1:{two.port}")
        )
        text = text.replace("listen 8080", f"listen 127.0.0.1:{port}").replace("/tmp/", f"{tmp_path}/")
        (tmp_path / "nginx.conf").write_text(text)
        command = [nginx, "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        front = Server(process, port, None)
        try:
            wait_until(lambda: answers(front), "nginx")
            yield front, (one, two)
        finally:
            end_process(process)


def answers(server):
    try:
        return get(server, "/healthz")[0] == 200
    except OSError:
        return False


def streams(server):
    return json.loads(get(server, "/healthz")[2])["streams"]


def test_the_example_passes_on_who_asks(proxied):
    front, workers = proxied
    assert get(front, "/model")[0] == 401
    assert get(front, "/model", authorization=f"Bearer {TOKEN}", x_forwarded_for="203.0.113.9")[0] == 200
    lines = [line for worker in workers for line in worker.log_lines() if line.get("path") == "/model"]
    assert {line["client"] for line in lines} == {"127.0.0.1"}, "nginx says who it is, not the client"


def test_a_client_that_is_cut_off_by_one_worker_goes_on_with_the_other(proxied):
    front, workers = proxied
    samples, onsets_s = melody([60, 64, 67, 72], RATE_HZ)
    half = int(onsets_s[2] * RATE_HZ) - 2400  # while nothing sounds
    how = {"subprotocols": ["streamer.v1", f"bearer.{TOKEN}"]}
    first, second = Heard(), Heard()
    with front.socket(**how) as client:
        client.send(start_message(RATE_HZ))
        play(client, samples[:half])
        while len(first.of("note_off")) < 2:
            message = json.loads(client.recv(timeout=20))
            first.messages += message if isinstance(message, list) else [message]
        (serving_it,) = (worker for worker in workers if streams(worker))
        serving_it.process.kill()
        listen_to_end(client, first)
    with front.socket(**how) as client:
        client.send(start_message(RATE_HZ, first_sample=half))
        play(client, samples[half:])
        client.send('{"type": "stop"}')
        listen_to_end(client, second)
    assert first.names() + second.names() == ["C4", "E4", "G4", "C5"]
    heard_s = [note["onset_s"] for note in first.of("note_on") + second.of("note_on")]
    assert heard_s == pytest.approx(onsets_s, abs=0.03)
    status, _, body = post(front, wav(), authorization=f"Bearer {TOKEN}")
    assert (status, len(json.loads(body)["notes"])) == (200, 3)


def test_units_and_containers_name_what_there_is():
    folder = EXAMPLE.parent
    flags = set(
        re.findall(r"--[a-z-]+", "".join((folder / n).read_text() for n in ("streamer.service", "Containerfile")))
    )
    from streamer.settings.web import WEB

    known = {setting.flag for setting in WEB} | {"--system", "--no-create-home", "--no-install-recommends", "--now"}
    assert {flag for flag in flags if flag not in known} <= {"--from", "--interval", "--timeout", "--no-cache-dir"}
