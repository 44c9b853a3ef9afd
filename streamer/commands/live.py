"""``streamer live``: from the microphone to MIDI."""

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.commands.options import takes_settings
from streamer.config import DEFAULT_RATE_HZ, TrackerConfig
from streamer.music.config import MusicConfig
from streamer.settings.expression import EXPRESSION, Expression
from streamer.settings.file import CONFIGURATION, Place
from streamer.settings.io import FILES, INPUT, OUTPUT, SCREEN, SOUND, InputConfig
from streamer.settings.learned import LEARN, LearnConfig
from streamer.settings.music import MUSIC, PARTS, SCALA_FILES
from streamer.settings.outlets import Outlets
from streamer.settings.tracker import TRACKER

if TYPE_CHECKING:
    from streamer.audio.source import Source
    from streamer.commands.files import Files
    from streamer.commands.outlets import OpenOutlets
    from streamer.live.learned import Learned
    from streamer.outputs.midiform import MidiForm
    from streamer.outputs.sink import Sink

_SETTINGS = (INPUT, OUTPUT, EXPRESSION, SOUND, FILES, SCREEN, LEARN, MUSIC, PARTS, SCALA_FILES, TRACKER, CONFIGURATION)


@takes_settings(*_SETTINGS)
def live(
    *,
    sound_in: InputConfig,
    outlets: Outlets,
    expression: Expression,
    sound: bool,
    midi: Path | None,
    record_audio: Path | None,
    received: Path | None,
    jsonl: Path | None,
    tempo: float,
    no_ui: bool,
    config: TrackerConfig,
    music: MusicConfig,
    learn: LearnConfig,
    place: Place,
    preset: str,
) -> int:
    """Turn the sound of the microphone into MIDI, at once.

    Without **--port** or **--virtual**, a MIDI port "streamer" appears (Linux, macOS): choose it in your DAW. Where
    there is no MIDI system, the screen shows what is played all the same.

    **Examples**

    * `streamer live --preset guitar --midi take1.mid`
    * `streamer live --input "USB" --port "FluidSynth"`
    * `arecord -f S16_LE -r 48000 -c 1 -t raw | streamer live --input - --rate 48000 --jsonl -`

    Keys on the screen: q quit, space mute, p panic, up/down transpose, r record, s save, ? help with all of them.
    """
    from streamer.live.signals import plain_interrupts

    with ExitStack() as stack:
        stack.enter_context(plain_interrupts())  # until the session takes the signals
        from streamer.commands import wiring
        from streamer.commands.files import Files
        from streamer.commands.outlets import OpenOutlets
        from streamer.outputs.clock import MidiClock
        from streamer.outputs.midiform import MidiForm
        from streamer.tracker import make_tracker

        part = music.part(outlets.midi_channel - 1)
        form = MidiForm(tempo, part, preset, expression=expression, a4_hz=config.reference_hz)
        opened = stack.enter_context(OpenOutlets(outlets, form, music))
        clock = MidiClock() if learn.clock else None
        written = {"midi": midi, "record_audio": record_audio, "received": received, "jsonl": jsonl}
        files = Files(form, **written, takes=True, clock=clock)
        files.check()
        watched = wiring.has_screen(no_ui, files.to_standard_output)
        # Refuses what cannot work before anything is opened.
        make_tracker(config, DEFAULT_RATE_HZ if sound_in.rate is None else sound_in.rate)
        opened.open(other=bool(watched or files or sound))
        source = stack.enter_context(closing(_open_source(sound_in)))
        sounding = _open_sound(stack, form, source.rate_hz) if sound else []
        sinks = opened.sinks(source.rate_hz, sounding)
        learned = wiring.open_controls(stack, learn, clock)
        return _run(source, sinks, files, config, music, place, learned, sound_in.round_trip, watched, opened)


def _open_source(wanted: InputConfig) -> "Source":
    from streamer.commands.wiring import open_source

    return open_source(wanted.input, wanted.rate, wanted.block, wanted.channel, wanted.format, wanted.channels)


def _open_sound(stack: ExitStack, form: "MidiForm", rate_hz: int) -> "list[Sink]":
    from streamer.commands.wiring import notify, open_sound

    (sink,) = open_sound(form, rate_hz, needed=True)
    stack.callback(sink.close)
    notify("use headphones: the microphone would pick up loudspeakers, and so the notes that are played")
    return [sink]


def _run(
    source: "Source",
    sinks: "list[Sink]",
    files: "Files",
    config: TrackerConfig,
    music: MusicConfig,
    place: Place,
    learned: "Learned | None",
    round_trip_ms: float | None,
    watched: bool,
    opened: "OpenOutlets",
) -> int:
    from streamer.commands.wiring import keeper, notify, notify_end, open_screen
    from streamer.live.session import Session
    from streamer.tracker import LIVE_HOPS, make_tracker

    tracker = make_tracker(config, source.rate_hz, hops_at_once=LIVE_HOPS)
    sinks += files.sinks(source.rate_hz)
    if not watched:
        names = ", ".join(sink.name for sink in sinks) or "no port"
        notify(f"listening to {source.name} at {source.rate_hz} Hz, sending to {names}; Ctrl-C ends")
    session = Session(
        source,
        tracker,
        sinks,
        recorders=files.recorders(source.rate_hz),
        record_now=files.recording,
        screen=open_screen() if watched else None,
        notify=notify,
        preset=files.form.preset,
        music=music,
        keep=keeper(place),
        expression=files.form.expression,
        learned=learned,
        clock=files.clock,
        round_trip_ms=round_trip_ms,
    )
    with opened.obeyed(session.command):
        status = session.run()
    notify_end(source, session.snapshot())
    return status
