"""What is wrong is said in words; what the browser does to the sound is told."""

from playwright.sync_api import Browser

from tests.web.page.chromium import Visit, in_browser
from tests.web.servers import Server, serving

TOKEN = "a-token-for-this-test"
WORDS = {
    "NotAllowedError": "The microphone was denied",
    "NotFoundError": "There is no microphone",
    "NotReadableError": "The microphone is in use",
    "OverconstrainedError": "The chosen microphone is gone",
}
FAIL = """name => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", name); };
}"""


@in_browser
def microphone_messages(browser: Browser, url: str) -> dict[str, str]:
    visit = Visit(browser, url)
    page = visit.page
    page.wait_for_selector("#settings-first select")
    said = {}
    for name in WORDS:
        page.evaluate(FAIL, name)
        page.click("#start")
        page.wait_for_function(
            "last => !['', last].includes(document.querySelector('#message').textContent)", arg=said.get("last", "")
        )
        said[name] = said["last"] = page.inner_text("#message")
        assert page.inner_text("#start") == "Start"
    visit.context.close()
    return said


def test_each_fault_of_the_microphone_has_its_words(browser: Browser, server: Server):
    said = microphone_messages(browser, server.url + "/")
    for name, beginning in WORDS.items():
        assert said[name].startswith(beginning)
        assert "Start" in said[name], "it says what to do"


KEPT_ON = """
const settings = MediaStreamTrack.prototype.getSettings;
MediaStreamTrack.prototype.getSettings = function () {
    const told = settings.call(this);
    window.toldOnce ??= told;
    return { ...told, noiseSuppression: true };
};
"""


@in_browser
def visit_with_processing(browser: Browser, url: str) -> tuple[dict[str, object], str]:
    visit = Visit(browser, url, KEPT_ON)
    visit.page.click("#start")
    visit.page.wait_for_selector("#input-warning:visible")
    told, warning = visit.page.evaluate("window.toldOnce"), visit.page.inner_text("#input-warning")
    visit.context.close()
    return told, warning


def test_the_browser_is_asked_to_leave_the_sound_alone_and_said_to_where_it_does_not(browser: Browser, server: Server):
    told, warning = visit_with_processing(browser, server.url + "/")
    assert [told[name] for name in ("echoCancellation", "noiseSuppression", "autoGainControl")] == [False] * 3
    assert warning.startswith("The browser keeps noise suppression on")


WITHOUT = """
Object.defineProperty(window, "isSecureContext", { value: false });
delete Navigator.prototype.requestMIDIAccess;
"""


@in_browser
def visit_insecure(browser: Browser, url: str) -> tuple[str, str]:
    visit = Visit(browser, url, WITHOUT)
    visit.page.click("#start")
    visit.page.wait_for_selector("#message:visible")
    words = visit.page.inner_text("#message"), visit.page.inner_text("#midi-word")
    visit.context.close()
    return words


def test_a_page_that_is_not_secure_says_so(browser: Browser, server: Server):
    microphone, midi = visit_insecure(browser, server.url + "/")
    assert "https" in microphone
    assert "http://localhost" in microphone
    assert "https" in midi


@in_browser
def visit_with_token(browser: Browser, url: str) -> list[str]:
    visit = Visit(browser, url)
    page = visit.page
    for token in ("not-the-right-token", TOKEN):
        page.fill("#token", token)
        page.click("#token-form button")
        if token != TOKEN:
            page.wait_for_selector("#token-wrong:visible")
    page.wait_for_selector("#settings-first select")
    page.click("#start")
    page.wait_for_selector("#state.good")
    states = [page.inner_text("#state")]
    visit.context.close()
    visit = Visit(browser, f"{url}#token={TOKEN}")
    visit.page.wait_for_selector("#settings-first select")
    states.append(visit.page.url)
    visit.context.close()
    return states


def test_the_page_asks_for_the_token_until_it_is_right(browser: Browser):
    with serving("--token", TOKEN) as server:
        state, address = visit_with_token(browser, server.url + "/")
    assert state.startswith("Listening")
    assert address == server.url + "/", "a token does not stay in the address"
