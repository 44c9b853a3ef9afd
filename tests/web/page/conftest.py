"""One browser and what it hears, for all tests of the page."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.web.page import melody
from tests.web.page.chromium import chromium


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory, require_program: Callable[[str], str]) -> Iterator[Browser]:
    """Headless Chromium, whose microphone hears the melody."""
    program = require_program("chromium")
    heard: Path = melody.write(tmp_path_factory.mktemp("heard") / "melody.wav")
    with chromium(program, heard) as running:
        yield running
