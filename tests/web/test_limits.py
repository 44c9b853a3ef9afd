"""Rate, waiting recordings and time: a server that is told little of each."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.real.waiting import wait_until
from tests.tones import melody
from tests.web.servers import listen_to_end, serving, start_message
from tests.web.test_access import get
from tests.web.test_predict import RATE_HZ, post, wav

TIME_S = 4


@pytest.fixture(scope="module")
def small():
    with serving("--max-rate", str(RATE_HZ), "--jobs", "1", "--max-waiting", "0", "--max-time", str(TIME_S)) as running:
        yield running


def jobs(server):
    return json.loads(get(server, "/healthz")[2])["jobs"]


def test_a_higher_rate_than_the_highest_is_refused(small):
    status, _, body = post(small, wav(rate_hz=RATE_HZ + 1))
    assert (status, f"at most {RATE_HZ} Hz" in json.loads(body)["error"]) == (422, True)
    wait_until(lambda: not jobs(small), "the end of that job")  # nothing may wait for it
    assert post(small, wav())[0] == 200
    for rate_hz, kind, code in ((RATE_HZ + 1, "error", 1003), (RATE_HZ, "end", 1000)):
        with small.socket() as socket:
            socket.send(start_message(rate_hz))
            socket.send('{"type": "stop"}')
            heard = listen_to_end(socket)
        assert (heard.messages[-1]["type"], heard.code) == (kind, code)


def test_one_more_than_may_wait_and_what_takes_too_long_are_told(small):
    """All at once, since each takes the whole time: a long recording, one too many, and a body that never ends."""
    long = wav(np.tile(melody([60, 64, 67], RATE_HZ)[0], 300))

    def unending():
        yield wav()[:100]
        wait_until(lambda: slow.done(), "the slow one's time", 30.0)

    wait_until(lambda: not jobs(small), "the end of earlier jobs")
    with ThreadPoolExecutor(2) as clients:
        slow = clients.submit(post, small, long)
        wait_until(lambda: jobs(small), "the job")
        late = clients.submit(post, small, unending(), content_length=str(len(wav())))
        status, headers, body = post(small, wav())
        assert (status, "try again later" in json.loads(body)["error"]) == (503, True)
        assert int(headers["retry-after"]) > 0
        status, _, body = slow.result(60)
        assert (status, "longer than this server allows" in json.loads(body)["error"]) == (503, True)
        status, _, body = late.result(60)
        assert (status, f"within {TIME_S} s" in json.loads(body)["error"]) == (408, True)
