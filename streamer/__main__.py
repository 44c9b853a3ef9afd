"""``python -m streamer``, and where the command ``streamer`` begins.

Before anything else is imported, which takes a quarter of a second, Ctrl-C gets its plain meaning: an end without a
traceback, with the status that a shell calls 130. Nothing sounds yet, and nothing is open. What is left are the ten
milliseconds in which Python itself starts.
"""

# What `signal` is made of: that one takes some milliseconds more.
import _signal  # type: ignore[import-not-found]
import sys

_interrupted = _signal.getsignal(_signal.SIGINT)
if _interrupted is _signal.default_int_handler:  # not where whoever started us has it ignored
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


def main() -> None:
    """Run the command line and leave with its exit status."""
    from streamer.cli import main as run

    try:
        _signal.signal(_signal.SIGINT, _interrupted)
        run()
    except KeyboardInterrupt:
        sys.exit(128 + _signal.SIGINT)


if __name__ == "__main__":
    main()
