"""What is sent, made audible on the computer's own sound output by `streamer.outputs.synth`."""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from threading import RLock

from streamer.errors import OutputError
from streamer.events import Event, NoteOff, NoteOn
from streamer.outputs.sink import Sink
from streamer.outputs.sound_process import CONTROL, NOTE_OFF, NOTE_ON
from streamer.units import A4_HZ

_OPENING_S = 8.0  # some drivers take seconds
_CLOSING_S = 1.0
_ALL_NOTES_OFF = bytes((CONTROL, 123, 0))


class SoundSink(Sink):
    """Plays notes on the system's own sound output.

    Parameters
    ----------
    a4_hz : float
        Frequency of A4.

    Raises
    ------
    OutputError
        If there is no output device, or it cannot be opened.

    Notes
    -----
    The device is held by a process of its own, `streamer.outputs.sound_process`: whatever its driver does, notes go on
    to the other sinks, and no sound outlives this program.
    """

    can_reopen = True

    def __init__(self, a4_hz: float = A4_HZ) -> None:
        self._a4_hz = a4_hz
        self._lock = RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self.name = "sound output"
        self.reopen()

    def send(self, event: Event) -> None:
        """Play it; after `close`, nothing. Raises `OutputError` when the output is gone."""
        match event:
            case NoteOn():
                self._write(bytes((NOTE_ON, event.note, event.velocity)))
            case NoteOff():
                self._write(bytes((NOTE_OFF, event.note, 0)))

    def panic(self) -> None:
        """Let go of all that sounds."""
        self._write(_ALL_NOTES_OFF)

    def reopen(self) -> None:
        """Open the system's sound output. Raises `OutputError` where there is none."""
        with self._lock:
            self.close()
            process = subprocess.Popen(
                [sys.executable, "-m", "streamer.outputs.sound_process", json.dumps({"a4_hz": self._a4_hz})],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,  # the terminal's Ctrl-C is for who ends the notes first
            )
            self._process = process
            try:
                answer = _answer(process)
                if "error" in answer:
                    raise OutputError(f"there is no sound output: {answer['error']}")
            except OutputError:
                self.close()
                raise
            self.name = f"sound on {answer['name']}"
            assert process.stdin is not None
            with suppress(OSError):  # not on Windows before Python 3.12; there the pipe has room for minutes of notes
                os.set_blocking(process.stdin.fileno(), False)

    def close(self) -> None:
        """Let go of all that sounds, and of the device. May be called twice."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(OSError):
                process.stdin.close()
            try:
                process.wait(_CLOSING_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()

    def _write(self, message: bytes) -> None:
        with self._lock:
            if self._process is None:
                return
            assert self._process.stdin is not None
            try:
                written = os.write(self._process.stdin.fileno(), message)
            except OSError as error:  # a pipe that is full is as good as one that is broken
                raise OutputError(f"the {self.name} has stopped ({error.strerror})") from None
            if written != len(message):
                raise OutputError(f"the {self.name} has stopped")


def _answer(process: "subprocess.Popen[bytes]") -> dict[str, str]:
    """The process's one line, waited for in a thread: Windows cannot wait for a pipe with a time limit."""
    lines: list[bytes] = []
    assert process.stdout is not None
    waiting = threading.Thread(target=lambda: lines.append(process.stdout.readline()), daemon=True)  # type: ignore[union-attr]
    waiting.start()
    waiting.join(_OPENING_S)
    if not lines or not lines[0]:
        raise OutputError("there is no sound output: the audio system does not answer")
    answer: dict[str, str] = json.loads(lines[0])
    return answer
