"""MIDI learn: what controllers and keys do, and what they are taught."""

import pytest

from streamer.control import parse_command
from streamer.errors import ConfigError
from streamer.live.learned import Learned
from streamer.live.session import Session
from tests.scripted import Receiver, Script, ScriptedTracker, wait_for


def cc(number: int, value: int, channel: int = 1) -> bytes:
    return bytes((0xB0 | channel - 1, number, value))


def note(number: int, velocity: int, channel: int = 1) -> bytes:
    return bytes((0x90 | channel - 1, number, velocity))


def test_knobs_buttons_and_keys_do_what_they_are_bound_to():
    learned = Learned(["cc 1 20 set gate", "cc 1 64 mute", "note 10 36 step octave +1", "cc 1 21 set transpose"])
    asked = [learned.take(cc(20, value)) for value in (0, 64, 127)]
    assert asked == ["set gate -100.000", "set gate -49.606", "set gate 0.000"]
    assert [learned.take(cc(64, value)) for value in (10, 70, 127, 0, 64)] == [None, "mute", None, None, "mute"]
    assert [learned.take(note(36, v, 10)) for v in (90, 0)] == ["step octave +1", None]
    assert learned.take(cc(21, 127)) == "set transpose 60"
    assert [learned.take(m) for m in (cc(20, 5, 2), note(36, 90), b"\xf8", b"\xc0\x05", b"")] == [None] * 5
    assert all(parse_command(line) for line in asked if line)


def test_it_learns_the_next_controller_and_the_next_key():
    learned = Learned()
    assert learned.take(cc(20, 3)) is None
    learned.begin()
    assert learned.teach("mute") is None  # nothing was moved yet
    assert learned.take(cc(20, 3, 2)) is None
    assert learned.heard == "learn: cc 20 on channel 2; now press the key of what it is to do"
    assert learned.teach("quit") is None
    assert learned.teach("step gate +1") == "learned: cc 20 on channel 2 does 'set gate'; s saves it"
    assert learned.bindings == ("cc 2 20 set gate",)
    assert learned.changed
    learned.begin()
    learned.take(note(60, 0))  # a key that comes up is not pressed
    learned.take(note(60, 1))
    assert learned.teach("step preset +1") is not None
    assert learned.take(note(60, 99)) == "step preset +1"
    assert not Learned(learned.bindings).changed


@pytest.mark.parametrize(
    "binding",
    ["", "cc 20 set gate", "cc 0 20 mute", "cc 17 20 mute", "cc 1 128 mute", "cc 1 20 shout", "cc 1 20 set preset",
     "pedal 1 20 mute", "note 1 60 step gate +1000", "cc 1 20 set gate 99"],
)  # fmt: skip
def test_what_is_no_binding_is_refused(binding):
    with pytest.raises(ConfigError, match="is no binding; write such as"):
        Learned([binding])


def test_a_session_obeys_learns_and_saves():
    kept: list[dict[str, object]] = []
    learned = Learned(["note 1 60 transpose +12"])
    session: Session

    def until(text: str):
        return lambda: wait_for(lambda: text in session.snapshot().status)

    steps = [
        lambda: learned.receive(note(60, 100)), 60, None,
        lambda: session.command("learn"), until("learn: move"),
        lambda: learned.receive(cc(7, 1)), until("cc 7 on channel 1"),
        lambda: session.command("step eagerness +1"), until("does 'set eagerness'"),
        lambda: learned.receive(cc(7, 127)), None, lambda: session.command("save"), None, until("saved"),
    ]  # fmt: skip
    receiver = Receiver()

    def keep(changed):
        kept.append(dict(changed))
        return "saved"

    session = Session(Script(*steps), ScriptedTracker(), [receiver], learned=learned, keep=keep)
    assert session.run() == 0
    assert receiver.log == ["+72", "-72"]
    assert kept == [
        {"transpose": 12, "eagerness": 1.0, "learned": ("note 1 60 transpose +12", "cc 1 7 set eagerness")}
    ]  # fmt: skip
