"""Chromium, driven in a thread of its own.

Playwright's synchronous interface leaves an event loop running in its thread; in that of pytest, `asyncio.run` of other
tests would fail. What talks to the browser is therefore marked `in_browser` and runs in one thread, whatever thread
calls it.
"""

import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

T = TypeVar("T")
_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser")
WAIT_MS = 30_000


def in_browser(function: Callable[..., T]) -> Callable[..., T]:
    """Run in the browser's thread. Not from inside another such function."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> T:
        return _THREAD.submit(function, *args, **kwargs).result()

    return run


@contextmanager
def chromium(program: str, microphone: Path) -> Iterator[Browser]:
    """A headless browser that hears a file, once from its beginning each time the microphone is opened."""

    @in_browser
    def start() -> tuple[Any, Browser]:
        playwright = sync_playwright().start()
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}%noloop",
            ],
        )
        return playwright, browser

    @in_browser
    def stop() -> None:
        browser.close()
        playwright.stop()

    playwright, browser = start()
    try:
        yield browser
    finally:
        stop()


class Visit:
    """A page in a context of its own, and what went wrong on it."""

    def __init__(self, browser: Browser, url: str, script: str = "", **how: Any) -> None:
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 900}, **how)
        self.context.set_default_timeout(WAIT_MS)
        if script:
            self.context.add_init_script(script)
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.page.on("request", lambda request: self._look_at(request.url, url))
        self.page.goto(url)

    def _look_at(self, asked: str, url: str) -> None:
        if not asked.startswith((url, url.replace("http", "ws", 1), "blob:", "data:")):
            self.foreign.append(asked)
