"""What became of each file of a run, as a table, and of all of them, as a line."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from streamer.archive.manifest import Counts, Entry
from streamer.outputs.files import RecordFile
from streamer.reading import as_text

COLUMNS = ("file", "state", "reason", "outputs", "duration_s", "notes", "sha256")


def write_report(path: Path, entries: Iterable[Entry]) -> None:
    """Write a row for each file of a run, of which only one is in memory.

    Parameters
    ----------
    path : Path
        The CSV file; one that is there stays until the new one is whole.
    entries : iterable of Entry
        From `Manifest.entries`.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    file = RecordFile(path)
    keep = False
    try:
        for entry in entries:
            outputs = "; ".join(entry.outputs)
            duration = f"{entry.duration_s:.3f}" if entry.duration_s else ""
            cells = (entry.path, entry.state, entry.reason, outputs, duration, entry.notes or "", entry.sha256)
            rows.writerow([as_text(str(cell)) for cell in cells])
            if text.tell() > 1 << 16:
                file.append(text.getvalue().encode())
                text.seek(0)
                text.truncate()
        file.append(text.getvalue().encode())
        keep = True
    finally:
        file.close(keep=keep)


def summary(counts: Counts, found_done: int = 0) -> str:
    """A run in a line.

    Parameters
    ----------
    counts : Counts
        What became of its files.
    found_done : int
        How many of those that are done were so before, and unchanged.
    """
    before = f" ({found_done:,} of them before)" if found_done else ""
    warned = f", {counts.warned:,} with a warning" if counts.warned else ""
    hours = counts.duration_s / 3600.0
    sound = f"{hours:,.1f} hours" if hours >= 1.0 else f"{counts.duration_s / 60.0:.1f} minutes"
    return (
        f"{counts.files:,} file{'' if counts.files == 1 else 's'}: {counts.done:,} done{before}{warned}, "
        f"{counts.failed:,} failed, {counts.not_started:,} not started; {counts.notes:,} notes in {sound} of sound"
    )
