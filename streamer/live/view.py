"""What the screen shows, as a pure function of a snapshot.

The picture is a frame of joined panels: the note and its tuning, the last seconds as a piano roll, MIDI and latency. It
is laid out for 80 by 24 cells and grows from there; where there is less, panels leave in the order of how little a
player misses them.
"""

import os
import textwrap

from rich.cells import cell_len
from rich.segment import SegmentLines
from rich.style import Style

from streamer.live.canvas import Canvas, big_size, shorten
from streamer.live.panels import Panels
from streamer.live.snapshot import Snapshot
from streamer.live.theme import ACCENT, ACCENT_STRONG, ALARM, ASCII, BAD, PLAIN, QUIET, STRONG, UNICODE, WARN
from streamer.units import A4_HZ, note_name, samples_to_ms

KEYS = (
    ("q", "quit", "end; recordings are finished and written"),
    ("space", "mute", "stop sending MIDI; again: go on"),
    ("p", "panic", "end every note on every channel"),
    ("↑↓", "transpose", "shift what is sent by a semitone; also + and -"),
    ("r", "record", "start a recording; again: finish it"),
    ("s", "save", "keep what was changed in the file of settings"),
    ("←→", "octave", "shift what is sent by an octave"),
    ("e E", "eager", "answer sooner, or wait until it is surer"),
    ("g G", "gate", "raise or lower the level that counts as a note"),
    ("i I", "preset", "the next instrument, or the one before"),
    ("k", "key lock", "notes outside the scale: snap, drop or off"),
    ("b", "bend", "how pitch bends follow: the next way"),
    ("o", "hold", "notes sound on until the next; again: no more"),
    ("l", "learn", "a MIDI controller or key does what a key does"),
    ("?", "help", "show or hide this"),
)
_SILENT_DB = -119.0
_NO_INPUT = "the input is exactly zero: is the microphone connected, allowed and not muted?"
_MOST_MESSAGE_ROWS = 4
_TINY = (24, 7)  # cells; with less there is no frame


def render(
    snapshot: Snapshot, width: int, height: int, *, show_help: bool = False, ascii_only: bool = False
) -> SegmentLines:
    """Draw a snapshot.

    Parameters
    ----------
    snapshot : Snapshot
        What to show.
    width, height : int
        Of the terminal, in cells.
    show_help : bool
        Lay the list of keys over the picture.
    ascii_only : bool
        Use no other characters than ASCII.

    Returns
    -------
    SegmentLines
        A rich renderable of exactly ``height`` lines of ``width`` cells.
    """
    picture = _Frame(snapshot, max(width, 1), max(height, 1), ascii_only)
    picture.draw()
    if show_help:
        picture.help()
    return SegmentLines(picture.canvas.lines(), new_lines=True)


def describe(snapshot: Snapshot, since_s: float) -> list[str]:
    """The notes that began after ``since_s``, a line each: for terminals that cannot place the cursor.

    Parameters
    ----------
    snapshot : Snapshot
        The session at this moment.
    since_s : float
        Seconds since the stream began.
    """
    return [
        f"{note.start_s:9.2f} s  {note_name(note.note):<4} velocity {note.velocity:3d}"
        for note in snapshot.roll
        if note.start_s > since_s
    ]


def summary(snapshot: Snapshot) -> str:
    """One line on how it goes."""
    level = [f"level {snapshot.level_db:.0f} dB{', CLIP' if snapshot.clipped else ''}"]
    return ", ".join([_notes(snapshot), *level * (snapshot.level_db > _SILENT_DB), *_went(snapshot), _load(snapshot)])


def closing_line(snapshot: Snapshot) -> str:
    """One line on how it went."""
    parts = [f"{_notes(snapshot)} in {_clock(snapshot)}", *_went(snapshot)]
    return ", ".join(parts) + (f"; {_NO_INPUT}" if snapshot.silent_input else "")


def losses(snapshot: Snapshot) -> str:
    """What was lost, in a few words."""
    count, lost = snapshot.losses, snapshot.lost_samples
    words = "no losses"
    if count and lost:
        lost_ms = samples_to_ms(lost, snapshot.rate_hz) if snapshot.rate_hz else 0.0
        length = f"{lost_ms / 1000.0:.1f} s" if lost_ms >= 1000.0 else f"{max(1.0, lost_ms):.0f} ms"
        words = f"{count} {'loss' if count == 1 else 'losses'} ({length})"
    elif count:  # of the driver's, with all the sound there
        words = f"{count} {'overrun' if count == 1 else 'overruns'}, no sound lost"
    return words + (f", {snapshot.lost_events} events not written" if snapshot.lost_events else "")


class _Frame:
    """Draws one snapshot; shares the terminal among the panels, and frames them."""

    def __init__(self, snapshot: Snapshot, width: int, height: int, ascii_only: bool) -> None:
        self.snapshot = snapshot
        self.width, self.height = width, height
        self.message = self._message()
        self.rows = height - len(self.message)  # that are left for all else
        self.ascii_only = ascii_only
        self.glyphs = ASCII if ascii_only else UNICODE
        self.canvas = Canvas(width, height)
        self.panels = Panels(snapshot, self.canvas, self.glyphs, ascii_only)

    # -- layout ---------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Share the terminal among the panels."""
        if self.width < _TINY[0] or self.height < _TINY[1]:
            self._tiny()
        elif self.width < 66:
            self._narrow()
        else:
            self._wide()

    def _message(self) -> list[str]:
        """What people are to know now, in as many rows as it needs: the keys stay where they are."""
        text = self.snapshot.status or (_NO_INPUT if self.snapshot.silent_input else "")
        if not text or self.width < _TINY[0] or self.height < _TINY[1] + 1:
            return []
        room = self.width - 2
        most = min(_MOST_MESSAGE_ROWS, self.height - _TINY[1])
        rows = textwrap.wrap(text, room)
        kept = rows[:most]
        if len(rows) > most:
            kept[-1] = shorten(" ".join(rows[most - 1 :]), room)
        return [shorten(row, room) for row in kept]

    def _wide(self) -> None:
        width, height = self.width, self.rows
        inner = height - 3  # frame above and below, footer
        note_high = 7 if inner >= 9 else 4
        split = width * 9 // 20
        for factor in (3, 4):
            wide, high = big_size(3, factor)
            if inner >= high + 14 and split >= wide + 3:
                note_high = high
        # Below the note: the roll and the bottom panels, each with its divider, as far as they have room.
        rest = inner - note_high
        bottom_high = 5 + min(4, max(0, rest - 14) // 4) if rest >= 10 else 0
        roll_high = rest - 1 - (bottom_high + 1 if bottom_high else 0)
        if roll_high < 2:
            note_high, roll_high = inner, 0
        self._frame(height - 1, split)
        self.panels.note(1, 1, split - 1, note_high)
        self.panels.meters(split + 2, 1, width - split - 4, note_high)
        y = 1 + note_high
        if roll_high:
            title = f"last {self.panels.roll_s(width - 2):.0f} s"
            self._divider(y, title, self._engine(width - len(title) - 10), up=split)
            self.panels.roll(1, y + 1, width - 2, roll_high)
            y += 1 + roll_high
        if bottom_high:
            self._divider(y, "midi", down=split)
            self._title(split + 2, y, "latency")
            self._vertical(split, y + 1, bottom_high)
            self.canvas.put(split, height - 2, self.glyphs.bottom[1], QUIET)
            self.panels.messages(2, y + 1, split - 3, bottom_high)
            self.panels.latency(split + 2, y + 1, width - split - 4, bottom_high)
        self._footer()

    def _narrow(self) -> None:
        width, height = self.width, self.rows
        inner = height - 3
        wide, high = big_size(3, 2)
        if width < wide + 4 or inner < high + 7:
            high = big_size(3, 1)[1]
        self._frame(height - 1, None)
        if inner < high + 4:
            text = self._name() if inner > 4 else self._name_and_cents()  # less high, the meters have no word of cents
            self.canvas.put((width - len(text)) // 2, 1, text, self.panels.tuning_style())
            self.panels.meters(2, 2, width - 4, inner - 1)
            self._footer()
            return
        self.panels.note(1, 1, width - 2, high)
        rest = inner - high
        meters_high = 7 if rest >= 14 else min(rest, 4)
        self.panels.meters(2, 1 + high, width - 4, meters_high)
        y = 1 + high + meters_high
        rest -= meters_high
        latency_high = 5 if rest >= 11 else 1 if rest >= 4 else 0
        roll_high = rest - 1 - (latency_high + 1 if latency_high else 0)
        if roll_high >= 2:
            self._divider(y, f"last {self.panels.roll_s(width - 2):.0f} s")
            self.panels.roll(1, y + 1, width - 2, roll_high)
            y += roll_high + 1
            if latency_high:
                self._divider(y, "latency")
                self.panels.latency(2, y + 1, width - 4, latency_high)
        elif rest:
            self.panels.latency(2, y, width - 4, 1)
        self._footer()

    def _tiny(self) -> None:
        snapshot = self.snapshot
        clip = " CLIP" if snapshot.clipped else ""
        lines = [
            (self._name_and_cents(), self.panels.tuning_style()),
            ("- dB" if snapshot.level_db <= _SILENT_DB else f"{snapshot.level_db:.0f} dB{clip}", PLAIN),
            (snapshot.status or self._flags_text(), WARN),
            (f"p50 {snapshot.total.p50_ms:.0f} ms" if snapshot.notes_sent else "no note yet", QUIET),
            ("q quit", QUIET),
        ]
        for y, (text, style) in enumerate(lines[: self.height]):
            self.canvas.put(0, y, shorten(text, self.width), style)

    def _name(self) -> str:
        return note_name(self.snapshot.note) if self.snapshot.note is not None else "--"

    def _name_and_cents(self) -> str:
        snapshot = self.snapshot
        return self._name() + ("" if snapshot.cents is None or snapshot.note is None else f" {snapshot.cents:+.0f}")

    # -- frame ----------------------------------------------------------------------------------------------------

    def _frame(self, height: int, split: int | None) -> None:
        """The outer frame, with who is joined to whom above and the counts below."""
        put, glyphs, snapshot = self.canvas.put, self.glyphs, self.snapshot
        last = self.width - 1
        put(0, 0, glyphs.top[0] + glyphs.horizontal * (last - 1) + glyphs.top[2], QUIET)
        put(0, height - 1, glyphs.bottom[0] + glyphs.horizontal * (last - 1) + glyphs.bottom[2], QUIET)
        for x in (0, last):
            self._vertical(x, 1, height - 2)
        if split is not None:
            put(split, 0, glyphs.top[1], QUIET)
            self._vertical(split, 1, height - 2)
            put(split, height - 1, glyphs.bottom[1], QUIET)

        x = put(2, 0, " streamer ", ACCENT_STRONG)
        right = last - 1
        for text, style in self._flags():
            right -= cell_len(text) + 3
            put(right + 1, 0, f" {text} ", style)
        clock = _clock(snapshot)
        if right - x > 24:
            right -= len(clock) + 3
            put(right + 1, 0, f" {clock} ", PLAIN)
        outputs = ", ".join(map(_short_name, snapshot.output_names)) or "no output"
        if not snapshot.input_name and not snapshot.output_names:
            return  # it starts: nothing is known yet
        route = f"{snapshot.input_name or 'no input'} {glyphs.arrow} {outputs}"
        room = right - x - 4
        if room >= 8:
            put(x + 1, 0, f" {shorten(route, room)} ", PLAIN)

    def _counts(self, y: int) -> None:
        """What has been sent and lost so far, in the lower edge of the frame."""
        put, snapshot, x = self.canvas.put, self.snapshot, 2
        for text, style in (
            (_notes(snapshot), PLAIN),
            (losses(snapshot), BAD if snapshot.lost_samples or snapshot.lost_events else PLAIN),
            (_load(snapshot), BAD if snapshot.load > 0.8 else PLAIN),
        ):
            if x + len(text) + 3 >= self.width:
                text = text.partition(", ")[0]
            if x + len(text) + 3 < self.width:
                x = put(x, y, f" {text} ", style) + 1

    def _vertical(self, x: int, y: int, height: int) -> None:
        for row in range(y, y + height):
            self.canvas.put(x, row, self.glyphs.vertical, QUIET)

    def _divider(self, y: int, title: str, right: str = "", up: int | None = None, down: int | None = None) -> None:
        glyphs = self.glyphs
        for row in range(y + 1, self.rows - 2):  # what is below the divider starts anew
            self.canvas.put(1, row, " " * (self.width - 2))
        self.canvas.put(0, y, glyphs.middle[0] + glyphs.horizontal * (self.width - 2) + glyphs.middle[4], QUIET)
        self.canvas.put(1, self.rows - 2, glyphs.horizontal, QUIET)
        for column, joint in ((up, glyphs.middle[2]), (down, glyphs.middle[1])):
            if column is not None:
                self.canvas.put(column, y, joint, QUIET)
        x = self._title(2, y, title)
        if right and x + len(right) + 6 < self.width:
            self._title(self.width - len(right) - 4, y, right)

    def _title(self, x: int, y: int, text: str) -> int:
        return self.canvas.put(x, y, f" {text} ", QUIET)

    def _engine(self, room: int) -> str:
        """How it is set, as much of it as fits; what players change goes last."""
        snapshot, dot = self.snapshot, f" {self.glyphs.dot} "
        least_needed = [snapshot.detector, f"{snapshot.rate_hz / 1000:g} kHz", f"hop {snapshot.hop}"]
        parts = [*least_needed[1:], snapshot.detector, snapshot.preset]
        if snapshot.bend_range:
            parts.append(f"{snapshot.bend} {'+-' if self.ascii_only else '±'}{snapshot.bend_range} st")
        if round(snapshot.a4_hz, 1) != A4_HZ:
            parts.append(f"A4 {snapshot.a4_hz:.1f} Hz")
        parts = list(dict.fromkeys(part for part in parts if part))
        while len(dot.join(parts)) > room and least_needed:
            left_out = least_needed.pop(0)
            parts = [part for part in parts if part != left_out or part == snapshot.preset]
        return dot.join(parts)

    def _flags(self) -> list[tuple[str, Style]]:
        """What is unlike usual, the rightmost first."""
        snapshot, flags = self.snapshot, []
        if snapshot.recording:
            name = shorten(os.path.basename(snapshot.recording), self.width // 4) if self.width >= 66 else ""
            flags.append((f"{self.glyphs.lamp} REC {name}".rstrip(), BAD))
        if snapshot.muted:
            flags.append(("MUTED", ALARM))
        if snapshot.holds:
            flags.append(("hold", WARN))
        if snapshot.scale:
            flags.append((shorten(snapshot.scale, 20), ACCENT))
        if snapshot.clock_bpm is not None:
            flags.append((f"clock {snapshot.clock_bpm:.0f}", ACCENT))
        if snapshot.transpose:
            flags.append((f"{snapshot.transpose:+d} st", WARN))
        return flags

    def _flags_text(self) -> str:
        return " ".join(text for text, _ in self._flags())

    def _footer(self) -> None:
        """The counts in the frame's lower edge, the message below it, and the keys; of these, help is shown first."""
        put = self.canvas.put
        self._counts(self.rows - 2)
        for row, text in enumerate(self.message, self.rows - 1):
            put(1, row, text, WARN)
        keys = [(self._key(key), word) for key, word, _ in KEYS]
        while len(keys) > 1 and sum(len(key) + len(word) + 4 for key, word in keys) - 2 > self.width:
            keys.pop(-2)
        x = 1
        for key, word in keys:
            x = put(put(x, self.height - 1, key, STRONG) + 1, self.height - 1, word, QUIET) + 3

    def _key(self, key: str) -> str:
        """A key as it can be shown."""
        return {"↑↓": "+-", "←→": "<>"}.get(key, key) if self.ascii_only else key

    def help(self) -> None:
        """The keys and what they do, in a box over the middle."""
        lines = [(key, word, what) for key, word, what in KEYS]
        wide = min(self.width, max(len(what) for _, _, what in lines) + 24)
        high = min(self.height, len(lines) + 4)
        x, y = (self.width - wide) // 2, (self.height - high) // 2
        put, glyphs = self.canvas.put, self.glyphs
        self.canvas.fill(x, y, wide, high)
        put(x, y, glyphs.top[0] + glyphs.horizontal * (wide - 2) + glyphs.top[2], ACCENT)
        put(x, y + high - 1, glyphs.bottom[0] + glyphs.horizontal * (wide - 2) + glyphs.bottom[2], ACCENT)
        for row in range(y + 1, y + high - 1):
            put(x, row, glyphs.vertical, ACCENT)
            put(x + wide - 1, row, glyphs.vertical, ACCENT)
        put(x + 2, y, " keys ", ACCENT_STRONG)
        top = y + (2 if high == len(lines) + 4 else 1)
        for row, (key, word, what) in enumerate(lines[: y + high - 1 - top], top):
            put(x + 3, row, self._key(key), STRONG)
            put(x + 10, row, word, PLAIN)
            put(x + 21, row, shorten(what, wide - 23), QUIET)


def _notes(snapshot: Snapshot) -> str:
    count = snapshot.notes_sent
    notes = "1 note" if count == 1 else f"{count or 'no'} notes"
    return f"{notes}, {snapshot.corrections} corrected" if snapshot.corrections else notes


def _clock(snapshot: Snapshot) -> str:
    return f"{int(snapshot.time_s) // 60}:{int(snapshot.time_s) % 60:02d}"


def _load(snapshot: Snapshot) -> str:
    return f"load {snapshot.load:.0%}"


def _went(snapshot: Snapshot) -> list[str]:
    total = snapshot.total
    latency = f"latency p50 {total.p50_ms:.0f} ms, p95 {total.p95_ms:.0f} ms"
    return [*[latency] * (snapshot.notes_sent > 0), losses(snapshot)]


def _short_name(name: str) -> str:
    """Of a file whose path is told from the root, the last part."""
    return os.path.basename(name) or name if os.path.isabs(name) else name
