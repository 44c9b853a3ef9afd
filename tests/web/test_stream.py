"""Live streams over real sockets."""

import contextlib
import json

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from streamer.config import TrackerConfig, apply_preset
from streamer.outputs.jsonl import event_fields
from streamer.tracker import make_tracker
from tests.tones import melody
from tests.web.servers import listen_to_end, play, start_message, whole_stream

RATE_HZ = 48_000
SAMPLES, _ = melody([60, 64, 67], RATE_HZ)


def of_the_tracker(samples, preset="default", gap=0):
    tracker = make_tracker(apply_preset(TrackerConfig(), preset), RATE_HZ)
    if gap:
        tracker.gap(gap)
    return [event_fields(event, RATE_HZ) for event in [*tracker.process(samples), *tracker.flush()]]


def without_times(messages):
    return [{k: v for k, v in message.items() if k != "server_ms"} for message in messages]


def test_a_stream_gives_the_events_of_the_tracker(server):
    heard = whole_stream(server, SAMPLES, preset="voice")
    assert heard.messages[0]["type"] == "ready"
    assert heard.messages[0]["settings"]["low"] == 36
    kinds = ("pitch", "note_on", "note_off")
    said = [message for message in heard.messages if message["type"] in kinds]
    assert without_times(said) == of_the_tracker(SAMPLES, "voice")
    assert heard.names() == ["C4", "E4", "G4"]
    assert all(note["server_ms"] >= 0 for note in heard.of("note_on"))
    assert heard.messages[-1] == {"type": "end", "notes": 3, "reason": "stop"}
    assert heard.code == 1000
    status = heard.of("status")[-1]
    assert (status["received"], status["dropped"], status["dropped_events"]) == (len(SAMPLES), 0, 0)
    assert set(status["latency"]) == {"queue_ms", "compute_ms", "send_ms", "total_ms"}


def test_blocks_of_any_length_and_16_bits_give_the_same_notes(server):
    with server.socket() as socket:
        socket.send(start_message(format="s16"))
        whole = np.round(SAMPLES * 32_767).astype("<i2").tobytes()
        for at in range(0, len(whole), 1002):
            socket.send(whole[at : at + 1002])
        socket.send('{"type": "stop"}')
        assert listen_to_end(socket).names() == ["C4", "E4", "G4"]


def test_after_a_cut_times_go_on_where_the_client_says(server):
    first = 96_000
    heard = whole_stream(server, SAMPLES, first_sample=first)
    assert heard.of("gap") == []
    assert heard.of("status")[-1]["dropped"] == 0
    expected = [event for event in of_the_tracker(SAMPLES, gap=first) if event["type"] == "note_on"]
    assert without_times(heard.of("note_on")) == expected


def test_settings_of_the_moment_hold_from_then_on(server):
    with server.socket() as socket:
        socket.send(start_message(options={"transpose": 12}))
        play(socket, SAMPLES)
        socket.send('{"type": "ping", "sent": 5.5}')
        socket.send('{"type": "stop"}')
        heard = listen_to_end(socket)
    assert heard.names() == ["C5", "E5", "G5"]
    assert heard.of("pong") == [{"type": "pong", "sent": 5.5}]
    with server.socket() as socket:
        socket.send(start_message())
        socket.send('{"type": "set", "name": "mute", "value": true}')
        play(socket, SAMPLES)
        socket.send('{"type": "stop"}')
        assert listen_to_end(socket).names() == []


@pytest.mark.parametrize("bend", ["trigger", "smooth", "glide"])
def test_bends_say_how_far_a_note_is_off_its_name(server, bend):
    samples, _ = melody([60.3, 63.8], RATE_HZ)
    heard = whole_stream(server, samples, options={"bend": bend})
    assert heard.names() == ["C4", "E4"]
    assert len(heard.of("note_off")) == 2
    last = {message["note_id"]: message["semitones"] for message in heard.of("bend")}
    ids = [note["note_id"] for note in heard.of("note_on")]
    assert [round(last[note_id], 1) for note_id in ids] == [0.3, -0.2]
    assert all(
        message["time_s"] * RATE_HZ == pytest.approx(message["sample"], abs=0.05) for message in heard.of("bend")
    )


@pytest.mark.parametrize(
    ("messages", "code", "part"),
    [
        (["nonsense"], 1003, "no JSON"),
        ([b"\0\0\0\0"], 1003, "must be a text"),
        (['{"type": "play"}'], 1003, "must be of type"),
        ([start_message(rate_hz=7)], 1003, "8000 to 192000"),
        ([start_message(rate_hz=float("nan"))], 1003, "rate_hz"),
        ([start_message(format="mp3")], 1003, "choose from f32, s16"),
        ([start_message(preset="kazoo")], 1003, "there is no preset"),
        ([start_message(options={"model": "/etc/passwd"})], 1003, "there is no option 'model'"),
        ([start_message(options={"eagerness": 2})], 1003, "0 to 1"),
        ([start_message(protocol=9)], 1003, "protocol 9"),
        ([start_message(first_sample=-1)], 1003, "whole number"),
        ([start_message(), b"\0"], 1003, "whole f32 samples"),
        ([start_message(), '{"type": "dance"}'], 1003, "no message of type"),
        ([start_message(), '{"type": "set", "name": "preset", "value": "voice"}'], 1003, "cannot be set"),
        (["[" * 60_000], 1003, "no JSON"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(server, messages, code, part):
    with server.socket() as socket:
        for message in messages:
            socket.send(message)
        heard = listen_to_end(socket)
    assert heard.messages[-1]["type"] == "error"
    assert part in heard.messages[-1]["message"]
    assert heard.code == code


def test_a_message_that_is_too_long_ends_the_stream(server):
    with server.socket() as socket:
        socket.send(start_message())
        with contextlib.suppress(ConnectionClosed):  # it is not taken to its end
            socket.send(b"\0" * (1 << 21))
        heard = listen_to_end(socket)
    assert heard.of("end") == []
    assert heard.code in (1009, 1006)  # the code may be lost with the connection


def test_a_stream_that_falls_silent_is_closed_with_its_notes_ended(server):
    with server.socket() as socket:
        socket.send(start_message())
        play(socket, SAMPLES[: int(0.45 * RATE_HZ)])  # while the first note sounds
        heard = listen_to_end(socket)
    assert [m["type"] for m in heard.messages if m["type"].startswith("note")] == ["note_on", "note_off"]
    assert "no sound came for 2 s" in heard.of("error")[-1]["message"]
    assert heard.code == 1001


def test_strange_sound_is_harmless(server):
    strange = np.tile(np.array([np.nan, np.inf, -np.inf, 1e38, -0.0, 0.0], "<f4"), 4000)
    assert whole_stream(server, strange).code == 1000
    assert whole_stream(server, np.zeros(0, np.float32)).messages[-1] == json.loads(
        '{"type": "end", "notes": 0, "reason": "stop"}'
    )
