"""Do something with each note of a live session, in whatever language reads lines: here, print it.

streamer live --jsonl - | python examples/watch_events.py
"""

import json
import sys


def main() -> None:
    if sys.argv[1:] or sys.stdin.isatty():
        print("usage: streamer live --jsonl - | python examples/watch_events.py", file=sys.stderr)
        raise SystemExit(2)
    for line in sys.stdin:
        event = json.loads(line)
        if event["type"] == "note_on":
            late = f"{event['latency_ms']:3.0f} ms"
            print(f"{event['onset_s']:8.2f} s  {event['name']:4} velocity {event['velocity']:3}  {late}", flush=True)
        elif event["type"] == "gap":
            print(f"{event['time_s']:8.2f} s  {event['lost']} samples lost", flush=True)


if __name__ == "__main__":
    main()
