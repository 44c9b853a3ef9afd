"""``streamer live``: from the microphone to MIDI."""

from contextlib import ExitStack
from pathlib import Path

from streamer.commands.options import takes_settings
from streamer.config import DEFAULT_RATE_HZ, TrackerConfig
from streamer.settings.io import FILES, INPUT, OUTPUT, SCREEN
from streamer.settings.tracker import TRACKER


@takes_settings(INPUT, OUTPUT, FILES, SCREEN, TRACKER)
def live(
    *,
    input_: str | None,
    rate: int | None,
    block: int,
    format_: str,
    channel: int,
    channels: int,
    output: str | None,
    virtual: str | None,
    midi_api: str | None,
    record: Path | None,
    record_audio: Path | None,
    jsonl: Path | None,
    no_ui: bool,
    config: TrackerConfig,
    preset: str,
) -> int:
    """Turn the sound of the microphone into MIDI, at once.

    Without **--output** or **--virtual**, a MIDI port "streamer" appears (Linux, macOS): choose it in your DAW.

    **Examples**

    * `streamer live --preset guitar --record take1.mid`
    * `streamer live --input "USB" --output "FluidSynth"`
    * `arecord -f S16_LE -r 48000 -c 1 -t raw | streamer live --input - --rate 48000 --jsonl -`

    Keys on the screen: q quit, space mute, p panic, up/down transpose, r start or stop recording, ? help.
    """
    from streamer.commands.printing import summary_line
    from streamer.commands.wiring import file_sinks, notify, open_port, open_screen, open_source, recorders
    from streamer.live.session import Session
    from streamer.tracker import LIVE_HOPS, make_tracker

    make_tracker(config, rate or DEFAULT_RATE_HZ)  # refuses what cannot work before anything is opened
    with ExitStack() as closing:
        sinks = open_port(output, virtual, midi_api, needed=not (record or record_audio or jsonl))
        for sink in sinks:
            closing.callback(sink.close)
        source = open_source(input_, rate, block, channel, format_, channels)
        closing.callback(source.close)
        tracker = make_tracker(config, source.rate_hz, hops_at_once=LIVE_HOPS)
        sinks += file_sinks(source.rate_hz, jsonl=jsonl)
        screen = open_screen(no_ui, jsonl)
        if not screen:
            names = ", ".join(sink.name for sink in sinks) or "no port"
            notify(f"listening to {source.name} at {source.rate_hz} Hz, sending to {names}; Ctrl-C ends")
        files = recorders(record, record_audio, source.rate_hz)
        now = bool(record or record_audio)
        session = Session(
            source, tracker, sinks, recorders=files, record_now=now, screen=screen, notify=notify, preset=preset
        )
        status = session.run()
    notify(summary_line(session.snapshot()))
    return status
