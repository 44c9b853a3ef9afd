"""Plots as SVG text: axes, lines, bars and blocks, coloured by the classes of the page they stand in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

Ticks = Sequence[tuple[float, str]]

LEFT, RIGHT, TOP, BOTTOM = 50.0, 12.0, 12.0, 34.0  # room around the plot, in user units


@dataclass
class Plot:
    """One plot with linear axes.

    Attributes
    ----------
    width, height : float
        Whole size, in user units.
    x, y : tuple of float
        What the axes span.
    label : str
        For those who cannot see it.
    left : float
        Room for the labels of the vertical axis.
    """

    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]
    label: str
    left: float = LEFT
    _parts: list[str] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the data lies.

        Parameters
        ----------
        x : float
            In units of the data.
        y : float
            In units of the data.
        """
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return (
            self.left + across * (self.width - self.left - RIGHT),
            self.height - BOTTOM - up * (self.height - TOP - BOTTOM),
        )

    def x_axis(self, ticks: Ticks, title: str = "", *, grid: bool = True) -> None:
        """Ticks under the plot, and lines up from them.

        Parameters
        ----------
        ticks : sequence of (float, str)
            Places, in units of the data, and what stands there.
        title : str
            What the axis shows.
        grid : bool
            Whether there are lines.
        """
        for value, text in ticks:
            x, bottom = self.at(value, self.y[0])
            if grid:
                self._parts.append(f'<path class="grid" d="M{x:.1f} {TOP:.1f}V{bottom:.1f}"/>')
            self.text(x, bottom + 15, text, "middle")
        if title:
            middle = (self.left + self.width - RIGHT) / 2
            self.text(middle, self.height - 3, title, "middle", "axis")

    def y_axis(self, ticks: Ticks, *, grid: bool = True) -> None:
        """Ticks left of the plot, and lines across from them.

        Parameters
        ----------
        ticks : sequence of (float, str)
            Places, in units of the data, and what stands there.
        grid : bool
            Whether there are lines.
        """
        for value, text in ticks:
            x, y = self.at(self.x[0], value)
            if grid:
                self._parts.append(f'<path class="grid" d="M{x:.1f} {y:.1f}H{self.width - RIGHT:.1f}"/>')
            self.text(x - 6, y + 3.5, text, "end")

    def line(self, points: Iterable[tuple[float, float]], style: str, title: str = "", *, dots: bool = False) -> None:
        """A line through points.

        Parameters
        ----------
        points : iterable of (float, float)
            In units of the data.
        style : str
            Class in the style sheet.
        title : str
            Shown where the mouse points.
        dots : bool
            Whether each point has a dot.
        """
        placed = [self.at(x, y) for x, y in points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)
        self._parts.append(f'<path class="line {style}" d="{path}">{_title(title)}</path>')
        if dots:
            self._parts += [f'<circle class="dot {style}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in placed]

    def block(
        self, x: tuple[float, float], y: tuple[float, float], style: str, title: str = "", opacity: float = 1.0
    ) -> None:
        """A rectangle between two corners of the data.

        Parameters
        ----------
        x : tuple of float
            Left and right edge, in units of the data.
        y : tuple of float
            Lower and upper edge, in units of the data.
        style : str
            Class in the style sheet.
        title : str
            Shown where the mouse points.
        opacity : float
            0 to 1.
        """
        (x0, y0), (x1, y1) = self.at(x[0], y[0]), self.at(x[1], y[1])
        left, top, width, height = min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)
        seen = "" if opacity >= 1.0 else f' opacity="{opacity:.2f}"'
        size = f'x="{left:.1f}" y="{top:.1f}" width="{max(width, 0.8):.1f}" height="{max(height, 0.8):.1f}"'
        self._parts.append(f'<rect class="{style}" {size}{seen}>{_title(title)}</rect>')

    def mark(self, x: float, text: str) -> None:
        """A vertical line that means something.

        Parameters
        ----------
        x : float
            In units of the data.
        text : str
            Stands beside it.
        """
        at, bottom = self.at(x, self.y[0])
        self._parts.append(f'<path class="mark" d="M{at:.1f} {TOP:.1f}V{bottom:.1f}"/>')
        self.text(at + 4, TOP + 9, text, "start", "axis")

    def text(self, x: float, y: float, text: str, anchor: str, style: str = "") -> None:
        """Words at a place of the drawing.

        Parameters
        ----------
        x : float
            In pixels.
        y : float
            In pixels.
        text : str
            What stands there.
        anchor : str
            ``start``, ``middle`` or ``end`` of the text is at that place.
        style : str
            Class in the style sheet.
        """
        name = f' class="{style}"' if style else ""
        self._parts.append(f'<text{name} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>')

    def __str__(self) -> str:
        size = f'viewBox="0 0 {self.width:g} {self.height:g}"'
        return f'<svg {size} role="img" aria-label="{escape(self.label)}">{"".join(self._parts)}</svg>'


def _title(text: str) -> str:
    """What a browser shows beside the pointer."""
    return f"<title>{escape(text)}</title>" if text else ""


def ticks(low: float, high: float, step: float, unit: str = "") -> list[tuple[float, str]]:
    """Evenly spaced ticks, both ends included.

    Parameters
    ----------
    low : float
        The first.
    high : float
        The last.
    step : float
        From one to the next.
    unit : str
        Follows each number.
    """
    count = round((high - low) / step)
    return [(low + number * step, f"{low + number * step:g}{unit}") for number in range(count + 1)]


def round_step(span: float, most: int = 5) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that divides a span into at most so many parts.

    Parameters
    ----------
    span : float
        What is divided.
    most : int
        Parts.
    """
    step = 10.0**-6
    while True:
        for factor in (1.0, 2.0, 5.0):
            if span / (step * factor) <= most:
                return step * factor
        step *= 10.0
