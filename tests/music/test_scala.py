"""Tunings from Scala files."""

import contextlib
import math
import random

import pytest

from streamer.config import TrackerConfig
from streamer.errors import ConfigError
from streamer.events import NoteOff, NoteOn
from streamer.music.config import MusicConfig
from streamer.music.scala import read_tuning
from streamer.tracker import make_tracker
from tests.music.test_config import off, on, pitch
from tests.tones import melody

JUST = """! just.scl
!
a just major scale
 7
!
 9/8
 5/4
 4/3
 3/2
 5/3
 15/8
 2/1
"""
# The scale on the white keys alone, and nothing on the black.
MAPPED = "12\n0\n127\n60\n60\n261.625565\n7\n0\nx\n1\nx\n2\n3\nx\n4\nx\n5\nx\n6\n"
QUARTER_TONES = "! 24.scl\n!\nquarter tones\n 24\n!\n" + "".join(f" {50.0 * k}\n" for k in range(1, 25))


@pytest.fixture
def files(tmp_path):
    for name, text in {"just.scl": JUST, "white.kbm": MAPPED, "24.scl": QUARTER_TONES}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_keys_sound_as_the_ratios_say(files):
    tuning = read_tuning(files / "just.scl", files / "white.kbm")
    assert sorted(tuning)[28:43] == [48, 50, 52, 53, 55, 57, 59, 60, 62, 64, 65, 67, 69, 71, 72]
    cents = [round(100 * (tuning[key] - 60.0), 1) for key in (60, 62, 64, 65, 67, 69, 71, 72)]
    assert cents == [0.0, 203.9, 386.3, 498.0, 702.0, 884.4, 1088.3, 1200.0]
    # Without a mapping, one key after the other has the next note of the scale.
    assert read_tuning(files / "24.scl")[62] == pytest.approx(61.0, abs=1e-6)


def test_a4_is_what_pitches_are_relative_to(files):
    low = read_tuning(files / "just.scl", files / "white.kbm", 432.0)[60]
    assert low == pytest.approx(60.3177, abs=1e-3)


# What is played, and the key and the pitch that a synthesiser with the files is sent.
SENT = [(60.0, 60, 60.0), (63.9, 64, 64.037), (63.8, 64, 63.937), (61.1, 62, 61.061), (65.9, 65, 65.92)]


@pytest.mark.parametrize(("midi", "key", "heard"), SENT)
def test_a_note_is_sent_as_the_key_that_sounds_nearest_and_bends_from_there(files, midi, key, heard):
    ledger = MusicConfig(scala=files / "just.scl", kbm=files / "white.kbm").ledger()
    sent = ledger.apply(on(round(midi), 1, midi))
    assert sent.note == key
    assert sent.midi == pytest.approx(heard, abs=2e-3)
    moved = ledger.apply(pitch(midi + 0.3)).f0_hz / pitch(midi + 0.3).f0_hz
    assert moved == pytest.approx(2 ** ((heard - midi) / 12), rel=1e-3)
    ended = ledger.apply(off(round(midi), 1))
    assert isinstance(ended, NoteOff)
    assert ended.note == key


def test_two_notes_of_quarter_tones_have_keys_of_their_own(files):
    ledger = MusicConfig(scala=files / "24.scl").ledger()
    assert [ledger.apply(on(round(midi), k, midi)).note for k, midi in enumerate((60.0, 60.5, 61.0), 1)] == [60, 61, 62]


def test_quarter_tones_that_are_played_begin_as_their_own_keys(files):
    rate_hz, played = 48_000, [60.5, 59.0, 66.48, 62.5, 64.0, 67.52, 70.5, 69.5, 71.51, 65.0, 62.48, 57.5]
    ledger = MusicConfig(scala=files / "24.scl").ledger()
    sound, _ = melody(played, rate_hz)
    sent = [ledger.apply(event) for event in make_tracker(TrackerConfig(), rate_hz).process(sound)]
    assert [event.note for event in sent if isinstance(event, NoteOn)] == [round(60 + 2 * (p - 60)) for p in played]


def test_what_is_far_from_every_key_can_be_left_out(files):
    music = MusicConfig(scala=files / "just.scl", kbm=files / "white.kbm", lock="drop")
    assert music.ledger().apply(on(61, 1, 61.0)) is None
    assert music.ledger().apply(on(62, 1, 62.3)).note == 62
    assert MusicConfig(scala=files / "just.scl", lock="off").ledger().apply(on(61, 1)) == on(61, 1)


BROKEN = {
    "empty.scl": "",
    "fewer.scl": "! a\n!\na\n 3\n!\n 2/1\n",
    "zero.scl": "! a\n!\na\n 1\n!\n 1/0\n",
    "endless.scl": "! a\n!\na\n 1\n!\n 1e999.\n",
    "long.scl": "! a\n" * 50_000,
    "picture.scl": "".join(map(chr, range(256))) * 20,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_scale_is_refused_in_one_line(files, name):
    (files / name).write_text(BROKEN[name], encoding="latin-1")
    with pytest.raises(ConfigError) as refused:
        MusicConfig(scala=files / name)
    assert str(refused.value).startswith(str(files / name))
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kbm": "white.kbm"}, "--kbm maps the keys of a tuning"),
        ({"scala": "just.scl", "scale": "C major"}, "leave one out"),
        ({"scala": "none.scl"}, "none.scl cannot be read"),
        ({"scala": "just.scl", "kbm": "just.scl"}, "is no Scala keyboard mapping"),
    ],
)
def test_what_cannot_be_is_refused(files, values, message):
    with pytest.raises(ConfigError, match=message):
        MusicConfig(**{name: value if name == "scale" else files / value for name, value in values.items()})


def test_damaged_files_give_a_tuning_or_a_line(files):
    rng = random.Random(0)
    for _ in range(300):
        scl, kbm = bytearray(JUST.encode()), bytearray(MAPPED.encode())
        for content in (scl, kbm):
            for _ in range(rng.randrange(4)):
                at = rng.randrange(len(content))
                content[at : at + rng.randrange(3)] = rng.choice((b"-1", b"9" * 9, b"\n", b"/0", b"x", b"\0", b"."))
        (files / "a.scl").write_bytes(scl)
        (files / "a.kbm").write_bytes(kbm)
        with contextlib.suppress(ConfigError):
            tuning = read_tuning(files / "a.scl", files / "a.kbm")
            assert all(math.isfinite(midi) for midi in tuning.values())
