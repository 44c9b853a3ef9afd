"""Write settings.md anew from the descriptions of the settings: ``python docs/make_settings.py``."""

from pathlib import Path

from streamer.settings import catalogues
from streamer.settings.document import settings_page
from streamer.training.settings import TRAINING_CHAPTER

PAGE = Path(__file__).with_name("settings.md")
CHAPTERS = (*catalogues.CHAPTERS, TRAINING_CHAPTER)

if __name__ == "__main__":
    PAGE.write_text(settings_page(CHAPTERS), encoding="utf-8")
