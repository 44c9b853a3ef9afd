"""Draw the screen while it plays the demo, as a moving picture: ``python docs/make_screen.py``.

The notes are those that the tracker finds in the demo, and each picture is what `streamer.live.view` draws. So that the
same picture comes out each time, the computer's part of the latency is fixed: it is what an ordinary laptop needs.

Cells of blocks and lines become paths, since fonts differ in how these join. Half a row that is the same in several
frames is stored once. The frames lie side by side behind a window one frame wide, and move through it in steps.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import MONOKAI

from streamer.config import DEFAULT_RATE_HZ, TrackerConfig
from streamer.events import NoteOff, NoteOn, PitchEstimate
from streamer.latency import LatencyStats
from streamer.live.snapshot import Snapshot
from streamer.live.snapshots import SnapshotBuilder
from streamer.live.view import render
from streamer.material.demo import demo_performance
from streamer.tracker import make_tracker
from streamer.units import samples_to_ms

PICTURE = Path(__file__).parent / "images" / "screen.svg"
WIDTH, HEIGHT, SPLIT = 80, 24, 36  # cells; left and right of the split, rows change at different times
CELL_X, CELL_Y, FONT_PX, EDGE = 9, 20, 15, 12  # pixels
FRAMES_PER_S, FROM_S, TO_S = 4, 7.25, 21.0
QUEUE_MS, COMPUTE_MS, SEND_MS, LOAD = 0.1, 0.9, 0.05, 0.28
BACKGROUND, FOREGROUND = "#16181d", "#e6e6e6"
TITLE = "The screen of streamer: the note, how well it is in tune, the last seconds, the MIDI messages and the latency"

# What fills a cell: left, top, right and bottom edge of each part, in eighths.
BLOCKS = {character: [(0, 8 - n, 8, 8)] for n, character in enumerate("▁▂▃▄▅▆▇█", 1)}
BLOCKS |= {character: [(0, 0, n, 8)] for n, character in enumerate("▏▎▍▌▋▊▉", 1)}
QUARTERS = ((0, 0, 4, 4), (4, 0, 8, 4), (0, 4, 4, 8), (4, 4, 8, 8))
BLOCKS |= {
    character: [quarter for bit, quarter in enumerate(QUARTERS) if number >> bit & 1]
    for number, character in enumerate(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")
    if character not in " ▌▄█"
}
BLOCKS |= {"▀": [(0, 0, 8, 4)], "┃": [(3, 0, 5, 8)]}
# Lines from the middle of a cell to its sides.
LINES = {"─": "lr", "┈": "lr", "╵": "u", "│": "ud", "┬": "lrd", "┴": "lru", "├": "udr", "┤": "udl", "┼": "lrud"}
ENDS = {"l": f"h-{CELL_X / 2}", "r": f"h{CELL_X / 2}", "u": f"v-{CELL_Y // 2}", "d": f"v{CELL_Y // 2}"}
CORNERS = {"╭": (1, 1), "╮": (-1, 1), "╰": (1, -1), "╯": (-1, -1)}


def snapshots() -> Iterator[Snapshot]:
    """The demo as the screen gets it, `FRAMES_PER_S` times a second of sound."""
    performance = demo_performance(DEFAULT_RATE_HZ)
    rate_hz = performance.rate_hz
    tracker = make_tracker(TrackerConfig(), rate_hz)
    builder, latency = SnapshotBuilder(rate_hz), LatencyStats()
    step = rate_hz // FRAMES_PER_S
    for end in range(step, round(TO_S * rate_hz) + 1, step):
        for event in tracker.process(performance.samples[end - step : end]):
            if isinstance(event, PitchEstimate):
                builder.estimate(event)
            elif isinstance(event, NoteOn):
                audio_ms = samples_to_ms(event.sample - event.sounds_from, rate_hz)
                builder.note_on(event, latency.add(audio_ms, QUEUE_MS, COMPUTE_MS, SEND_MS))
            elif isinstance(event, NoteOff):
                builder.note_off(event)
        known = builder.snapshot(end, latency)
        values = {name: getattr(known, name) for name in Snapshot.__slots__}
        more = {"hop": tracker.config.hop, "detector": "trained", "preset": "default", "load": LOAD}
        names = {"input_name": "demo performance", "output_names": ("streamer", "streamer-demo.mid")}
        if end >= FROM_S * rate_hz:
            yield Snapshot(**(values | more | names))


def colour(style: Style | None) -> str:
    """The text's colour."""
    found = style.color if style else None
    return Color.get_truecolor(found, MONOKAI).hex if found else FOREGROUND


def row_svg(segments: list[Segment]) -> str:
    """One line of cells: its blocks, lines and words."""
    parts: dict[str, str] = {}
    words, x = "", 0
    for text, style, _ in segments:
        paint = colour(style)
        for match in re.finditer(r"(.)\1*", text):
            path = parts.setdefault(f'fill="{paint}"', "") + blocks(match[1], x, len(match[0]))
            parts[f'fill="{paint}"'] = path
            for kind, found in lines(match[1], x, len(match[0])):
                paint_line = f'class="{kind}" stroke="{paint}"'
                parts[paint_line] = parts.get(paint_line, "") + found
            x += len(match[0])
        words += words_svg(text, x - len(text), paint, bold=bool(style and style.bold))
    return "".join(f'<path {how} d="{path}"/>' for how, path in parts.items() if path) + words


def blocks(character: str, x: int, count: int) -> str:
    """The path of a block character that stands several times in a row."""
    path = ""
    for x0, y0, x1, y1 in BLOCKS.get(character, ()):
        full = (x0, x1) == (0, 8)
        wide, high = (count if full else (x1 - x0) / 8) * CELL_X, (y1 - y0) * CELL_Y / 8
        for cell in range(1 if full else count):
            path += f"M{(x + cell + x0 / 8) * CELL_X:g} {y0 * CELL_Y / 8:g}h{wide:g}v{high:g}h-{wide:g}z"
    return path


def lines(character: str, x: int, count: int) -> Iterator[tuple[str, str]]:
    """The paths of a line character that stands several times in a row, and how each is drawn."""
    middle = CELL_Y / 2
    if character in "─┈":
        yield ("l" if character == "─" else "d"), f"M{x * CELL_X} {middle:g}h{count * CELL_X}"
        return
    for cell in range(x, x + count):
        centre = (cell + 0.5) * CELL_X
        for side in LINES.get(character, ""):
            yield "l", f"M{centre:g} {middle:g}{ENDS[side]}"
        if character in CORNERS:
            to_x, to_y = CORNERS[character][0] * CELL_X / 2, CORNERS[character][1] * middle
            yield "l", f"M{centre:g} {middle + to_y:g}q0 {-to_y:g} {to_x:g} {-to_y:g}"


def words_svg(text: str, x: int, paint: str, *, bold: bool) -> str:
    """What remains of a text when blocks and lines are taken out, each word at its place."""
    drawn = BLOCKS.keys() | LINES.keys() | CORNERS.keys()
    plain = "".join(" " if character in drawn else character for character in text)
    weight = ' class="b"' if bold else ""
    found = ""
    for match in re.finditer(r"\S+(?: \S+)*", plain):
        place = f'x="{(x + match.start()) * CELL_X}" y="15" fill="{paint}" textLength="{len(match[0]) * CELL_X}"'
        found += f"<text{weight} {place}>{escape(match[0])}</text>"
    return found


def svg(frames: Iterable[Snapshot]) -> str:
    """The moving picture."""
    pieces: dict[str, int] = {}  # halves of rows at their place in a frame
    drawn = []
    for count, frame in enumerate(frames):
        numbers = []
        for y, segments in enumerate(render(frame, WIDTH, HEIGHT).lines):
            for half, at in zip(Segment.divide(segments, (SPLIT, WIDTH)), (0, SPLIT), strict=True):
                piece = f'transform="translate({at * CELL_X} {y * CELL_Y})">{row_svg(half)}'
                numbers.append(pieces.setdefault(piece, len(pieces)))
        uses = "".join(f'<use href="#p{number}"/>' for number in numbers)
        drawn.append(f'<g transform="translate({count * WIDTH * CELL_X})">{uses}</g>')
    count = len(drawn)
    wide, high = WIDTH * CELL_X, HEIGHT * CELL_Y
    style = (
        f"text{{font:{FONT_PX}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}}"
        "path{shape-rendering:crispEdges}.b{font-weight:bold}.l,.d{fill:none}.d{stroke-dasharray:2.25}"
        f".f{{animation:f {count / FRAMES_PER_S:g}s steps({count}) infinite}}"
        f"@keyframes f{{to{{transform:translateX(-{count * wide}px)}}}}"
        "@media(prefers-reduced-motion:reduce){.f{animation:none}}"
    )
    symbols = "\n".join(f'<g id="p{number}" {piece}</g>' for piece, number in pieces.items())
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide + 2 * EDGE} {high + 2 * EDGE}" role="img">
<title>{TITLE}</title>
<style>{style}</style>
<defs>
{symbols}
</defs>
<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>
<svg x="{EDGE}" y="{EDGE}" width="{wide}" height="{high}"><g class="f">
{"".join(drawn)}
</g></svg>
</svg>
"""


if __name__ == "__main__":
    PICTURE.write_text(svg(snapshots()), encoding="utf-8")
