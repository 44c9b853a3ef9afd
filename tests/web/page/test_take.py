"""A take with a real browser, microphone to downloads: what is sung is what is seen, heard, sent and saved."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Page

from tests.web.page import melody
from tests.web.page.chromium import Visit, in_browser
from tests.web.servers import Server

STUB = Path(__file__).with_name("stub_midi.js").read_text(encoding="utf-8")


@dataclass
class Taken:
    """What came of it."""

    rows: list[str]
    midi: bytes
    csv: str
    wav: bytes
    received: list[list[int]]
    received_at_hiding: list[list[int]]
    latency: str
    errors: list[str]
    foreign: list[str]


def download(page: Page, button: str) -> bytes:
    with page.expect_download() as waiting:
        page.click(button)
    return Path(waiting.value.path()).read_bytes()


def wait_for_notes(page: Page, count: int) -> None:
    page.wait_for_function("count => document.querySelectorAll('#notes tr').length >= count", arg=count)


@in_browser
def take(browser: Browser, url: str) -> Taken:
    visit = Visit(browser, url, STUB)
    page = visit.page
    page.click("#midi-allow")
    page.select_option("#midi-port", "one")
    page.check("#sound")
    page.click("#start")
    wait_for_notes(page, len(melody.NOTES) + 1)  # the last one is held
    page.evaluate(
        """() => {
            Object.defineProperty(document, 'hidden', { value: true, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    received_at_hiding = page.evaluate("window.midiReceived")
    page.click("#start")
    page.wait_for_selector("#state:text('Not listening')")
    page.locator("#notes").evaluate("body => { body.closest('details').open = true }")
    page.wait_for_selector("#replay:enabled")
    taken = Taken(
        rows=page.locator("#notes td:nth-child(2)").all_inner_texts(),
        midi=download(page, "#save-midi"),
        csv=download(page, "#save-csv").decode(),
        wav=download(page, "#save-wav"),
        received=page.evaluate("window.midiReceived"),
        received_at_hiding=received_at_hiding,
        latency=page.inner_text("#latency"),
        errors=visit.errors,
        foreign=visit.foreign,
    )
    visit.context.close()
    return taken


@pytest.fixture(scope="module")
def taken(browser: Browser, server: Server) -> Taken:
    return take(browser, server.url + "/")


def sounding(messages: list[list[int]]) -> set[int]:
    left: set[int] = set()
    for status, note, *rest in messages:
        if status & 0xF0 == 0x90 and rest[0]:
            left.add(note)
        elif status & 0xF0 == 0x80:
            left.discard(note)
    return left


EXPECTED = [*melody.NOTES, 60]


def test_the_page_shows_the_notes_and_no_others(taken: Taken):
    assert taken.rows == [*melody.NAMES, "C4"]


def test_nothing_failed_and_nothing_was_asked_of_others(taken: Taken):
    assert taken.errors == []
    assert taken.foreign == []


def test_the_midi_file_has_the_notes_at_their_times(taken: Taken):
    file = mido.MidiFile(file=io.BytesIO(taken.midi))
    now_s, notes, open_notes = 0.0, [], set()
    for message in file:
        now_s += message.time
        if message.type == "note_on":
            notes.append((message.note, now_s))
            open_notes.add(message.note)
        elif message.type == "note_off":
            open_notes.discard(message.note)
    assert [note for note, _ in notes] == EXPECTED
    assert not open_notes
    begun_s = np.array([at_s for _, at_s in notes])[: len(melody.NOTES)]
    assert np.diff(begun_s) == pytest.approx(melody.SPACING_S, abs=0.03)


def test_the_table_has_the_same_notes(taken: Taken):
    rows = list(csv.DictReader(io.StringIO(taken.csv)))
    assert [int(row["note"]) for row in rows] == EXPECTED
    assert all(float(row["offset_s"]) > float(row["onset_s"]) for row in rows)


def test_the_recording_is_the_sound_that_was_heard(taken: Taken):
    samples, rate_hz = soundfile.read(io.BytesIO(taken.wav))
    rows = list(csv.DictReader(io.StringIO(taken.csv)))
    for row in rows[: len(melody.NOTES)]:
        begin, end = (round(float(row[name]) * rate_hz) for name in ("onset_s", "offset_s"))
        spectrum = np.abs(np.fft.rfft(samples[begin:end] * np.hanning(end - begin), 1 << 16))
        strongest_hz = np.argmax(spectrum) * rate_hz / (1 << 16)
        assert 12 * np.log2(strongest_hz / 440) + 69 == pytest.approx(int(row["note"]), abs=0.5)


def test_the_midi_port_gets_each_note_and_none_is_left(taken: Taken):
    begun = [note for status, note, *_ in taken.received if status & 0xF0 == 0x90]
    assert begun == EXPECTED
    assert not sounding(taken.received)


def test_a_hidden_page_ends_what_sounds(taken: Taken):
    assert [note for status, note, *_ in taken.received_at_hiding if status & 0xF0 == 0x90] == EXPECTED
    assert not sounding(taken.received_at_hiding)


def test_latency_is_told_in_its_parts(taken: Taken):
    rows = [line.split("\t") for line in taken.latency.strip().splitlines()]
    medians = {name: float(median) for name, median, _ in rows}
    assert set(medians) >= {"sound until decided", "network, both ways", "service", "end to end"}
    assert medians["end to end"] >= medians["sound until decided"] > 0
