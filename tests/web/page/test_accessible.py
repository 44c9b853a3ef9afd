"""What axe-core finds on the page, and whether it fits on a phone: each state of it, light and dark."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.web.page.chromium import Visit, in_browser
from tests.web.servers import Server

GRAVE = ("serious", "critical")
WIDTHS = (390, 1280)
AXE = Axe()


def faults(page: Page, part: str = "html") -> list[str]:
    """Violations in this part, in light and in dark, and what is wider than the screen."""
    found = violations(page, part, {})
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {fault}" for fault in violations(page, part, {"runOnly": ["color-contrast"]})]
    page.emulate_media(color_scheme="light")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"wider than {width} pixels")
    return found


def violations(page: Page, part: str, options: dict[str, Any]) -> list[str]:
    only = {"resultTypes": ["violations"]}  # what passes need not be told in full, which takes most of the time
    response = AXE.run(page, part, options=options | only).response
    assert response["passes"], "axe-core has looked at nothing"
    return [
        f"{violation['id']}: {node['html'][:120]}"
        for violation in response["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


@in_browser
def look_at_all(browser: Browser, url: str) -> dict[str, list[str]]:
    visit = Visit(browser, url)
    page = visit.page
    found = {}
    page.wait_for_selector("#settings-first select")
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
    page.click("#start")
    page.wait_for_selector("#note.sounding")
    found["live"] = faults(page)
    page.click("#start")
    page.wait_for_selector("#replay:enabled")
    page.click("#replay")
    page.wait_for_selector("#take-player .play")
    found["replay"] = faults(page, "#take-player")
    page.click("#tab-file")
    found["file"] = faults(page, "#file")
    visit.context.close()
    return found


def test_no_serious_fault_and_nothing_too_wide(browser: Browser, server: Server):
    found = look_at_all(browser, server.url + "/")
    assert found == {state: [] for state in found}
