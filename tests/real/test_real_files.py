"""MIDI files of a recording, opened in a DAW: it finds the notes that stand in them, at their beats."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import mido
import pytest

from streamer.recordings.one import Options, transcribe_file

pytestmark = pytest.mark.daw
RECORDING = Path(__file__).parents[1] / "golden" / "recordings" / "electric_guitar.flac"
ARDOUR_TICKS = 1920  # in a beat
_CREATE = """
AudioEngine:set_backend("None (Dummy)", "", "")
assert(create_session(arg[1], "take", 48000), "no session")
local one = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
for number = 1, tonumber(arg[2]) do
    Session:new_midi_track(one, one, true, ARDOUR.PluginInfo(), nil, nil, 1, "track" .. number,
        ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
end
Session:save_state("", false, false, false, false, false)
close_session()
"""
_TELL = """
AudioEngine:set_backend("None (Dummy)", "", "")
assert(load_session(arg[1], "take"), "no session")
local bender = Evoral.Parameter(ARDOUR.AutomationType.MidiPitchBenderAutomation, 0, 0)
for route in Session:get_tracks():iter() do
    for region in route:to_track():playlist():region_list():iter() do
        local midi = region:to_midiregion()
        for note in ARDOUR.LuaAPI.note_list(midi:model()):iter() do
            print("NOTE", route:name(), tostring(note:time()), note:note(), note:velocity())
        end
        local bends = midi:control(bender, false)
        print("BENDS", route:name(), bends:isnil() and 0 or bends:list():events():size())
    end
end
close_session()
"""


def ardour(folder: Path, script: str, *words: object) -> list[list[str]]:
    """The lines that a script prints, in words."""
    path = folder / "script.lua"
    path.write_text(script)
    home = {name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    words = ("ardour7-lua", path, *words)
    done = subprocess.run(
        [str(word) for word in words], env=os.environ | home, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def put_into(session: Path, files: list[Path]) -> None:
    """Let each track of a session have one region, of a file that is copied as it is."""
    etree = pytest.importorskip("lxml.etree")
    document = etree.parse(str(session / "take.ardour"))
    place = next(session.glob("interchange/*/midifiles"))
    for number, file in enumerate(files, 1):
        (place / file.name).write_bytes(file.read_bytes())
        source, region = str(900_000 + number), str(910_000 + number)
        words = {"name": file.name, "type": "midi", "flags": "", "id": source, "take-id": ""}
        etree.SubElement(document.find("Sources"), "Source", words)
        words = {"name": file.stem, "type": "midi", "id": region, "opaque": "1", "start": "b0", "length": "b99999@b0"}
        words |= {"first-edit": "nothing", "source-0": source, "master-source-0": source}
        etree.SubElement(document.find(f"Playlists/Playlist[@name='track{number}']"), "Region", words)
    document.write(str(session / "take.ardour"), xml_declaration=True, encoding="UTF-8")


def written(path: Path) -> tuple[list[tuple[int, int, int]], int]:
    """Notes as tick of Ardour, number and velocity, and how many bends there are."""
    file = mido.MidiFile(path)
    notes, bends, now = [], 0, 0
    for message in max(file.tracks, key=len):
        now += message.time
        bends += message.type == "pitchwheel"
        if message.type == "note_on" and message.velocity:
            notes.append((round(now * ARDOUR_TICKS / file.ticks_per_beat), message.note, message.velocity))
    return notes, bends


def test_midi_files_open_in_a_daw(tmp_path: Path, require_program: Callable[[str], str]) -> None:
    require_program("ardour7-lua")
    pytest.importorskip("partitura")
    files = [tmp_path / "bends.mid", tmp_path / "beats.mid"]
    for file in files:
        transcribe_file(RECORDING, {"mid": file}, Options(quantize=file.stem == "beats"))
    session = tmp_path / "session"
    ardour(tmp_path, _CREATE, session, len(files))
    put_into(session, files)
    told = ardour(tmp_path, _TELL, session)
    for number, file in enumerate(files, 1):
        notes, bends = written(file)
        found = [line[2:] for line in told if line[:2] == ["NOTE", f"track{number}"]]
        times = [tuple(map(int, time.split(":"))) for time, _, _ in found]
        heard = [
            (beats * ARDOUR_TICKS + ticks, int(note), int(velocity))
            for (beats, ticks), (_, note, velocity) in zip(times, found, strict=True)
        ]
        assert heard == notes != []
        assert ["BENDS", f"track{number}", str(bends)] in told
        assert (bends > 0) == (file.stem == "bends")
