"""`streamer live`, started as a user would start it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from jackserver import JackServer
from waiting import end_process, wait_until

COMMAND = [sys.executable, "-m", "streamer", "live"]


class Live:
    """The command without its screen, with every event written to a file.

    Parameters
    ----------
    directory : Path
        Where what it says and writes is kept.
    arguments : str
        Further words of the command line.
    env : dict
        Its environment: `JackServer.env`.
    stdin : file or int, optional
        As for `subprocess.Popen`.
    """

    def __init__(
        self, directory: Path, *arguments: str, env: dict[str, str], stdin: "int | IO[bytes]" = subprocess.DEVNULL
    ) -> None:
        self.events_file = directory / "events.jsonl"
        self._said = directory / "said.txt"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [*COMMAND, "--no-ui", "--jsonl", str(self.events_file), *arguments],
                env=env,
                stdin=stdin,
                stdout=said,
                stderr=said,
            )

    def await_microphone(self, jack: JackServer, words: str = "listening") -> None:
        """Wait until it says that it hears the microphone, and free that from the driver's silence.

        Nobody asks the server for its ports before that: each question is a client that comes and goes, and one that
        leaves while another comes can hold up the other for seconds.
        """
        self.await_words(words, timeout_s=30.0)
        jack.free_microphone()

    def said(self) -> str:
        """All that it said to people so far."""
        return self._said.read_text()

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The whole lines of this kind written so far; a line that is no JSON is an error."""
        if not self.events_file.exists():
            return []
        text = self.events_file.read_text()
        whole = text[: text.rfind("\n") + 1]
        return [event for event in map(json.loads, whole.splitlines()) if event["type"] == kind]

    def await_events(self, kind: str, count: int, timeout_s: float = 20.0) -> list[dict[str, Any]]:
        """Wait for so many events of a kind."""
        try:
            wait_until(
                lambda: len(self.events(kind)) >= count or self.process.poll() is not None, f"{count} {kind}", timeout_s
            )
        except AssertionError as reason:
            raise AssertionError(f"{reason}; it said: {self.said()}") from None
        found = self.events(kind)
        assert len(found) >= count, f"it ended early ({self.process.returncode}), saying: {self.said()}"
        return found

    def await_words(self, words: str, timeout_s: float = 20.0) -> str:
        """Wait until it has said a line with these words, and return that line."""

        def lines() -> list[str]:
            return [line for line in self.said().splitlines() if words in line]

        try:
            wait_until(lambda: lines() or self.process.poll() is not None, f"a line with {words!r}", timeout_s)
        except AssertionError as reason:
            raise AssertionError(f"{reason}; it said: {self.said()}") from None
        found = lines()
        assert found, f"it ended ({self.process.returncode}), saying: {self.said()}"
        return found[0]

    def end(self, with_signal: int = signal.SIGTERM, timeout_s: float = 20.0) -> int:
        """Send a signal, wait, and return the exit status as a shell tells it."""
        if self.process.poll() is None:
            os.kill(self.process.pid, with_signal)
        return self.wait(timeout_s)

    def wait(self, timeout_s: float = 20.0) -> int:
        """Wait for its own end; one that does not end is an error."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end; it said: {self.said()}") from None
        return code if code >= 0 else 128 - code

    def abandon(self) -> None:
        """End it, whatever state it is in."""
        end_process(self.process, grace_s=2.0)
