"""The panels of the screen: each draws one thing a player looks at into the rectangle that it is given."""

import math

from rich.style import Style

from streamer.latency import LatencySummary
from streamer.live.canvas import Canvas, big_size, big_text, shorten
from streamer.live.snapshot import RollNote, Snapshot
from streamer.live.theme import (
    ACCENT,
    ACCENT_STRONG,
    ALARM,
    BAD,
    GOOD,
    LEVEL_BAD,
    LEVEL_GOOD,
    LEVEL_WARN,
    PLAIN,
    QUIET,
    STRONG,
    WARN,
    Glyphs,
)
from streamer.units import note_name

IN_TUNE_CENTS = 6.0
OFF_CENTS = 20.0
LOWEST_LEVEL_DB = -60.0
S_PER_CELL = 0.1


class Panels:
    """What a snapshot says, panel by panel.

    Parameters
    ----------
    snapshot : Snapshot
        What to show.
    canvas : Canvas
        What is drawn on.
    glyphs : Glyphs
        The characters to draw with.
    ascii_only : bool
        Use no other characters than ASCII.
    """

    def __init__(self, snapshot: Snapshot, canvas: Canvas, glyphs: Glyphs, ascii_only: bool) -> None:
        self.snapshot = snapshot
        self.canvas = canvas
        self.glyphs = glyphs
        self.ascii_only = ascii_only

    def tuning_style(self) -> Style:
        """How well in tune what sounds is."""
        cents = self.snapshot.cents
        if self.snapshot.note is None or cents is None:
            return QUIET
        if self.snapshot.muted:
            return QUIET
        return GOOD if abs(cents) <= IN_TUNE_CENTS else ACCENT_STRONG if abs(cents) <= OFF_CENTS else WARN

    def note(self, x: int, y: int, width: int, height: int) -> None:
        """The note's name with its octave, as large as fits.

        Parameters
        ----------
        x : int
            Left column of the panel.
        y : int
            Its upper row.
        width : int
            In cells.
        height : int
            In cells.
        """
        note = self.snapshot.note
        name = "-" if note is None else note_name(note)
        fitting = [
            factor
            for factor in (1, 2, 3, 4)
            if big_size(max(3, len(name)), factor)[0] <= width and big_size(3, factor)[1] <= height
        ]
        if not fitting:
            self.canvas.put(x + max(0, (width - len(name)) // 2), y + height // 2, name, self.tuning_style())
            return
        rows = big_text(name, fitting[-1], self.ascii_only)
        left = x + (width - len(rows[0])) // 2
        style = QUIET if note is None or self.snapshot.muted else self.tuning_style()
        if note is not None and style is QUIET and not self.snapshot.muted:
            style = ACCENT_STRONG  # a note that rings on without a pitch
        for row, text in enumerate(rows, y + (height - len(rows)) // 2):
            self.canvas.put(left, row, text, style)

    def meters(self, x: int, y: int, width: int, height: int) -> None:
        """Tuning and input level. Heights: 7 and more in full, 4 with the essentials, less with what fits.

        Parameters as in `Panels.note`.
        """
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
        style = self.tuning_style()
        if cents is not None and self.snapshot.note is None:
            style = PLAIN
        if height >= 2:
            put(x, y, "flat", QUIET)
            put(x + cells - 5, y, "sharp", QUIET)
            words = "" if cents is None else f"{cents:+.0f} cents"
            if cents is not None and self.snapshot.note is None and self.snapshot.tuned_to is not None:
                words = f"{note_name(self.snapshot.tuned_to)} {words}"  # no other note is shown
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

    def roll_s(self, width: int) -> float:
        """How many seconds a roll of that width shows."""
        return (width - 10) * S_PER_CELL

    def roll(self, x: int, y: int, width: int, height: int) -> None:
        """The piano roll: now at the right, a dot for half a cell, that is half a tenth of a second by one semitone.

        Parameters as in `Panels.note`.

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

    def messages(self, x: int, y: int, width: int, height: int) -> None:
        """The newest MIDI messages, the last one lowest. Parameters as in `Panels.note`."""
        newest = self.snapshot.messages[-height:]
        if not newest:
            self.canvas.put(x, y, "nothing sent yet", QUIET)
        for row, message in enumerate(newest, y):
            self.canvas.put(x, row, shorten(message, width), STRONG if row == y + len(newest) - 1 else PLAIN)

    def latency(self, x: int, y: int, width: int, height: int) -> None:
        """Percentiles, their parts, and the histogram below. Parameters as in `Panels.note`."""
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
        outside = (("round trip", snapshot.round_trip_ms), ("input", snapshot.input_latency_ms))
        for what, latency_ms in [(what, value) for what, value in outside if value is not None][:1]:
            note = f"+ {what} {latency_ms:.0f} ms"
            if column + 2 + len(note) <= x + width:
                put(x + width - len(note), axis, note, QUIET)


def _span(note: RollNote, now: int) -> tuple[int, int]:
    """First dot and the one after the last."""
    start = math.floor(note.start_s * 2 / S_PER_CELL)
    end = now if note.end_s is None else math.floor(note.end_s * 2 / S_PER_CELL)
    return start, max(end, start + 1)
