"""Data sets on disk: what is read from them, and the one line that says what is wrong."""

import os
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from streamer import reading
from streamer.data import datasets
from streamer.data.datasets import licence_lines, read_manifest, read_notes_csv, sounding_span
from streamer.data.formats import parse_pitch, read_dataset, read_midi
from streamer.data.hashes import evaluation_hash, training_hash
from streamer.errors import DataError
from streamer.units import midi_to_hz

RATE_HZ = 22_050


def tone(midi: float, onset_s: float = 0.1, length_s: float = 0.5, total_s: float = 0.8) -> np.ndarray:
    samples = np.zeros(round(total_s * RATE_HZ), dtype=np.float32)
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * k * midi_to_hz(midi) * time_s) / k for k in (1, 2, 3))
    start = round(onset_s * RATE_HZ)
    samples[start : start + len(wave)] = 0.3 * wave
    return samples


def write_tone(path: Path, midi: float) -> None:
    soundfile.write(os.fsencode(path), tone(midi), RATE_HZ, format="WAV")


def write_midi(path: Path, notes: list[tuple[float, float, int]]) -> None:
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)])
    events = sorted([(on, "note_on", n) for on, _, n in notes] + [(off, "note_off", n) for _, off, n in notes])
    now = 0.0
    for at, kind, note in events:
        track.append(mido.Message(kind, note=note, velocity=64, time=round((at - now) * 1000)))
        now = at
    mido.MidiFile(tracks=[track], ticks_per_beat=1000).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tone(tmp_path / "a.wav", 69)
    write_tone(tmp_path / "b.wav", 64)
    return tmp_path


def manifest(folder: Path, text: str) -> Path:
    (folder / "manifest.csv").write_text(text)
    return folder


def test_a_manifest_becomes_recordings(folder: Path) -> None:
    (folder / "b.csv").write_text("onset,offset,midi\n0.5,0.7,65\n0.1,0.4,64.25\n")
    manifest(
        folder,
        "file,kind,instrument,midi,cents_dev,f0_hz,onset_s,offset_s,annotation,source,licence,unheard_of\n"
        "a.wav,note,lute,69,10,441.0,0.1,0.6,,here,CC0,1\n"
        "a.wav,,lute,69,-25,,0.1,0.6,,here,CC0,2\n"
        "b.wav,phrase,voice,,,,,,b.csv,there,,3\n",
    )
    first, second, third = read_manifest(folder)
    assert (first.instrument, first.source, first.kind) == ("lute", "here", "note")
    assert first.notes[0, 2] == pytest.approx(69.039, abs=0.001)  # the measured f0 wins
    assert second.notes.tolist() == [[0.1, 0.6, 68.75]]
    assert second.kind == "note"
    assert third.notes.tolist() == [[0.1, 0.4, 64.25], [0.5, 0.7, 65.0]]  # in order of onset
    samples, rate_hz = third.load()
    assert samples.dtype == np.float32
    assert (samples.shape, rate_hz) == ((round(0.8 * RATE_HZ),), RATE_HZ)
    assert licence_lines([first, second, third]) == ["here: CC0", "there: no licence stated"]


def test_times_that_are_not_stated_are_measured(folder: Path) -> None:
    (recording,) = read_manifest(manifest(folder, "file,midi\na.wav,69\n"))
    assert recording.notes[0] == pytest.approx([0.1, 0.6, 69.0], abs=0.002)
    assert recording.source == folder.name


def test_nonmusic_needs_no_label(folder: Path) -> None:
    (recording,) = read_manifest(manifest(folder, "file,kind\na.wav,nonmusic\n"))
    assert recording.notes.shape == (0, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; its first line must name the columns"),
        ("name,midi\na.wav,69\n", "has no column 'file'"),
        ("file,midi\n", "lists no recording"),
        ("file,midi\n,69\n", "line 2: the cell 'file' is empty"),
        ("file,midi\na.wav,69\nx.wav,69\n", "line 3: there is no file"),
        ("file,midi\na.wav,A4\n", "line 2: midi is 'A4', but must be a number"),
        ("file,midi\na.wav,nan\n", "line 2: midi is 'nan', but must be a number"),
        ("file,midi\na.wav,128\n", "line 2: 128 is no MIDI note number"),
        ("file,midi,f0_hz\na.wav,69,-3\n", "line 2: f0_hz is -3, but must be above 0"),
        ("file,midi\na.wav,\n", "line 2: no pitch and no notes"),
        ("file,midi,onset_s,offset_s\na.wav,69,0.1,1e300\n", "line 2: a note that ends at 1e+300 s cannot be"),
        ("file,midi,onset_s,offset_s\na.wav,69,0.6,0.1\n", "line 2: a note from 0.6 to 0.1 s cannot be"),
        ("file,notes\na.wav,no.csv\n", "there is no file"),
    ],
)
def test_a_bad_manifest_is_told_in_one_line(folder: Path, text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_manifest(manifest(folder, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_files_than_text_and_audio_are_told(folder: Path) -> None:
    (folder / "manifest.csv").write_bytes(b"file,midi\n\xff\xfe\x00,1\n")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        read_manifest(folder)
    (folder / "c.wav").write_bytes(b"no audio at all")
    with pytest.raises(DataError, match=r"line 2: .*c\.wav cannot be read as audio"):
        read_manifest(manifest(folder, "file,midi\nc.wav,69\n"))
    soundfile.write(folder / "d.wav", np.zeros(1000), RATE_HZ)
    with pytest.raises(DataError, match="line 2: the recording is silent"):
        read_manifest(manifest(folder, "file,midi\nd.wav,69\n"))
    (folder / "n.csv").write_text("onset,midi\n1,2\n")
    with pytest.raises(DataError, match="has no column 'offset'"):
        read_notes_csv(folder / "n.csv")


def test_stereo_is_mixed_down_as_live_does(tmp_path: Path) -> None:
    left = tone(60)
    for right, mixed in ((0.5 * left, 0.75 * left), (0 * left, left), (-left, left)):
        soundfile.write(tmp_path / "s.wav", np.stack([left, right], axis=1), RATE_HZ, subtype="FLOAT")
        samples, _ = read_manifest(manifest(tmp_path, "file,midi\ns.wav,60\n"))[0].load()
        start = round(0.1 * RATE_HZ) + RATE_HZ // 200  # the first milliseconds decide
        assert np.allclose(samples[start:], mixed[start:])


def test_the_span_of_a_note_is_where_it_is_near_its_peak() -> None:
    samples = np.zeros(1000, dtype=np.float32)
    samples[100:200] = 0.04  # -28 dB
    samples[200:500] = 1.0
    samples[500:700] = 0.03  # -30 dB
    samples[700:] = 0.01
    assert sounding_span(samples, 1000) == (0.2, 0.7)


@pytest.mark.parametrize(
    ("text", "midi"),
    [
        ("F#4", 66),
        ("Bb3", 58),
        ("B♭3", 58),
        ("c4", 60),
        ("C-1", 0),
        ("G9", 127),
        ("Cb4", 59),
        ("69", 69),
        ("69.5", 69.5),
    ],
)
def test_a_pitch_may_be_written_in_many_ways(text: str, midi: float) -> None:
    assert parse_pitch(text) == (midi, True)


@pytest.mark.parametrize("text", ["H4", "", "C10", "128", "-1", "nan", "do"])
def test_what_is_no_pitch_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is no pitch; write a note such as"):
        parse_pitch(text)


def test_transcriptions_by_name_number_and_file(folder: Path) -> None:
    write_tone(folder / "c.wav", 41)
    (folder / "b.csv").write_text("onset,offset,midi\n0.1,0.6,64\n")
    write_midi(folder / "b.mid", [(0.1, 0.6, 64)])
    (folder / "mine.csv").write_text(
        "audio_filename,transcription\na.wav,A4\na.wav,A\nc.wav,f\nb.wav,b.csv\nb.wav,b.mid\n"
    )
    recordings = read_dataset(folder / "mine.csv")
    assert [recording.notes[0, 2] for recording in recordings] == [69, 69, 41, 64, 64]  # octaves heard
    assert [recording.kind for recording in recordings] == ["note", "note", "note", "phrase", "phrase"]
    assert all(recording.notes[0, :2] == pytest.approx([0.1, 0.6], abs=0.002) for recording in recordings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("audio_filename,pitch\na.wav,A4\n", "has no column 'transcription'"),
        ("audio_filename,transcription\n", "lists no recording"),
        ("audio_filename,transcription\nz.wav,A4\n", "line 2: there is no file"),
        ("audio_filename,transcription\na.wav,la\n", "line 2: 'la' is no pitch"),
        ("audio_filename,transcription\na.wav,C\n", "line 2: labelled C, but"),
        ("audio_filename,transcription\na.wav,no.mid\n", "no.mid cannot be read as a MIDI file"),
    ],
)
def test_bad_transcriptions_are_told_in_one_line(folder: Path, text: str, message: str) -> None:
    (folder / "mine.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        read_dataset(folder / "mine.csv")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_recordings_with_midi_beside_them(folder: Path) -> None:
    write_midi(folder / "b.mid", [(0.1, 0.45, 64), (0.4, 0.6, 66)])
    (recording,) = read_dataset(folder)
    assert recording.path == folder / "b.wav"
    assert recording.notes == pytest.approx(np.array([[0.1, 0.4, 64], [0.4, 0.6, 66]]))  # overlap taken away


def test_folders_and_midi_files_that_cannot_be_used(folder: Path) -> None:
    with pytest.raises(DataError, match=r"holds neither manifest\.csv nor a pair"):
        read_dataset(folder)
    with pytest.raises(DataError, match="there is no folder or file"):
        read_dataset(folder / "nowhere")
    write_midi(folder / "chord.mid", [(0.1, 0.5, 60), (0.1, 0.5, 64)])
    with pytest.raises(DataError, match=r"has a chord at 0\.10 s"):
        read_midi(folder / "chord.mid")
    write_midi(folder / "empty.mid", [])
    with pytest.raises(DataError, match="holds no note"):
        read_midi(folder / "empty.mid")
    (folder / "bad.mid").write_bytes(b"MThd\x00\x00")
    with pytest.raises(DataError, match="cannot be read as a MIDI file"):
        read_midi(folder / "bad.mid")


def test_suffixes_may_be_in_capitals(tmp_path: Path) -> None:
    write_tone(tmp_path / "take1.wav", 64)
    (tmp_path / "take1.wav").rename(tmp_path / "TAKE1.WAV")
    write_midi(tmp_path / "TAKE1.MID", [(0.1, 0.6, 64)])
    (recording,) = read_dataset(tmp_path)
    assert recording.path.name == "TAKE1.WAV"
    assert recording.notes[0, 2] == 64


@pytest.mark.skipif(sys.platform == "win32", reason="names of files are Unicode there")
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    strange = folder / "\udcff.wav"
    write_tone(folder / "a.wav", 64)
    (folder / "a.wav").rename(strange)
    write_midi(folder / "a.mid", [(0.1, 0.6, 64)])
    (folder / "a.mid").rename(folder / "\udcff.MID")
    (pair,) = read_dataset(folder)
    (folder / "manifest.csv").write_bytes(b"file,midi,instrument\n\xff.wav,64,fl\xfbte\n")
    (listed,) = read_dataset(folder)
    for recording in (pair, listed):
        assert recording.path == strange
        assert len(recording.load()[0]) == round(0.8 * RATE_HZ)
        assert recording.source == "caf\ufffd"
    assert listed.instrument == "fl\ufffdte"
    assert len(evaluation_hash([listed])) == len(training_hash([listed])) == 64
    (folder / "manifest.csv").write_bytes(b"file,midi\n\xfe\x1b[31m.wav,64\n")
    with pytest.raises(DataError, match=r"there is no file .*caf\\xe9/\\xfe\\x1b\[31m\.wav"):
        read_dataset(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
def test_what_has_no_end_or_no_writer_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WRITER_WITHIN_S", 0.1)
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    for cell in ("/dev/zero", "pipe", "loop", "x" * 300, ".", "no.csv"):
        with pytest.raises(DataError, match=r"cannot be read: |there is no file"):
            read_manifest(manifest(folder, f"file,notes\na.wav,{cell}\n"))
        with pytest.raises(DataError, match=r"line 2: there is no file"):
            read_manifest(manifest(folder, f"file,midi\n{cell},69\n"))
    with pytest.raises(DataError, match="bytes that are 0"):
        read_manifest(manifest(folder, "file,midi\na\0.wav,69\n"))
    for path in (folder / "pipe", folder / "loop", Path("/dev/zero"), folder / ("x" * 300), Path("a\0b")):
        with pytest.raises(DataError, match=r"cannot be read|there is no folder or file"):
            read_dataset(path)
        with pytest.raises(DataError, match="cannot be read as a MIDI file"):
            read_midi(path)


def test_tables_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="has 202 columns, but at most 200"):
        read_manifest(manifest(folder, "file,midi" + ",x" * 200 + "\n"))
    monkeypatch.setattr(datasets, "_MOST_CELLS", 1000)
    with pytest.raises(DataError, match="more than 1,000 cells"):
        read_manifest(manifest(folder, "file,midi\n" + "a.wav,69\n" * 501))
    monkeypatch.setattr(datasets, "MOST_CSV_BYTES", 1000)
    with pytest.raises(DataError, match="it is larger than 1,000 bytes"):
        read_manifest(folder)


def test_recordings_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MOST_SAMPLES", 10_000)
    with pytest.raises(DataError, match="cut it into several files"):
        datasets.load_audio(folder / "a.wav")
    soundfile.write(folder / "slow.wav", np.zeros(100), 4000)
    with pytest.raises(DataError, match="is 4000 Hz, but must be from 8000 to 192000"):
        datasets.load_audio(folder / "slow.wav")


def midi_of(events: bytes, division: bytes = b"\0\x60", kind: int = 0) -> bytes:
    track = events + b"\x00\xff\x2f\x00"
    return b"MThd\0\0\0\6\0" + bytes([kind]) + b"\0\1" + division + b"MTrk" + len(track).to_bytes(4, "big") + track


NOTE = b"\x10\x90\x40\x40\x60\x40\x00"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (midi_of(NOTE, b"\0\0"), "counts in frames of a film, or in nothing"),
        (midi_of(NOTE, b"\xe7\x28"), "counts in frames of a film"),
        (midi_of(NOTE, kind=2), "cannot be read as a MIDI file"),
        (midi_of(b"\xff" * 500_000 + NOTE), "a number in it has no end"),
        (midi_of((b"\xff" * 900 + b"\x7f\x90\x40\x40") * 20), "cannot be read as a MIDI file"),
        (midi_of(b"\0\xff\x51\3\0\0\0" + NOTE), "holds no note"),
        (midi_of(NOTE * 200_000), "it is larger than 1,000,000 bytes"),
    ],
    ids=["division 0", "film", "type 2", "no end", "huge", "tempo 0", "large"],
)
def test_hostile_midi_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.mid").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_midi(tmp_path / "a.mid")
    assert len(str(caught.value)) < 500
