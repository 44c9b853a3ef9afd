"""What a real synthesiser plays of bends, on one channel and as MPE: its sound, tracked back."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from jackserver import JackServer
from livecommand import Live
from melody import SOUNDFONTS
from numpy.typing import NDArray
from waiting import wait_until

pytestmark = [pytest.mark.jack, pytest.mark.usefixtures("jack_midi")]
RATE_HZ = 48_000
HOP = 480
ORGAN = 19  # its General MIDI program, counted from 0: it sounds as long as it is held, without a vibrato of its own
SMOOTH, MPE = "one-channel", "each-note-its-own"
# SoundFonts make a vibrato of pressure, so loudness goes to CC 11; and there are drums on channel 10.
PLAIN_MPE = f"{MPE},mpe=lower,mpe_channels=8"
LEVEL = ("--control", "cc11=level")
MOST_CENTS = 20.0


def melody() -> NDArray[np.float64]:
    """Fractional note numbers at each sample, 0 for silence: out of tune, with a vibrato, and a scoop."""
    parts = []
    for name, length_s in ((57.3, 0.7), (62.0, 1.2), (59.8, 0.7), (64.0, 0.8)):
        time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
        midi = np.full(len(time_s), name)
        if name == 62.0:
            midi += 0.5 * np.sin(2 * np.pi * 5.0 * time_s)
        if name == 64.0:
            midi -= 0.9 * np.exp(-time_s / 0.1)
        parts += [np.zeros(round(0.12 * RATE_HZ)), midi]
    return np.concatenate([np.zeros(RATE_HZ // 2), *parts])


def tone(midi: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ten harmonics at these pitches, each note with an attack and an end of 10 ms."""
    phase = 2 * np.pi * np.cumsum(440.0 * 2 ** ((midi - 69.0) / 12.0)) / RATE_HZ
    loud = np.convolve(midi > 0, np.full(480, 1 / 480), "same")
    return 0.15 * loud * sum(np.sin(k * phase) / k for k in range(1, 11))


def tracked(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """The pitch of each hop by autocorrelation, 0 where it is quiet."""
    wide = 4 * HOP
    found = np.zeros(len(sound) // HOP)
    for k in range(2, len(found) - 3):
        part = sound[k * HOP - wide // 2 : k * HOP + wide // 2]
        if np.abs(part).max() < 0.01:
            continue
        same = np.fft.irfft(np.abs(np.fft.rfft(part * np.hanning(wide), 2 * wide)) ** 2)
        same /= np.fft.irfft(np.abs(np.fft.rfft(np.hanning(wide), 2 * wide)) ** 2)[: len(same)] + 1e-9
        shortest, longest = RATE_HZ // 420, RATE_HZ // 180
        lag = shortest + int(np.argmax(same[shortest:longest]))
        before, here, after = same[lag - 1 : lag + 2]
        lag_exact = lag + 0.5 * (before - after) / (before - 2 * here + after)
        found[k] = 69.0 + 12.0 * np.log2(RATE_HZ / lag_exact / 440.0)
    return found


def cents_off(heard: NDArray[np.float64], played: NDArray[np.float64]) -> float:
    """The median distance, at the delay at which it is least."""
    found = []
    for late in range(len(heard) - len(played)):
        both = (played > 0) & (heard[late : late + len(played)] > 0)
        if both.sum() > 0.7 * (played > 0).sum():
            found.append(100.0 * float(np.median(np.abs(heard[late : late + len(played)] - played)[both])))
    assert found, "nothing like what was played was heard"
    return min(found)


@pytest.mark.parametrize("jack", [True], indirect=True, ids=["synchronous"])
def test_a_synthesiser_sounds_at_the_pitch_that_is_played(
    jack: JackServer, tmp_path: Path, require_program: Callable[[str], str], skip_unless_ci: Callable[[str], None]
) -> None:
    require_program("fluidsynth")
    recorder_program = require_program("jack_rec")
    font = next((font for font in SOUNDFONTS if Path(font).exists()), None)
    if font is None:
        skip_unless_ci("no General MIDI soundfont (fluid-soundfont-gm or timgm6mb-soundfont) is installed")
    midi = melody()
    recording, heard_file, commands = tmp_path / "played.wav", tmp_path / "heard.wav", tmp_path / "programs.txt"
    soundfile.write(recording, tone(midi), RATE_HZ, subtype="PCM_16")
    commands.write_text("".join(f"prog {channel} {ORGAN}\n" for channel in range(16)))
    for name in (SMOOTH, MPE):
        jack.run(
            *("fluidsynth", "-q", "-a", "jack", "-m", "jack", "-R0", "-C0", "-g1", "-r", str(RATE_HZ)),
            *("-o", f"audio.jack.id={name}", "-o", f"midi.jack.id={name}", "-f", str(commands), str(font)),
            stdin=subprocess.PIPE,  # it ends with its shell
        )
    wait_until(lambda: {f"{name}:midi_00" for name in (SMOOTH, MPE)} <= set(jack.ports()), "the synthesisers")
    live = Live(tmp_path, "--output", f"{SMOOTH},bend=smooth", "--output", PLAIN_MPE, *LEVEL, env=jack.env)
    try:
        live.await_microphone(jack)
        outs = [f"{name}:left" for name in (SMOOTH, MPE)]
        recorder = jack.run(recorder_program, "-f", str(heard_file), "-d", "5", "-b", "16", *outs)
        wait_until(lambda: any("jackrec" in port for port in jack.ports()), "the recorder")
        jack.play(recording).wait(60)
        recorder.wait(20)
        status = live.end(signal.SIGTERM)
    finally:
        live.abandon()
    assert status == 128 + signal.SIGTERM, live.said()
    heard, _ = soundfile.read(heard_file)
    for side, name in enumerate((SMOOTH, MPE)):
        off = cents_off(tracked(heard[:, side]), midi[::HOP])
        print(f"{name}: {off:.1f} cents off, median")
        assert off < MOST_CENTS, f"{name}: {off:.1f} cents off"
