"""The screen's process under a real terminal: it must never hold up the engine, nor leave the terminal in disorder."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from streamer.live.screen import Screen
from streamer.live.snapshot import RollNote, Snapshot

if sys.platform == "win32":
    pytest.skip("terminals are driven through pseudo-terminals here", allow_module_level=True)

import termios

import pexpect

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30

# Stands for the engine: shows snapshots until told to quit, then says what the keys asked for.
ENGINE = """
import os, pathlib, sys, time
from streamer.live.screen import Screen
from streamer.live.snapshot import RollNote, Snapshot

screen = Screen()
screen.start()
pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {screen.pid}")
asked, count = [], 0
try:
    while "quit" not in asked and count < 3_000:  # a minute: it must not outlive its test for long
        count += 1
        note = RollNote(60 + count // 10 % 12, count / 20, None, 80)
        cents = count % 40 - 20
        screen.show(Snapshot(time_s=count / 20, input_name="test input", note=note.note, cents=cents, roll=(note,)))
        asked += screen.commands()
        time.sleep(0.02)
except KeyboardInterrupt:
    asked.append("interrupted")
screen.close()
print("ASKED", *asked, flush=True)
"""
# The terminal belongs to a shell, as it does at home: it outlives the engine.
SHELL = 'trap : INT; "$@"; exec sleep 60'
ENTER, LEAVE, SHOW_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


@dataclass
class Terminal:
    """A pseudo-terminal with the engine in it."""

    shell: pexpect.spawn
    mode: list[object]
    pid_file: Path

    @property
    def engine_pid(self) -> int:
        return int(self.pid_file.read_text().split()[0])

    @property
    def screen_pid(self) -> int:
        return int(self.pid_file.read_text().split()[1])

    def wait_for(self, text: str) -> str:
        self.shell.expect_exact(text, timeout=PATIENCE_S)
        return str(self.shell.before)

    def is_tidy(self) -> bool:
        return termios.tcgetattr(self.shell.child_fd) == self.mode


@pytest.fixture
def terminal(tmp_path) -> Iterator[Callable[..., Terminal]]:
    opened = []

    def open_terminal(**environment: str) -> Terminal:
        env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), **environment}
        shell = pexpect.spawn(
            "sh",
            ["-c", SHELL, "sh", sys.executable, "-c", ENGINE, str(tmp_path / "pid")],
            env=env,
            dimensions=(24, 80),
            encoding="utf-8",
            codec_errors="replace",  # a screen that is killed may leave half a character
            timeout=PATIENCE_S,
        )
        opened.append(shell)
        return Terminal(shell, termios.tcgetattr(shell.child_fd), tmp_path / "pid")

    yield open_terminal
    for shell in opened:
        shell.close(force=True)


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A child that lost its parent stays a zombie where the first process collects none.
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_it_draws_passes_keys_on_and_gives_the_terminal_back(terminal):
    screen = terminal()
    screen.wait_for(ENTER)
    screen.wait_for("test input")
    screen.shell.send(" \x1b[A-pr")
    screen.shell.send("?")
    screen.wait_for("end every note on every channel")
    screen.shell.send("q")
    assert SHOW_CURSOR in screen.wait_for("ASKED").partition(LEAVE)[2]
    assert screen.shell.readline().split() == ["mute", "transpose", "+1", "transpose", "-1", "panic", "record", "quit"]
    wait_until(screen.is_tidy)
    assert has_ended(screen.screen_pid)


def test_ctrl_c_is_left_to_the_engine(terminal):
    screen = terminal()
    screen.wait_for("test input")
    screen.shell.sendintr()
    before = screen.wait_for("ASKED")
    assert before.count(LEAVE) == 1
    assert "Traceback" not in before
    assert "unexpectedly" not in before
    assert screen.shell.readline().split() == ["interrupted"]
    wait_until(screen.is_tidy)


def test_ctrl_z_does_not_suspend(terminal):
    screen = terminal()
    screen.wait_for("test input")
    screen.shell.send("\x1a q")
    screen.wait_for("ASKED mute quit")


def test_the_terminal_is_given_back_when_the_engine_is_killed(terminal):
    screen = terminal()
    screen.wait_for("test input")
    os.kill(screen.engine_pid, signal.SIGKILL)
    screen.wait_for(LEAVE)
    screen.wait_for(SHOW_CURSOR)
    wait_until(screen.is_tidy)
    wait_until(lambda: has_ended(screen.screen_pid))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_engine_goes_on_and_says_so_when_the_screen_dies(terminal, number):
    screen = terminal()
    screen.wait_for("test input")
    os.kill(screen.screen_pid, number)
    before = screen.wait_for("the screen has ended unexpectedly; going on without it")
    assert LEAVE in before
    wait_until(screen.is_tidy)
    assert not has_ended(screen.engine_pid)
    screen.shell.sendintr()
    assert LEAVE not in screen.wait_for("ASKED interrupted")


def test_a_closed_terminal_ends_the_screen(terminal):
    screen = terminal()
    screen.wait_for("test input")
    pid = screen.screen_pid
    screen.shell.close(force=True)
    wait_until(lambda: has_ended(pid))


def test_a_resized_terminal_is_filled_anew(terminal):
    screen = terminal()
    screen.wait_for("test input")
    screen.shell.setwinsize(30, 100)
    screen.wait_for("\x1b[2J")
    screen.wait_for("\x1b[30;1H")
    screen.shell.send("q")
    screen.wait_for("ASKED quit")


def test_a_dumb_terminal_gets_lines_without_escape_sequences(terminal):
    screen = terminal(TERM="dumb")
    before = screen.wait_for("velocity  80") + screen.wait_for("velocity  80") + screen.wait_for("no losses")
    screen.shell.send("q")
    before += screen.wait_for("ASKED quit")
    assert "\x1b" not in before


def test_no_color_reaches_the_screen(terminal):
    screen = terminal(NO_COLOR="1")
    before = screen.wait_for("test input") + screen.wait_for("help")
    screen.shell.send("q")
    before += screen.wait_for("ASKED quit")
    assert "38;5" not in before


def test_only_what_changed_is_sent(terminal):
    screen = terminal()
    screen.wait_for("test input")
    sent = [screen.wait_for("\x1b[H") for _ in range(41)]
    # All is sent now and then nevertheless, should another program have written over it.
    assert sum("transpose" in picture for picture in sent) <= 4


def test_in_tmux_the_picture_is_whole_and_leaves_nothing_behind(tmp_path, require_program):
    tmux = [require_program("tmux"), "-L", f"streamer-test-{os.getpid()}"]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    environment.pop("TMUX", None)
    (tmp_path / "engine.py").write_text(ENGINE)

    def run(*arguments: str) -> str:
        done = subprocess.run([*tmux, *arguments], env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    def capture() -> str:
        return run("capture-pane", "-p")

    run("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh")
    try:
        run("send-keys", f"PS1='ready> '; clear; {sys.executable} {tmp_path}/engine.py {tmp_path}/pid", "Enter")
        wait_until(lambda: "test input" in capture() and "? help" in capture())
        lines = capture().splitlines()
        assert lines[0].startswith("╭─ streamer ─ test input → no output")
        assert lines[22].startswith("╰─")
        assert all(len(line) == 80 for line in lines[:23])
        run("send-keys", "q")
        wait_until(lambda: "ASKED quit" in capture())
        assert "╭" not in capture()
    finally:
        run("kill-server")


def snapshot(number: int) -> Snapshot:
    return Snapshot(time_s=float(number), roll=tuple(RollNote(60, i / 10, None, 80) for i in range(100)))


def test_a_stopped_screen_holds_nobody_up(tmp_path):
    notified: list[str] = []
    started = tmp_path / "started"
    sleeper = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)"  # reads nothing
    screen = Screen(notified.append, [sys.executable, "-c", sleeper])
    screen.start()
    wait_until(started.exists)
    for number in range(2000):  # 16 MB: far more than any pipe takes
        screen.show(snapshot(number))
    assert screen.commands() == []
    screen.close()
    assert screen.pid is not None
    assert has_ended(screen.pid)
    assert notified == []


def test_a_screen_that_cannot_start_is_told_and_harmless():
    notified: list[str] = []
    screen = Screen(notified.append, ["/nonexistent/screen"])
    screen.start()
    screen.show(Snapshot())
    assert screen.commands() == []
    screen.close()
    screen.close()
    assert len(notified) == 1
    assert "could not be started" in notified[0]


def test_a_screen_without_a_terminal_is_told(tmp_path):
    notified: list[str] = []
    screen = Screen(
        notified.append, [sys.executable, "-m", "streamer.live.screen_process", str(tmp_path / "no-terminal")]
    )
    screen.start()
    wait_until(lambda: bool(notified))
    screen.show(Snapshot())
    screen.close()
    assert "going on without it" in notified[0]


def test_only_commands_are_passed_on(tmp_path):
    said = tmp_path / "said"
    program = f"print('mute'); print('rm -rf'); print('quit', flush=True); open({str(said)!r}, 'w'); input()"
    screen = Screen(lambda _: None, [sys.executable, "-c", program])
    screen.start()
    asked: list[str] = []

    def all_came() -> bool:
        asked.extend(screen.commands())
        return len(asked) >= 2

    wait_until(all_came)
    screen.close()
    assert asked == ["mute", "quit"]
