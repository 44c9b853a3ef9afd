"""What is sent, made audible on the computer's own sound output by `streamer.outputs.synth`."""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from threading import RLock

from mido import Message

from streamer.errors import OutputError
from streamer.events import Event
from streamer.expression.make import make_encoder
from streamer.outputs.sink import Sink
from streamer.settings.expression import Expression
from streamer.units import A4_HZ

_OPENING_S = 8.0  # some drivers take seconds
_CLOSING_S = 1.0
_PLAYED = ("note_on", "note_off", "pitchwheel")
_ALL_NOTES_OFF = 123  # a controller
_USUAL_RATE_HZ = 48_000


class SoundSink(Sink):
    """Plays notes and their bends on the system's own sound output.

    Parameters
    ----------
    a4_hz : float
        Frequency of A4.
    expression : Expression, optional
        How notes are played; there are no controllers, and no channels. By default as the settings have it.
    rate_hz : int
        Sample rate of the events.

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

    def __init__(
        self, a4_hz: float = A4_HZ, expression: Expression | None = None, rate_hz: int = _USUAL_RATE_HZ
    ) -> None:
        wanted = expression or Expression()
        plain = replace(
            wanted, bend=wanted.mode, bend_range=wanted.semitones, mpe="off", control=(), sustain=0.0
        )  # what it has no means for is left out
        self._encoder = make_encoder(plain, rate_hz, a4_hz=a4_hz)
        self.wants_pitch = self._encoder.wants_pitch
        self._settings = json.dumps({"a4_hz": a4_hz, "bend_range": plain.semitones})
        self._lock = RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self.name = "sound output"
        self.reopen()

    def send(self, event: Event) -> None:
        """Play it; after `close`, nothing. Raises `OutputError` when the output is gone."""
        with self._lock:
            self._play(self._encoder.encode(event))

    def set_bend(self, mode: str) -> None:
        """See `Sink.set_bend`."""
        with self._lock:
            self._play(self._encoder.set_bend(mode))
            self.wants_pitch = self._encoder.wants_pitch

    def panic(self) -> None:
        """Let go of all that sounds."""
        with self._lock:
            self._play(self._encoder.panic())

    def reopen(self) -> None:
        """Open the system's sound output. Raises `OutputError` where there is none."""
        with self._lock:
            self.close()
            process = subprocess.Popen(
                [sys.executable, "-m", "streamer.outputs.sound_process", self._settings],
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
            self._encoder.end()  # of what sounded before a failure
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

    def _play(self, messages: list[Message]) -> None:
        for message in messages:
            if message.type in _PLAYED or message.is_cc(_ALL_NOTES_OFF):
                self._write(bytes(message.bytes()))
            self._encoder.sent(message)

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
