"""The screen as a musician sees it: a real terminal, real keys."""

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jackserver import JackServer
from livecommand import COMMAND
from receivers import MidiDump, notes_on, read_midi_file, sounding
from waiting import wait_until

from streamer.live.canvas import big_text

pytestmark = [pytest.mark.jack, pytest.mark.usefixtures("jack_midi")]


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


@pytest.fixture
def terminal(tmp_path: Path, jack: JackServer, require_program: Callable[[str], str]) -> Iterator[Terminal]:
    require_program("tmux")
    env = {k: v for k, v in jack.env.items() if k not in ("TMUX", "NO_COLOR")} | {"LANG": "C.UTF-8", "PS1": "$ "}
    window = Terminal(tmp_path / "tmux", env, 80, 24)
    yield window
    window.close()


@pytest.fixture
def playing(jack: JackServer, terminal: Terminal, long_note: Path, tmp_path: Path) -> Path:
    """`streamer live` with its screen while A3 is played into it; the MIDI file it records."""
    take = tmp_path / "take.mid"
    terminal.type_line(f"{shlex.join(COMMAND)} --virtual --midi {shlex.quote(str(take))}; echo status=$?")
    terminal.await_screen(lambda text: "hop 128" in text, "the screen")
    jack.free_microphone()
    jack.play(long_note)
    terminal.await_screen(lambda _: terminal.big("A3"), "a large A3")
    return take


def assert_restored(terminal: Terminal) -> None:
    """The shell has its terminal back: its screen, its cursor, its echo."""
    assert terminal.mode("alternate_on") == "0"
    assert terminal.mode("cursor_flag") == "1"
    terminal.type_line("clear; stty -a")
    text = terminal.await_screen(lambda text: "icanon" in text, "the terminal's settings")
    assert {"icanon", "echo", "isig"} <= set(text.replace(";", " ").split())


def test_the_screen_shows_the_note_and_keys_work(terminal: Terminal, playing: Path) -> None:
    text = terminal.screen()
    assert terminal.mode("alternate_on") == "1"
    assert max(len(line) for line in text.splitlines()) <= 80
    for word in ("system", "streamer", "p50", "jitter", "1 note", "48 kHz", "REC", "220.", "cents"):
        assert word in text, f"{word!r} is missing:\n{text}"

    terminal.keys("?")
    terminal.await_screen(lambda text: "end every note" in text, "the help")
    terminal.keys("?")
    terminal.await_screen(lambda text: "end every note" not in text, "no help")
    terminal.keys("Space")
    terminal.await_screen(lambda text: "MUTED" in text, "the word MUTED")
    terminal.keys("Space")
    terminal.await_screen(lambda text: "MUTED" not in text, "MUTED to go")
    terminal.keys("Up")
    terminal.await_screen(lambda text: "+1 st" in text, "the transposition")
    terminal.keys("Down")
    terminal.await_screen(lambda text: "+1 st" not in text, "no transposition")
    terminal.keys("r")
    terminal.await_screen(lambda text: "REC" not in text, "the recording to end")
    assert [m.note for m in notes_on(read_midi_file(playing))][:1] == [57]

    terminal.resize(120, 40)
    terminal.await_screen(lambda text: max(map(len, text.splitlines())) > 110, "the larger screen")
    terminal.keys("q")
    terminal.await_screen(lambda text: "status=0" in text, "its end")
    assert_restored(terminal)
    assert not sounding(read_midi_file(playing))


def test_ctrl_c_gives_the_terminal_back(terminal: Terminal, playing: Path) -> None:
    terminal.keys("C-c")
    text = terminal.await_screen(lambda text: "status=130" in text, "its end by the signal")
    assert "Traceback" not in text
    assert_restored(terminal)
    assert [m.note for m in notes_on(read_midi_file(playing))] == [57]
    assert not sounding(read_midi_file(playing))


def test_a_stopped_program_lends_the_terminal_to_the_shell_and_takes_it_again(
    terminal: Terminal, playing: Path
) -> None:
    shell = terminal.mode("pane_pid")
    (program,) = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
    os.kill(int(program), signal.SIGTSTP)
    terminal.await_screen(lambda text: "topped" in text or "status=" in text, "the shell")
    assert_restored(terminal)
    terminal.type_line("fg")
    terminal.await_screen(lambda text: "hop 128" in text and "lost" not in text, "the screen again")
    assert terminal.mode("alternate_on") == "1"
    terminal.keys("q")
    wait_until(lambda: terminal.mode("alternate_on") == "0", "its end")
    assert_restored(terminal)
    assert not sounding(read_midi_file(playing))


def test_a_closed_terminal_ends_the_note(jack: JackServer, terminal: Terminal, playing: Path, tmp_path: Path) -> None:
    dump = MidiDump(jack, tmp_path)
    jack.connect(jack.midi_output("streamer"), dump.port)
    before = len(notes_on(dump.messages()))
    terminal.close_window()
    wait_until(lambda: not any("streamer" in port for port in jack.ports()), "its ports to go")
    messages = dump.close()
    assert any(m.type == "note_off" and m.note == 57 for m in messages), f"{before}, {messages}"
    assert [m.note for m in notes_on(read_midi_file(playing))] == [57]
    assert not sounding(read_midi_file(playing))
