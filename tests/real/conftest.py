"""Fixtures that start the real programs around `streamer live`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jackserver import JackServer
from melody import SOUNDFONTS, Melody, render

JACK_PROGRAMS = ("jackd", "jack_lsp", "jack_connect", "jack_disconnect", "jack_midi_dump", "jack-play", "stdbuf")


@pytest.fixture
def jack(tmp_path: Path, require_program: Callable[[str], str]) -> Iterator[JackServer]:
    """A running JACK server, for this test alone."""
    for program in JACK_PROGRAMS:
        require_program(program)
    server = JackServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def melody(
    tmp_path_factory: pytest.TempPathFactory,
    require_program: Callable[[str], str],
    skip_unless_ci: Callable[[str], None],
) -> Melody:
    """Sixteen notes on a nylon guitar at the server's rate."""
    for program in ("fluidsynth", "sox"):
        require_program(program)
    if not any(Path(font).exists() for font in SOUNDFONTS):
        skip_unless_ci("no General MIDI soundfont (fluid-soundfont-gm or timgm6mb-soundfont) is installed")
    return render(tmp_path_factory.mktemp("melody"), 48_000, program=24)
