"""Whatever dies while a note sounds: no stuck note, readable files, one clear line."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from jackserver import MICROPHONE, JackServer
from livecommand import Live
from melody import Melody
from receivers import MidiDump, notes_on, read_midi_file, sounding
from waiting import end_process, wait_until

pytestmark = [pytest.mark.jack, pytest.mark.usefixtures("jack_midi")]
A3 = 57
MOST_PLAYERS = 3


@pytest.fixture
def start(jack: JackServer, tmp_path: Path) -> Iterator[Callable[..., Live]]:
    """Starts `streamer live`, its microphone free, and ends it whatever happens."""
    started: list[Live] = []

    def starter(*arguments: str) -> Live:
        live = Live(tmp_path, *arguments, env=jack.env)
        started.append(live)
        live.await_microphone(jack)
        return live

    yield starter
    for live in started:
        live.abandon()


def sound_note(jack: JackServer, live: Live, recording: Path) -> None:
    """Play until a note is heard: a player that comes while the server is busy may never get its connection."""
    for _ in range(MOST_PLAYERS):
        player = jack.play(recording)
        with suppress(AssertionError):
            live.await_events("note_on", 1, timeout_s=10.0)
            return
        end_process(player)
    raise AssertionError(f"no note in {MOST_PLAYERS} playings; it said: {live.said()}")


def assert_whole(messages: list[mido.Message]) -> None:
    """The note arrived and ended, however often: a period that a busy server drops tears the tone."""
    assert {m.note for m in notes_on(messages)} == {A3}
    assert not sounding(messages)


def assert_files_whole(live: Live, midi_file: Path, sound_file: Path) -> None:
    """The three files of a session that ended while A3 sounded are complete."""
    messages = read_midi_file(midi_file)
    assert_whole(messages)
    for kind in ("note_on", "note_off"):
        assert [e["note"] for e in live.events(kind)] == [m.note for m in notes_on(messages)]
    samples, _ = soundfile.read(sound_file)
    assert np.abs(samples).max() > 0.05


ENDINGS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1]


@pytest.mark.parametrize("number", ENDINGS, ids=lambda s: s.name)
def test_a_signal_ends_the_note_first(
    number: signal.Signals,
    jack: JackServer,
    start: Callable[..., Live],
    long_note: Path,
    tmp_path: Path,
) -> None:
    take, sound = tmp_path / "take.mid", tmp_path / "take.wav"
    live = start("--virtual", "--midi", str(take), "--record-audio", str(sound))
    dump = MidiDump(jack, tmp_path)
    jack.connect(jack.midi_output("streamer"), dump.port)
    sound_note(jack, live, long_note)
    wait_until(lambda: sounding(dump.messages()), "the note at the receiver")
    assert live.end(number) == 128 + number, live.said()
    wait_until(lambda: not sounding(dump.messages()), "the note-off at the receiver")
    assert_whole(dump.close())
    assert_files_whole(live, take, sound)
    assert "Traceback" not in live.said()


def test_a_receiver_that_is_killed_costs_the_other_nothing(
    jack: JackServer, start: Callable[..., Live], long_note: Path, tmp_path: Path
) -> None:
    first, second = MidiDump(jack, tmp_path, "first"), MidiDump(jack, tmp_path, "second")
    live = start("--output", "first:input", "--output", "second:input,transpose=12,channel=3")
    sound_note(jack, live, long_note)
    for dump, note in ((first, A3), (second, A3 + 12)):
        wait_until(lambda dump=dump, note=note: sounding(dump.messages()) == {note}, "the note at each receiver")
    first.kill()
    before = len(live.events("pitch"))
    wait_until(lambda: len(live.events("pitch")) > before + 100, "it to go on")
    assert sounding(second.messages()) == {A3 + 12}
    assert live.end(signal.SIGTERM) == 128 + signal.SIGTERM, live.said()
    wait_until(lambda: not sounding(second.messages()), "the note-off at the receiver that is left")
    assert {(m.note, m.channel) for m in notes_on(second.close())} == {(A3 + 12, 2)}
    assert "Traceback" not in live.said()


@pytest.mark.parametrize("time_", range(3))
def test_a_process_that_is_stopped_ends_the_note_first_and_goes_on(
    time_: int, jack: JackServer, start: Callable[..., Live], long_note: Path, tmp_path: Path
) -> None:
    live = start("--virtual")
    dump = MidiDump(jack, tmp_path)
    jack.connect(jack.midi_output("streamer"), dump.port)
    sound_note(jack, live, long_note)
    wait_until(lambda: sounding(dump.messages()), "the note at the receiver")
    live.process.send_signal(signal.SIGTSTP)
    state = Path(f"/proc/{live.process.pid}/stat")
    wait_until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "it to stand still")
    wait_until(lambda: not sounding(dump.messages()), "the note-off at the receiver", 3.0)
    live.process.send_signal(signal.SIGCONT)
    live.await_events("gap", 1)
    live.await_events("note_on", 2)
    assert live.end(signal.SIGTERM) == 128 + signal.SIGTERM, live.said()
    wait_until(lambda: not sounding(dump.messages()), "the last note-off")
    assert_whole(dump.close())
    assert re.search(r"\d loss(es)? \(", live.said())  # a busy server's overruns may be among them


def test_a_server_that_stands_still_cannot_hold_the_process(
    jack: JackServer, start: Callable[..., Live], long_note: Path
) -> None:
    live = start("--virtual")
    sound_note(jack, live, long_note)
    assert jack._process is not None
    jack._process.send_signal(signal.SIGSTOP)
    try:
        assert live.end(signal.SIGTERM, timeout_s=16.0) in (1, 128 + signal.SIGTERM, 128 + signal.SIGKILL), live.said()
    finally:
        jack._process.send_signal(signal.SIGCONT)
    assert "Traceback" not in live.said()


def test_the_server_is_killed_while_a_note_sounds(
    jack: JackServer, start: Callable[..., Live], long_note: Path, tmp_path: Path
) -> None:
    take, sound = tmp_path / "take.mid", tmp_path / "take.wav"
    live = start("--virtual", "--midi", str(take), "--record-audio", str(sound))
    sound_note(jack, live, long_note)
    before = live.said()
    jack.kill()
    live.await_events("note_off", 1)
    wait_until(lambda: live.said() != before, "a line about it")
    assert_files_whole(live, take, sound)  # while it still waits for the device
    assert live.end(signal.SIGTERM) in (1, 128 + signal.SIGTERM), live.said()
    assert_files_whole(live, take, sound)
    assert "Traceback" not in live.said()


@pytest.mark.parametrize("jack", [True], indirect=True, ids=["synchronous"])
def test_the_server_comes_back(
    jack: JackServer,
    start: Callable[..., Live],
    long_note: Path,
    melody: Melody,
    tmp_path: Path,
) -> None:
    take = tmp_path / "take.mid"
    live = start("--virtual", "--midi", str(take))
    sound_note(jack, live, long_note)
    jack.stop()
    live.await_events("note_off", 1)
    jack.start()
    live.await_words("(JACK) is back")
    live.await_microphone(jack, "input system is back")
    dump = MidiDump(jack, tmp_path)
    jack.connect(jack.midi_output("streamer"), dump.port)
    jack.play(melody.recording)
    live.await_events("note_off", 1 + len(melody.notes), timeout_s=60.0)
    assert live.end(signal.SIGTERM) == 128 + signal.SIGTERM, live.said()
    assert [e["note"] for e in live.events("note_on")] == [A3, *melody.notes]
    assert [m.note for m in notes_on(dump.close())] == list(melody.notes)
    takes = [take, take.with_name("take-2.mid")]
    assert [[m.note for m in notes_on(read_midi_file(path))] for path in takes] == [[A3], list(melody.notes)]
    assert MICROPHONE not in jack.ports()


@pytest.fixture
def small_disk(skip_unless_ci: Callable[[str], None]) -> Iterator[Path]:
    """A folder with room for 256 KiB: a few seconds of sound."""
    if os.geteuid() != 0:
        skip_unless_ci("only root can mount a small disk")
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "small", folder]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            skip_unless_ci(f"a small disk cannot be mounted: {done.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            # Lazily: should a program still be in it, the folder must not stay behind all the same.
            subprocess.run(["umount", "--lazy", folder], check=True)


def test_the_disk_is_full_while_a_note_sounds(
    jack: JackServer,
    small_disk: Path,
    start: Callable[..., Live],
    long_note: Path,
    tmp_path: Path,
) -> None:
    take, sound = small_disk / "take.mid", small_disk / "take.wav"
    live = start("--virtual", "--midi", str(take), "--record-audio", str(sound))
    dump = MidiDump(jack, tmp_path)
    jack.connect(jack.midi_output("streamer"), dump.port)
    sound_note(jack, live, long_note)
    line = live.await_words(sound.name)
    assert "the disk is full" in line
    assert live.end(signal.SIGTERM) in (1, 128 + signal.SIGTERM), live.said()
    wait_until(lambda: not sounding(dump.messages()), "the note-off at the receiver")
    assert_whole(dump.close())
    samples, _ = soundfile.read(sound)
    assert len(samples) > jack.rate_hz
    assert_whole(read_midi_file(take))
    assert "Traceback" not in live.said()
