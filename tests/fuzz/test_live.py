"""A short draw of the sessions and processes whose parts fail."""

import importlib.util
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("needs POSIX signals and /proc", allow_module_level=True)

from tests.fuzz import processes, sessions


def test_sessions_whose_parts_fail_end_every_note_and_leave_nothing() -> None:
    assert sessions.run(25, seed=1) == []


@pytest.mark.jack
@pytest.mark.parametrize("way", dict.fromkeys(processes.WAYS), ids=lambda way: way.__name__)
def test_a_process_ends_its_notes_whatever_befalls_it(way, require_program) -> None:
    for program in ("jackd", "jack_lsp", "jack_connect", "jack_disconnect", "jack_midi_dump", "jack-play", "stdbuf"):
        require_program(program)
    if importlib.util.find_spec("rtmidi") is None:
        pytest.skip("JACK MIDI needs python-rtmidi, which has no wheel for this Python")
    assert processes.run_one(way, "1") == []
