"""The terminal screen as a process: ``python -m streamer.live.screen_process TERMINAL``.

Snapshots come in as lines of JSON on standard input, commands go out as lines on standard output, and the screen is
drawn on the named terminal. The process lives as long as its standard input: however the engine ends, even killed, the
pipe's end comes, and the terminal is given back as it was.
"""

import contextlib
import locale
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import IO, NoReturn

from rich.console import Console
from rich.control import Control
from rich.segment import Segment, Segments

from streamer.live.keys import COMMANDS, KeyDecoder, raw_keys, read_keys
from streamer.live.snapshot import Snapshot
from streamer.live.view import describe, render, summary

NICENESS = 10  # the audio goes before its picture
REPAINT_EVERY = 20  # pictures; other programs' and drivers' words in between are painted over
SUMMARY_EVERY_S = 5.0

_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]  # Windows has one
_END = None
Message = tuple[str, str] | None


def main(terminal: str) -> None:
    """Draw on ``terminal`` until standard input ends."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)
    commands = os.dup(1)
    fd = os.open(terminal, os.O_RDWR | getattr(os, "O_NOCTTY", 0))
    os.dup2(fd, 1)  # rich, and the console of Windows, take their knowledge of the terminal from here
    encoding = "utf-8" if sys.platform == "win32" else locale.getencoding()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the engine's to answer
    for ending in _ENDINGS:
        signal.signal(ending, _leave)

    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    with open(1, "w", encoding=encoding, errors="replace", closefd=False, buffering=1 << 16) as file:
        console = Console(file=file, highlight=False, markup=False, emoji=False)
        painter = _Lines(console) if console.is_dumb_terminal else _Painter(console)
        with _ignoring_lost_terminal(), raw_keys(fd), painter:
            threading.Thread(target=_snapshots, args=(sys.stdin.buffer, messages), daemon=True).start()
            threading.Thread(target=_keys, args=(fd, messages), daemon=True).start()
            _serve(messages, painter, commands)


def _leave(number: int, _: object) -> NoReturn:
    for ending in _ENDINGS:
        signal.signal(ending, signal.SIG_IGN)  # once is enough; the terminal is being given back
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _ignoring_lost_terminal() -> Iterator[None]:
    """Nothing can be drawn or given back on a terminal that was closed."""
    try:
        yield
    except (OSError, ValueError) as error:
        print(f"the screen lost its terminal: {error}", file=sys.stderr)


def _snapshots(pipe: IO[bytes], messages: "queue.SimpleQueue[Message]") -> None:
    for line in pipe:
        messages.put(("snapshot", line.decode()))
    messages.put(_END)


def _keys(fd: int, messages: "queue.SimpleQueue[Message]") -> None:
    decoder = KeyDecoder()
    while text := read_keys(fd):
        for command in decoder.feed(text):
            messages.put(("key", command))


def _serve(messages: "queue.SimpleQueue[Message]", painter: "_Painter | _Lines", commands: int) -> None:
    """Draw the newest snapshot whenever there is one, and pass the keys on."""
    newest = Snapshot(status="starting")
    painter.paint(newest)
    while True:
        pending = [messages.get()]
        while not messages.empty():
            pending.append(messages.get())
        line = None
        for message in pending:
            if message is _END:
                return
            kind, text = message
            if kind == "snapshot":
                line = text
            elif text in COMMANDS:
                with contextlib.suppress(OSError):  # the engine is ending: so shall we, when our input does
                    os.write(commands, f"{text}\n".encode())
            else:
                painter.key(text)
        if line is not None:
            newest = Snapshot.from_json(line)
        painter.paint(newest)


class _Painter:
    """Draws on the alternate screen, and sends only the rows that have changed: nothing can flicker."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._ascii_only = not console.encoding.lower().startswith("utf") or os.environ.get("TERM") == "linux"
        self._help = False
        self._rows: list[list[Segment]] = []
        self._size = (0, 0)
        self._painted = 0

    def __enter__(self) -> None:
        self._console.set_alt_screen(True)
        self._console.show_cursor(False)

    def __exit__(self, *_: object) -> None:
        self._console.set_alt_screen(False)
        self._console.show_cursor(True)

    def key(self, name: str) -> None:
        if name == "help":
            self._help = not self._help
        self._rows = []

    def paint(self, snapshot: Snapshot) -> None:
        size = os.get_terminal_size(1)
        width, height = size.columns or 80, size.lines or 24
        rows = render(snapshot, width, height, show_help=self._help, ascii_only=self._ascii_only).lines
        out: list[Segment] = []
        if (width, height) != self._size:
            self._size, self._rows = (width, height), []
            out.append(Control.clear().segment)
        if self._painted % REPAINT_EVERY == 0 or len(self._rows) != len(rows):
            self._rows = [[]] * len(rows)
        self._painted += 1
        for y, (row, before) in enumerate(zip(rows, self._rows, strict=True)):
            if row != before:
                out += [Control.move_to(0, y).segment, *row]
        if out:
            out.append(Control.home().segment)
            self._console.print(Segments(out), end="", crop=False, no_wrap=True, overflow="ignore")
        self._rows = rows


class _Lines:
    """Writes a line for each note, and now and then one on how it goes: for terminals that cannot place the cursor."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._described_s = self._summed_s = 0.0
        self._status = ""

    def __enter__(self) -> None:
        self._console.print("keys: q quit, space mute, p panic, + and - transpose, r record, s save", soft_wrap=True)

    def __exit__(self, *_: object) -> None:
        pass

    def key(self, name: str) -> None:
        pass

    def paint(self, snapshot: Snapshot) -> None:
        lines = describe(snapshot, self._described_s)
        self._described_s = max((note.start_s for note in snapshot.roll), default=self._described_s)
        if snapshot.status != self._status:
            self._status = snapshot.status
            lines += [self._status] if self._status else []
        if snapshot.time_s >= self._summed_s + SUMMARY_EVERY_S:
            self._summed_s = snapshot.time_s
            lines.append(summary(snapshot))
        for line in lines:
            self._console.print(line, soft_wrap=True)


if __name__ == "__main__":
    status = 1
    try:
        main(sys.argv[1])
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    except Exception:
        traceback.print_exc()
    finally:
        # The two threads wait for what may never come, one of them with the lock of standard input, over which the
        # interpreter's own farewell would stumble.
        os._exit(status)
