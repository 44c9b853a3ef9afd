"""Fixtures that start the real programs around `streamer live`."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
from jackserver import JackServer
from melody import JAZZ_GUITAR, SOUNDFONTS, Melody, render
from terminals import Terminal

JACK_PROGRAMS = ("jackd", "jack_lsp", "jack_connect", "jack_disconnect", "jack_midi_dump", "jack-play", "stdbuf")


@pytest.fixture
def jack(tmp_path: Path, require_program: Callable[[str], str], request: pytest.FixtureRequest) -> Iterator[JackServer]:
    """A running JACK server, for this test alone; parametrized indirectly with True, one that waits for its clients."""
    for program in JACK_PROGRAMS:
        require_program(program)
    server = JackServer(tmp_path, synchronous=getattr(request, "param", False))
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def jack_midi() -> None:
    """Skips where the one MIDI library that speaks to JACK cannot be had."""
    if find_spec("rtmidi") is None:
        pytest.skip("JACK MIDI needs python-rtmidi, which has no wheel for this Python")


@pytest.fixture(scope="session")
def melody(
    tmp_path_factory: pytest.TempPathFactory,
    require_program: Callable[[str], str],
    skip_unless_ci: Callable[[str], None],
) -> Melody:
    """Sixteen notes on an electric guitar at the server's rate."""
    for program in ("fluidsynth", "sox"):
        require_program(program)
    if not any(Path(font).exists() for font in SOUNDFONTS):
        skip_unless_ci("no General MIDI soundfont (fluid-soundfont-gm or timgm6mb-soundfont) is installed")
    return render(tmp_path_factory.mktemp("melody"), 48_000, program=JAZZ_GUITAR)


@pytest.fixture(scope="session")
def long_note(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of silence, then A3 held for a minute: ten harmonics, as of a bowed string."""
    rate_hz = 48_000
    time_s = np.arange(60 * rate_hz) / rate_hz
    tone = sum(np.sin(2 * np.pi * 220.0 * k * time_s) / k for k in range(1, 11))
    tone *= 0.15 * np.minimum(1.0, time_s / 0.02)
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    soundfile.write(path, np.concatenate([np.zeros(rate_hz // 2), tone]), rate_hz, subtype="PCM_16")
    return path


@pytest.fixture
def terminal(tmp_path: Path, jack: JackServer, require_program: Callable[[str], str]) -> Iterator[Terminal]:
    require_program("tmux")
    env = {k: v for k, v in jack.env.items() if k not in ("TMUX", "NO_COLOR")} | {"LANG": "C.UTF-8", "PS1": "$ "}
    window = Terminal(tmp_path / "tmux", env, 80, 24)
    yield window
    window.close()
