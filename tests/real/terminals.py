"""A real terminal: tmux, with one window that programs are typed into."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from waiting import wait_until

from streamer.live.canvas import big_text


class Terminal:
    """A tmux of one's own with one window."""

    def __init__(self, socket: Path, env: dict[str, str], width: int, height: int) -> None:
        self._socket = str(socket)
        # -f: nobody's configuration. A plain shell stays when the program has ended, to see what it left behind.
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "sh", env=env)

    def _tmux(self, *words: str, env: dict[str, str] | None = None) -> str:
        command = ["tmux", "-S", self._socket, *words]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=20, check=True).stdout

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._tmux("send-keys", *keys)

    def type_line(self, line: str) -> None:
        """Type a line and Enter."""
        self._tmux("send-keys", "-l", line)
        self.keys("Enter")

    def screen(self) -> str:
        """What is to be seen."""
        return self._tmux("capture-pane", "-p")

    def await_screen(self, check: Callable[[str], object], what: str, timeout_s: float = 20.0) -> str:
        """Wait until what is to be seen passes ``check``, and return it."""
        try:
            wait_until(lambda: check(self.screen()), what, timeout_s)
        except AssertionError as reason:
            raise AssertionError(f"{reason}; the screen shows:\n{self.screen()}") from None
        return self.screen()

    def big(self, name: str) -> bool:
        """Whether a note's name stands there in large letters."""
        lines = self.screen().splitlines()
        for factor in (1, 2, 3, 4):
            rows = big_text(name, factor)
            for top in range(len(lines) - len(rows) + 1):
                at = lines[top].find(rows[0].rstrip())
                if at >= 0 and all(
                    lines[top + i][at : at + len(row)].rstrip() == row.rstrip() for i, row in enumerate(rows)
                ):
                    return True
        return False

    def mode(self, name: str) -> str:
        """A tmux format of the window, such as ``alternate_on`` or ``cursor_flag``."""
        return self._tmux("display-message", "-p", f"#{{{name}}}").strip()

    def resize(self, width: int, height: int) -> None:
        """Make the window another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def close_window(self) -> None:
        """Close the window on whatever runs in it; tmux stays."""
        self._tmux("new-window", "-d", "sh")
        self._tmux("kill-window", "-t", ":0")

    def close(self) -> None:
        """End it with all that runs in it."""
        self._tmux("kill-server")
