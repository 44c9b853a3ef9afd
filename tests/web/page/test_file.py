"""A recording given to the page: the notes that `streamer transcribe` finds, seen, heard and saved."""

import io
from pathlib import Path

import mido
import pytest
import soundfile
from playwright.sync_api import Browser, Page

from streamer.audio.file import AudioFile
from streamer.config import TrackerConfig
from streamer.transcription import track
from tests.golden import golden
from tests.web.page.chromium import Visit, in_browser
from tests.web.page.test_take import download
from tests.web.servers import Server

RECORDING = Path(golden.__file__).parent / "recordings" / "saxophone.flac"


def inked(page: Page, canvas: str) -> bool:
    """Whether anything is drawn: several colours."""
    script = """canvas => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set();
        for (let i = 0; i < data.length; i += 4) seen.add(`${data[i]},${data[i + 1]},${data[i + 2]},${data[i + 3]}`);
        return seen.size > 3;
    }"""
    return bool(page.locator(canvas).evaluate(script))


@in_browser
def give_files(browser: Browser, url: str, bad: Path, short: Path) -> dict[str, object]:
    visit = Visit(browser, url)
    page = visit.page
    page.wait_for_selector("#settings-first select")
    page.click("#tab-file")
    page.set_input_files("#chosen", bad)
    page.wait_for_selector("#message:visible")
    seen: dict[str, object] = {"refusal": page.inner_text("#message")}
    page.set_input_files("#chosen", RECORDING)
    page.wait_for_selector("#result:visible")
    page.locator("#file-notes").evaluate("body => { body.closest('details').open = true }")
    seen["message"] = page.locator("#message").is_visible()
    seen["names"] = [name.replace("♯", "#") for name in page.locator("#file-notes td:nth-child(2)").all_inner_texts()]
    seen["midi"] = download(page, "#file-midi")
    page.click("#file-player .play")
    page.wait_for_function("() => document.querySelector('#file-player input[type=range]').value > 0.3")
    page.wait_for_timeout(300)
    seen["drawn"] = inked(page, "#file-player .roll")
    page.click("#file-player .play")
    page.set_input_files("#chosen", short)
    page.wait_for_selector("#message:visible")
    seen["short"] = (page.inner_text("#message"), page.locator("#file-notes tr").count())
    seen["errors"] = [error for error in visit.errors if "422" not in error]
    seen["foreign"] = visit.foreign
    visit.context.close()
    return seen


@pytest.fixture(scope="module")
def seen(browser: Browser, server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    bad = tmp_path_factory.mktemp("bad") / "holiday.flac"
    bad.write_bytes(b"this is no sound" * 100)
    samples, rate_hz = soundfile.read(RECORDING)
    soundfile.write(short := bad.with_name("short.wav"), samples, rate_hz)
    short.write_bytes(short.read_bytes()[: short.stat().st_size // 2])
    return give_files(browser, server.url + "/", bad, short)


def test_the_notes_are_those_of_transcribe(seen: dict[str, object]):
    recording = AudioFile(str(RECORDING), None)
    expected = [on.note for on, _ in track(recording.blocks(4096), recording.rate_hz, TrackerConfig()).pairs]
    messages = mido.MidiFile(file=io.BytesIO(seen["midi"]))
    assert [message.note for message in messages if message.type == "note_on"] == expected
    assert len(seen["names"]) == len(expected)


def test_it_is_drawn_and_played(seen: dict[str, object]):
    assert soundfile.info(RECORDING).duration > 1
    assert seen["drawn"]
    assert not seen["message"]
    assert seen["errors"] == seen["foreign"] == []


def test_what_is_no_sound_is_refused_in_words(seen: dict[str, object]):
    assert str(seen["refusal"]).startswith("holiday.flac: ")
    assert "422" not in str(seen["refusal"])


def test_of_a_recording_that_breaks_off_there_are_the_notes_and_a_word_about_it(seen: dict[str, object]):
    message, notes = seen["short"]
    assert "short.wav breaks off after" in message
    assert notes >= 1
