"""Programs that receive MIDI over JACK, and what they received.

What a receiver got is a list of `mido.Message` whose ``time`` is seconds since that receiver began.
"""

import re
import subprocess
from pathlib import Path

import mido
from jackserver import JackServer
from waiting import end_process, wait_until

_MOST_STARTS = 3
_DUMP_LINE = re.compile(r"\s*(?P<stamp>\d+):(?P<bytes>(?: [0-9a-f]{2})+)(?:\s|$)")


def notes_on(messages: list[mido.Message]) -> list[mido.Message]:
    """The note-ons in order; one with velocity 0 is a note-off."""
    return [m for m in messages if m.type == "note_on" and m.velocity > 0]


def sounding(messages: list[mido.Message]) -> set[int]:
    """Notes that still sound after all these messages: stuck, once the sender is gone."""
    left: set[int] = set()
    for message in messages:
        if message.type == "note_on" and message.velocity > 0:
            left.add(message.note)
        elif message.type in ("note_on", "note_off"):
            left.discard(message.note)
        elif message.is_cc() and message.control in (120, 123):  # all sound off, all notes off
            left.clear()
    return left


def read_midi_file(path: Path) -> list[mido.Message]:
    """The messages of a MIDI file with their times in seconds since its beginning."""
    messages, now_s = [], 0.0
    for message in mido.MidiFile(path):
        now_s += message.time
        if not message.is_meta:
            messages.append(message.copy(time=now_s))
    return messages


class MidiDump:
    """``jack_midi_dump``: prints what arrives, and when, by JACK's own clock."""

    def __init__(self, jack: JackServer, directory: Path, name: str = "dump") -> None:
        self._rate_hz = jack.rate_hz
        self._file = directory / f"{name}.txt"
        self.port = f"{name}:input"
        with self._file.open("wb") as out:
            self._process = jack.run(
                *("stdbuf", "-oL", "jack_midi_dump", "-a", name), stdout=out, stderr=subprocess.DEVNULL
            )
        wait_until(lambda: self.port in jack.ports(), f"the port {self.port}")

    def messages(self) -> list[mido.Message]:
        """What has arrived so far."""
        found = [_DUMP_LINE.match(line) for line in self._file.read_text().splitlines()]
        return [
            mido.Message.from_bytes(bytes.fromhex(m["bytes"]), time=int(m["stamp"]) / self._rate_hz) for m in found if m
        ]

    def kill(self) -> None:
        """End it without a chance to say goodbye."""
        self._process.kill()
        self._process.wait()

    def close(self) -> list[mido.Message]:
        """End it, and return all that has arrived."""
        end_process(self._process)
        return self.messages()


_ARDOUR_SCRIPT = """
local folder, stop_file, rate = arg[1], arg[2], tonumber(arg[3])
AudioEngine:set_backend("JACK", "", "")
assert(create_session(folder, "take", rate), "no session")
local one = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local tracks = Session:new_midi_track(one, one, true, ARDOUR.PluginInfo(), nil, nil, 1, "lead",
    ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
for track in tracks:iter() do
    track:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
end
Session:maybe_enable_record()
Session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
while not Session:actively_recording() do sleep(0.1) end
print("RECORDING")
io.stdout:flush()
while true do
    local stop = io.open(stop_file)
    if stop then stop:close() break end
    sleep(0.1)
end
Session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
while Session:transport_rolling() do sleep(0.1) end
sleep(0.5)
Session:save_state("", false, false, false, false, false)
close_session()
"""


class Ardour:
    """Ardour without its window, recording one MIDI track.

    Its threads share one socket to JACK without a lock: now and then two of them speak at once as it starts, and the
    server breaks off or leaves it waiting. So it is started again then, and the port is connected from outside.
    """

    def __init__(self, jack: JackServer, directory: Path, port: str) -> None:
        for attempt in range(1, _MOST_STARTS + 1):
            try:
                self._start(jack, directory / str(attempt))
                break
            except AssertionError:
                end_process(self._process, grace_s=2.0)
                if attempt == _MOST_STARTS:
                    raise
        self.port = next(name for name in jack.ports() if name.endswith("lead/midi_in 1"))
        jack.connect(port, self.port)

    def _start(self, jack: JackServer, directory: Path) -> None:
        home = directory / "home"
        home.mkdir(parents=True)
        self._log = directory / "ardour.log"
        self._session = directory / "session"
        self._stop_file = directory / "stop"
        script = directory / "record.lua"
        script.write_text(_ARDOUR_SCRIPT)
        with self._log.open("wb") as log:
            self._process = jack.run(
                *("ardour7-lua", str(script), str(self._session), str(self._stop_file), str(jack.rate_hz)),
                # A home of its own: no one's settings, and no first-run question.
                env={**jack.env, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._recording, "Ardour to record", 30.0)

    def _recording(self) -> bool:
        log = self._log.read_text()
        assert self._process.poll() is None, f"Ardour ended: {log}"
        return "RECORDING" in log

    def close(self) -> list[mido.Message]:
        """Stop, save, and return what stands in the session's MIDI file."""
        self._stop_file.touch()
        self._process.wait(60)
        takes = [read_midi_file(path) for path in self._session.glob("interchange/**/*.mid")]
        takes = [take for take in takes if take]  # it lays out the file of the next take beforehand
        assert len(takes) == 1, f"Ardour recorded {takes}; it said: {self._log.read_text()}"
        return takes[0]
