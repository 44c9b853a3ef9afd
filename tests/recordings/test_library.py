"""`streamer.transcribe`: what Python programs get."""

from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

import streamer
from streamer.cli import main
from streamer.outputs.midiform import MidiForm
from streamer.recordings.one import Options, transcribe_file
from streamer.settings.expression import Expression
from tests.tones import melody

RATE_HZ = 44_100
GOLDEN = Path(__file__).parents[1] / "golden" / "recordings"
BASS = GOLDEN / "double_bass.flac"
TUBA = GOLDEN / "tuba.flac"  # some notes begin under a name that is put right later


@pytest.fixture(scope="module")
def result() -> streamer.Transcription:
    return streamer.transcribe(BASS)


@pytest.fixture(scope="module")
def corrected() -> streamer.Transcription:
    return streamer.transcribe(TUBA)


def test_notes_and_pitch_are_arrays_that_agree(result: streamer.Transcription) -> None:
    notes, f0 = result.notes, result.f0
    assert notes["note"].tolist() == [on.note for on, _ in result.pairs] != []
    assert (np.diff(notes["onset_s"]) > 0).all()
    assert (notes["onset_s"] < notes["offset_s"]).all()
    assert (f0["time_s"] <= f0["emit_s"]).all()
    for note in notes:
        inside = (f0["time_s"] > note["onset_s"] + 0.05) & (f0["time_s"] < note["offset_s"] - 0.05) & (f0["f0_hz"] > 0)
        assert abs(np.median(69 + 12 * np.log2(f0["f0_hz"][inside] / 440)) - note["midi"]) < 0.1


def test_an_array_gives_what_its_file_gives_whatever_its_type_and_shape() -> None:
    samples, _ = melody([52, 55, 59], RATE_HZ)
    expected = streamer.transcribe(samples, RATE_HZ).notes
    assert expected["note"].tolist() == [52, 55, 59]
    both = np.stack([samples, samples], axis=1)
    for array in (samples.astype(np.float64), (samples * 32767).round().astype(np.int16), both):
        assert streamer.transcribe(array, RATE_HZ).notes["note"].tolist() == [52, 55, 59]
    np.testing.assert_array_equal(streamer.transcribe(both, RATE_HZ, channel=2).notes, expected)
    for rate_hz in (float(RATE_HZ), np.int64(RATE_HZ), np.float32(RATE_HZ)):  # as other libraries give it
        result = streamer.transcribe(samples, rate_hz)
        np.testing.assert_array_equal(result.notes, expected)
    assert repr(result) == f"<Transcription: 3 notes in {len(samples) / RATE_HZ:.3f} s>"


@pytest.mark.parametrize(
    ("array", "rate_hz", "message"),
    [
        (np.zeros((2, 1000)), RATE_HZ, "channels first"),
        (np.zeros((2, 3, 4)), RATE_HZ, "is no sound"),
        (np.zeros(0), RATE_HZ, "is no sound"),
        (np.array(["a"]), RATE_HZ, "is no sound"),
        (np.zeros(1000), None, "give rate_hz"),
        (np.zeros(1000), 22_050.5, "whole number of hertz"),
        (np.zeros(1000), float("nan"), "whole number of hertz"),
        (b"song.wav", RATE_HZ, "give the path of a file"),
    ],
)
def test_what_is_no_sound_is_refused(array: np.ndarray, rate_hz: int | None, message: str) -> None:
    with pytest.raises(streamer.AudioFormatError, match=message):
        streamer.transcribe(array, rate_hz)


def test_midi_files_tables_and_pictures_have_all_notes(result: streamer.Transcription, tmp_path: Path) -> None:
    result.to_midi(tmp_path / "a.mid")
    track = mido.MidiFile(tmp_path / "a.mid").tracks[1]
    assert [m.note for m in track if m.type == "note_on"] == result.notes["note"].tolist()
    assert any(m.type == "pitchwheel" and m.pitch for m in track)
    result.to_midi(tmp_path / "plain.mid", MidiForm(expression=Expression(bend="off")))
    assert all(m.is_meta or m.type.startswith("note") for m in mido.MidiFile(tmp_path / "plain.mid").tracks[1])
    pytest.importorskip("pandas")
    assert result.to_dataframe()["velocity"].tolist() == result.notes["velocity"].tolist()
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    ax = result.plot()
    assert len(ax.patches) == len(result.notes)
    assert ax.get_ylim()[0] < result.notes["note"].min()
    matplotlib.pyplot.close(ax.figure)


def test_events_are_those_of_the_tracker(corrected: streamer.Transcription) -> None:
    samples, rate_hz = soundfile.read(TUBA, dtype="float32")
    tracker = streamer.make_tracker(streamer.TrackerConfig(), rate_hz)
    assert list(corrected.events) == [*tracker.process(samples), *tracker.flush()]


@pytest.mark.parametrize(
    "expression",
    [Expression(), Expression(bend="off"), Expression(bend="glide"), Expression(mpe="lower"), Expression(legato=True)],
    ids=["smooth", "off", "glide", "mpe", "legato"],
)
def test_midi_is_that_of_the_command_where_names_were_put_right(
    corrected: streamer.Transcription, expression: Expression, tmp_path: Path
) -> None:
    assert sum(isinstance(event, streamer.NoteOn) and event.corrects > 0 for event in corrected.events) > 1
    form = replace(corrected.form, expression=expression)
    corrected.to_midi(tmp_path / "own.mid", form)
    transcribe_file(TUBA, {"mid": tmp_path / "command.mid"}, Options(form=form))
    assert (tmp_path / "own.mid").read_bytes() == (tmp_path / "command.mid").read_bytes()


@pytest.mark.parametrize("offline", [False, True])
def test_by_default_midi_is_that_of_the_command_with_its_name_instrument_and_tuning(
    offline: bool, tmp_path: Path
) -> None:
    words = ["--preset", "bass", "--a4", "450", *(["--offline"] if offline else [])]
    with pytest.raises(SystemExit, match="0"):
        main(["transcribe", str(TUBA), "--to", "mid", "--output", str(tmp_path), *words])
    made = streamer.transcribe(TUBA, preset="bass", config=streamer.TrackerConfig(a4_hz=450.0), offline=offline)
    made.to_midi(tmp_path / "own.mid")
    assert len(made.notes) > 2
    assert (tmp_path / "own.mid").read_bytes() == (tmp_path / "tuba.mid").read_bytes()


def test_a_damaged_file_gives_what_could_be_read_and_a_warning(tmp_path: Path) -> None:
    content = BASS.read_bytes()
    (tmp_path / "cut.flac").write_bytes(content[: len(content) // 2])
    with pytest.warns(UserWarning, match="breaks off after"):
        cut = streamer.transcribe(str(tmp_path / "cut.flac"))
    assert cut.broken is not None
    assert len(cut.notes) > 0
    assert cut.duration_s == cut.broken.at_s < soundfile.info(BASS).duration
