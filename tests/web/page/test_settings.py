"""What is chosen on the page holds for what is heard, from the start or from now on."""

from playwright.sync_api import Browser

from tests.web.page import melody
from tests.web.page.chromium import Visit, in_browser
from tests.web.servers import Server


@in_browser
def notes_with_settings(browser: Browser, url: str) -> tuple[list[str], list[str]]:
    visit = Visit(browser, url)
    page = visit.page
    page.fill("#settings-first-scale", "F# major")
    page.click("#start")
    page.wait_for_function("() => document.querySelectorAll('#notes tr').length >= 2")
    page.fill("#settings-first-transpose", "24")
    page.press("#settings-first-transpose", "Enter")
    page.wait_for_function("count => document.querySelectorAll('#notes tr').length >= count", arg=len(melody.NOTES))
    names = page.locator("#notes td:nth-child(2)").all_text_contents()
    presets = page.locator("#settings-first-preset option").evaluate_all("all => all.map(one => one.value)")
    visit.context.close()
    return names, presets


def test_a_scale_holds_from_the_start_and_a_transposition_from_now_on(browser: Browser, server: Server):
    names, presets = notes_with_settings(browser, server.url + "/")
    assert names[:2] == ["B3", "C♯4"]  # C4 and D4 lie outside F sharp major
    assert names[len(melody.NOTES) - 1] == "G♯5"  # A3 does, too, and is two octaves higher by then
    assert {"voice", "guitar"} <= set(presets)
