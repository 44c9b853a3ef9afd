"""The network fails during a take: the page goes on by itself, and nothing hangs."""

from playwright.sync_api import Browser

from tests.web.page import melody
from tests.web.page.chromium import Visit, in_browser
from tests.web.page.proxy import CuttingProxy, cutting_proxy
from tests.web.page.test_take import STUB, sounding
from tests.web.servers import Server

CUTS = 3
WATCH = """() => {
    const state = document.querySelector('#state');
    window.atLosses = []; // what the port had got when each loss was shown
    new MutationObserver(() => {
        if (state.textContent === 'Reconnecting…') window.atLosses.push([...window.midiReceived]);
    }).observe(state, { attributeFilter: ['class'] });
}"""


@in_browser
def take_with_cuts(browser: Browser, proxy: CuttingProxy) -> tuple[list[str], list[int], list[list[int]], str, str]:
    visit = Visit(browser, f"http://127.0.0.1:{proxy.port}/", STUB)
    page = visit.page
    page.evaluate(WATCH)
    page.click("#midi-allow")
    page.select_option("#midi-port", "one")
    page.click("#start")
    for cut in range(CUTS):
        # Each cut falls into the melody, or into the held note.
        page.wait_for_function("count => document.querySelectorAll('#notes tr').length >= count", arg=3 * (cut + 1))
        assert proxy.cut() >= 1
        page.wait_for_function("count => window.atLosses.length >= count", arg=cut + 1)
        page.wait_for_selector("#state.good")
    page.wait_for_timeout(600)
    at_losses = [*page.evaluate("window.atLosses"), page.evaluate("window.midiReceived")]  # the last one before the end
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide'))")  # as when the page is closed
    page.wait_for_selector("#state:text('Not listening')")
    page.locator("#notes").evaluate("body => { body.closest('details').open = true }")
    rows = page.locator("#notes td:nth-child(2)").all_inner_texts()
    received = page.evaluate("window.midiReceived")
    size, losses = page.inner_text("#take-size"), page.inner_text("#losses")
    visit.context.close()
    return rows, [len(sounding(messages)) for messages in at_losses], received, size, losses


def without_repeats(names: list[str]) -> list[str]:
    return [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]]


def test_three_cuts_leave_no_note_and_lose_no_take(browser: Browser, server: Server):
    with cutting_proxy(server.port) as proxy:
        rows, left_by_cuts, received, size, losses = take_with_cuts(browser, proxy)
    assert left_by_cuts == [*[0] * CUTS, 1]
    assert not sounding(received), "a page that goes away ends what sounds"
    # A note that is cut in two is seen twice; none is missing, and none is of another pitch.
    assert without_repeats(rows) == without_repeats([*melody.NAMES, "C4"])
    assert len(rows) <= len(melody.NAMES) + 1 + CUTS
    assert losses == "Nothing lost."
    assert size.endswith(f"{len(rows)} notes")
