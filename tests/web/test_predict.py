"""Recordings over HTTP, by the standard library's own client."""

import http.client
import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from streamer.analysis import features
from tests.tones import melody

RATE_HZ = 16_000
SAMPLES, _ = melody([60, 64, 67], RATE_HZ)
TUBA = Path(__file__).parents[1] / "golden" / "recordings" / "tuba.flac"


def wav(samples=SAMPLES, rate_hz=RATE_HZ):
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format="WAV")
    return file.getvalue()


def post(server, body, path="/predict", **headers):
    """Status, headers and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def form(name, content):
    head = f'--cut\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--cut--\r\n"


@pytest.fixture(scope="module")
def transcribed(tmp_path_factory):
    """What the command makes of the same recording: its table of notes, and its MIDI file."""
    folder = tmp_path_factory.mktemp("transcribed")
    (folder / "streamer.wav").write_bytes(wav())
    words = ["transcribe", "streamer.wav", "--preset", "voice", "--notes", "n.csv", "--midi", "n.mid"]
    subprocess.run([sys.executable, "-m", "streamer", *words], cwd=folder, check=True, capture_output=True)
    return (folder / "n.csv").read_bytes(), (folder / "n.mid").read_bytes()


def rows(table):
    head, *lines = table.decode().split()
    return [dict(zip(head.split(","), map(float, line.split(",")), strict=True)) for line in lines]


@pytest.mark.parametrize("path", ["/predict", "/transcribe"])
def test_the_notes_are_those_of_the_command(server, transcribed, path):
    status, _, body = post(server, wav(), f"{path}?preset=voice", content_type="audio/wav")
    answer = json.loads(body)
    assert status == 200
    assert [{name: note[name] for name in row} for note, row in zip(answer["notes"], rows(transcribed[0]), strict=True)]
    assert [note["name"] for note in answer["notes"]] == ["C4", "E4", "G4"]
    for note, row in zip(answer["notes"], rows(transcribed[0]), strict=True):
        assert {name: note[name] for name in row} == row
    assert answer["settings"]["preset"] == "voice"


def test_tables_and_midi_are_those_of_the_command_to_the_byte(server, transcribed):
    table = post(
        server,
        form("a.wav", wav()),
        "/predict?preset=voice",
        content_type="multipart/form-data; boundary=cut",
        accept="text/csv",
    )
    assert (table[0], table[2]) == (200, transcribed[0])
    assert table[1]["content-type"].startswith("text/csv")
    midi = post(server, wav(), "/predict?preset=voice", accept="audio/midi")
    assert (midi[0], midi[2]) == (200, transcribed[1])
    assert sum(message.type == "note_on" for message in mido.MidiFile(file=io.BytesIO(midi[2]))) == 3


def test_samples_in_json_give_the_same_notes(server, transcribed):
    samples, _ = soundfile.read(io.BytesIO(wav()))  # as a file of 16 bits has them
    body = json.dumps({"samples": samples.tolist(), "sample_rate": RATE_HZ})
    status, _, answer = post(server, body, "/predict?preset=voice", content_type="application/json")
    assert status == 200
    assert [n["onset_s"] for n in json.loads(answer)["notes"]] == [row["onset_s"] for row in rows(transcribed[0])]


def test_rows_give_what_the_model_makes_of_them(server):
    width = len(features.NAMES)
    status, _, body = post(server, json.dumps([[0.0] * width] * 3), content_type="application/json")
    assert status == 200
    scores = json.loads(body)["scores"]
    assert np.shape(scores) == (3, 2)
    assert scores[0] == scores[2]
    status, _, body = post(server, "[[1, 2], [3, 4]]", content_type="application/json")
    assert (status, f"each of {width} numbers" in json.loads(body)["error"]) == (422, True)


def test_a_long_recording_comes_note_by_note(server):
    status, headers, body = post(server, wav(np.tile(SAMPLES, 4)), accept="application/x-ndjson")
    lines = [json.loads(line) for line in body.splitlines()]
    assert (status, headers["content-type"]) == (200, "application/x-ndjson")
    assert [line["name"] for line in lines if line["type"] == "note"] == ["C4", "E4", "G4"] * 4
    assert lines[-1]["type"] == "done"
    assert lines[-1]["count"] == 12


def test_a_recording_that_was_cut_short_is_said_to_be(server):
    whole = wav()
    status, _, body = post(server, whole[: len(whole) // 2])
    answer = json.loads(body)
    assert status == 200
    assert answer["count"] >= 1
    assert answer["broken"]["at_s"] == pytest.approx(len(SAMPLES) / RATE_HZ / 2, abs=0.01)
    assert "shorter than it says" in answer["broken"]["reason"]
    assert json.loads(post(server, whole)[2])["broken"] is None


def test_settings_stand_in_the_query(server):
    answer = json.loads(post(server, wav(), "/predict?transpose=12&scale=C%20minor")[2])
    assert [note["name"] for note in answer["notes"]] == ["C5", "D#5", "G5"]


@pytest.mark.parametrize(
    ("body", "path", "headers", "status", "part"),
    [
        (b"", "/predict", {}, 400, "empty"),
        (b"no sound", "/predict", {}, 422, "the file cannot be read as audio"),
        (TUBA.read_bytes()[:50_000], "/predict", {}, 422, "the file is damaged"),
        (b"{", "/predict", {"content_type": "application/json"}, 422, "no JSON"),
        (b"[" * 99_999, "/predict", {"content_type": "application/json"}, 422, "no JSON"),
        (b'{"samples": [NaN], "sample_rate": 8000}', "/predict", {"content_type": "application/json"}, 422, "no JSON"),
        (b'{"samples": ["1"], "sample_rate": 8000}', "/predict", {"content_type": "application/json"}, 422, "numbers"),
        (b'{"samples": [1], "sample_rate": 1e400}', "/predict", {"content_type": "application/json"}, 422, "hertz"),
        (b'{"samples": [1], "sample_rate": 1}', "/predict", {"content_type": "application/json"}, 422, "8000"),
        (b"x", "/predict", {"content_type": "multipart/form-data; boundary=cut"}, 400, "multipart"),
        (wav(), "/predict?preset=kazoo", {}, 400, "there is no preset"),
        (wav(), "/predict?model=/etc/passwd", {}, 400, "there is no option 'model'"),
        (wav(), "/predict?channel=9", {}, 422, "channel"),
        (wav(), "/predict", {"accept": "text/html"}, 406, "text/csv"),
        (wav(np.zeros(8_000 * 31), 8_000), "/predict", {}, 422, "30 s"),
        (b"0" * 2_100_000, "/predict", {}, 413, "2 MB"),
        (b"0" * 1_100_000, "/predict", {"content_type": "application/json"}, 413, "1 MB"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(server, body, path, headers, status, part):
    answer = post(server, body, path, **headers)
    assert answer[0] == status
    error = json.loads(answer[2])
    assert part in error["error"]
    assert error["request_id"] == answer[1]["x-request-id"]


def test_clients_at_once_get_each_their_own_notes(server):
    names = {k: ["C4", "C#4", "D4", "D#4"][k] for k in range(4)}
    sounds = {k: wav(melody([60 + k], RATE_HZ)[0]) for k in names}
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda k: (k, post(server, sounds[k])), [*names] * 2))
    for k, (status, _, body) in answers:
        assert status == 200
        assert [note["name"] for note in json.loads(body)["notes"]] == [names[k]]


def test_the_model_tells_its_card(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/model")
    assert json.loads(connection.getresponse().read())["licences"]
    connection.close()
