"""What the live screen shows, rendered to text."""

import io
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color
from rich.console import Console

from streamer.latency import LatencySummary
from streamer.live import theme as look
from streamer.live import view
from streamer.live.canvas import big_text
from streamer.live.keys import DOWN, UP, KeyDecoder
from streamer.live.snapshot import RollNote, Snapshot
from streamer.live.view import closing_line, describe, losses, render, summary

PLAYING = Snapshot(
    time_s=72.0,
    rate_hz=48_000,
    hop=128,
    input_name="Scarlett 2i2 USB",
    output_names=("streamer",),
    detector="default",
    preset="guitar",
    bend="glide",
    bend_range=12,
    note=61,
    velocity=92,
    f0_hz=279.6,
    cents=14.6,
    confidence=0.97,
    level_db=-18.0,
    peak_db=-7.0,
    roll=(RollNote(60, 66.0, 67.0, 80), RollNote(67, 68.0, 69.0, 80), RollNote(61, 71.0, None, 92)),
    messages=("note_on C4 80", "note_off C4", "note_on C#4 92"),
    notes_sent=127,
    total=LatencySummary(23.4, 61.2, 80.0, 95.0, 8.3),
    audio=LatencySummary(20.3),
    queue=LatencySummary(0.8),
    compute=LatencySummary(0.4),
    send=LatencySummary(0.1),
    histogram_ms=tuple(range(10, 130, 10)),
    histogram=(0, 14, 50, 30, 12, 8, 4, 2, 1, 0, 0, 1),
    input_latency_ms=5.3,
    load=0.06,
)


def draw(snapshot: Snapshot, width: int = 80, height: int = 24, **options: bool) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, height=height, force_terminal=False, legacy_windows=False)
    console.print(render(snapshot, width, height, **options), end="")
    return file.getvalue().split("\n")[:height]


def changed(**fields: object) -> Snapshot:
    values = {name: getattr(PLAYING, name) for name in PLAYING.__slots__}
    return Snapshot(**(values | fields))  # type: ignore[arg-type]


def rows_with(lines: list[str], text: str) -> list[int]:
    return [y for y, line in enumerate(lines) if text in line]


# -- it fits ------------------------------------------------------------------------------------------------------

text = st.text(max_size=60)
milliseconds = st.floats(0, 5000)
summaries = st.builds(LatencySummary, milliseconds, milliseconds, milliseconds, milliseconds, milliseconds)
roll_notes = st.builds(
    RollNote, st.integers(0, 127), st.floats(0, 100), st.none() | st.floats(0, 100), st.integers(1, 127)
)
snapshots = st.builds(
    Snapshot,
    time_s=st.floats(0, 1e5),
    rate_hz=st.integers(0, 192_000),
    hop=st.integers(0, 8192),
    input_name=text,
    output_names=st.lists(text, max_size=3).map(tuple),
    detector=text,
    preset=text,
    note=st.none() | st.integers(0, 127),
    velocity=st.integers(0, 127),
    f0_hz=st.none() | st.floats(20, 5000),
    cents=st.none() | st.floats(-80, 80),
    confidence=st.floats(0, 1),
    level_db=st.floats(-120, 20),
    peak_db=st.floats(-120, 20),
    clipped=st.booleans(),
    silent_input=st.booleans(),
    roll=st.lists(roll_notes, max_size=40).map(tuple),
    messages=st.lists(text, max_size=12).map(tuple),
    notes_sent=st.integers(0, 10**7),
    total=summaries,
    audio=summaries,
    histogram_ms=st.just(tuple([*map(float, range(5, 100, 5)), float("inf")])),
    histogram=st.lists(st.integers(0, 10**6), min_size=20, max_size=20).map(tuple),
    input_latency_ms=st.none() | milliseconds,
    lost_samples=st.integers(0, 10**9),
    losses=st.integers(0, 10**6),
    lost_events=st.integers(0, 10**6),
    tuned_to=st.none() | st.integers(0, 127),
    clock_bpm=st.none() | st.floats(1, 1250),
    load=st.floats(0, 20),
    transpose=st.integers(-60, 60),
    muted=st.booleans(),
    recording=st.none() | text,
    status=text,
)


@settings(deadline=None, max_examples=150)
@given(snapshots, st.integers(1, 160), st.integers(1, 60), st.booleans(), st.booleans())
def test_any_snapshot_fills_any_terminal_exactly(snapshot, width, height, show_help, ascii_only):
    lines = render(snapshot, width, height, show_help=show_help, ascii_only=ascii_only).lines
    assert len(lines) == height
    for line in lines:
        row = "".join(segment.text for segment in line)
        assert cell_len(row) == width
        assert row.isprintable()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40), (200, 60)])
def test_the_whole_picture_from_80_by_24_on(width, height):
    lines = draw(PLAYING, width, height)
    picture = "\n".join(lines)
    for needed in (
        "Scarlett 2i2 USB → streamer",
        "1:12",
        "+15 cents",
        "279.6 Hz",
        "level   -18 dB",
        "peak   -7 dB",
        "48 kHz · hop 128 · default · guitar · glide ±12 st",
        "note_on C#4 92",
        "p50  23",
        "p95  61",
        "jitter   8 ms",
        "audio 20 queue 0.8 compute 0.4 send 0.1",
        "127 notes",
        "no losses",
        "load 6%",
        "q quit   space mute   p panic   ↑↓ transpose   r record   s save   ",
        "? help",
    ):
        assert needed in picture, needed
    assert "…" not in picture


@pytest.mark.parametrize(
    ("width", "height", "factor"), [(80, 24, 2), (120, 40, 3), (200, 60, 4), (40, 24, 2), (40, 12, 1)]
)
def test_the_note_is_as_large_as_the_terminal_allows(width, height, factor):
    lines = draw(PLAYING, width, height)
    letters = big_text("C#4", factor)
    start = rows_with(lines, letters[0].strip())[0]
    column = lines[start].index(letters[0].strip()) - (len(letters[0]) - len(letters[0].lstrip()))
    assert [line[column : column + len(letters[0])] for line in lines[start : start + len(letters)]] == list(letters)


def test_every_note_name_can_be_spelled():
    for note in range(128):
        assert draw(changed(note=note), 80, 24)


@pytest.mark.parametrize(("width", "height"), [(40, 12), (40, 24), (30, 9), (66, 16), (24, 7)])
def test_small_terminals_keep_what_a_player_needs_most(width, height):
    picture = "\n".join(draw(changed(clipped=True), width, height))
    assert "+15" in picture
    assert "█" in picture
    assert "q quit" in picture


@pytest.mark.parametrize(("width", "height"), [(24, 7), (30, 8), (30, 9), (40, 10), (60, 11)])
@pytest.mark.parametrize("status", ["", "panic: every note is ended, on all 16 MIDI channels"])
def test_small_terminals_name_the_note(width, height, status):
    lines = draw(changed(status=status), width, height)
    picture = "\n".join(lines)
    assert "C#4" in picture or big_text("C#4", 1)[0].strip() in picture
    assert "+15" in picture


def test_a_tiny_terminal_shows_note_and_cents():
    assert draw(PLAYING, 12, 3)[0].startswith("C#4 +15")


@settings(deadline=None)
@given(snapshots)
def test_a_snapshot_crosses_the_pipe_unchanged_in_one_line(snapshot):
    line = snapshot.to_json()
    assert "\n" not in line
    assert Snapshot.from_json(line) == snapshot


# -- it tells ------------------------------------------------------------------------------------------------------


def test_the_needle_stands_on_the_side_of_the_error():
    def needle(cents: float) -> tuple[int, int]:
        row = draw(changed(cents=cents))[2][37:]
        return row.index("█"), row.index("┃") if "┃" in row else -1

    flat, centre = needle(-20)
    assert flat < centre
    sharp, centre = needle(20)
    assert sharp > centre
    assert needle(0) == (centre, -1)
    assert needle(-50)[0] < flat < centre < sharp < needle(50)[0] < needle(80)[0] + 1


def test_the_level_bar_grows_with_the_level():
    def bar(level_db: float) -> int:
        return draw(changed(level_db=level_db, peak_db=level_db))[7][37:].count("█")

    full, quiet = bar(0), bar(-40)
    assert bar(-120) == 0 < quiet < bar(-20) < full
    assert full == bar(6)


def test_lamps_light_only_when_they_should():
    calm = "\n".join(draw(PLAYING))
    for word in ("CLIP", "MUTED", "REC", "-12 st"):
        assert word not in calm
    alarmed = "\n".join(
        draw(changed(clipped=True, muted=True, recording="/music/take1.mid", transpose=-12, losses=2, lost_samples=300))
    )
    for word in ("CLIP", "MUTED", "● REC", "-12 st", "take1.mid", "2 losses (6 ms)"):
        assert word in alarmed


def test_a_message_stands_above_the_keys_and_a_dead_microphone_is_told():
    for lines in (draw(changed(status="device gone, trying again")), draw(changed(silent_input=True))):
        assert lines[-1].startswith(" q quit   space mute   p panic")
        assert lines[-3].startswith("╰─")
    assert "device gone, trying again" in draw(changed(status="device gone, trying again"))[-2]
    assert "exactly zero" in draw(changed(silent_input=True))[-2]


LONG = (
    "the audio input Scarlett 2i2 USB is gone: it was unplugged or its audio server has stopped; notes are ended; "
    "trying again until it is back"
)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 24), (100, 30), (66, 16)])
def test_a_long_message_is_shown_whole_with_the_keys(width, height):
    lines = draw(changed(status=LONG), width, height)
    frame_ends = rows_with(lines, "╯")[-1]
    assert " ".join(" ".join(lines[frame_ends + 1 : -1]).split()) == LONG
    assert "q quit" in lines[-1]
    assert "? help" in lines[-1]


@pytest.mark.parametrize("width", [24, 30, 40, 66, 79])
def test_narrow_terminals_keep_the_key_that_lists_the_others(width):
    assert "q quit" in draw(PLAYING, width, 12)[-1]
    assert "? help" in draw(PLAYING, width, 12)[-1] or width < 24


def test_files_are_shown_by_their_own_names():
    title = draw(changed(output_names=("streamer (JACK)", "/home/me/music/tonight/events.jsonl")))[0]
    assert "Scarlett 2i2 USB → streamer (JACK), events.jsonl" in title


def test_while_it_starts_nothing_is_said_to_be_missing():
    assert "no input" not in draw(Snapshot(status="starting"))[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "no losses"),
        ({"losses": 1, "lost_samples": 480}, "1 loss (10 ms)"),
        ({"losses": 2, "lost_samples": 1}, "2 losses (1 ms)"),
        ({"losses": 3, "lost_samples": 120_000}, "3 losses (2.5 s)"),
        ({"losses": 73}, "73 overruns, no sound lost"),
        ({"losses": 1}, "1 overrun, no sound lost"),
        ({"lost_events": 7}, "no losses, 7 events not written"),
    ],
)
def test_what_was_lost_is_told_in_time(fields, words):
    assert losses(changed(**fields)) == words


def test_without_a_note_the_pitch_is_told_by_its_own_note():
    picture = "\n".join(draw(changed(note=None, tuned_to=69, cents=-7.0)))
    assert "A4 -7 cents" in picture


def test_the_roll_draws_pitch_upward_and_time_to_the_right():
    lines = draw(PLAYING)[9:16]
    marks = [(x, y) for y, line in enumerate(lines) for x, c in enumerate(line[6:75]) if c in "▀▄█▘▝▖▗▌▐"]
    columns = sorted({x for x, _ in marks})
    spans = [[columns[0]]]
    for x in columns[1:]:
        if x > spans[-1][-1] + 1:
            spans.append([])
        spans[-1].append(x)
    assert [len(span) for span in spans] == pytest.approx([10, 10, 10], abs=1)  # a second is ten cells
    assert 67 in spans[2], "the sounding note reaches now"
    first, second, third = (next(y for x, y in marks if x == span[4]) for span in spans)
    assert second < first, "G4 above C4"
    assert second < third
    assert rows_with(lines, "C#4"), "the sounding note is named at the right"
    assert rows_with(lines, "C4") == [first], "each C is labelled"


def test_repeated_notes_show_their_seam():
    def marks(roll: tuple[RollNote, ...]) -> str:
        lines = draw(changed(roll=roll, note=None))[9:16]
        return next(line for line in lines if "▀" in line or "▄" in line)

    once = marks((RollNote(64, 70.0, 71.0, 80),))
    twice = marks((RollNote(64, 70.0, 70.5, 80), RollNote(64, 70.5, 71.0, 80)))
    assert once != twice
    assert re.search("[▘▖] ?[▀▄▝▗]", twice)


def test_a_wide_melody_still_fits_the_roll():
    lines = draw(changed(roll=(RollNote(24, 70, 70.5, 80), RollNote(96, 71, 71.5, 80))))[9:16]
    marked = [y for y, line in enumerate(lines) if re.search("[▀▄▘▝▖▗]", line[6:75])]
    assert len(marked) == 2


def test_the_newest_message_is_the_lowest():
    lines = draw(changed(messages=tuple(f"message {i}" for i in range(30))))
    shown = [int(found[1]) for line in lines if (found := re.search(r"message (\d+)", line))]
    assert shown == list(range(25, 30))


def test_the_highest_bar_of_the_histogram_is_the_fullest_bin():
    lines = draw(PLAYING, 120, 40)
    top = next(line for line in lines[31:] if "█" in line)
    middle = lines[0].index("┬") + 2
    assert (top.index("█", middle) - middle) // 4 == 2


def test_nothing_sounding_is_drawn_calmly():
    picture = "\n".join(draw(Snapshot()))
    assert "nothing sent yet" in picture
    assert "no note yet" in picture
    assert "cents" not in picture


def test_help_lists_every_key():
    picture = "\n".join(draw(PLAYING, show_help=True))
    for key, word, what in view.KEYS:
        assert re.search(rf"{re.escape(key)} +{word} +{re.escape(what)}", picture)


# -- it is legible -------------------------------------------------------------------------------------------------


def luminance(color: Color) -> float:
    channels = [c / 255 for c in color.get_truecolor()]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_reads_on_black_and_on_white():
    segments = [segment for line in render(changed(clipped=True, status="x"), 80, 24).lines for segment in line]
    colours = {segment.style.color for segment in segments if segment.style and segment.style.color}
    assert len(colours) >= 3
    for name in ("GOOD", "WARN", "BAD", "LEVEL_WARN", "LEVEL_BAD", "ACCENT", "QUIET"):
        colours.add(getattr(look, name).color)
    for colour in colours:
        light = luminance(colour)
        assert (light + 0.05) / 0.05 >= 3.8, colour
        assert 1.05 / (light + 0.05) >= 3.8, colour


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    file = io.StringIO()
    console = Console(file=file, width=80, height=24, force_terminal=True, color_system="256", legacy_windows=False)
    console.print(render(changed(clipped=True, muted=True), 80, 24), end="")
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", file.getvalue()) for code in found.split(";")}
    assert codes <= {"0", "1", "7"}, "bold and reverse only"
    assert "CLIP" in file.getvalue()


def test_ascii_terminals_get_ascii():
    picture = "".join(draw(changed(recording="take.mid", muted=True), ascii_only=True, show_help=True))
    assert set(picture) <= set(string.printable)
    assert "#" in picture


def test_names_from_drivers_cannot_steer_the_terminal_or_break_the_frame():
    lines = draw(changed(input_name="\x1b[2Jevil\n麦克风 🎤", messages=("a\x1b]0;title\x07b",)))
    assert all(cell_len(line) == 80 for line in lines)
    assert "\x1b" not in "".join(lines)
    assert "麦克风" in lines[0]


def test_terminals_that_cannot_place_the_cursor_get_a_line_a_note():
    lines = describe(PLAYING, 67.0)
    assert [line.split()[2] for line in lines] == ["G4", "C#4"]
    assert summary(changed(losses=1, lost_samples=480)) == (
        "127 notes, level -18 dB, latency p50 23 ms, p95 61 ms, 1 loss (10 ms), load 6%"
    )
    assert summary(Snapshot()) == "no notes, no losses, load 0%"


def test_the_last_line_tells_what_there_is_to_tell():
    assert closing_line(PLAYING) == "127 notes in 1:12, latency p50 23 ms, p95 61 ms, no losses"
    assert closing_line(Snapshot(time_s=7.3)) == "no notes in 0:07, no losses"
    assert closing_line(Snapshot(time_s=7.3, silent_input=True)).startswith("no notes in 0:07, no losses; the input is")


# -- keys ----------------------------------------------------------------------------------------------------------


def test_keys_ask_for_the_same_however_they_are_cut():
    typed = "q p\x1b[A\x1bOB\x1b[1;2Ar\x1b[CEksbl?x\x1b\x1b[B+-\x1b[5~\x0c"
    more = ["step octave +1", "step eagerness -1", "step lock +1", "save", "step bend +1", "learn"]
    commands = ["quit", "mute", "panic", UP, DOWN, UP, "record", *more, "help", DOWN, UP, DOWN, "repaint"]
    assert KeyDecoder().feed(typed) == commands
    decoder = KeyDecoder()
    assert [command for character in typed for command in decoder.feed(character)] == commands
