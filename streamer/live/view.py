"""What the screen shows, as a pure function of a snapshot.

The picture is a frame of joined panels: the note and its tuning, the last seconds as a piano roll, MIDI and latency. It
is laid out for 80 by 24 cells and grows from there; where there is less, panels leave in the order of how little a
player misses them. No meaning hangs on colour alone, and each colour reads at 3.8:1 and better on black and on white.
"""

import math
import os
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import SegmentLines
from rich.style import Style

from streamer.live.canvas import QUADRANTS, Canvas, big_size, big_text, shorten
from streamer.live.snapshot import LatencySummary, RollNote, Snapshot
from streamer.units import note_name

# From the 256 colours, all of middling luminance (0.14 to 0.22).
PLAIN = Style()
STRONG = Style(bold=True)
QUIET = Style(color="color(243)")
ACCENT = Style(color="color(31)")
ACCENT_STRONG = Style(color="color(31)", bold=True)
GOOD = Style(color="color(29)", bold=True)
WARN = Style(color="color(130)", bold=True)
BAD = Style(color="color(160)", bold=True)
ALARM = Style(color="color(160)", bold=True, reverse=True)
LEVEL_GOOD, LEVEL_WARN, LEVEL_BAD = Style(color="color(29)"), Style(color="color(130)"), Style(color="color(160)")

IN_TUNE_CENTS = 6.0
OFF_CENTS = 20.0
LOWEST_LEVEL_DB = -60.0
S_PER_CELL = 0.1

KEYS = (
    ("q", "quit", "end; recordings are finished and written"),
    ("space", "mute", "stop sending MIDI; again: go on"),
    ("p", "panic", "end every note on every channel"),
    ("↑↓", "transpose", "shift what is sent by a semitone; also + and -"),
    ("r", "record", "start a recording; again: finish it"),
    ("?", "help", "show or hide this"),
)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that differ where a terminal knows ASCII only."""

    horizontal: str = "─"
    vertical: str = "│"
    top: str = "╭┬╮"
    middle: str = "├┬┴┼┤"
    bottom: str = "╰┴╯"
    bar: str = "▏▎▍▌▋▊▉█"
    column: str = "▁▂▃▄▅▆▇█"
    quadrants: str = QUADRANTS
    guide: str = "┈"
    tick: str = "╵"
    centre: str = "┃"
    needle: str = "█"
    beam: str = "▄"
    peak: str = "┃"
    dot: str = "·"
    lamp: str = "●"
    arrow: str = "→"


UNICODE = Glyphs()
ASCII = Glyphs(
    horizontal="-",
    vertical="|",
    top="+++",
    middle="+++++",
    bottom="+++",
    bar=" ==#####",
    column="..::||##",
    quadrants=" " + "#" * 15,
    guide=".",
    tick="'",
    centre="|",
    needle="#",
    beam="=",
    peak="|",
    dot="-",
    lamp="*",
    arrow=">",
)


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
    picture = _Picture(snapshot, max(width, 1), max(height, 1), ascii_only)
    picture.draw()
    if show_help:
        picture.help()
    return SegmentLines(picture.canvas.lines(), new_lines=True)


def describe(snapshot: Snapshot, since_s: float) -> list[str]:
    """The notes that began after ``since_s``, a line each: for terminals that cannot place the cursor."""
    return [
        f"{note.start_s:9.2f} s  {note_name(note.note):<4} velocity {note.velocity:3d}"
        for note in snapshot.roll
        if note.start_s > since_s
    ]


def summary(snapshot: Snapshot) -> str:
    """One line on how it goes."""
    total = snapshot.total
    return (
        f"{_notes(snapshot.notes_sent)}, level {snapshot.level_db:.0f} dB{', CLIP' if snapshot.clipped else ''}, "
        f"latency p50 {total.p50_ms:.0f} p95 {total.p95_ms:.0f} ms, {_losses(snapshot)}, load {snapshot.load:.0%}"
    )


class _Picture:
    """Draws one snapshot; each method draws one panel into the rectangle it is given."""

    def __init__(self, snapshot: Snapshot, width: int, height: int, ascii_only: bool) -> None:
        self.snapshot = snapshot
        self.width, self.height = width, height
        self.ascii_only = ascii_only
        self.glyphs = ASCII if ascii_only else UNICODE
        self.canvas = Canvas(width, height)

    # -- layout ---------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Share the terminal among the panels."""
        if self.width < 24 or self.height < 7:
            self._tiny()
        elif self.width < 66:
            self._narrow()
        else:
            self._wide()

    def _wide(self) -> None:
        width, height = self.width, self.height
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
        self._note(1, 1, split - 1, note_high)
        self._meters(split + 2, 1, width - split - 4, note_high)
        y = 1 + note_high
        if roll_high:
            self._divider(y, f"last {self._roll_s(width - 2):.0f} s", self._engine(), up=split)
            self._roll(1, y + 1, width - 2, roll_high)
            y += 1 + roll_high
        if bottom_high:
            self._divider(y, "midi", down=split)
            self._title(split + 2, y, "latency")
            self._vertical(split, y + 1, bottom_high)
            self.canvas.put(split, height - 2, self.glyphs.bottom[1], QUIET)
            self._messages(2, y + 1, split - 3, bottom_high)
            self._latency(split + 2, y + 1, width - split - 4, bottom_high)
        self._footer(height - 1)

    def _narrow(self) -> None:
        width, height = self.width, self.height
        inner = height - 3
        wide, high = big_size(3, 2)
        if width < wide + 4 or inner < high + 7:
            high = big_size(3, 1)[1]
        self._frame(height - 1, None)
        if inner < high + 3:
            self._meters(2, 1, width - 4, inner)
            self._footer(height - 1)
            return
        self._note(1, 1, width - 2, high)
        rest = inner - high
        meters_high = 7 if rest >= 14 else min(rest, 4)
        self._meters(2, 1 + high, width - 4, meters_high)
        y = 1 + high + meters_high
        rest -= meters_high
        latency_high = 5 if rest >= 11 else 1 if rest >= 4 else 0
        roll_high = rest - 1 - (latency_high + 1 if latency_high else 0)
        if roll_high >= 2:
            self._divider(y, f"last {self._roll_s(width - 2):.0f} s")
            self._roll(1, y + 1, width - 2, roll_high)
            y += roll_high + 1
            if latency_high:
                self._divider(y, "latency")
                self._latency(2, y + 1, width - 4, latency_high)
        elif rest:
            self._latency(2, y, width - 4, 1)
        self._footer(height - 1)

    def _tiny(self) -> None:
        snapshot = self.snapshot
        name = note_name(snapshot.note) if snapshot.note is not None else "--"
        cents = "" if snapshot.cents is None else f" {snapshot.cents:+.0f}"
        lines = [
            (f"{name}{cents}", self._tuning_style()),
            (f"{snapshot.level_db:.0f} dB{' CLIP' if snapshot.clipped else ''}", PLAIN),
            (snapshot.status or self._flags_text(), WARN),
            (f"p50 {snapshot.total.p50_ms:.0f} ms", QUIET),
            ("q quit", QUIET),
        ]
        for y, (text, style) in enumerate(lines[: self.height]):
            self.canvas.put(0, y, shorten(text, self.width), style)

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
        clock = f"{int(snapshot.time_s) // 60}:{int(snapshot.time_s) % 60:02d}"
        if right - x > 24:
            right -= len(clock) + 3
            put(right + 1, 0, f" {clock} ", PLAIN)
        outputs = ", ".join(snapshot.output_names) or "no output"
        route = f"{snapshot.input_name or 'no input'} {glyphs.arrow} {outputs}"
        room = right - x - 4
        if room >= 8:
            put(x + 1, 0, f" {shorten(route, room)} ", PLAIN)

    def _counts(self, y: int) -> None:
        """What has been sent and lost so far, in the lower edge of the frame."""
        put, snapshot, x = self.canvas.put, self.snapshot, 2
        for text, style in (
            (_notes(snapshot.notes_sent), PLAIN),
            (_losses(snapshot), BAD if snapshot.losses else PLAIN),
            (f"load {snapshot.load:.0%}", BAD if snapshot.load > 0.8 else PLAIN),
        ):
            if x + len(text) + 3 < self.width:
                x = put(x, y, f" {text} ", style) + 1

    def _vertical(self, x: int, y: int, height: int) -> None:
        for row in range(y, y + height):
            self.canvas.put(x, row, self.glyphs.vertical, QUIET)

    def _divider(self, y: int, title: str, right: str = "", up: int | None = None, down: int | None = None) -> None:
        glyphs = self.glyphs
        for row in range(y + 1, self.height - 2):  # what is below the divider starts anew
            self.canvas.put(1, row, " " * (self.width - 2))
        self.canvas.put(0, y, glyphs.middle[0] + glyphs.horizontal * (self.width - 2) + glyphs.middle[4], QUIET)
        self.canvas.put(1, self.height - 2, glyphs.horizontal, QUIET)
        for column, joint in ((up, glyphs.middle[2]), (down, glyphs.middle[1])):
            if column is not None:
                self.canvas.put(column, y, joint, QUIET)
        x = self._title(2, y, title)
        if right and x + len(right) + 6 < self.width:
            self._title(self.width - len(right) - 4, y, right)

    def _title(self, x: int, y: int, text: str) -> int:
        return self.canvas.put(x, y, f" {text} ", QUIET)

    def _engine(self) -> str:
        snapshot, dot = self.snapshot, self.glyphs.dot
        parts = [f"{snapshot.rate_hz / 1000:g} kHz", f"hop {snapshot.hop}", snapshot.detector, snapshot.preset]
        return f" {dot} ".join(dict.fromkeys(part for part in parts if part))

    def _flags(self) -> list[tuple[str, Style]]:
        """What is unlike usual, the rightmost first."""
        snapshot, flags = self.snapshot, []
        if snapshot.recording:
            name = shorten(os.path.basename(snapshot.recording), self.width // 4) if self.width >= 66 else ""
            flags.append((f"{self.glyphs.lamp} REC {name}".rstrip(), BAD))
        if snapshot.muted:
            flags.append(("MUTED", ALARM))
        if snapshot.transpose:
            flags.append((f"{snapshot.transpose:+d} st", WARN))
        return flags

    def _flags_text(self) -> str:
        return " ".join(text for text, _ in self._flags())

    def _footer(self, y: int) -> None:
        snapshot, put = self.snapshot, self.canvas.put
        self._counts(y - 1)
        status = snapshot.status
        if not status and snapshot.silent_input:
            status = "the input is exactly zero: is the microphone connected, allowed and not muted?"
        if status:
            put(1, y, shorten(status, self.width - 10), WARN)
            if self.width >= 30:
                x = put(self.width - 7, y, "?", STRONG)
                put(x + 1, y, "help", QUIET)
            return
        x = 1
        for key, word, _ in KEYS:
            key = "+-" if self.ascii_only and not key.isascii() else key
            if x + len(key) + len(word) + 1 >= self.width:
                break
            x = put(put(x, y, key, STRONG) + 1, y, word, QUIET) + 3

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
            key = "+ -" if self.ascii_only and not key.isascii() else key
            put(x + 3, row, key, STRONG)
            put(x + 10, row, word, PLAIN)
            put(x + 21, row, shorten(what, wide - 23), QUIET)

    # -- panels ---------------------------------------------------------------------------------------------------

    def _tuning_style(self) -> Style:
        cents = self.snapshot.cents
        if self.snapshot.note is None or cents is None:
            return QUIET
        if self.snapshot.muted:
            return QUIET
        return GOOD if abs(cents) <= IN_TUNE_CENTS else ACCENT_STRONG if abs(cents) <= OFF_CENTS else WARN

    def _note(self, x: int, y: int, width: int, height: int) -> None:
        """The note's name with its octave, as large as fits."""
        note = self.snapshot.note
        name = "-" if note is None else note_name(note)
        fitting = [
            factor
            for factor in (1, 2, 3, 4)
            if big_size(max(3, len(name)), factor)[0] <= width and big_size(3, factor)[1] <= height
        ]
        if not fitting:
            self.canvas.put(x + max(0, (width - len(name)) // 2), y + height // 2, name, self._tuning_style())
            return
        rows = big_text(name, fitting[-1], self.ascii_only)
        left = x + (width - len(rows[0])) // 2
        style = QUIET if note is None or self.snapshot.muted else self._tuning_style()
        if note is not None and style is QUIET and not self.snapshot.muted:
            style = ACCENT_STRONG  # a note that rings on without a pitch
        for row, text in enumerate(rows, y + (height - len(rows)) // 2):
            self.canvas.put(left, row, text, style)

    def _meters(self, x: int, y: int, width: int, height: int) -> None:
        """Tuning and input level. Heights: 7 and more in full, 4 with the essentials, less with what fits."""
        if height >= 7:
            spare = height - 7
            needle_high, bar_high = 3 + spare // 2, 1 + (spare + 1) // 4
            self._cents(x, y, width, needle_high)
            self._facts(x, y + needle_high + (spare > 0), width)
            self._level(x, y + height - bar_high - 1, width, bar_high)
        elif height >= 4:
            self._cents(x, y, width, 2)
            self._level(x, y + height - 2, width, 1)
        else:
            self._cents(x, y, width, 1)
            if height >= 2:
                self._bar(x, y + height - 1, width)

    def _cents(self, x: int, y: int, width: int, height: int) -> None:
        """The needle: its words above, then a scale that it stands on."""
        put, glyphs, cents = self.canvas.put, self.glyphs, self.snapshot.cents
        cells = width - 1 + width % 2  # odd, so that there is a centre
        middle = x + cells // 2
        style = self._tuning_style()
        if cents is not None and self.snapshot.note is None:
            style = PLAIN
        if height >= 2:
            put(x, y, "flat", QUIET)
            put(x + cells - 5, y, "sharp", QUIET)
            words = "" if cents is None else f"{cents:+.0f} cents"
            put(middle - len(words) // 2, y, words, style)
            y += 1
        for row in range(y, y + max(1, height - 1)):
            base = row == y + max(1, height - 1) - 1
            put(x, row, (glyphs.guide if base else " ") * cells, QUIET)
            if base:
                for at in (-50, -25, 25, 50):
                    put(round(middle + at / 50 * (cells // 2)), row, glyphs.tick, QUIET)
            put(middle, row, glyphs.centre, QUIET)
            if cents is not None:
                at = round(middle + max(-50.0, min(50.0, cents)) / 50 * (cells // 2))
                if base:
                    put(min(at, middle), row, glyphs.beam * abs(at - middle), style)
                    put(middle, row, glyphs.centre, QUIET)
                put(at, row, glyphs.needle, style)

    def _facts(self, x: int, y: int, width: int) -> None:
        """Frequency, velocity and certainty, in columns so that nothing jumps."""
        snapshot = self.snapshot
        hz = (f"{snapshot.f0_hz:.1f} Hz" if snapshot.f0_hz else "- Hz").ljust(9)
        velocity = f"velocity {snapshot.velocity:3d}" if snapshot.note is not None else "velocity   -"
        parts = [hz, velocity, f"sure {snapshot.confidence:4.0%}"]
        while len("   ".join(parts)) > width:
            parts.pop()
        self.canvas.put(x, y, "   ".join(parts), QUIET)

    def _level(self, x: int, y: int, width: int, bar_height: int) -> None:
        snapshot = self.snapshot
        silent = snapshot.level_db <= -119
        text = "level     - dB" if silent else f"level {snapshot.level_db:5.0f} dB"
        column = self.canvas.put(x, y, text, PLAIN)
        if width >= 36 and not silent:
            self.canvas.put(column + 3, y, f"peak {snapshot.peak_db:4.0f} dB", QUIET)
        if snapshot.clipped:
            self.canvas.put(x + width - 6, y, " CLIP ", ALARM)
        for row in range(y + 1, y + 1 + bar_height):
            self._bar(x, row, width)

    def _bar(self, x: int, y: int, width: int) -> None:
        """The level as a bar, green to -12 dB, amber to -3, red above; the peak as a mark."""
        snapshot, glyphs, put = self.snapshot, self.glyphs, self.canvas.put

        def column(level_db: float) -> float:
            return max(0.0, min(1.0, 1 - level_db / LOWEST_LEVEL_DB)) * width

        end = column(snapshot.level_db)
        whole = int(end)
        part = int((end - whole) * 8)
        put(x, y, glyphs.guide * width, QUIET)
        for cell in range(whole + (part > 0)):
            style = LEVEL_GOOD if cell < column(-12) else LEVEL_WARN if cell < column(-3) else LEVEL_BAD
            put(x + cell, y, glyphs.bar[7] if cell < whole else glyphs.bar[part - 1], style)
        peak = int(column(snapshot.peak_db))
        if peak > whole:
            put(x + min(peak, width - 1), y, glyphs.peak, BAD if snapshot.clipped else STRONG)

    def _roll_s(self, width: int) -> float:
        return (width - 10) * S_PER_CELL

    def _roll(self, x: int, y: int, width: int, height: int) -> None:
        """The piano roll: now at the right, a dot for half a cell, that is half a tenth of a second by one semitone.

        Where the melody is wider than the rows, a dot takes two semitones or more. The range moves in steps of a
        fourth, to stand still most of the time.
        """
        snapshot, glyphs, put = self.snapshot, self.glyphs, self.canvas.put
        left, cells = x + 5, width - 10
        dots_wide, dots_high = cells * 2, height * 2
        now = math.floor(snapshot.time_s * 2 / S_PER_CELL)  # in dots; whole ones, so that notes move without shimmering
        first = now - dots_wide
        notes = [(note, *_span(note, now)) for note in snapshot.roll]
        notes = [entry for entry in notes if entry[2] > first and entry[1] < now]
        low = min((note.note for note, _, _ in notes), default=55)
        high = max((note.note for note, _, _ in notes), default=72)
        per_dot = max(1, -(-(high - low + 1) // dots_high))
        base = low - (dots_high * per_dot - (high - low + 1)) // 2
        snapped = base // 5 * 5
        if high - snapped < dots_high * per_dot and snapped <= low:
            base = snapped

        for row in range(height):
            floor_note = base + (height - 1 - row) * 2 * per_dot
            cs = [n for n in range(floor_note, floor_note + 2 * per_dot) if n % 12 == 0]
            if cs:
                put(x + 1, y + row, note_name(cs[0]), QUIET)
                put(left, y + row, glyphs.guide * cells, QUIET)

        grid = [[0] * cells for _ in range(height)]
        sounding = [[False] * cells for _ in range(height)]
        for index, (note, start, end) in enumerate(notes):
            again = index + 1 < len(notes) and notes[index + 1][0].note == note.note and notes[index + 1][1] <= end
            end = max(start + 1, notes[index + 1][1] - 1) if again else end  # a repeated note shows its seam
            up = (note.note - base) // per_dot
            row, lower = height - 1 - up // 2, up % 2 == 0
            for dot in range(max(start, first), min(end, now)):
                cell, right = (dot - first) // 2, (dot - first) % 2
                grid[row][cell] |= (2 if right else 1) << (2 if lower else 0)
                sounding[row][cell] |= note.end_s is None
            if note.end_s is None:
                put(left + cells + 1, y + row, note_name(note.note), ACCENT_STRONG)
        for row in range(height):
            for cell, dots in enumerate(grid[row]):
                if dots:
                    style = ACCENT_STRONG if sounding[row][cell] else ACCENT
                    put(left + cell, y + row, glyphs.quadrants[dots], style)

    def _messages(self, x: int, y: int, width: int, height: int) -> None:
        """The newest MIDI messages, the last one lowest."""
        newest = self.snapshot.messages[-height:]
        if not newest:
            self.canvas.put(x, y, "nothing sent yet", QUIET)
        for row, message in enumerate(newest, y):
            self.canvas.put(x, row, shorten(message, width), STRONG if row == y + len(newest) - 1 else PLAIN)

    def _latency(self, x: int, y: int, width: int, height: int) -> None:
        """Percentiles, their parts, and the histogram below."""
        snapshot, put, total = self.snapshot, self.canvas.put, self.snapshot.total
        if not snapshot.notes_sent:
            put(x, y, "no note yet", QUIET)
            return
        column = x
        for word, value_ms in (("p50", total.p50_ms), ("p95", total.p95_ms), ("jitter", total.jitter_ms)):
            if column + len(word) + 4 > x + width:
                break
            column = put(put(column, y, f"{word} ", QUIET), y, f"{value_ms:3.0f}", STRONG) + 3
        put(column - 2, y, "ms", QUIET)
        if height >= 2:
            self._parts(x, y + 1, width)
        if height >= 4:
            self._histogram(x, y + 2, width, height - 2)

    def _parts(self, x: int, y: int, width: int) -> None:
        snapshot, column = self.snapshot, x
        parts: list[tuple[str, LatencySummary]] = [
            ("audio", snapshot.audio),
            ("queue", snapshot.queue),
            ("compute", snapshot.compute),
            ("send", snapshot.send),
        ]
        for word, part in parts:
            value = f"{part.p50_ms:.{0 if part.p50_ms >= 9.5 else 1}f}"
            if column + len(word) + 1 + len(value) > x + width:
                break
            column = self.canvas.put(self.canvas.put(column, y, word, QUIET) + 1, y, value, PLAIN) + 1

    def _histogram(self, x: int, y: int, width: int, height: int) -> None:
        """Bars of equal width over their edges in milliseconds."""
        snapshot, glyphs, put = self.snapshot, self.glyphs, self.canvas.put
        counts, edges = list(snapshot.histogram), list(snapshot.histogram_ms)
        if not counts or len(edges) != len(counts):
            return
        if len(counts) > width:
            together = -(-len(counts) // width)
            edges = [edges[min(i + together, len(edges)) - 1] for i in range(0, len(edges), together)]
            counts = [sum(counts[i : i + together]) for i in range(0, len(counts), together)]
        step = min(4, width // len(counts))
        rows = height - 1
        most = max(max(counts), 1)
        for index, count in enumerate(counts):
            eighths = -(-count * rows * 8 // most)
            for row in range(rows):
                filled = min(8, eighths - (rows - 1 - row) * 8)
                if filled > 0:
                    put(x + index * step, y + row, glyphs.column[filled - 1] * max(1, step - (step > 2)), ACCENT)
        axis = y + rows
        put(x, axis, "0", QUIET)
        end = x + len(counts) * step
        last = "more" if math.isinf(edges[-1]) else f"{edges[-1]:.0f} ms"
        half = edges[(len(edges) - 1) // 2]
        if end - x >= 16 and not math.isinf(half):
            put(x + ((len(edges) - 1) // 2 + 1) * step - len(f"{half:.0f}"), axis, f"{half:.0f}", QUIET)
        column = put(max(x + 2, end - len(last)), axis, last, QUIET)
        if snapshot.input_latency_ms is not None:
            note = f"+ input {snapshot.input_latency_ms:.0f} ms"
            if column + 2 + len(note) <= x + width:
                put(x + width - len(note), axis, note, QUIET)


def _span(note: RollNote, now: int) -> tuple[int, int]:
    """First dot and the one after the last."""
    start = math.floor(note.start_s * 2 / S_PER_CELL)
    end = now if note.end_s is None else math.floor(note.end_s * 2 / S_PER_CELL)
    return start, max(end, start + 1)


def _notes(count: int) -> str:
    return "1 note" if count == 1 else f"{count} notes"


def _losses(snapshot: Snapshot) -> str:
    if not snapshot.losses:
        return "no losses"
    return f"{snapshot.losses} {'loss' if snapshot.losses == 1 else 'losses'} ({snapshot.lost_samples} samples)"
