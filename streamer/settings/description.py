"""The description of a setting: its type, range, unit, default and help.

Flags, environment variables, TOML keys and the documentation are all made from it.
"""

import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, Literal

from streamer.errors import ConfigError
from streamer.units import note_name, note_number

Kind = Literal["int", "float", "str", "note", "size", "path", "choice", "bool"]

_METADATA = "setting"
_LONGEST_SHOWN = 60
_NOUNS = {
    "int": ("a whole number", "whole numbers"),
    "float": ("a number", "numbers"),
    "str": ("a text", "texts"),
    "note": ("a note such as E2 or 40", "notes such as E2 or 40"),
    "size": ("a size such as 500M or 2G, or whole megabytes", "sizes such as 500M or 2G, or whole megabytes"),
    "path": ("the path of a file", "paths of files"),
    "bool": ("true or false", "times true or false"),
}
_NUMBERS = ("int", "note", "size", "float")
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)\s*(?:([MG])B?)?", re.IGNORECASE)
_MB = {"": 1, "M": 1, "G": 1000}
_TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known of a setting before anyone gives it a value.

    Attributes
    ----------
    name : str
        The key in a TOML file; a dot leads into a table.
    kind : str
        Type of the value, or of each value of a list. A note is a MIDI number that may be written as a name, a size a
        whole number of megabytes that may be written with its unit.
    default : object
        The value where none is given; None for none, or where the program chooses.
    help : str
        One or two short sentences.
    low, high : float or None
        Least and greatest value; None where there is no bound.
    low_excluded : bool
        Whether ``low`` itself is refused.
    automatic : int or None
        A value outside the range that leaves the choice to the program.
    words : tuple of (str, float)
        Words that stand for a number, which may lie outside the range.
    unit : str
        Unit of the value; empty where it has none.
    choices : tuple of str
        Every value there is, for the kind ``choice``.
    length : (int, int) or None
        Least and greatest length of a list; None for a single value.
    example : str
        A list as it is written, where messages need one.
    flag : str
        The option of the command line; empty where there is none. That of a ``bool`` takes no value: it turns the
        default round.
    short : str
        Its short form, such as ``-i``.
    without_value : str
        What the flag means where no value follows; empty where it needs one.
    repeated : bool
        Whether the flag is given once for each value of a list of texts, instead of once with commas.
    replaces : tuple of str
        Names of settings that this one takes the place of: with its flag, their environment variables do not count.
    environment : bool
        Whether an environment variable is read.
    metavar : str
        What stands for the value in the help of the command line.
    default_text : str
        How the default is shown, where the value alone does not say enough.
    group : str
        Heading under which the help of the command line shows it.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    low_excluded: bool = False
    automatic: int | None = None
    words: tuple[tuple[str, float], ...] = ()
    unit: str = ""
    choices: tuple[str, ...] = ()
    length: tuple[int, int] | None = None
    example: str = ""
    flag: str = ""
    short: str = ""
    without_value: str = ""
    repeated: bool = False
    replaces: tuple[str, ...] = ()
    environment: bool = False
    metavar: str = ""
    default_text: str = ""
    group: str = ""

    def parse(self, text: str, called: str = "") -> Any:
        """The value that a text from a flag or an environment variable stands for.

        Parameters
        ----------
        text : str
            What was written; the values of a list are separated by commas.
        called : str
            What the message of an error calls the setting; its name if empty.

        Raises
        ------
        ConfigError
            If it is of another type or out of range.
        """
        try:
            if self.length is None:
                value = self._item_of_text(text.strip())
            else:
                value = tuple(self._item_of_text(part.strip()) for part in text.split(",") if part.strip())
        except ValueError:
            raise self._wrong_type(text, called) from None
        self.check(value, called)
        return value

    def from_toml(self, value: object, called: str = "") -> Any:
        """The value that a value of a TOML file stands for; errors are as in `parse`.

        Parameters
        ----------
        value : object
            As it stands in the file.
        called : str
            What messages call it.
        """
        try:
            if self.length is None:
                made = self._item_of_toml(value)
            elif isinstance(value, list | tuple) and self._may_be_as_long_as(value):
                made = tuple(map(self._item_of_toml, value))
            else:
                raise TypeError
        except (TypeError, ValueError, OverflowError):
            raise self._wrong_type(value, called) from None
        self.check(made, called)
        return made

    def check(self, value: object, called: str = "") -> None:
        """Refuse a value of another type or out of range.

        Parameters
        ----------
        value : object
            The value.
        called : str
            What messages call it.

        Raises
        ------
        ConfigError
            With the reason, in one line.
        """
        if self.length is None:
            right = self._item_is_right(value)
        else:
            items = value if isinstance(value, list | tuple) and self._may_be_as_long_as(value) else None
            right = items is not None and all(map(self._item_is_right, items))
        if not right and self.kind == "choice":
            before = f"{called}: " if called else ""
            near = nearest(value, self.choices)
            raise ConfigError(
                f"{before}there is no {self.name} {shown(value)}{near}; choose from {', '.join(self.choices)}"
            )
        if not right:
            raise ConfigError(f"{called or self.name} is {shown(value)}, but must be {self.expected}")

    @property
    def expected(self) -> str:
        """What a value must be, such as "a number from 0 to 1"."""
        if self.kind == "choice":
            return f"one of {', '.join(self.choices)}"
        one, several = _NOUNS[self.kind]
        bounds = f", from {self.range}" if self.kind == "note" and self.range else ""
        if self.kind != "note" and self.range:
            bounds = f" {self.range}" if self.range.startswith(("above", "at")) else f" from {self.range}"
        if self.length is None:
            words = "".join(f", or {word}" for word, _ in self.words)
            return one + bounds + (f", or {self.automatic} for automatic" if self.automatic is not None else words)
        least, most = self.length
        such_as = f", such as {self.example}" if self.example else ""
        return f"a list of {least if least == most else f'{least} to {most}'} {several}{bounds}{such_as}"

    @property
    def range(self) -> str:
        """The bounds of a value, such as "0 to 1"; empty where there are none."""
        low, high = (self._bound(value) for value in (self.low, self.high))
        if low and high:
            return f"above {low}, at most {high}" if self.low_excluded else f"{low} to {high}"
        if low:
            return f"above {low}" if self.low_excluded else f"at least {low}"
        return f"at most {high}" if high else ""

    @property
    def shown_default(self) -> str:
        """The default as help and documentation tell it."""
        return self.default_text or self.text_of(self.default)

    def text_of(self, value: Any) -> str:
        """A value as people write it; it need not be the default."""
        if value is None or value == ():
            return "none"
        for word, meant in self.words:
            if value == meant:
                return word
        if isinstance(value, tuple):
            return ", ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if self.kind == "note":
            return note_name(value)
        return f"{value:g}" if isinstance(value, float) else str(value)

    def to_toml(self, value: Any) -> Any:
        """A value as it stands in a TOML file, so that `from_toml` gives it back."""
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, bool) or value is None:
            return value
        if self.kind == "note" or any(value == meant for _, meant in self.words):
            return self.text_of(value)
        return os.fspath(value) if self.kind == "path" else value

    def _bound(self, value: float | None) -> str:
        if value is None:
            return ""
        if self.kind == "note":
            return note_name(int(value))
        return str(int(value)) if float(value).is_integer() else repr(value)

    def _may_be_as_long_as(self, value: Sequence[object]) -> bool:
        least, most = self.length or (1, 1)
        return least <= len(value) <= most

    def _wrong_type(self, value: object, called: str) -> ConfigError:
        return ConfigError(f"{called or self.name} cannot be {shown(value)}; it must be {self.expected}")

    def _item_of_text(self, text: str) -> Any:
        for word, meant in self.words:
            if text.lower() == word:
                return meant
        if self.kind == "int":
            return int(text)
        if self.kind == "float":
            return float(text)
        if self.kind == "note":
            return note_number(text)
        if self.kind == "size":
            return _megabytes(text)
        if self.kind == "bool":
            if text.lower() not in _TRUTH:
                raise ValueError
            return _TRUTH[text.lower()]
        return text

    def _item_of_toml(self, value: object) -> Any:
        if isinstance(value, str) and (self.kind in ("note", "size") or self.words):
            return self._item_of_text(value)
        if self.kind == "bool":
            if not isinstance(value, bool):
                raise TypeError
            return value
        if self.kind in _NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError
            if self.kind == "float":
                return float(value)
            if value != int(value):
                raise ValueError
            return int(value)
        if not isinstance(value, str):
            raise TypeError
        return value

    def _item_is_right(self, value: object) -> bool:
        if self.kind == "bool":
            return isinstance(value, bool)
        if self.kind in _NUMBERS:
            if isinstance(value, bool) or not isinstance(value, Real if self.kind == "float" else Integral):
                return False
            try:
                return self._in_range(float(value))
            except OverflowError:  # an integer of hundreds of digits
                return False
        if self.kind == "choice":
            return value in self.choices
        if self.kind == "path":
            value = os.fspath(value) if isinstance(value, os.PathLike) else value
        return isinstance(value, str) and "\0" not in value

    def _in_range(self, value: float) -> bool:
        if value == self.automatic or any(value == meant for _, meant in self.words):
            return True
        if not math.isfinite(value) or (self.low_excluded and value == self.low):
            return False
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)


def _megabytes(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError
    return round(float(match[1]) * _MB[(match[2] or "").upper()])


def shown(value: object) -> str:
    """A value as a message shows it: on one line, and not at length."""
    try:
        text = repr(list(value) if isinstance(value, tuple) else value)
    except (ValueError, RecursionError):  # a number of thousands of digits, or a list of lists without end
        return "something very long"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def nearest(wrong: object, names: Iterable[str]) -> str:
    """What a message asks after a wrong name: whether the one that is nearest was meant; empty where none is near.

    Parameters
    ----------
    wrong : object
        What was written.
    names : iterable of str
        Which there are.
    """
    known = {name.lower(): name for name in names}
    found = get_close_matches(str(wrong)[:_LONGEST_SHOWN].lower(), known, 1)
    return f" (did you mean {known[found[0]]}?)" if found else ""


def described(setting: Setting) -> Any:
    """A field of a dataclass that has a setting's default and carries its description."""
    return field(default=setting.default, metadata={_METADATA: setting})


def settings_of(owner: Any) -> dict[str, Setting]:
    """The descriptions that the fields of a dataclass carry, by the names of the fields."""
    return {f.name: f.metadata[_METADATA] for f in fields(owner) if _METADATA in f.metadata}
