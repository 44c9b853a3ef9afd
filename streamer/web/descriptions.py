"""The settings that clients may choose, described for programs: the page makes its form of them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from streamer.settings.description import Setting
from streamer.web.config import FOR_CLIENTS
from streamer.web.protocol import LIVE

_FLAG = re.compile(r" \(--[a-z-]+\)")  # that help names for the command line


def descriptions(served: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One object for each setting, as JSON has them.

    Parameters
    ----------
    served : mapping of str to object
        Values that hold where a client says nothing: they are the defaults that it is told.

    Returns
    -------
    list of dict
        ``name``, ``kind``, ``default``, ``shown_default``, ``help``, ``unit``, ``low``, ``high``, ``choices`` and
        ``words`` are those of the `Setting`; ``live`` says whether a stream takes it while it runs.
    """
    settings = {setting.name: setting for setting in (*FOR_CLIENTS.values(), *LIVE.values())}
    for name in served.keys() & settings.keys():
        settings[name] = replace(settings[name], default=served[name], default_text="")
    return [_described(setting) for setting in settings.values()]


def _described(setting: Setting) -> dict[str, Any]:
    return {
        "name": setting.name,
        "kind": setting.kind,
        "default": setting.default,
        "shown_default": setting.shown_default,
        "help": _FLAG.sub("", setting.help),
        "unit": setting.unit,
        "low": setting.low,
        "high": setting.high,
        "choices": setting.choices,
        "words": [word for word, _ in setting.words],
        "live": setting.name in LIVE,
    }
