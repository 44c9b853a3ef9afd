"""Calibration: settings that suit what is played, whatever the sound is cut into."""

import numpy as np
import pytest

from streamer.audio.round_trip import bursts, delay_s
from streamer.calibration import STEPS, Calibrator
from streamer.config import TrackerConfig
from streamer.events import Block
from tests.tones import pluck

RATE_HZ = 48_000
ROOM_DB = -72.0


def session(*, room_db: float = ROOM_DB, cents: float = 20.0, low: int = 40, high: int = 76) -> np.ndarray:
    """Silence, three soft and three loud notes, the lowest and the highest, in a room that hisses."""

    def note(midi: float, level: float, length_s: float) -> list[np.ndarray]:
        tone = pluck(midi + cents / 100.0, length_s, RATE_HZ, level)
        return [tone, np.zeros(round(0.3 * RATE_HZ), np.float32)]

    parts = [np.zeros(round(3.5 * RATE_HZ), np.float32)]
    for level in (0.04, 0.5):
        for midi in (52, 57, 59):
            parts += note(midi, level, 0.3)
    parts += [*note(low, 0.3, 0.6), *note(high, 0.3, 0.6)]
    sound = np.concatenate(parts)
    hiss = np.random.default_rng(0).normal(0.0, 10.0 ** (room_db / 20.0), len(sound))
    return (sound + hiss).astype(np.float32)


def calibrated(sound: np.ndarray, block: int = 4800) -> Calibrator:
    calibrator = Calibrator(RATE_HZ)
    for at in range(0, len(sound), block):
        calibrator.process(Block(sound[at : at + block], at, 0))
    return calibrator


def test_settings_suit_what_was_played():
    calibrator = calibrated(session())
    assert calibrator.step is None
    values = calibrator.values()
    assert calibrator.room_db == pytest.approx(ROOM_DB, abs=2.0)
    assert values["gate"] == pytest.approx(ROOM_DB + 8.0, abs=2.0)
    assert (values["low"], values["high"]) == (39, 77)
    assert values["a4"] == pytest.approx(440.0 * 2.0 ** (20 / 1200), abs=1.0)
    soft, loud = (int(point.partition(":")[0]) for point in values["velocity"].split(",")[1:3])
    assert values["velocity"] == f"1:1,{soft}:40,{loud}:112,127:127"
    assert soft + 40 < loud  # 22 dB apart
    assert calibrator.complaints() == []
    TrackerConfig(gate_db=values["gate"], low_midi=values["low"], high_midi=values["high"], a4_hz=values["a4"])


def test_it_does_not_depend_on_how_the_sound_is_cut():
    sound = session()[: 6 * RATE_HZ]
    first, second = calibrated(sound, 480), calibrated(sound, 9600)
    assert (first.heard, first.room_db) == (second.heard, second.room_db)


def test_what_is_too_soft_or_upside_down_is_told():
    calibrator = calibrated(session(low=76, high=52))
    assert calibrator.complaints() == ["the lowest note, E5, is not below the highest, E3: the range stays as it was"]
    assert "low" not in calibrator.values()
    calibrator.room_db = -40.0
    assert "dB above the room: go nearer" in calibrator.complaints()[0]
    silent = Calibrator(RATE_HZ)
    silent.process(Block(np.zeros(4 * RATE_HZ, np.float32), 0, 0))
    assert silent.step == STEPS[1]
    assert "exactly zero" in silent.complaints()[0]


def test_steps_can_be_left_out_and_done_again():
    calibrator = Calibrator(RATE_HZ)
    for _ in range(2):
        calibrator.skip()
    assert calibrator.step == STEPS[2]
    calibrator.back()
    assert calibrator.step == STEPS[1]
    for _ in STEPS:
        calibrator.skip()
    assert calibrator.step is None
    assert calibrator.values() == {}


@pytest.mark.parametrize(("delay", "inverted"), [(0.0, 1), (0.0123, 1), (0.21, -1)])
def test_the_round_trip_is_how_late_the_bursts_come_back(delay, inverted):
    played = bursts(RATE_HZ)
    late = round(delay * RATE_HZ)
    heard = np.concatenate([np.zeros(late, np.float32), 0.02 * inverted * played])[: len(played)]
    heard += np.random.default_rng(2).normal(0.0, 0.001, len(heard)).astype(np.float32)
    assert delay_s(heard, RATE_HZ) == pytest.approx(delay, abs=2 / RATE_HZ)


def test_no_round_trip_is_made_of_noise_or_silence():
    noise = np.random.default_rng(3).normal(0.0, 0.1, len(bursts(RATE_HZ))).astype(np.float32)
    assert delay_s(noise, RATE_HZ) is None
    assert delay_s(np.zeros_like(noise), RATE_HZ) is None
