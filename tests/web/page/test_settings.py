"""What is chosen on the page holds for what is heard, from the start or from now on."""

import io

import mido
import pytest
from playwright.sync_api import Browser

from tests.web.page import melody
from tests.web.page.chromium import Visit, in_browser
from tests.web.page.test_take import STUB, download, sounding
from tests.web.servers import Server

MOST_MS = 90_000  # a busy machine plays the melody in fits and starts; it comes again and again
# A3, which lies outside F sharp major, too, two octaves higher.
HIGHER = ["G♯5", "A♯5"]
IS_HIGHER = """higher => [...document.querySelectorAll('#notes td:nth-child(2)')].some(
    cell => higher.includes(cell.textContent)
)"""


@in_browser
def take_with_bends(browser: Browser, url: str) -> tuple[list[list[int]], bytes]:
    visit = Visit(browser, url, STUB)
    page = visit.page
    page.click("#midi-allow")
    page.select_option("#midi-port", "one")
    page.select_option("#settings-first-bend", "smooth")
    page.click("#start")
    page.wait_for_function(
        "count => document.querySelectorAll('#notes tr').length > count", arg=len(melody.NOTES), timeout=MOST_MS
    )
    page.wait_for_function("() => window.midiReceived.at(-1)[0] === 0xe0", timeout=MOST_MS)
    page.wait_for_timeout(300)
    page.click("#start")
    page.wait_for_selector("#replay:enabled")
    received, saved = page.evaluate("window.midiReceived"), download(page, "#save-midi")
    visit.context.close()
    return received, saved


def test_bends_reach_the_midi_port_and_the_saved_file(browser: Browser, server: Server):
    received, saved = take_with_bends(browser, server.url + "/")
    assert not sounding(received)
    first_note = next(k for k, value in enumerate(received) if value[0] == 0x90)
    ranges = [value for value in received[:first_note] if value[:2] == [0xB0, 6]]
    assert ranges == [[0xB0, 6, 2]] * 2, "told when the port is chosen, and when the take begins"
    bends = [(value[1] + 128 * value[2] - 8192) / 8192 * 200 for value in received if value[0] == 0xE0]
    assert bends[-2] == pytest.approx(melody.HELD_CENTS, abs=6)
    assert bends[-1] == 0, "nothing stays bent"
    file = mido.MidiFile(file=io.BytesIO(saved))
    assert [message.note for message in file if message.type == "note_on"] == [*melody.NOTES, 60]
    wheel = [message.pitch / 8192 * 200 for message in file if message.type == "pitchwheel"]
    assert wheel[-2] == pytest.approx(melody.HELD_CENTS, abs=6)
    assert wheel[-1] == 0


@in_browser
def notes_with_settings(browser: Browser, url: str) -> tuple[list[str], list[str]]:
    visit = Visit(browser, url)
    page = visit.page
    page.fill("#settings-first-scale", "F# major")
    page.click("#start")
    page.wait_for_function("() => document.querySelectorAll('#notes tr').length >= 1")
    page.fill("#settings-first-transpose", "24")
    page.press("#settings-first-transpose", "Enter")
    page.wait_for_function("count => document.querySelectorAll('#notes tr').length >= count", arg=len(melody.NOTES))
    page.wait_for_function(IS_HIGHER, arg=HIGHER, timeout=MOST_MS)
    names = page.locator("#notes td:nth-child(2)").all_text_contents()
    presets = page.locator("#settings-first-preset option").evaluate_all("all => all.map(one => one.value)")
    visit.context.close()
    return names, presets


def test_a_scale_holds_from_the_start_and_a_transposition_from_now_on(browser: Browser, server: Server):
    names, presets = notes_with_settings(browser, server.url + "/")
    assert names[0] == "B3"  # C4 and D4 lie outside F sharp major; which neighbour they get depends on their tuning
    assert names[1][:-1] in ("C♯", "D♯")
    assert set(HIGHER) & set(names[len(melody.NOTES) - 1 :])
    assert {"voice", "guitar"} <= set(presets)
