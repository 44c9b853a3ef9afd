"""Who is let in, what every answer carries, how often one may ask, and how a server ends."""

import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from streamer.cli import main
from tests.real.waiting import wait_until
from tests.tones import melody
from tests.web.servers import Heard, listen_to_end, play, serving, start_message, whole_stream
from tests.web.test_predict import form, post, wav

TOKEN = "correct-horse-battery"


def get(server, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def guarded():
    """A server that others can reach, with a token, another site's pages, and few requests a minute."""
    words = ("--host", "0.0.0.0", "--origin", "https://my.site", "--max-requests", "40", "--max-clients", "1")
    with serving(*words, STREAMER_WEB_TOKEN=TOKEN) as running:
        yield running


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--host", "0.0.0.0"), "--insecure-open"),
        (("--host", "::"), "can be reached by others"),
        (("--token", "short"), "16 to 256"),
        (("--origin", "my.site"), "is no origin"),
        (("--model", "no-such.model"), "no-such.model"),
        (("--host", "192.0.2.1", "--token", TOKEN), "cannot listen on 192.0.2.1"),
    ],
)
def test_what_cannot_or_must_not_be_served_is_refused(words, part, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["serve", *words])
    (line,) = capsys.readouterr().err.splitlines()
    assert part in line


def test_without_the_token_there_is_the_page_and_no_more(guarded):
    for path in ("/", "/healthz", "/static/style.css"):
        assert get(guarded, path)[0] in (200, 404), path
    for path in ("/model", "/metrics", "/settings", "/docs", "/openapi.json", "/nothing"):
        assert get(guarded, path)[0] == 401, path
        assert get(guarded, path, authorization="Bearer wrong-wrong-wrong-1")[0] == 401, path
    assert post(guarded, wav())[0] == 401
    assert get(guarded, "/model", authorization=f"Bearer {TOKEN}")[0] == 200
    for offered in (None, ["streamer.v1"], ["streamer.v1", "bearer.wrong-wrong-wrong-1"]):
        with pytest.raises(InvalidStatus, match="401"):
            guarded.socket(subprotocols=offered)


def test_the_token_may_come_as_a_subprotocol_which_is_not_said_back(guarded):
    with guarded.socket(subprotocols=["streamer.v1", f"bearer.{TOKEN}"]) as client:
        assert client.subprotocol == "streamer.v1"
    with guarded.socket(additional_headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        client.send(start_message())
        assert json.loads(client.recv())["type"] == "ready"
    assert not any(TOKEN in json.dumps(line) for line in guarded.log_lines())


def test_pages_of_other_sites_are_refused_but_for_those_that_are_named(guarded, server):
    token = {"authorization": f"Bearer {TOKEN}"}
    for origin in ("https://evil.example", "null", "https://my.site.evil.example", "http://my.site"):
        assert get(guarded, "/model", origin=origin, **token)[0] == 403, origin
        with pytest.raises(InvalidStatus, match="403"):
            guarded.socket(origin=origin, subprotocols=[f"bearer.{TOKEN}"])
    status, headers, _ = get(guarded, "/model", origin="https://my.site", **token)
    assert (status, headers["access-control-allow-origin"]) == (200, "https://my.site")
    status, headers, _ = get(
        guarded, "/predict", "OPTIONS", origin="https://my.site", access_control_request_method="POST"
    )
    assert (status, headers["access-control-allow-origin"]) == (204, "https://my.site")
    assert "authorization" in headers["access-control-allow-headers"]
    own = f"http://127.0.0.1:{server.port}"
    status, headers, _ = get(server, "/model", origin=own)
    assert (status, headers["access-control-allow-origin"]) == (200, None)
    with pytest.raises(InvalidStatus, match="403"):
        server.socket(origin="http://evil.example")


def test_a_name_that_is_made_to_lead_here_is_refused(server):
    assert get(server, "/model", host=f"evil.example:{server.port}")[0] == 403
    assert get(server, "/model", host=f"localhost:{server.port}")[0] == 200


def test_every_answer_has_an_id_and_keeps_the_page_to_itself(server):
    for path in ("/", "/healthz", "/nothing"):
        _, headers, _ = get(server, path)
        assert len(headers["x-request-id"]) == 16
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    with_ids = {line.get("request_id") for line in server.log_lines()}
    assert headers["x-request-id"] in with_ids


@contextlib.contextmanager
def let_in(server, token):
    """A connection that is served: the server may still have to notice that the one before has gone."""
    for _ in range(50):
        with server.socket(**token) as client, contextlib.suppress(ConnectionClosed):
            client.send(start_message())
            if json.loads(client.recv())["type"] == "ready":
                yield client
                return
        time.sleep(0.1)
    raise AssertionError("the client before is still counted")


def test_more_clients_than_allowed_are_told_to_come_again(guarded):
    token = {"subprotocols": [f"bearer.{TOKEN}"]}
    with let_in(guarded, token) as first:
        with guarded.socket(**token) as second:
            heard = listen_to_end(second)
        assert (heard.code, "try again later" in heard.messages[-1]["message"]) == (1013, True)
        first.send('{"type": "stop"}')
        assert listen_to_end(first).code == 1000


def test_who_asks_too_often_is_told_when_to_come_again(guarded):
    token = {"authorization": f"Bearer {TOKEN}"}
    answers = [get(guarded, "/model", **token) for _ in range(45)]
    assert answers[-1][0] == 429
    assert 1 <= int(answers[-1][1]["retry-after"]) <= 60
    assert [get(guarded, path)[0] for path in ("/healthz", "/static/none.js") * 25] == [200, 404] * 25


def test_a_connection_that_asks_nothing_is_closed(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as idle:
        idle.sendall(b"GET / HT")
        assert idle.recv(1) == b""


def heard_until_a_note(client):
    """What comes until a note has begun."""
    heard = Heard()
    while not heard.of("note_on"):
        message = json.loads(client.recv(timeout=20))
        heard.messages += message if isinstance(message, list) else [message]
    return heard


def test_a_server_that_ends_ends_notes_and_finishes_what_is_under_way():
    samples, _ = melody([60], 48_000, note_s=2.0)
    long = wav(np.tile(melody([60, 64, 67], 16_000)[0], 8))
    answers = []
    with serving("--jobs", "1", "--grace", "60") as ending, ending.socket() as client:
        client.send(start_message())
        play(client, samples[:48_000])
        heard = heard_until_a_note(client)
        asking = threading.Thread(target=lambda: answers.append(post(ending, long)))
        asking.start()
        wait_until(lambda: json.loads(get(ending, "/healthz")[2])["jobs"], "the job")
        ending.process.send_signal(signal.SIGTERM)
        listen_to_end(client, heard)
        asking.join(60)
        assert ending.process.wait(60) in (0, -signal.SIGTERM)
    assert len(heard.of("note_off")) == len(heard.of("note_on"))
    assert heard.messages[-1]["reason"] == "the server ends"
    assert heard.code == 1001
    ((status, _, body),) = answers
    assert (status, json.loads(body)["count"]) == (200, 24)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the process is found by /proc")
def test_an_engine_whose_process_dies_ends_its_notes_and_the_next_gets_another():
    samples, _ = melody([60], 48_000, note_s=2.0)
    with serving() as running:
        with running.socket() as client:
            client.send(start_message())
            play(client, samples[:48_000])
            heard = heard_until_a_note(client)
            threads = Path(f"/proc/{running.process.pid}/task").glob("*/children")
            children = [int(child) for thread in threads for child in thread.read_text().split()]
            (engines,) = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
            os.kill(engines, signal.SIGKILL)
            listen_to_end(client, heard)
        assert [note["note_id"] for note in heard.of("note_off")] == [note["note_id"] for note in heard.of("note_on")]
        assert (heard.code, "has died; start again" in heard.messages[-1]["message"]) == (1011, True)
        assert whole_stream(running, melody([60], 48_000)[0]).names() == ["C4"]


def test_a_job_that_takes_too_long_at_the_end_is_told():
    long = form("long.wav", wav(np.tile(melody([60, 64, 67], 16_000)[0], 300)))
    answers = []
    with serving("--jobs", "1", "--grace", "0") as ending:
        kind = "multipart/form-data; boundary=cut"
        asking = [
            threading.Thread(target=lambda: answers.append(post(ending, long, content_type=kind))) for _ in range(2)
        ]
        for one in asking:
            one.start()
        wait_until(lambda: json.loads(get(ending, "/healthz")[2])["jobs"], "the job")
        time.sleep(0.2)
        ending.process.send_signal(signal.SIGINT)
        for one in asking:
            one.join(30)
        assert ending.process.wait(30) == 128 + signal.SIGINT
    assert [status for status, _, _ in answers] == [503, 503]
    assert all("the server ends" in json.loads(body)["error"] for _, _, body in answers)


def test_a_client_that_reads_nothing_costs_the_others_nothing(server):
    samples, _ = melody([60, 64, 67] * 3, 48_000)
    expected = whole_stream(server, samples).names()
    with server.socket(close_timeout=0.1) as deaf:
        deaf.send(start_message())
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            play(deaf, samples)
        assert whole_stream(server, samples).names() == expected
