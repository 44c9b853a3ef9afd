"""A value from a text or from TOML: what is taken, and what is refused in one line."""

import pytest

from streamer.errors import ConfigError
from streamer.settings.description import Setting, shown


def a_setting(kind, **more):
    return Setting(name="pace", kind=kind, default=0, help="How fast.", **more)


SHARE = a_setting("float", low=0.0, high=1.0)
HOP = a_setting("int", low=16, high=8192, automatic=0)
NOTE = a_setting("note", low=21, high=108)
CHOICE = a_setting("choice", choices=("slow", "fast"))
RATES = a_setting("float", low=0.0, low_excluded=True, high=1.0, length=(2, 2))
LAYERS = a_setting("int", low=1, high=1024, length=(1, 6))


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        (SHARE, "0.25", 0.25),
        (SHARE, "1", 1.0),
        (HOP, "128", 128),
        (HOP, "0", 0),
        (NOTE, "E2", 40),
        (NOTE, "40", 40),
        (CHOICE, "fast", "fast"),
        (RATES, "0.01, 0.001", (0.01, 0.001)),
        (LAYERS, "64,32", (64, 32)),
        (a_setting("bool"), "Yes", True),
        (a_setting("bool"), "0", False),
        (a_setting("path"), "my.model", "my.model"),
    ],
)
def test_a_text_is_read(setting, text, value):
    found = setting.parse(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("setting", "text", "message"),
    [
        (SHARE, "2", "X is 2.0, but must be a number from 0 to 1"),
        (SHARE, "nan", "X is nan, but must be a number from 0 to 1"),
        (SHARE, "inf", "X is inf"),
        (SHARE, "much", "X cannot be 'much'; it must be a number from 0 to 1"),
        (SHARE, "", "X cannot be ''"),
        (HOP, "8", "a whole number from 16 to 8192, or 0 for automatic"),
        (HOP, "20.5", "X cannot be '20.5'"),
        pytest.param(HOP, "9" * 9999, "X cannot be '999", id="very long"),
        pytest.param(HOP, "9" * 400, "X is 999", id="long"),
        (NOTE, "H3", "a note such as E2 or 40, from A0 to C8"),
        (NOTE, "20", "from A0 to C8"),
        (CHOICE, "idle", "X: there is no pace 'idle'; choose from slow, fast"),
        (RATES, "0.1", r"a list of 2 numbers above 0, at most 1"),
        (RATES, "0,1", r"X is \[0.0, 1.0\]"),
        (LAYERS, "", r"a list of 1 to 6 whole numbers from 1 to 1024"),
        (a_setting("bool"), "perhaps", "true or false"),
        (a_setting("float"), "nan", "X is nan"),
        (a_setting("float", low=0), "-1", "a number at least 0"),
    ],
)
def test_a_wrong_text_is_refused(setting, text, message):
    with pytest.raises(ConfigError, match=message) as told:
        setting.parse(text, "X")
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 200


@pytest.mark.parametrize(
    ("setting", "given", "value"),
    [(SHARE, 1, 1.0), (HOP, 64.0, 64), (NOTE, "E2", 40), (NOTE, 40, 40), (RATES, [1, 0.5], (1.0, 0.5))],
)
def test_a_toml_value_is_taken(setting, given, value):
    found = setting.from_toml(given)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("setting", "given"),
    [
        (SHARE, "0.5"),
        (SHARE, True),
        (SHARE, float("nan")),
        pytest.param(SHARE, 10**400, id="long"),
        (SHARE, [0.5]),
        (HOP, 64.5),
        pytest.param(HOP, 10**9999, id="very long"),
        (HOP, float("inf")),
        (NOTE, "H3"),
        (CHOICE, 3),
        (CHOICE, "idle"),
        (RATES, 0.5),
        (RATES, [0.5]),
        (RATES, [0.5, "0.1"]),
        (LAYERS, [1] * 7),
        (LAYERS, {}),
        (a_setting("bool"), 1),
        (a_setting("path"), "a\0b"),
        (a_setting("str", length=(0, 9)), "word"),
    ],
)
def test_a_wrong_toml_value_is_refused(setting, given):
    with pytest.raises(ConfigError, match=r"^(pace is|pace cannot be|there is no pace) ") as told:
        setting.from_toml(given)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 200


def test_a_shown_value_is_short():
    assert shown((1, 2)) == "[1, 2]"
    assert shown("a\nb") == r"'a\nb'"
    assert len(shown("a" * 1000)) <= 60
    endless: list = []
    for _ in range(100_000):
        endless = [endless]
    assert shown(endless) == "something very long"
