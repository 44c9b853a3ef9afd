"""``streamer demo``: a performance that the program plays to itself."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.commands.options import takes_settings
from streamer.config import DEFAULT_RATE_HZ, TrackerConfig
from streamer.music.config import MusicConfig
from streamer.settings.expression import EXPRESSION, Expression
from streamer.settings.file import CONFIGURATION
from streamer.settings.io import FILES, OUTPUT, SCREEN, SOUND
from streamer.settings.music import MUSIC, PARTS, SCALA_FILES
from streamer.settings.tracker import TRACKER

if TYPE_CHECKING:
    from streamer.commands.files import MidiForm
    from streamer.outputs.sink import Sink

_ITS_FILES = [replace(setting, default="streamer-demo.mid") if setting.name == "midi" else setting for setting in FILES]


@takes_settings(OUTPUT, EXPRESSION, SOUND, _ITS_FILES, SCREEN, MUSIC, PARTS, SCALA_FILES, TRACKER, CONFIGURATION)
def demo(
    *,
    virtual: str | None,
    port: str | None,
    midi_api: str | None,
    midi_channel: int,
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
        from streamer.commands.files import Files, MidiForm
        from streamer.commands.printing import demo_summary, show
        from streamer.commands.wiring import has_screen, notify, open_screen
        from streamer.live.session import Session
        from streamer.material.demo import DemoSource, demo_performance
        from streamer.outputs.notelist import NoteList
        from streamer.tracker import make_tracker

        form = MidiForm(tempo, midi_channel, preset, "demo", expression, config.reference_hz)
        files = Files(form, midi=midi, received=received, jsonl=jsonl)
        files.check()
        tracker = make_tracker(config, DEFAULT_RATE_HZ)
        performance = demo_performance(DEFAULT_RATE_HZ)
        sinks = _open_sinks(closing, form, port, virtual, midi_api, sound=not (no_sound or play))
        sinks += [*files.sinks(DEFAULT_RATE_HZ), tracked := NoteList()]
        source = DemoSource(performance, block=tracker.config.hop, play=play)
        screen = open_screen() if has_screen(no_ui, files.to_standard_output) else None
        ledger = music.ledger(config.reference_hz)
        session = Session(source, tracker, sinks, screen=screen, notify=notify, preset=preset, ledger=ledger)
        status = session.run()
        newest = session.snapshot()
        show(demo_summary(performance, tracked.notes, newest, midi), aside=files.to_standard_output)
    return status


def _open_sinks(
    closing: ExitStack, form: "MidiForm", port: str | None, virtual: str | None, midi_api: str | None, *, sound: bool
) -> "list[Sink]":
    from streamer.commands.wiring import express, open_ports, open_sound

    named = port or virtual or midi_api
    ports = open_ports(port, virtual, midi_api, form.channel, other=False) if named else []
    express(ports, form, DEFAULT_RATE_HZ)
    sinks: list[Sink] = [*ports]
    if sound:
        sinks += open_sound(form.a4_hz, needed=False)
    for sink in sinks:
        closing.callback(sink.close)
    return sinks
