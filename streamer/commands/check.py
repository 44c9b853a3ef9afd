"""``streamer devices`` and ``streamer doctor``: what is there, and what is wrong with it."""

from typing import Annotated

import typer


def devices() -> int:
    """List microphones and MIDI ports, which of them can be used, and why not.

    **Example**: `streamer devices`
    """
    from streamer.commands.printing import inputs_table, midi_table, show

    show(inputs_table())
    show("")
    show(midi_table())
    return 0


def doctor(
    seconds: Annotated[float, typer.Option(min=1.0, max=60.0, metavar="S", help="Length of the timing test.")] = 3.0,
) -> int:
    """Check this machine, and say what mends what is wrong. Exit status 1 if there is a fault.

    **Example**: `streamer doctor`
    """
    from streamer.commands.printing import show, show_finding
    from streamer.doctor import Severity, examine

    faults = 0
    for finding in examine(seconds):
        show_finding(finding)
        faults += finding.severity is Severity.FAULT
    show(f"\n{faults} to mend" if faults else "\nready to play")
    return 1 if faults else 0
