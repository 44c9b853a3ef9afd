"""Outputs that would destroy something are refused before anything is opened."""

import os
from pathlib import Path

import pytest

from streamer.errors import OutputError
from streamer.outputs.safe import Wanted, check_outputs


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound"
    path.write_text("precious")
    return path


def midi(path: Path) -> Wanted:
    return Wanted("--midi", path, "MIDI", pipes=True)


@pytest.mark.parametrize("how", ["itself", "relative", "symlink", "hard link"])
def test_an_input_is_no_output_by_whatever_name(sound, monkeypatch, how):
    monkeypatch.chdir(sound.parent)
    other = sound.with_name("other")
    if how == "symlink":
        other.symlink_to(sound)
    elif how == "hard link":
        os.link(sound, other)
    else:
        other = sound if how == "itself" else Path("./sound")
    with pytest.raises(OutputError, match=r"--midi .* is .*, which is read"):
        check_outputs([midi(other)], [sound])
    check_outputs([midi(sound.with_name("free"))], [sound])


def test_nothing_is_written_into_a_data_set_that_is_read(tmp_path):
    data, outside = tmp_path / "data", tmp_path / "outside.wav"
    (data / "deep").mkdir(parents=True)
    outside.write_text("precious")
    (data / "manifest.csv").write_text("file,notes\n../outside.wav,n.csv\n")
    for path in (data / "my.model", data / "deep" / "my.model"):
        with pytest.raises(OutputError, match=r"-o .* lies in .*, which is read"):
            check_outputs([Wanted("-o", path, "model")], [data])
    os.link(outside, tmp_path / "linked")
    with pytest.raises(OutputError, match="is read"):
        check_outputs([Wanted("-o", tmp_path / "linked", "model")], [data])
    check_outputs([Wanted("-o", tmp_path / "data.model", "model")], [data])


def test_what_a_table_names_is_read(tmp_path):
    (tmp_path / "all.csv").write_text("audio_filename,transcription\na,labels\n")
    (tmp_path / "labels").write_text("precious")
    for name in ("labels", "all.csv"):
        with pytest.raises(OutputError, match="is read"):
            check_outputs([Wanted("--csv", tmp_path / name, "CSV")], [tmp_path / "all.csv"])
    check_outputs([Wanted("--csv", tmp_path / "new.csv", "CSV")], [tmp_path / "all.csv"])


@pytest.mark.parametrize(
    ("kind", "name", "better"),
    [
        ("MIDI", "take.WAV", "take.mid"),
        ("MIDI", "take.csv", "take.mid"),
        ("WAV", "take.flac", "take.wav"),
        ("CSV", "notes.mid", "notes.csv"),
        ("JSON", "report.html", "report.json"),
        ("model", "my.toml", "my.model"),
    ],
)
def test_a_name_that_says_another_kind_is_refused(tmp_path, kind, name, better):
    with pytest.raises(OutputError, match=f"--it .*{name}: .* call it {better}"):
        check_outputs([Wanted("--it", tmp_path / name, kind)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["take", "take.MID", "take.v2", "take.midi"])
def test_other_names_are_nobodys_business(tmp_path, name):
    check_outputs([midi(tmp_path / name)])


def test_two_outputs_never_share_a_file(tmp_path, sound):
    jsonl = Wanted("--jsonl", tmp_path / "x", "JSON lines")
    os.link(sound, tmp_path / "linked")
    for one, other in ((tmp_path / "x", jsonl), (sound, Wanted("--jsonl", tmp_path / "linked", "JSON lines"))):
        with pytest.raises(OutputError, match="--midi and --jsonl are the same"):
            check_outputs([midi(one), other])
    dash = Wanted("--jsonl", Path("-"), "JSON lines", pipes=True)
    with pytest.raises(OutputError, match="the same"):
        check_outputs([midi(Path("-")), dash])
    check_outputs([midi(Path(os.devnull)), Wanted("--jsonl", Path(os.devnull), "JSON lines")])


def test_standard_output_is_refused_where_it_cannot_be(tmp_path):
    with pytest.raises(OutputError, match="--record-audio cannot be standard output"):
        check_outputs([Wanted("--record-audio", Path("-"), "WAV")])


@pytest.mark.parametrize("name", ["nowhere/x.mid", "", "x" * 300, "a\0b.mid"])
def test_what_could_not_be_written_is_one_line(tmp_path, name):
    with pytest.raises(OutputError) as caught:
        check_outputs([midi(tmp_path / name)])
    assert "\n" not in str(caught.value)
