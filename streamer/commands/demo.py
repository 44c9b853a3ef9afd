"""``streamer demo``: a performance that the program plays to itself."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamer.commands.options import takes_settings
from streamer.config import DEFAULT_RATE_HZ, TrackerConfig
from streamer.events import NoteOn
from streamer.music.config import MusicConfig
from streamer.settings.expression import EXPRESSION, Expression
from streamer.settings.file import CONFIGURATION, Place
from streamer.settings.io import FILES, OUTPUT, SCREEN, SOUND
from streamer.settings.music import MUSIC, PARTS, SCALA_FILES
from streamer.settings.outlets import Outlets
from streamer.settings.tracker import TRACKER

if TYPE_CHECKING:
    from streamer.expression.ledger import Ledger
    from streamer.material.demo import Performance

_ITS_FILES = [replace(setting, default="streamer-demo.mid") if setting.name == "midi" else setting for setting in FILES]


@takes_settings(OUTPUT, EXPRESSION, SOUND, _ITS_FILES, SCREEN, MUSIC, PARTS, SCALA_FILES, TRACKER, CONFIGURATION)
def demo(
    *,
    outlets: Outlets,
    expression: Expression,
    no_sound: bool,
    play: bool,
    midi: Path,
    received: Path | None,
    jsonl: Path | None,
    tempo: float,
    no_ui: bool,
    config: TrackerConfig,
    music: MusicConfig,
    place: Place,
    preset: str,
) -> int:
    """Play a performance to the program itself: no microphone, no MIDI gear.

    The notes that it finds are shown, played on a small synthesiser where there is a sound output, and written as a
    MIDI file. It ends with how many they are and how late they were.

    **Examples**

    * `streamer demo`
    * `streamer demo --play --virtual`
    """
    from streamer.live.signals import plain_interrupts

    with ExitStack() as closing:
        closing.enter_context(plain_interrupts())  # until the session takes the signals
        from streamer.commands.files import Files
        from streamer.commands.outlets import OpenOutlets
        from streamer.commands.printing import demo_summary, show
        from streamer.commands.wiring import has_screen, keeper, notify, open_screen, open_sound
        from streamer.live.session import Session
        from streamer.material.demo import DemoSource, demo_performance
        from streamer.outputs.midiform import MidiForm
        from streamer.outputs.notelist import NoteList
        from streamer.tracker import make_tracker

        form = MidiForm(tempo, music.part(outlets.midi_channel - 1), preset, "demo", expression, config.reference_hz)
        files = Files(form, midi=midi, received=received, jsonl=jsonl)
        files.check()
        tracker, performance = make_tracker(config, DEFAULT_RATE_HZ), demo_performance(DEFAULT_RATE_HZ)
        opened = closing.enter_context(OpenOutlets(outlets, form, music))
        if outlets.named:
            opened.open(other=False)
        sounding = [] if no_sound or play else open_sound(form, DEFAULT_RATE_HZ, needed=False)
        sinks = opened.sinks(DEFAULT_RATE_HZ, sounding)
        sinks += [*files.sinks(DEFAULT_RATE_HZ), tracked := NoteList()]
        source = DemoSource(performance, block=tracker.config.hop, play=play)
        screen = open_screen() if has_screen(no_ui, files.to_standard_output) else None
        how: dict[str, Any] = {"preset": preset, "music": music, "expression": expression, "keep": keeper(place)}
        session = Session(source, tracker, sinks, screen=screen, notify=notify, **how)
        with opened.obeyed(session.command):
            status = session.run()
        sent = _as_sent(performance, music.ledger(config.reference_hz))
        show(demo_summary(sent, tracked.notes, session.snapshot(), midi), aside=files.to_standard_output)
    return status


def _as_sent(performance: "Performance", ledger: "Ledger") -> "Performance":
    """The performance under the names that its notes are sent by."""
    notes = []
    for note in performance.notes:
        sent = ledger.apply(NoteOn(0, 0, round(note.midi), 1, note.midi))
        if isinstance(sent, NoteOn):
            notes.append(replace(note, midi=float(sent.note)))
    return replace(performance, notes=tuple(notes))
