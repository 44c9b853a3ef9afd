"""The microphone: what `streamer.audio.capture` captures in a process of its own, as a `Source`."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from typing import Any

import numpy as np

from streamer.audio.capture import HEADER
from streamer.audio.channels import ChannelMixer
from streamer.audio.devices import InputDevice
from streamer.audio.source import Source
from streamer.errors import DeviceError
from streamer.events import Block

_OPENING_S = 10.0  # some drivers take seconds
_LEAVING_S = 0.6
_NO_ANSWER_S = 1.0  # of the capture process, which shows life ten times a second


class _CaptureProcess:
    """One run of `streamer.audio.capture`, and the bytes it sends."""

    def __init__(self, **settings: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamer.audio.capture", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # the terminal's Ctrl-C is for the session, which ends this when all notes are off
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._received = bytearray()

    @property
    def process_id(self) -> int:
        """Of the operating system."""
        return self._process.pid

    def go(self) -> None:
        """Let the stream start."""
        with contextlib.suppress(BrokenPipeError):  # its end is seen when it is read from
            self._stdin.write(b"go\n")

    def peek(self, count: int, timeout_s: float) -> bytes | None:
        """The next ``count`` bytes, which stay; None when the time is over before they are there.

        Raises
        ------
        DeviceError
            When the process is gone.
        """
        fd, deadline = self._stdout.fileno(), time.monotonic() + timeout_s
        while len(self._received) < count:
            # Windows cannot wait for a pipe with a time limit; there the process's regular beat bounds the wait.
            if sys.platform != "win32" and not select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            data = os.read(fd, 1 << 16)
            if not data:
                raise DeviceError("the process that reads the audio input has ended")
            self._received += data
        return bytes(self._received[:count])

    def take(self, count: int) -> bytes:
        """The next bytes, which `peek` has seen."""
        data = bytes(self._received[:count])
        del self._received[:count]
        return data

    def answer(self) -> dict[str, Any]:
        """The next JSON line; an answer that is an error is raised as `DeviceError`."""
        deadline = time.monotonic() + _OPENING_S
        while (end := self._received.find(b"\n")) < 0:
            if self.peek(len(self._received) + 1, deadline - time.monotonic()) is None:
                raise DeviceError(f"the audio system did not answer within {_OPENING_S:g} s; is its server hanging?")
        answer: dict[str, Any] = json.loads(self.take(end + 1))
        if "error" in answer:
            raise DeviceError(answer["error"])
        return answer

    def end(self) -> None:
        """Ask it to close the stream, and kill it when it cannot."""
        self._stdin.close()
        try:
            self._process.wait(_LEAVING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()


def list_inputs() -> list[InputDevice]:
    """All audio inputs.

    Raises
    ------
    DeviceError
        Where PortAudio is not installed or does not answer.
    """
    process = _CaptureProcess(list=True)
    try:
        return [InputDevice(**device) for device in process.answer()["devices"]]
    finally:
        process.end()


class Microphone(Source):
    """An audio input.

    Parameters
    ----------
    wanted : str, optional
        Which one, see `streamer.audio.devices.choose_input`; the system's own choice where it is left out.
    rate_hz : int, optional
        The device's own rate where it is left out.
    block : int
        Samples per callback of the driver; 0 for what suits it best.
    channel : int or None
        Which channel to take, counted from 1; None for the rule of `streamer.audio.channels`, applied to the first two.

    Attributes
    ----------
    mixer : ChannelMixer
        As of every `Source`.

    Raises
    ------
    DeviceError
        When there is no such input, or it cannot be opened.
    """

    mixer: ChannelMixer

    def __init__(
        self, wanted: str | None = None, rate_hz: int | None = None, block: int = 0, channel: int | None = None
    ) -> None:
        self._settings = {"input": wanted, "rate_hz": rate_hz, "block": block, "channel": channel}
        self._process: _CaptureProcess | None = None
        self._time = 0
        self._died_ns: int | None = None
        self._losses_before = 0
        self._quiet_s = 0.0
        opened = self._open()
        self.rate_hz = opened["rate_hz"]
        # Once it runs, everything downstream counts in this rate: the same one is asked for when the device comes back.
        self._settings["rate_hz"] = self.rate_hz
        self.mixer = ChannelMixer(self._channels, self.rate_hz)

    def _open(self) -> dict[str, Any]:
        process = _CaptureProcess(**self._settings)
        try:
            opened = process.answer()
        except DeviceError:
            process.end()
            raise
        self._process = process
        self.name = opened["name"]
        self.input_latency_ms = opened["latency_ms"]
        self._channels = opened["channels"]
        return opened

    @property
    def process_id(self) -> int | None:
        """The process that holds the device; None while it is closed."""
        return self._process.process_id if self._process else None

    def start(self) -> None:
        """Begin to deliver. See `Source.start`."""
        if self._process is None:
            self._open()
            self.mixer = ChannelMixer(self._channels, self.rate_hz)  # it may have come back with other channels
        assert self._process is not None
        self._quiet_s = 0.0
        self._losses_before = self.losses
        try:
            self._process.go()
            self._process.answer()
        except DeviceError:
            self.close()
            raise

    def read(self, timeout_s: float) -> Block | None:
        """The next samples. See `Source.read`."""
        if self._process is None:
            raise DeviceError(f"the audio input {self.name} is closed")
        try:
            packet = self._packet(timeout_s)
        except DeviceError as error:
            self._died_ns = time.monotonic_ns()
            raise DeviceError(f"the audio input {self.name} is gone: {error}") from None
        if packet is None:
            return None
        lost, captured_ns, interleaved = packet
        if self._died_ns is not None:
            # Time goes on while the device is away.
            lost += max(0, (captured_ns - self._died_ns) * self.rate_hz // 1_000_000_000 - len(interleaved))
            self.losses += 1
            self._losses_before += 1
            self._died_ns = None
        if lost:
            self.lost += lost
            self.mixer.skip()
        samples = self.mixer.mix(interleaved)
        block = Block(samples, self._time + lost, captured_ns, lost)
        self._time += lost + len(samples)
        return block

    def _packet(self, timeout_s: float) -> tuple[int, int, Any] | None:
        assert self._process is not None
        head = self._process.peek(HEADER.size, timeout_s)
        count, lost, losses, captured_ns = HEADER.unpack(head) if head else (0, 0, 0, 0)
        size = HEADER.size + 4 * max(0, count) * self._channels
        if not head or not self._process.peek(size, timeout_s):
            self._quiet_s += timeout_s
            if self._quiet_s >= _NO_ANSWER_S:
                raise DeviceError("its driver does not answer any more")
            return None
        self._quiet_s = 0.0
        if count < 0:
            raise DeviceError("it was unplugged or its audio server has stopped")
        self.losses = self._losses_before + losses
        samples = np.frombuffer(self._process.take(size), np.float32, offset=HEADER.size)
        return (lost, captured_ns, samples.reshape(-1, self._channels)) if count else None

    def close(self) -> None:
        """Let go of the device; takes less than a second, whatever the driver does."""
        if self._process is not None:
            self._process.end()
            self._process = None
