"""``streamer transcribe`` with many recordings: a run that keeps a manifest, here or on a cluster."""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.commands.wiring import notify
from streamer.errors import ConfigError
from streamer.reading import as_text
from streamer.settings.archive import Many

if TYPE_CHECKING:
    from streamer.archive.manifest import Manifest
    from streamer.archive.predict import Prediction
    from streamer.archive.task import Outcome
    from streamer.archive.transcribing import Transcribe

INTERRUPTED = 128 + signal.SIGINT
MANIFEST = "manifest.sqlite"
_LINE_S = 30.0
_MOST_FAILURES = 20  # that are shown; the report has all


def is_many(recordings: Sequence[Path], output: Path | None, many: Many) -> bool:
    """Whether that is a run over many recordings: it was asked for, or a place can be reached only so."""
    from streamer.archive.places import as_given, is_url

    places = [*recordings, *([output] if output else [])]
    return many != Many() or any(is_url(as_given(place)) for place in places)


def run_many(
    recordings: Sequence[Path],
    output: Path | None,
    convert: "Transcribe",
    many: Many,
    json_progress: bool,
) -> int:
    """Do what of a run is left.

    Returns
    -------
    int
        Exit status.
    """
    from streamer.archive.manifest import Manifest
    from streamer.archive.places import OutputFolder, as_given, is_url
    from streamer.archive.report import summary, write_report
    from streamer.archive.run import run
    from streamer.archive.work import Work
    from streamer.jobs import Workers
    from streamer.outputs.safe import Wanted, check_outputs

    inputs = [as_given(recording) for recording in recordings]
    if many.dry_run:
        return _predict(inputs, convert if convert.kinds else replace(convert, kinds=("mid",)), many)
    if output is None:
        raise ConfigError("many recordings need a folder for what is made of them; name it with --output")
    if "-" in inputs:
        raise ConfigError("standard input is one recording; it goes without the options for many")
    folder = OutputFolder(as_given(output))
    folder.make()
    path = many.manifest or Path(MANIFEST if is_url(folder.place) else os.path.join(folder.place, MANIFEST))
    here = [Path(name) for name in inputs if not is_url(name) and not os.path.isdir(name)]
    check_outputs([Wanted("--report", many.report, "CSV")], [path, *here])
    work = Work(convert, folder.place, convert.made_by, convert.model)
    teller = _Teller(json_progress)
    with Manifest(path) as manifest:
        troubles = _plan(manifest, work.made_by, inputs, folder.place)
        try:
            with Workers(many.workers, apart=True) as workers, teller.watch(manifest):
                run(work, manifest, workers, teller.tell)
        except KeyboardInterrupt:
            notify("interrupted; what is done stays done, and the same words go on with the rest")
            return INTERRUPTED
        finally:
            folder.clear()
            if many.report is not None:
                write_report(many.report, manifest.entries())
            notify(summary(manifest.counts(), teller.unchanged))
        counts = manifest.counts()
    return 1 if troubles or counts.failed or counts.warned else 0


def _predict(inputs: Sequence[str], convert: "Transcribe", many: Many) -> int:
    from streamer.archive.places import find
    from streamer.archive.predict import predict

    troubles: list[str] = []
    found = predict(find(inputs, "", troubles.append), convert)
    for trouble in troubles:
        notify(trouble)
    print(_prediction(found, many))
    return 1 if troubles or found.unreadable else 0


def _prediction(found: "Prediction", many: Many) -> str:
    sampled = "" if found.measured == found.files else f" (from {found.measured:,} of them)"
    lines = [f"{found.files:,} recordings, {_hours(found.duration_s)} of sound{sampled}"]
    if found.unreadable:
        lines.append(f"{found.unreadable:,} of {found.measured:,} cannot be read")
    if found.speed:
        processes = 1 if isinstance(many.workers, str) else many.workers
        each = "process" if processes == 1 else f"{processes} processes"
        megabytes = found.bytes_per_s * found.duration_s / 1e6
        lines.append(
            f"about {_hours(found.duration_s / found.speed / processes)} with {each} at {found.speed:.0f} times real "
            f"time each, and {megabytes:,.1f} MB of outputs; measured on a few of them"
        )
    return "\n".join(lines)


def _hours(seconds: float) -> str:
    if seconds < 90.0:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60.0:.0f} minutes" if seconds < 5400.0 else f"{seconds / 3600.0:,.1f} hours"


def _plan(manifest: "Manifest", made_by: str, inputs: Sequence[str], folder: str) -> int:
    """Let the manifest know what is meant; returns how many inputs stand for nothing."""
    from streamer.archive.places import find

    troubles: list[str] = []
    resumed = manifest.begin(made_by)
    manifest.add(find(inputs, folder, troubles.append))
    for trouble in troubles:
        notify(trouble)
    if resumed:
        counts = manifest.counts()
        notify(f"going on with a run that was interrupted: {counts.not_started:,} of {counts.files:,} are left")
    return len(troubles)


class _Teller:
    """Tells how far a run is.

    Parameters
    ----------
    as_json : bool
        Whether to programs, as lines of JSON.
    """

    def __init__(self, as_json: bool) -> None:
        self.unchanged = 0
        self._as_json = as_json
        self._failures = 0
        self._done = 0
        self._sound_s = 0.0
        self._of = 0
        self._began_s = self._told_s = time.monotonic()
        self._show = self._line

    def watch(self, manifest: "Manifest") -> ExitStack:
        """Begin; what is returned is closed at the end."""
        self._of = manifest.counts().not_started
        self._began_s = self._told_s = time.monotonic()
        closing = ExitStack()
        if not self._as_json and sys.stderr is not None and sys.stderr.isatty():
            self._bar(closing)
        return closing

    def tell(self, outcome: "Outcome") -> None:
        """A recording is done, or failed."""
        from streamer.archive.task import FAILED, UNCHANGED

        self._done += 1
        self._sound_s += outcome.duration_s
        self.unchanged += outcome.state == UNCHANGED
        if self._as_json:
            fields = {"file": as_text(outcome.path), "state": outcome.state, "reason": outcome.reason}
            figures = {"notes": outcome.notes, "duration_s": round(outcome.duration_s, 6)}
            far = {"done": self._done, "of": self._of}
            print(json.dumps(fields | figures | far), file=sys.stderr, flush=True)
            return
        if outcome.reason:
            self._failures += 1
            if self._failures <= _MOST_FAILURES:
                # The reason of an error names the file, as a rule.
                named = outcome.reason if outcome.path in outcome.reason else f"{outcome.path}: {outcome.reason}"
                notify(named if outcome.state == FAILED else f"warning: {named}")
            if self._failures == _MOST_FAILURES:
                notify("there may be more of these lines; --report FILE.csv has all")
        self._show()

    def _line(self) -> None:
        if time.monotonic() - self._told_s >= _LINE_S:
            self._told_s = time.monotonic()
            notify(f"{self._done:,} of {self._of:,} done, {self._pace}")

    @property
    def _pace(self) -> str:
        took_s = max(time.monotonic() - self._began_s, 1e-3)
        left_s = (self._of - self._done) * took_s / max(1, self._done)
        left = f"{left_s:.0f} s" if left_s < 90.0 else f"{left_s / 60.0:.0f} min"
        return f"{self._sound_s / took_s:.0f} times real time, {left} left"

    def _bar(self, closing: ExitStack) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
        )
        bars = closing.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
        task = bars.add_task("recordings", total=self._of, pace="")
        self._show = lambda: bars.update(task, completed=self._done, pace=self._pace)
