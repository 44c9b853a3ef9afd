"""``streamer demo``: a performance that the program plays to itself."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from streamer.commands.options import takes_settings
from streamer.config import DEFAULT_RATE_HZ, TrackerConfig
from streamer.settings.io import FILES, OUTPUT, SCREEN
from streamer.settings.tracker import TRACKER

_ITS_FILES = [replace(setting, default="streamer-demo.mid") if setting.name == "midi" else setting for setting in FILES]


@takes_settings(OUTPUT, _ITS_FILES, SCREEN, TRACKER)
def demo(
    *,
    virtual: str | None,
    output: str | None,
    midi_api: str | None,
    play: Annotated[bool, typer.Option("--play", metavar="", help="Make the performance audible.")] = False,
    midi: Path,
    jsonl: Path | None,
    no_ui: bool,
    config: TrackerConfig,
    preset: str,
) -> int:
    """Play a performance to the program itself: no microphone, no MIDI gear.

    It writes the MIDI file of the notes it found, and ends with how many these are and how late they were.

    **Examples**

    * `streamer demo`
    * `streamer demo --play --virtual`
    """
    from streamer.commands.printing import demo_summary, show
    from streamer.commands.wiring import STANDARD_OUTPUT, file_sinks, notify, open_port, open_screen
    from streamer.live.session import Session
    from streamer.material.demo import DemoSource, demo_performance
    from streamer.outputs.notelist import NoteList
    from streamer.tracker import make_tracker

    performance = demo_performance(DEFAULT_RATE_HZ)
    tracker = make_tracker(config, DEFAULT_RATE_HZ)
    with ExitStack() as closing:
        sinks = open_port(output, virtual, midi_api, needed=True) if output or virtual or midi_api else []
        for sink in sinks:
            closing.callback(sink.close)
        tracked = NoteList()
        sinks += [*file_sinks(DEFAULT_RATE_HZ, midi=midi, jsonl=jsonl), tracked]
        source = DemoSource(performance, block=tracker.config.hop, play=play)
        screen = open_screen(no_ui, jsonl)
        session = Session(source, tracker, sinks, screen=screen, notify=notify, preset=preset)
        status = session.run()
    show(demo_summary(performance, tracked.notes, session.snapshot(), midi), aside=jsonl == STANDARD_OUTPUT)
    return status
