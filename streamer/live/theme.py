"""The colours and characters of the screen. No meaning hangs on colour; each reads at 3.8:1 on black and on white."""

from dataclasses import dataclass

from rich.style import Style

from streamer.live.canvas import QUADRANTS

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
