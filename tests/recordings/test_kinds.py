"""Scores, pictures, pages, what is played beside the recording, and recordings that libsndfile does not know."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile

from streamer.archive.transcribing import Transcribe
from streamer.audio.file import AudioFile
from streamer.errors import AudioFormatError, ConfigError
from streamer.outputs.midiform import MidiForm
from streamer.recordings.kinds import OutputNames
from streamer.recordings.one import Options, transcribe_file
from tests.tones import melody

RATE_HZ = 22_050
NOTES = [57, 60, 64, 69, 64, 60, 57, 60, 64, 69]
XML = """<xs:schema targetNamespace="http://www.w3.org/XML/1998/namespace" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:attribute name="lang" type="xs:language"/><xs:attribute name="space" type="xs:NCName"/></xs:schema>"""
NAMES = ("href", "type", "role", "title", "show", "actuate")
ATTRIBUTES = "".join(f'<xs:attribute name="{name}" type="xs:string"/>' for name in NAMES)
XLINK = f"""<xs:schema targetNamespace="http://www.w3.org/1999/xlink" xmlns:xs="http://www.w3.org/2001/XMLSchema">
{ATTRIBUTES}</xs:schema>"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All kinds of a melody of half notes at 120 beats a minute, whose name a page must not obey."""
    for module in ("partitura", "matplotlib", "lxml"):
        pytest.importorskip(module)
    folder = tmp_path_factory.mktemp("kinds")
    samples, _ = melody(NOTES, RATE_HZ, note_s=0.9, gap_s=0.1)
    source = folder / "<script>a.wav"
    soundfile.write(source, samples, RATE_HZ)
    kinds = ("musicxml", "png", "svg", "html", "wav")
    outputs = OutputNames(folder / "out", kinds).of(Path(source.name))
    transcribe_file(source, outputs, Options())
    return {**outputs, "source": source}


def schema() -> Any:
    import partitura
    from lxml import etree

    class Local(etree.Resolver):  # the schema asks for two others on the network
        def resolve(self, url: str, public_id: str, context: Any) -> Any:
            for name, text in (("/xml.xsd", XML), ("/xlink.xsd", XLINK)):
                if url.endswith(name):
                    return self.resolve_string(text, context)
            return None

    parser = etree.XMLParser()
    parser.resolvers.add(Local())
    path = Path(partitura.__file__).parent / "assets" / "musicxml.xsd"
    return etree.XMLSchema(etree.parse(str(path), parser))


def test_musicxml_is_valid_and_has_the_notes_on_the_beats(made: dict[str, Path]) -> None:
    from lxml import etree

    document = etree.parse(str(made["musicxml"]))
    valid = schema()
    assert valid.validate(document), valid.error_log
    begun = [note for note in document.iter("note") if note.find("tie[@type='stop']") is None]
    sounding = [note for note in begun if note.find("pitch") is not None]
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    pitches = [12 * int(n.findtext("pitch/octave")) + 12 + steps[n.findtext("pitch/step")] for n in sounding]
    assert pitches == NOTES
    assert {int(note.findtext("duration")) for note in sounding} <= {6, 7, 8}  # of a half note's eight sixteenths


def test_pictures_are_the_same_each_time_and_the_page_is_not_led_astray(made: dict[str, Path], tmp_path: Path) -> None:
    again = OutputNames(tmp_path, ("png", "svg")).of(Path("again.wav"))
    transcribe_file(made["source"], again, Options())
    for kind in ("png", "svg"):
        assert again[kind].read_bytes() == made[kind].read_bytes()
    assert made["png"].read_bytes().startswith(b"\x89PNG")
    page = made["html"].read_text()
    assert "<script" not in page
    assert "&lt;script&gt;a" in page
    assert page.count("<td>A3<td>57") == 2


def test_the_recording_is_left_and_the_notes_are_right(made: dict[str, Path]) -> None:
    both, rate_hz = soundfile.read(made["wav"])
    recording, _ = soundfile.read(made["source"])
    np.testing.assert_allclose(both[:, 0], recording, atol=1e-4)
    spectrum = np.abs(np.fft.rfft(both[rate_hz // 2 : rate_hz, 1]))
    assert abs(spectrum.argmax() * 2 - 220) <= 4
    assert made["wav"].name == "<script>a.sonified.wav"


def test_beats_are_estimated_where_that_is_asked_for_and_notes_are_put_on_them(tmp_path: Path) -> None:
    pytest.importorskip("partitura")
    samples, _ = melody(NOTES * 2, RATE_HZ, note_s=0.4, gap_s=0.2)  # a note each 0.6 s: 100 a minute
    soundfile.write(tmp_path / "a.wav", samples, RATE_HZ)
    for quantize in (False, True):
        path = tmp_path / f"{quantize}.mid"
        transcribe_file(tmp_path / "a.wav", {"mid": path}, Options(form=MidiForm(tempo_bpm=90), quantize=quantize))
        file = mido.MidiFile(path)
        messages = [message for track in file.tracks for message in track]
        bpm = mido.tempo2bpm(next(m.tempo for m in messages if m.type == "set_tempo"))
        assert [m.note for m in messages if m.type == "note_on" and m.velocity] == NOTES * 2
        if not quantize:
            assert bpm == pytest.approx(90, abs=0.1)
            continue
        assert min(abs(bpm - factor * 100) for factor in (0.5, 1, 2)) < 3
        track = max(file.tracks, key=len)
        at = np.cumsum([m.time for m in track])
        onsets = at[[m.type == "note_on" and m.velocity > 0 for m in track]] / file.ticks_per_beat
        assert len(set(np.diff(onsets))) == 1


def test_each_channel_by_itself(tmp_path: Path) -> None:
    left, _ = melody([52, 55], RATE_HZ)
    right, _ = melody([69, 71], RATE_HZ)
    soundfile.write(tmp_path / "duo.wav", np.stack([left, right], axis=1), RATE_HZ)
    command = [sys.executable, "-m", "streamer", "transcribe", "duo.wav", "--split-channels", "--to", "csv"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    convert = Transcribe(Options(), ("csv",), split_channels=True)  # what a run over many does with each
    assert convert(tmp_path / "duo.wav", tmp_path / "run", "duo").notes == 4
    assert convert.made_by != Transcribe(Options(), ("csv",)).made_by
    for channel, notes in ((1, ["52", "55"]), (2, ["69", "71"])):
        text = (tmp_path / f"duo.ch{channel}.csv").read_text()
        assert [row.split(",")[4] for row in text.splitlines()[1:]] == notes
        assert (tmp_path / "run" / f"duo.ch{channel}.csv").read_text() == text


def test_what_reads_the_recording_twice_refuses_standard_input(tmp_path: Path) -> None:
    from streamer.recordings.kinds import KINDS, About

    with pytest.raises(ConfigError, match="name a file"):
        KINDS["wav"].sink(tmp_path / "a.wav", About(Path("-"), "", RATE_HZ, None, MidiForm()))


@pytest.fixture
def m4a(tmp_path: Path) -> Path:
    av = pytest.importorskip("av")
    samples, _ = melody([52, 55, 59], 48_000)
    path = tmp_path / "solo.m4a"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.rate = 48_000
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=48_000, frame_size=1024)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def test_m4a_is_decoded_where_pyav_is_installed(m4a: Path) -> None:
    outcome = transcribe_file(m4a, {"csv": m4a.with_suffix(".csv")}, Options())
    rows = m4a.with_suffix(".csv").read_text().splitlines()[1:]
    assert [row.split(",")[4] for row in rows] == ["52", "55", "59"]
    assert outcome.broken is None


def test_a_playlist_opens_nothing_else(m4a: Path) -> None:
    for text in ("#EXTM3U\n#EXTINF:10,\nsolo.m4a\n", "ffconcat version 1.0\nfile solo.m4a\n"):
        (m4a.parent / "list.m4a").write_text(text)
        with pytest.raises(AudioFormatError, match="cannot be read"):
            AudioFile(m4a.parent / "list.m4a")
