"""Curves from how strongly something is played to what is sent, and velocities."""

from itertools import pairwise

from streamer.errors import ConfigError
from streamer.settings.description import shown
from streamer.settings.expression import Expression

# Exponents: a soft curve gives much for little.
CURVES = {"linear": 1.0, "soft": 0.6, "hard": 1.7}
_LOUDEST = 127
_MOST_POINTS = 16
_EXAMPLE = "1:20,64:80,127:127"


def curved(curve: str, strength: float) -> float:
    """A strength on its curve, both from 0 to 1.

    Parameters
    ----------
    curve : str
        A key of `CURVES`.
    strength : float
        0 to 1.
    """
    return strength if curve == "linear" else float(strength ** CURVES[curve])


class VelocityCurve:
    """Velocities as played to velocities as sent.

    Parameters
    ----------
    text : str
        A key of `CURVES`; ``fixed:N`` for the same N always; or points, such as ``1:20,64:80,127:127``, with straight
        lines between them.
    floor, ceiling : int
        Least and greatest velocity that is sent.

    Raises
    ------
    ConfigError
        If there is no such curve, or the floor is above the ceiling.
    """

    def __init__(self, text: str = "linear", floor: int = 1, ceiling: int = _LOUDEST) -> None:
        if floor > ceiling:
            raise ConfigError(f"the velocity floor {floor} is above the ceiling {ceiling}; give them the other way")
        made = _velocities(text)
        self._table = [min(ceiling, max(floor, value)) for value in made]

    def __call__(self, velocity: int) -> int:
        """The velocity to send.

        Parameters
        ----------
        velocity : int
            As it was played, 1 to 127.
        """
        return self._table[min(_LOUDEST, max(1, velocity)) - 1]


def velocity_curve(expression: Expression) -> VelocityCurve:
    """The velocity curve that settings describe.

    Parameters
    ----------
    expression : Expression
        Its velocity, floor and ceiling.

    Raises
    ------
    ConfigError
        As `VelocityCurve`.
    """
    return VelocityCurve(expression.velocity, expression.velocity_floor, expression.velocity_ceiling)


def _velocities(text: str) -> list[int]:
    """For 1 to 127."""
    written = text.replace(" ", "").lower()
    played = range(1, _LOUDEST + 1)
    if written in CURVES:
        return [max(1, round(_LOUDEST * curved(written, velocity / _LOUDEST))) for velocity in played]
    kind, _, number = written.partition(":")
    if kind == "fixed" and _is_velocity(number):
        return [int(number)] * _LOUDEST
    points = [point.split(":") for point in written.split(",")]
    if len(points) > _MOST_POINTS or not all(len(point) == 2 and all(map(_is_velocity, point)) for point in points):
        raise ConfigError(
            f"there is no velocity curve {shown(text)}; choose from {', '.join(CURVES)}, fixed:N with N from 1 to 127, "
            f"or at most {_MOST_POINTS} points such as {_EXAMPLE}"
        )
    pairs = [(int(x), int(y)) for x, y in points]
    if any(left[0] >= right[0] for left, right in pairwise(pairs)):
        raise ConfigError(f"the points of the velocity curve {shown(text)} are not in order; write them as {_EXAMPLE}")
    return [round(_between(pairs, velocity)) for velocity in played]


def _between(points: list[tuple[int, int]], x: int) -> float:
    for (left, low), (right, high) in pairwise(points):
        if left <= x <= right:
            return low + (high - low) * (x - left) / (right - left)
    return points[0][1] if x < points[0][0] else points[-1][1]


def _is_velocity(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= _LOUDEST
