"""The page of the settings says what their descriptions say."""

import runpy
from pathlib import Path

from streamer.settings.document import settings_page
from streamer.settings.tracker import TRACKER
from streamer.training.settings import TRAINING

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "settings.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_descriptions_make():
    chapters = runpy.run_path(str(DOCS / "make_settings.py"))["CHAPTERS"]
    assert settings_page(chapters) == PAGE, "run python docs/make_settings.py"


def test_every_setting_has_a_row():
    for setting in (*TRACKER, *TRAINING):
        assert PAGE.count(f"\n| `{setting.name}` |") == 1
    assert "`STREAMER_EAGERNESS`" in PAGE
