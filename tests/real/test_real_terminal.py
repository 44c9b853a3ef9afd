"""The screen as a musician sees it: a real terminal, real keys."""

import os
import shlex
import signal
from pathlib import Path

import pytest
from jackserver import JackServer
from livecommand import COMMAND
from receivers import MidiDump, notes_on, read_midi_file, sounding
from terminals import Terminal
from waiting import wait_until

# On a server that waits for its clients: on a busy machine another one leaves holes in the sound, and a note is two.
pytestmark = [
    pytest.mark.jack,
    pytest.mark.usefixtures("jack_midi"),
    pytest.mark.parametrize("jack", [True], indirect=True, ids=["synchronous"]),
]


@pytest.fixture
def playing(jack: JackServer, terminal: Terminal, long_note: Path, tmp_path: Path) -> Path:
    """`streamer live` with its screen while A3 is played into it; the MIDI file it records."""
    take = tmp_path / "take.mid"
    terminal.type_line(f"{shlex.join(COMMAND)} --virtual --midi {shlex.quote(str(take))}; echo status=$?")
    terminal.await_screen(lambda text: "hop 128" in text, "the screen")
    jack.free_microphone()
    jack.play(long_note)
    terminal.await_screen(lambda _: terminal.big("A3"), "a large A3")
    return take


def assert_restored(terminal: Terminal) -> None:
    """The shell has its terminal back: its screen, its cursor, its echo."""
    assert terminal.mode("alternate_on") == "0"
    assert terminal.mode("cursor_flag") == "1"
    terminal.type_line("clear; stty -a")
    text = terminal.await_screen(lambda text: "icanon" in text, "the terminal's settings")
    assert {"icanon", "echo", "isig"} <= set(text.replace(";", " ").split())


def test_the_screen_shows_the_note_and_keys_work(terminal: Terminal, playing: Path) -> None:
    text = terminal.screen()
    assert terminal.mode("alternate_on") == "1"
    assert max(len(line) for line in text.splitlines()) <= 80
    for word in ("system", "streamer", "p50", "jitter", "1 note", "48 kHz", "REC", "220.", "cents"):
        assert word in text, f"{word!r} is missing:\n{text}"

    terminal.keys("?")
    terminal.await_screen(lambda text: "end every note" in text, "the help")
    terminal.keys("?")
    terminal.await_screen(lambda text: "end every note" not in text, "no help")
    terminal.keys("Space")
    terminal.await_screen(lambda text: "MUTED" in text, "the word MUTED")
    terminal.keys("Space")
    terminal.await_screen(lambda text: "MUTED" not in text, "MUTED to go")
    terminal.keys("Up")
    terminal.await_screen(lambda text: "+1 st" in text, "the transposition")
    terminal.keys("Down")
    terminal.await_screen(lambda text: "+1 st" not in text, "no transposition")
    terminal.keys("r")
    terminal.await_screen(lambda text: "REC" not in text, "the recording to end")
    assert [m.note for m in notes_on(read_midi_file(playing))][:1] == [57]

    terminal.resize(120, 40)
    terminal.await_screen(lambda text: max(map(len, text.splitlines())) > 110, "the larger screen")
    terminal.keys("q")
    terminal.await_screen(lambda text: "status=0" in text, "its end")
    assert_restored(terminal)
    assert not sounding(read_midi_file(playing))


def test_ctrl_c_gives_the_terminal_back(terminal: Terminal, playing: Path) -> None:
    terminal.keys("C-c")
    text = terminal.await_screen(lambda text: "status=130" in text, "its end by the signal")
    assert "Traceback" not in text
    assert_restored(terminal)
    assert [m.note for m in notes_on(read_midi_file(playing))] == [57]
    assert not sounding(read_midi_file(playing))


def test_a_stopped_program_lends_the_terminal_to_the_shell_and_takes_it_again(
    terminal: Terminal, playing: Path
) -> None:
    shell = terminal.mode("pane_pid")
    (program,) = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
    os.kill(int(program), signal.SIGTSTP)
    terminal.await_screen(lambda text: "topped" in text or "status=" in text, "the shell")
    assert_restored(terminal)
    terminal.type_line("fg")
    terminal.await_screen(lambda text: "hop 128" in text and "lost" not in text, "the screen again")
    assert terminal.mode("alternate_on") == "1"
    terminal.keys("q")
    wait_until(lambda: terminal.mode("alternate_on") == "0", "its end")
    assert_restored(terminal)
    assert not sounding(read_midi_file(playing))


def test_a_closed_terminal_ends_the_note(jack: JackServer, terminal: Terminal, playing: Path, tmp_path: Path) -> None:
    dump = MidiDump(jack, tmp_path)
    jack.connect(jack.midi_output("streamer"), dump.port)
    before = len(notes_on(dump.messages()))
    terminal.close_window()
    wait_until(lambda: not any("streamer" in port for port in jack.ports()), "its ports to go")
    messages = dump.close()
    assert any(m.type == "note_off" and m.note == 57 for m in messages), f"{before}, {messages}"
    assert [m.note for m in notes_on(read_midi_file(playing))] == [57]
    assert not sounding(read_midi_file(playing))
