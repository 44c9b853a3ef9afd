"""A grid of character cells, and letters large enough for two metres.

rich's layouts are made for documents; at fifteen pictures a second they cost more of a core than the tracker itself. A
plain grid, handed to rich as finished lines, costs a tenth of that.
"""

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

# Five by seven dots each; `enlarge` rounds their corners.
_DOTS = {
    "A": " ### #   ##   #######   ##   ##   #",
    "B": "#### #   ##   ##### #   ##   ##### ",
    "C": " ### #   ##    #    #    #   # ### ",
    "D": "#### #   ##   ##   ##   ##   ##### ",
    "E": "######    #    #### #    #    #####",
    "F": "######    #    #### #    #    #    ",
    "G": " ### #   ##    # ####   ##   # ####",
    "#": "      # # ##### # # ##### # #      ",
    "-": "               #####               ",
    "0": " ### #   ##   ##   ##   ##   # ### ",
    "1": "  #   ##    #    #    #    #   ### ",
    "2": " ### #   #    #   #   #   #   #####",
    "3": "#####   #   #   ###     ##   # ### ",
    "4": "   #   ##  # # #  # #####   #    # ",
    "5": "######    ####     #    ##   # ### ",
    "6": "  ##  #   #    #### #   ##   # ### ",
    "7": "#####    #   #   #   #    #    #   ",
    "8": " ### #   ##   # ### #   ##   # ### ",
    "9": " ### #   ##   # ####    #   #  ##  ",
}
DOTS_WIDE, DOTS_HIGH = 5, 7

Bitmap = tuple[tuple[bool, ...], ...]

# Index: upper left 1, upper right 2, lower left 4, lower right 8.
QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"


def enlarge(bitmap: Bitmap, factor: int) -> Bitmap:
    """``bitmap`` magnified ``factor`` (1 to 4) times, with stairs smoothed.

    Parameters
    ----------
    bitmap : tuple of tuple of bool
        Rows of dots.
    factor : int
        1 to 4.

    Notes
    -----
    Source: the Scale2x and Scale3x rules (Mazzoleni 2001): a corner takes its two neighbours' colour where they agree
    with each other and differ from the opposite ones.
    """
    if factor == 4:
        return enlarge(enlarge(bitmap, 2), 2)
    if factor == 1:
        return bitmap
    high, wide = len(bitmap), len(bitmap[0])
    large = [[False] * (wide * factor) for _ in range(high * factor)]

    def dot(y: int, x: int) -> bool:
        return 0 <= y < high and 0 <= x < wide and bitmap[y][x]

    for y in range(high):
        for x in range(wide):
            up, down, left, right = dot(y - 1, x), dot(y + 1, x), dot(y, x - 1), dot(y, x + 1)
            for j in range(factor):
                for i in range(factor):
                    large[y * factor + j][x * factor + i] = bitmap[y][x]
            if up != down and left != right:
                end = factor - 1
                for j, i, vertical, horizontal in (
                    (0, 0, up, left),
                    (0, end, up, right),
                    (end, 0, down, left),
                    (end, end, down, right),
                ):
                    if vertical == horizontal:
                        large[y * factor + j][x * factor + i] = vertical
    return tuple(tuple(row) for row in large)


@lru_cache(maxsize=256)
def big_text(text: str, factor: int, ascii_only: bool = False) -> tuple[str, ...]:
    """Rows of cells that spell ``text`` in block letters; two dots share the height of one cell.

    Parameters
    ----------
    text : str
        Note names: ``A`` to ``G``, ``#``, digits and the minus sign.
    factor : int
        1 to 4. A letter is ``5 * factor`` cells wide and ``7 * factor / 2`` cells high, rounded up.
    ascii_only : bool
        Draw with ``#`` alone.
    """
    glyphs = []
    for letter in text:
        dots = _DOTS[letter]
        rows = tuple(tuple(d == "#" for d in dots[i : i + DOTS_WIDE]) for i in range(0, len(dots), DOTS_WIDE))
        glyphs.append(enlarge(rows, factor))
    gap = (False,) * max(1, factor - 1)
    height = DOTS_HIGH * factor
    lines = [sum((glyph[y] + gap for glyph in glyphs), ()) for y in range(height)]
    lines.append((False,) * len(lines[0]))  # an odd height shares its last cell with nothing
    blocks = " ###" if ascii_only else " ▀▄█"
    return tuple(
        "".join(blocks[up + 2 * low] for up, low in zip(lines[y], lines[y + 1], strict=True))[: -len(gap)]
        for y in range(0, height, 2)
    )


def big_size(letters: int, factor: int) -> tuple[int, int]:
    """Width and height in cells of so many letters.

    Parameters
    ----------
    letters : int
        How many.
    factor : int
        As in `big_text`.
    """
    return letters * DOTS_WIDE * factor + (letters - 1) * max(1, factor - 1), -(-DOTS_HIGH * factor // 2)


class Canvas:
    """A grid of cells, each a character and a style.

    What is put outside is cut off, so that no caller has to care.

    Parameters
    ----------
    width, height : int
        In cells.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._characters = [[" "] * width for _ in range(height)]
        self._styles: list[list[Style | None]] = [[None] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, style: Style | None = None) -> int:
        """Write ``text`` from ``x`` on, and return the column after it.

        Parameters
        ----------
        x : int
            Column, counted from 0.
        y : int
            Row, counted from 0.
        text : str
            What is not printable becomes a question mark.
        style : Style, optional
            Plain without.
        """
        if not 0 <= y < self.height:
            return x
        characters, styles = self._characters[y], self._styles[y]
        for character in text:
            wide = 1 if character.isascii() else cell_len(character)
            if not character.isprintable():
                character, wide = "?", 1  # names come from drivers: no escape sequences from there
            if wide == 0:
                continue
            if x >= 0 and x + wide <= self.width:
                characters[x], styles[x] = character, style
                if wide == 2:
                    characters[x + 1], styles[x + 1] = "", style
            x += wide
        return x

    def fill(self, x: int, y: int, width: int, height: int) -> None:
        """Blank a rectangle.

        Parameters
        ----------
        x : int
            Left column.
        y : int
            Upper row.
        width : int
            In cells.
        height : int
            In cells.
        """
        for row in range(y, y + height):
            self.put(x, row, " " * width)

    def lines(self) -> list[list[Segment]]:
        """The rows, neighbouring cells of one style joined."""
        rows = []
        for characters, styles in zip(self._characters, self._styles, strict=True):
            row, start = [], 0
            for x in range(1, self.width):
                if styles[x] is not styles[start]:
                    row.append(Segment("".join(characters[start:x]), styles[start]))
                    start = x
            row.append(Segment("".join(characters[start:]), styles[start]))
            rows.append(row)
        return rows


def shorten(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells, its end replaced by an ellipsis where it is longer.

    Parameters
    ----------
    text : str
        One line.
    width : int
        In cells.
    """
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[:-1]
    return f"{text}…" if width > 0 else ""
