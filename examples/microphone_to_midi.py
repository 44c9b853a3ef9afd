"""From the microphone to a MIDI port that other programs can connect to.

python examples/microphone_to_midi.py [SECONDS]
"""

import sys
import time

from streamer import Engine, StreamerError, TrackerConfig, apply_preset, make_tracker
from streamer.audio.microphone import Microphone
from streamer.outputs.ports import PortSink


def main(seconds: float) -> None:
    microphone = Microphone()
    tracker = make_tracker(apply_preset(TrackerConfig(), "guitar"), microphone.rate_hz)
    with Engine(microphone, tracker, [PortSink(virtual="my program")]) as engine:
        print(f"listening to {microphone.name}; play, and stop with Ctrl-C", flush=True)
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s and not engine.join(0.1):
            pass


if __name__ == "__main__":
    try:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 3600.0)
    except KeyboardInterrupt:  # the engine has ended every note by now
        pass
    except StreamerError as error:
        print(f"microphone_to_midi: {error}", file=sys.stderr)
        raise SystemExit(2) from None
