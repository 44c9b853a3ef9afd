"""Which recordings a word on the command line stands for, and what their outputs are called."""

import os
from pathlib import Path

import pytest

from streamer.errors import AudioFormatError, ConfigError
from streamer.recordings.inputs import find_inputs
from streamer.recordings.kinds import OutputNames, parse_kinds


@pytest.fixture
def takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "b.wav",
        "a.FLAC",
        "notes.txt",
        ".hidden.wav",
        "day 2/a.flac",
        "day 2/x/c.mp3",
        ".git/d.wav",
        "[1].wav",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("day 2/a.flac\n# a remark\n\n b.wav \n" if name == "notes.txt" else "")
    (tmp_path / "day 2" / "round").symlink_to(tmp_path)
    return tmp_path


def found(*words: str | Path) -> list[tuple[str, str]]:
    return [(str(one.path), str(one.relative)) for one in find_inputs(words)]


def test_a_folder_stands_for_its_recordings_by_name_hidden_ones_and_rings_of_links_left_out(takes: Path) -> None:
    names = ["[1].wav", "a.FLAC", "b.wav", "day 2/a.flac", "day 2/x/c.mp3"]
    assert found(".") == [(name, name) for name in names]
    assert found(takes / "day 2") == [(f"{takes}/day 2/{name}", name) for name in ("a.flac", "x/c.mp3")]


def test_patterns_lists_and_names(takes: Path) -> None:
    assert [path for path, _ in found("*.wav")] == ["[1].wav", "b.wav"]
    assert [path for path, _ in found("day*/x/*.mp3")] == ["day 2/x/c.mp3"]
    assert found("[1].wav") == [("[1].wav", "[1].wav")]  # a file that is there is no pattern
    assert found("notes.txt") == [("day 2/a.flac", "a.flac"), ("b.wav", "b.wav")]
    assert found("-", "absent.wav") == [("-", "stdin"), ("absent.wav", "absent.wav")]


def test_what_stands_for_nothing_is_an_error(takes: Path) -> None:
    (takes / "empty").mkdir()
    (takes / "none.m3u").write_text("#EXTM3U\n")
    for word, message in (("empty", "without sound"), ("none.m3u", "lists no"), ("*.ogg", "nothing matches")):
        with pytest.raises(AudioFormatError, match=message):
            found(word)


def test_no_two_recordings_write_to_the_same_file() -> None:
    names = OutputNames(Path("out"), ("mid", "f0.csv"))
    paths = [names.of(Path(name)) for name in ("a.wav", "a.flac", "sub/a.wav", "A.ogg", "a.wav", "a.wav")]
    assert paths[0] == {"mid": Path("out/a.mid"), "f0.csv": Path("out/a.f0.csv")}
    assert [str(path["mid"].relative_to("out")) for path in paths[1:]] == [
        *("a.flac.mid", "sub/a.mid", "A.ogg.mid", "a.wav.mid", "a.wav-2.mid"),
    ]


def test_kinds_are_named_with_commas() -> None:
    assert parse_kinds("mid, .CSV,mid") == ("mid", "csv")
    for text in ("mid,mp3", ",", "mid;csv"):
        with pytest.raises(ConfigError, match="mid,csv,json"):
            parse_kinds(text)


@pytest.mark.skipif(os.name != "posix", reason="names of files are Unicode there")
def test_names_of_any_bytes_are_kept(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff caf\xe9.wav")).write_text("")
    (tmp_path / "new\nline.wav").write_text("")
    assert len(found(tmp_path)) == 2
