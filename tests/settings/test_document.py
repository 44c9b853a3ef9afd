"""The page of the settings says what their descriptions say."""

from pathlib import Path

from streamer.settings.catalogues import CHAPTERS
from streamer.settings.document import settings_page

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "settings.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_descriptions_make():
    assert settings_page(CHAPTERS) == PAGE, "run python docs/make_settings.py"


def test_every_setting_has_a_row_in_its_chapter():
    for chapter in CHAPTERS:
        table = PAGE.split(f"\n## {chapter.title}\n", 1)[1].split("\n## ", 1)[0]
        for setting in chapter.settings:
            assert table.count(f"\n| `{setting.name}` |") == 1


def test_variables_stand_where_they_are_read():
    for variable in ("EAGERNESS", "INPUT", "PORT", "VIRTUAL", "RATE", "BLOCK", "MIDI_API", "NO_UI", "CORE"):
        assert f"| `STREAMER_{variable}` |" in PAGE
    for variable in ("RECORD", "JSONL", "MIDI", "SEED"):
        assert f"`STREAMER_{variable}`" not in PAGE
