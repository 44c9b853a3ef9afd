"""Which ways to MIDI this machine has, which of them work, and why the others do not.

Nothing here loads a MIDI library into this process: each API is asked by a child, see `streamer.outputs.midi_probe`.
"""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from streamer.errors import MidiError
from streamer.outputs.midi_probe import ANSWER_MARK, Answer

ALSA_SEQUENCER = Path("/dev/snd/seq")
ANSWER_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class MidiApi:
    """One operating system's way to MIDI.

    Attributes
    ----------
    name : str
        What the user calls it, as in ``--midi-api``.
    label : str
        What its makers call it.
    constant : str
        What RtMidi calls it.
    platform : str
        `sys.platform` where it is found.
    virtual_ports : bool
        Whether a program can make a port that others connect to.
    """

    name: str
    label: str
    constant: str
    platform: str
    virtual_ports: bool


@dataclass(frozen=True, slots=True)
class MidiLibrary:
    """A Python package with RtMidi inside."""

    package: str
    distribution: str
    backend: str  # mido's module for it
    speaks_jack: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """What one API answered.

    Attributes
    ----------
    api : MidiApi
        Which was asked.
    backend : str
        The mido back end that works with it; empty when none does.
    ports : tuple of str
        Existing output ports: those that something can be sent to.
    reason : str
        Why it cannot be used and what mends that; empty when it can.
    """

    api: MidiApi
    backend: str = ""
    ports: tuple[str, ...] = ()
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Whether a port can be opened."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class MidiOutput:
    """One line of a list of MIDI outputs.

    Attributes
    ----------
    api : str
        Name of the API, as in ``--midi-api``.
    label : str
        What the API's makers call it.
    port : str or None
        An existing port; None where the line speaks of the API as a whole.
    usable : bool
        Whether it can be opened now.
    detail : str
        Why not and what mends it, or what can be done with it.
    """

    api: str
    label: str
    port: str | None
    usable: bool
    detail: str


MIDI_APIS = {
    api.name: api
    for api in (  # in the order in which they are tried
        MidiApi("alsa", "ALSA", "LINUX_ALSA", "linux", virtual_ports=True),
        MidiApi("jack", "JACK", "UNIX_JACK", "linux", virtual_ports=True),
        MidiApi("coremidi", "CoreMIDI", "MACOSX_CORE", "darwin", virtual_ports=True),
        MidiApi("winmm", "Windows MIDI", "WINDOWS_MM", "win32", virtual_ports=False),
    )
}
LIBRARIES = (  # the better kept one first
    MidiLibrary("rtmidi", "python-rtmidi", "mido.backends.rtmidi", speaks_jack=True),
    # The JACK client inside rtmidi2's wheel ends the process when the server's protocol is another one.
    MidiLibrary("rtmidi2", "rtmidi2", "streamer.outputs.rtmidi2_backend", speaks_jack=False),
)


def apis_here() -> list[MidiApi]:
    """The APIs that this operating system can have."""
    return [api for api in MIDI_APIS.values() if api.platform == sys.platform]


def probe(api: MidiApi, within_s: float = ANSWER_WITHIN_S) -> Probe:
    """Ask an API for its output ports. Never raises, and is back in time whatever the API does.

    Parameters
    ----------
    api : MidiApi
        One of `apis_here`.
    within_s : float
        Seconds it may take.
    """
    if api.name == "alsa" and (reason := _sequencer_trouble()):
        return Probe(api, reason=reason)
    reason = ""
    for library in LIBRARIES:
        if importlib.util.find_spec(library.package) is None:
            continue
        if api.name == "jack" and not library.speaks_jack:
            continue
        answer = _ask_child(library, api, within_s)
        if "ports" in answer:
            return Probe(api, backend=library.backend, ports=tuple(answer["ports"]))
        reason = reason or _explain(answer, library, api)
    return Probe(api, reason=reason or _no_library(api))


def choose_api(name: str | None = None, within_s: float = ANSWER_WITHIN_S) -> Probe:
    """The API to use: the one named, else the first of this system that works; each is given so long to answer.

    Parameters
    ----------
    name : str or None
        Name of an API.
    within_s : float
        Seconds that each may take.

    Raises
    ------
    MidiError
        If it is not of this system, or does not work.
    """
    here = apis_here()
    if name is not None:
        if name not in [api.name for api in here]:
            known = ", ".join(api.name for api in here) or "none"
            raise MidiError(f"there is no MIDI API {name!r} on this system; choose from: {known}")
        answer = probe(MIDI_APIS[name], within_s)
        if not answer.usable:
            raise MidiError(f"{answer.api.label} MIDI cannot be used: {answer.reason}")
        return answer
    troubles = []
    for api in here:
        answer = probe(api, within_s)
        if answer.usable:
            return answer
        troubles.append(f"{api.label}: {answer.reason}")
    raise MidiError(f"no MIDI output can be opened. {'. '.join(troubles) or 'This system is not known'}")


def list_midi_outputs() -> list[MidiOutput]:
    """Each API of this system, then its ports; those that cannot be used say why."""
    lines = []
    for answer in map(probe, apis_here()):
        api = answer.api
        detail = answer.reason or ("takes virtual ports" if api.virtual_ports else NO_VIRTUAL_PORTS)
        lines.append(MidiOutput(api.name, api.label, None, answer.usable, detail))
        lines += [MidiOutput(api.name, api.label, port, True, "") for port in answer.ports]
    return lines


NO_VIRTUAL_PORTS = "Windows makes no virtual MIDI ports: make a loopback port with loopMIDI and name it as the output"


def _sequencer_trouble() -> str:
    if not ALSA_SEQUENCER.exists():
        return f"there is no sequencer ({ALSA_SEQUENCER}); load it with `sudo modprobe snd-seq`"
    if not os.access(ALSA_SEQUENCER, os.R_OK | os.W_OK):
        return f"{ALSA_SEQUENCER} may not be opened; run `sudo usermod -aG audio $USER` and log in again"
    return ""


def _ask_child(library: MidiLibrary, api: MidiApi, within_s: float) -> Answer:
    command = [sys.executable, "-P", "-m", "streamer.outputs.midi_probe", library.backend, api.constant]
    # The child must find the same packages as we did, from wherever we were started.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(entry) for entry in sys.path)}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=within_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"it does not answer within {within_s:g} s; restart it"}
    except OSError as error:
        return {"error": f"Python could not be started to ask it: {error}"}
    # A library may have printed too, before the answer and after it.
    lines = [line for line in done.stdout.decode(errors="replace").splitlines() if line.startswith(ANSWER_MARK)]
    if done.returncode != 0 or not lines:
        return {"crash": f"status {done.returncode}"}
    answer: Answer = json.loads(lines[-1].removeprefix(ANSWER_MARK))
    return answer


def _explain(answer: Answer, library: MidiLibrary, api: MidiApi) -> str:
    if "import_error" in answer:
        if "libasound" in answer["import_error"]:
            return "the system's ALSA library is missing; `sudo apt install libasound2`"
        return f"{library.distribution} does not load ({answer['import_error']}); reinstall it"
    if "crash" in answer:
        return f"{library.distribution} crashed when asked for its ports ({answer['crash']}): it may not fit the server"
    if api.name == "jack" and "server not running" in answer["error"]:
        return "no server answers; start one, for example with QjackCtl"
    return answer["error"]


def _no_library(api: MidiApi) -> str:
    if api.name == "jack":
        return (
            "python-rtmidi is not installed, and no other library speaks to JACK safely; `pip install python-rtmidi`, "
            "which on Python 3.13 needs a C++ compiler"
        )
    return "no MIDI library is installed; `pip install python-rtmidi`, or rtmidi2 from Python 3.13 on"
