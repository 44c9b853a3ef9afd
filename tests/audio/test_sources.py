"""Sources that need no hardware: pipes, files, pushed and paced blocks; and which input a name means."""

import contextlib
import io
import os
import signal
import struct
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from streamer import reading
from streamer.audio.devices import InputDevice, believable_latency_ms, choose_input
from streamer.audio.file import AudioFile, PacedSource
from streamer.audio.pipe import PipeSource
from streamer.audio.push import PushSource
from streamer.audio.source import EndOfStream, Source
from streamer.errors import AudioFormatError, ConfigError, DeviceError

RATE_HZ = 48_000


def all_samples(source: Source) -> np.ndarray:
    source.start()
    heard, at = [np.zeros(0, np.float32)], 0
    try:
        while True:
            block = source.read(1.0)
            if block is not None:
                assert block.start == at
                assert block.samples.dtype == np.float32
                at += len(block.samples)
                heard.append(block.samples)
    except EndOfStream:
        pass
    source.close()
    source.close()
    return np.concatenate(heard)


def through_a_pipe(data: bytes, *sizes: int, **settings: object) -> np.ndarray:
    """Write ``data`` in pieces of these sizes."""
    reader, writer = os.pipe()

    def write() -> None:
        rest = data
        for size in sizes:
            os.write(writer, rest[:size])
            rest = rest[size:]
        while rest:
            rest = rest[os.write(writer, rest) :]
        os.close(writer)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        return all_samples(PipeSource(RATE_HZ, fd=reader, **settings))  # type: ignore[arg-type]
    finally:
        thread.join()
        for other in threading.enumerate():
            if other.name == "pipe":  # it must not read on when the descriptor is another pipe's
                other.join()
        os.close(reader)


@pytest.mark.parametrize("sizes", [(), (1, 1, 1), (3, 5, 7, 11)])
def test_a_pipe_may_be_cut_anywhere(sizes: tuple[int, ...]) -> None:
    samples = np.arange(-3000, 3000, dtype="<i2")
    assert (through_a_pipe(samples.tobytes(), *sizes) == samples / np.float32(32768)).all()


def test_a_pipe_of_floats_in_two_channels_is_mixed() -> None:
    stereo = np.array([[0.5, 0.25], [1.0, -1.0], [-0.5, -0.5]], "<f4")
    assert through_a_pipe(stereo.tobytes(), 5, sample_format="f32", channels=2).tolist() == [0.375, 0.0, -0.5]
    for channel in (1, 2):
        heard = through_a_pipe(stereo.tobytes(), 5, sample_format="f32", channels=2, channel=channel)
        assert heard.tolist() == stereo[:, channel - 1].tolist()


def test_a_file_and_a_pipe_take_the_same_of_opposite_channels(tmp_path: Path) -> None:
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ // 2) / RATE_HZ)).astype("<i2")
    stereo = np.stack([tone, -tone], axis=1)
    soundfile.write(tmp_path / "miswired.wav", stereo, RATE_HZ)
    file = AudioFile(tmp_path / "miswired.wav")
    from_file = np.concatenate(list(file.blocks()))
    assert np.array_equal(through_a_pipe(stereo.tobytes(), 1, 999, 5000, channels=2), from_file)
    assert np.array_equal(from_file[RATE_HZ // 400 :], tone[RATE_HZ // 400 :] / np.float32(32768))
    assert file.mixer.taken == "channel 1 of 2, as their mean cancels"


def test_nothing_yet_in_a_pipe_that_does_not_block_is_not_its_end() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    source = PipeSource(RATE_HZ, fd=reader)
    source.start()
    assert source.read(0.2) is None
    os.write(writer, np.array([1, 2], "<i2").tobytes())
    block = source.read(5.0)
    assert block is not None
    assert block.samples.tolist() == [1 / 32768, 2 / 32768]
    os.close(writer)
    with pytest.raises(EndOfStream):
        source.read(5.0)
    source.close()
    os.close(reader)


def test_half_a_sample_at_the_end_means_nothing() -> None:
    assert through_a_pipe(np.array([1, 2, 3], "<i2").tobytes() + b"\x07").tolist() == [1 / 32768, 2 / 32768, 3 / 32768]


def test_an_empty_pipe_ends() -> None:
    assert len(through_a_pipe(b"")) == 0


def test_no_number_from_a_pipe_is_zero() -> None:
    data = np.array([np.nan, np.inf, -np.inf, 0.5], "<f4").tobytes()
    assert through_a_pipe(data, sample_format="f32").tolist() == [0, 0, 0, 0.5]


@pytest.mark.parametrize(("header", "kind"), [(b"RIFF", "WAV"), (b"fLaC", "FLAC"), (b"OggS", "Ogg")])
def test_a_file_in_a_pipe_is_told_from_raw_samples(header: bytes, kind: str) -> None:
    for sizes in ((), (2, 1)):
        with pytest.raises(AudioFormatError, match=f"descriptor.* is a {kind} file, not raw PCM"):
            through_a_pipe(header + bytes(100), *sizes)


def test_a_quiet_pipe_lets_its_reader_go_on() -> None:
    reader, writer = os.pipe()
    source = PipeSource(RATE_HZ, fd=reader)
    source.start()
    assert source.read(0.01) is None
    os.write(writer, bytes(8))
    block = source.read(5.0)
    assert block is not None
    assert len(block.samples) == 4
    os.close(writer)
    with pytest.raises(EndOfStream):
        source.read(5.0)
    with pytest.raises(EndOfStream):
        source.read(5.0)
    source.close()
    os.close(reader)


def test_strange_pipes_are_refused() -> None:
    with pytest.raises(ConfigError, match="'s24', but must be one of s16, f32"):
        PipeSource(RATE_HZ, "s24")
    with pytest.raises(ConfigError, match="channels is 0"):
        PipeSource(RATE_HZ, channels=0)
    with pytest.raises(ConfigError, match="there is no channel 3: they are 1 to 2"):
        PipeSource(RATE_HZ, channels=2, channel=3)
    with pytest.raises(ConfigError, match="the sample rate is 0 Hz, but must be from 8000 to 192000"):
        PipeSource(0)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_files_are_decoded(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tone.{suffix}"
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)
    soundfile.write(path, np.stack([tone, tone], axis=1), RATE_HZ)
    file = AudioFile(path)
    heard = np.concatenate(list(file.blocks(1000)))
    assert file.rate_hz == RATE_HZ
    assert len(heard) == file.length
    assert abs(len(heard) - RATE_HZ) < 3000  # MP3 pads
    assert 0.3 < np.sqrt(np.mean(heard**2)) < 0.4


def sized(wav: bytes, riff: int, data: int) -> bytes:
    """A WAV file with other sizes in its header."""
    at = wav.index(b"data")
    return wav[:4] + struct.pack("<I", riff) + wav[8 : at + 4] + struct.pack("<I", data) + wav[at + 8 :]


@pytest.fixture
def wav(tmp_path: Path) -> bytes:
    soundfile.write(tmp_path / "whole.wav", np.full(RATE_HZ, 0.5, np.float32), RATE_HZ)
    return (tmp_path / "whole.wav").read_bytes()


def read_back(path: Path, content: bytes) -> int:
    """How many samples are read from a file, all of which must be right."""
    path.write_bytes(content)
    heard = np.concatenate(list(AudioFile(path).blocks()))
    assert (heard == 0.5).all()
    return len(heard)


@pytest.mark.parametrize(
    ("riff", "data"), [(0, 0), (8, 0), (36, 0), (0, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x7FFFFFFF, 0x7FFFFFDB)]
)
def test_a_wav_that_was_never_closed_is_read(tmp_path: Path, wav: bytes, riff: int, data: int) -> None:
    assert read_back(tmp_path / "killed.wav", sized(wav, riff, data)) == RATE_HZ
    junk = wav[:12] + b"JUNK" + struct.pack("<I", 28) + bytes(28) + wav[12:]
    assert read_back(tmp_path / "killed.wav", sized(junk, riff, data)) == RATE_HZ


def test_a_large_wav_that_was_never_closed_is_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "large.wav", np.full(RATE_HZ, 0.5, np.float32), RATE_HZ, format="RF64")
    whole = (tmp_path / "large.wav").read_bytes()
    at = whole.index(b"ds64") + 8
    assert read_back(tmp_path / "large.wav", whole) == RATE_HZ
    assert read_back(tmp_path / "large.wav", whole[:at] + bytes(28) + whole[at + 28 :]) == RATE_HZ


def test_a_wav_that_was_cut_short_is_read_as_far_as_it_goes(tmp_path: Path, wav: bytes) -> None:
    for length in (30_000, 30_001):
        assert 14_900 < read_back(tmp_path / "cut.wav", wav[:length]) <= (length - 44) // 2


def test_a_file_without_sound_is_refused(tmp_path: Path, wav: bytes) -> None:
    for content in (wav[:44], sized(wav[:44], 0, 0), sized(wav[:44], 36, 0)):
        (tmp_path / "empty.wav").write_bytes(content)
        with pytest.raises(AudioFormatError, match="holds no sound"):
            AudioFile(tmp_path / "empty.wav")


@pytest.mark.skipif(sys.platform == "win32", reason="names of files are Unicode there")
def test_a_name_may_be_anything(tmp_path: Path, wav: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \xff.wav"))
    assert read_back(path, wav) == RATE_HZ


def test_a_channel_of_a_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "two.wav"
    soundfile.write(path, np.array([[0.25, 0.5]] * 100), RATE_HZ)
    assert [next(AudioFile(path, channel).blocks())[0] for channel in (None, 1, 2)] == [0.375, 0.25, 0.5]
    with pytest.raises(ConfigError, match="there is no channel 3: they are 1 to 2"):
        AudioFile(path, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
def test_a_file_may_come_out_of_a_named_pipe(tmp_path: Path, wav: bytes) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    writer = threading.Thread(target=(tmp_path / "pipe.wav").write_bytes, args=(wav,))
    writer.start()
    assert len(np.concatenate(list(AudioFile(tmp_path / "pipe.wav").blocks()))) == RATE_HZ
    writer.join()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
def test_what_has_no_end_or_no_writer_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WRITER_WITHIN_S", 0.1)
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    for path, reason in (
        (tmp_path / "pipe.wav", "it is a pipe into which nobody writes"),
        (Path("/dev/zero"), "it is a device, not a file"),
        (tmp_path / "loop.wav", "oo many levels of symbolic links"),
        (tmp_path / ("x" * 300), "ame too long"),
        (tmp_path / "nul\0.wav", "no file can have such a name"),
    ):
        with pytest.raises(AudioFormatError, match=reason) as caught:
            AudioFile(path)
        assert str(caught.value).isprintable()


def test_a_decoder_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "holes.mp3"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(RATE_HZ), RATE_HZ)
    whole = path.read_bytes()
    path.write_bytes(whole[:4000] + bytes(3000) + whole[7000:-3000])
    with contextlib.suppress(AudioFormatError):
        for _ in AudioFile(path).blocks():
            pass
    assert capfd.readouterr().err == ""


class Interrupting(io.BytesIO):
    """Ctrl-C comes while libsndfile asks for more."""

    def readinto(self, buffer: Any) -> int:
        if self.tell() > 20_000:
            signal.raise_signal(signal.SIGINT)
        return super().readinto(buffer)


def test_an_interrupt_while_a_file_is_decoded_is_not_lost(
    tmp_path: Path, wav: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, 48_000)
    soundfile.write(tmp_path / "long.wav", samples, 48_000)

    def interrupting(file: io.BufferedReader) -> Interrupting:
        with file:
            return Interrupting(file.read())

    monkeypatch.setattr("streamer.audio.file.mended", interrupting)
    recording = AudioFile(tmp_path / "long.wav")
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        list(recording.blocks())
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_no_sound_is_refused_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("do re mi")
    for path, words in (
        (tmp_path / "nix.wav", "there is no file"),
        (tmp_path, "is a folder"),
        (text, "cannot be read"),
    ):
        with pytest.raises(AudioFormatError, match=words) as caught:
            AudioFile(path)
        assert "\n" not in str(caught.value)


def test_paced_blocks_come_when_they_are_due() -> None:
    blocks = [np.full(480, k, np.float32) for k in range(5)]
    source = PacedSource(blocks, RATE_HZ, "paced")
    source.start()
    captured = []
    while len(captured) < 5:
        block = source.read(1.0)
        assert block is not None
        captured.append(block.captured_ns)
    assert np.diff(captured).tolist() == [10_000_000] * 4
    with pytest.raises(EndOfStream):
        source.read(1.0)


def test_a_paced_source_keeps_to_the_time_limit() -> None:
    source = PacedSource([np.zeros(RATE_HZ, np.float32)], RATE_HZ, "paced")
    source.start()
    assert source.read(0.001) is None


def test_what_is_pushed_comes_out_before_the_end() -> None:
    source = PushSource(RATE_HZ, buffer_s=0.01)
    source.start()
    assert source.push(np.ones(400, np.float32))
    assert not source.push(np.ones(400, np.float32))
    source.finish()
    block = source.read(1.0)
    assert block is not None
    assert len(block.samples) == 400
    with pytest.raises(EndOfStream):
        source.read(1.0)
    assert (source.lost, source.losses) == (400, 1)


def test_a_pushed_failure_can_be_recovered_from() -> None:
    source = PushSource(RATE_HZ)
    source.start()
    source.fail(DeviceError("gone"))
    with pytest.raises(DeviceError, match="gone"):
        source.read(1.0)
    source.start()
    source.push(np.ones(10, np.float32))
    assert source.read(1.0) is not None


DEVICES = [
    InputDevice(0, "HDA Intel PCH: ALC295 (hw:0,0)", "ALSA", 2, 48_000, 5.8, False),
    InputDevice(3, "USB Audio CODEC", "ALSA", 1, 44_100, None, False),
    InputDevice(4, "USB Audio CODEC Pro", "ALSA", 1, 44_100, None, False),
    InputDevice(7, "default", "ALSA", 32, 48_000, 8.7, True),
]


@pytest.mark.parametrize(
    ("wanted", "number"),
    [(None, 7), ("3", 3), (" 0 ", 0), ("usb audio codec", 3), ("pro", 4), ("alc295", 0), ("Default", 7)],
)
def test_an_input_is_chosen(wanted: str | None, number: int) -> None:
    assert choose_input(wanted, DEVICES).number == number


@pytest.mark.parametrize(
    ("wanted", "devices", "words"),
    [
        ("usb", DEVICES, "fits more than one audio input; say which: 3: USB Audio CODEC .ALSA.; 4: USB"),
        ("zoom", DEVICES, "no audio input is called 'zoom'; there is 0: HDA"),
        ("5", DEVICES, "no audio input is called '5'"),
        (None, DEVICES[:3], "no default audio input; choose one with --input: 0: HDA"),
        (None, [], "there is no audio input"),
    ],
)
def test_an_input_is_not_guessed(wanted: str | None, devices: list[InputDevice], words: str) -> None:
    with pytest.raises(DeviceError, match=words) as caught:
        choose_input(wanted, devices)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reported_s", "believed_ms"), [(0.0, None), (-1.0, None), (float("nan"), None), (30.0, None), (0.005, 5.0)]
)
def test_a_drivers_latency_is_not_always_believed(reported_s: float, believed_ms: float | None) -> None:
    assert believable_latency_ms(reported_s) == believed_ms
