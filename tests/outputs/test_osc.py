"""Open Sound Control, over the loopback, to and from python-osc's own server and client."""

import queue
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_message_builder import build_msg
from pythonosc.osc_server import BlockingOSCUDPServer
from pythonosc.udp_client import SimpleUDPClient

from streamer.errors import ConfigError, DeviceError, OutputError
from streamer.events import Gap, NoteOff, NoteOn, PitchEstimate
from streamer.live.osc import osc_commands, osc_control
from streamer.outputs import osc
from streamer.outputs.osc import OscSink, osc_address
from tests.docs.pages import ROOT

RATE_HZ = 8000
WITHIN_S = 10.0


@pytest.fixture
def receiver():
    """The port of a receiver, and the queue of what has arrived at it."""
    arrived: queue.Queue[tuple] = queue.Queue()
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *arguments: arrived.put((address, *arguments)))
    with BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_address[1], lambda: arrived.get(timeout=WITHIN_S)
        server.shutdown()
        thread.join()


def pitch(sample, f0_hz):
    return PitchEstimate(sample, sample, f0_hz, 0.5, -20.0, 0.1)


def test_every_event_arrives_with_its_arguments(receiver):
    port, arrived = receiver
    sink = OscSink("localhost", port, RATE_HZ)
    assert arrived() == ("/streamer/begin", RATE_HZ)
    sink.send(NoteOn(10, 5, 60, 90, 60.25, note_id=1))
    assert arrived() == ("/streamer/note_on", 60, 90, 60.25, 1, 0, 1)
    sink.send(NoteOn(10, 5, 61, 90, 61.0, note_id=2, corrects=1, channel=3))
    assert arrived() == ("/streamer/note_on", 61, 90, 61.0, 2, 1, 4)
    sink.send(NoteOff(20, 15, 60, 60.5, 1))
    assert arrived() == ("/streamer/note_off", 60, 60.5, 1, 1)
    for sample, f0_hz in ((100, 440.0), (140, 441.0), (180, None), (300, 220.0)):
        sink.send(pitch(sample, f0_hz))
    assert [arrived() for _ in range(3)] == [("/streamer/pitch", f0_hz, 0.5, -20.0) for f0_hz in (440.0, 0.0, 220.0)]
    sink.send(Gap(400, 1 << 40))
    assert arrived() == ("/streamer/gap", 2**31 - 1)
    sink.close()
    assert arrived() == ("/streamer/note_off", 61, 61.0, 2, 4)
    sink.send(NoteOn(500, 495, 60, 90, 60.0, note_id=3))  # after its end: nothing


def test_a_panic_ends_what_sounds_and_says_so(receiver):
    port, arrived = receiver
    sink = OscSink("127.0.0.1", port, RATE_HZ)
    sink.send(NoteOn(10, 5, 60, 90, 60.0, note_id=1))
    sink.panic()
    sink.close()
    assert [arrived()[0].rpartition("/")[2] for _ in range(4)] == ["begin", "note_on", "note_off", "panic"]


class BrokenSocket:
    """Stands in for the network that goes away."""

    def __init__(self, real):
        self.real = real

    def sendto(self, *_):
        raise OSError(101, "Network is unreachable")

    def close(self):
        self.real.close()


def test_when_the_network_is_back_what_sounded_ends(receiver):
    port, arrived = receiver
    sink = OscSink("127.0.0.1", port, RATE_HZ)
    sink.send(NoteOn(10, 5, 60, 90, 60.0, note_id=1))
    sink._socket = BrokenSocket(sink._socket)
    with pytest.raises(OutputError, match=r"OSC 127.0.0.1:\d+ cannot be reached: Network is unreachable"):
        sink.send(NoteOff(20, 15, 60, 60.0, 1))
    sink.close()
    sink.reopen()
    sink.close()
    assert [arrived()[0].rpartition("/")[2] for _ in range(4)] == ["begin", "note_on", "begin", "note_off"]


def test_a_host_that_is_none_is_told_in_one_line():
    with pytest.raises(OutputError, match=r"OSC cannot be sent to no\.such\.host\.invalid"):
        OscSink("no.such.host.invalid", 9000, RATE_HZ)


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:9000", ("127.0.0.1", 9000)), ("[::1]:9000", ("::1", 9000)), ("synth.local:1", ("synth.local", 1))],
)
def test_addresses_are_read(text, address):
    assert osc_address(text) == address
    assert osc_address("9000", "127.0.0.1") == ("127.0.0.1", 9000)


@pytest.mark.parametrize("text", ["", "9000", "host:", "host:0", "host:65536", ":9000", "host:9x", "host:" + "9" * 99])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ConfigError, match="is no address for OSC; write host:port"):
        osc_address(text)


def packet(address, *arguments):
    return build_msg(address, list(arguments)).dgram


@pytest.mark.parametrize(
    ("sent", "commands"),
    [
        (packet("/streamer/transpose", 1), ["transpose 1"]),
        (packet("/streamer/transpose", -12.0), ["transpose -12"]),
        (packet("/streamer/mute"), ["mute"]),
        (packet("/streamer/mute", 1.0), ["mute"]),
        (packet("/streamer/mute", 0.0), []),
        (packet("/streamer/set", "gate", -50.5), ["set gate -50.5"]),
        (packet("/other/mute"), []),
        (packet("/streamer/mute", b"\0"), []),
        (b"", []),
        (b"#bundle\0" + b"\0" * 8 + b"\xff" * 99, []),
    ],
)
def test_what_is_received_becomes_commands(sent, commands):
    assert osc_commands(sent) == commands


@given(st.binary(max_size=200))
def test_no_packet_breaks_it(content):
    for prefix in (b"", b"#bundle\0", b"/streamer/mute\0\0,"):
        assert isinstance(osc_commands(prefix + content), list)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_commands_arrive_and_the_first_that_is_none_is_told():
    taken: queue.Queue[str] = queue.Queue()
    told: queue.Queue[str] = queue.Queue()

    def command(line: str) -> bool:
        taken.put(line)
        return line != "shout loud"

    port = free_port()
    with osc_control("127.0.0.1", port, command, told.put):
        client = SimpleUDPClient("127.0.0.1", port)
        client.send_message("/streamer/shout", "loud")
        client.send_message("/streamer/shout", "loud")
        client.send_message("/streamer/panic", [])
        assert [taken.get(timeout=WITHIN_S) for _ in range(3)] == ["shout loud", "shout loud", "panic"]
        client._sock.close()
        with (
            pytest.raises(DeviceError, match=f"OSC cannot be received at 127.0.0.1:{port}"),
            osc_control("127.0.0.1", port, command, told.put),
        ):
            pass
    assert told.get(timeout=WITHIN_S) == "OSC: there is no command 'shout loud'; more of such will not be told"
    assert told.empty()


def test_the_reference_of_the_addresses_is_that_of_the_guide():
    guide = (ROOT / "docs/guide/music.md").read_text(encoding="utf-8")
    addresses = [line.strip("`") for line in (osc.__doc__ or "").splitlines() if line.startswith("``/streamer/")]
    assert len(addresses) == 6
    assert [address for address in addresses if f"`{address}`" not in guide] == []
