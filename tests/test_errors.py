"""A message is one line, and nothing in it is obeyed by a terminal."""

import pytest

from streamer.errors import DataError, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with ümläuts ♯ and \\", "plain, with ümläuts ♯ and \\"),
        ("a\x1b[31mb\r\n\tc", r"a\x1b[31mb\r\n\tc"),
        ("caf\udce9", r"caf\xe9"),
        ("\x9b2J\u202e\u2028", r"\x9b2J\u202e\u2028"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_is_not_printable_is_escaped_once(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown
    assert str(DataError(f"in a set: {DataError(text)}")) == f"in a set: {shown}"
