"""A JACK server of one's own, without hardware."""

import fcntl
import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any

from waiting import end_process, wait_until

MICROPHONE = "PortAudio:in_0"  # what PortAudio calls its first input when JACK is its driver
PERIOD = 64  # samples
_MOST_SERVERS = 4  # of ours at a time; JACK allows eight on a machine


def _claim_name() -> tuple[str, IO[bytes]]:
    """A server name that no other test run uses, and the lock that says so until it is closed.

    JACK remembers a killed server until one of the same name starts, and refuses a ninth: so names are used again.
    """
    for slot in range(_MOST_SERVERS):
        name = f"streamer-test-{slot}"
        lock = (Path(tempfile.gettempdir()) / f"{name}.lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            return name, lock
    raise AssertionError(f"{_MOST_SERVERS} JACK servers of other test runs are in use")


def realtime_allowed() -> bool:
    """Whether this process may schedule in real time, as ``jackd -R`` wants."""
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(70))
    except PermissionError:
        return False
    os.sched_setscheduler(0, policy, priority)
    return True


class JackServer:
    """``jackd`` with the dummy driver under a name that nobody else uses.

    Attributes
    ----------
    env : dict
        Environment in which programs find this server and no other, and do not start one themselves.
    """

    def __init__(self, directory: Path, rate_hz: int = 48_000, synchronous: bool = False) -> None:
        self.name, self._lock = _claim_name()
        self.rate_hz = rate_hz
        self.synchronous = synchronous
        self.log = directory / f"{self.name}.log"
        self.env = {**os.environ, "JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1"}
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start it, again if need be, and wait until it answers."""
        scheduling = ["-R", "-P", "70"] if realtime_allowed() else ["-r"]
        driver = ["-d", "dummy", "-r", str(self.rate_hz), "-p", str(PERIOD)]
        # So what a busy machine delays is late, not lost; but a client that is killed brings such a server to a stand.
        patience = ["-S", "-t", "2000"] if self.synchronous else []
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["jackd", "-n", self.name, *scheduling, *patience, *driver],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(lambda: "system:capture_1" in self.ports(), "the JACK server")
        except AssertionError as reason:
            self.stop()
            raise AssertionError(f"{reason}; it said: {self.log.read_text()[-2000:]}") from None

    def run(self, *command: str, **settings: Any) -> "subprocess.Popen[bytes]":
        """Start a program that knows this server; `close` ends it, if nobody did before."""
        client = subprocess.Popen(command, **{"env": self.env, "stdin": subprocess.DEVNULL, **settings})
        self._clients.append(client)
        return client

    def stop(self) -> None:
        """End the server as its user would."""
        if self._process is not None:
            end_process(self._process)
            self._process = None

    def close(self) -> None:
        """End all that was started here, the server last."""
        for client in self._clients:
            end_process(client, grace_s=2.0)
        if self.synchronous and self._process is not None:
            self.kill()  # it may be waiting for one of them
        self.stop()
        # A killed server leaves its sockets and semaphores; the memory itself is reclaimed by the next jackd.
        for pattern in (f"jack_{self.name}_*", f"jack_sem.*_{self.name}_*"):
            for left in Path("/dev/shm").glob(pattern):
                left.unlink(missing_ok=True)
        self._lock.close()

    def kill(self) -> None:
        """End it without a chance to say goodbye."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def _ask(self, *command: str) -> str:
        try:
            done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=10, check=False)
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout if done.returncode == 0 else ""

    def ports(self) -> list[str]:
        """Names of all ports; none while the server is away."""
        return self._ask("jack_lsp").splitlines()

    def midi_output(self, part: str) -> str:
        """Wait for the MIDI output port with this in its name, and return its whole name."""

        def find() -> str | None:
            lines = self._ask("jack_lsp", "-t", "-p").splitlines()
            for name, properties, kind in zip(lines, lines[1:], lines[2:], strict=False):
                if part in name and "output" in properties and "midi" in kind:
                    return name
            return None

        return wait_until(find, f"a MIDI output port named {part!r}") or ""

    def connect(self, output: str, to_input: str) -> None:
        """Connect two ports as soon as both are there."""
        wait_until(lambda: {output, to_input} <= set(self.ports()), f"the ports {output} and {to_input}")
        subprocess.run(
            ["jack_connect", output, to_input], env=self.env, check=True, capture_output=True, text=True, timeout=10
        )

    def free_microphone(self) -> None:
        """Wait for a program to open the microphone, and unplug it from the driver's silence."""
        wait_until(lambda: MICROPHONE in self.ports(), f"a program that opens {MICROPHONE}")
        self._ask("jack_disconnect", "system:capture_1", MICROPHONE)

    def play(self, recording: Path) -> "subprocess.Popen[bytes]":
        """Play a recording of the server's rate into the microphone; returns at once."""
        return self.run(
            *("jack-play", "-b", "65536", "-m", "2048", str(recording)),
            env={**self.env, "JACK_PLAY_CONNECT_TO": MICROPHONE},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
