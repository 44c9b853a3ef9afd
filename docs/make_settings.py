"""Write settings.md anew from the descriptions of the settings: ``python docs/make_settings.py``."""

from pathlib import Path

from streamer.settings.catalogues import CHAPTERS
from streamer.settings.document import settings_page

PAGE = Path(__file__).with_name("settings.md")

if __name__ == "__main__":
    PAGE.write_text(settings_page(CHAPTERS), encoding="utf-8")
