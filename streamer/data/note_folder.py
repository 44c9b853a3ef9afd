"""A folder of recorded notes that is a valid data set at every moment.

Each note becomes a file under its final name at one stroke, and then the manifest is replaced at one stroke: whatever
ends the program, `streamer.data.datasets.read_manifest` takes the folder, and the work can be taken up again.
"""

import csv
import io
import os
import re
from contextlib import suppress
from pathlib import Path

import numpy as np

from streamer.data.datasets import MANIFEST, read_csv
from streamer.data.requests import Request, Take
from streamer.errors import ConfigError, DataError
from streamer.outputs.files import output_error
from streamer.reading import as_text, is_file
from streamer.units import note_name

COLUMNS = (
    "file",
    "kind",
    "instrument",
    "midi",
    "take",
    "manner",
    "f0_hz",
    "onset_s",
    "offset_s",
    "duration_s",
    "peak_db",
    "licence",
    "source",
)
FORMATS = ("flac", "wav")
OWN_LICENCE = "own recording"


class NoteFolder:
    """Recorded notes of one instrument, among those of others perhaps.

    Parameters
    ----------
    folder : Path
        Made with the first note, if absent.
    instrument : str
        What is played.
    source : str
        Data are split by source; the folder's name where it is left out.
    licence : str
        On which terms the recordings may be used.
    audio_format : str
        One of `FORMATS`.

    Raises
    ------
    DataError
        If the folder holds a data set that was not made so.
    ConfigError
        If there is no such format, or the instrument has no name.
    """

    def __init__(
        self,
        folder: Path,
        instrument: str,
        source: str = "",
        licence: str = OWN_LICENCE,
        audio_format: str = FORMATS[0],
    ) -> None:
        if audio_format not in FORMATS:
            raise ConfigError(f"the format is {audio_format!r}, but must be one of {', '.join(FORMATS)}")
        instrument, source, licence = as_text(instrument), as_text(source), as_text(licence)
        self._subfolder = re.sub(r"[^\w-]+", "-", instrument.lower()).strip("-")
        if not self._subfolder:
            raise ConfigError(f"the instrument is {instrument!r}; give it a name, such as guitar")
        self.folder = folder
        self._facts = {"instrument": instrument, "source": source or as_text(folder.resolve().name), "licence": licence}
        self._format = audio_format
        self._rows = self._read()

    @property
    def requests(self) -> list[Request]:
        """What of this instrument is already there."""
        mine = [row for row in self._rows if row["instrument"] == self._facts["instrument"]]
        return [Request(int(float(row["midi"])), int(row["take"])) for row in mine]

    def add(self, take: Take) -> Path:
        """Write one note; an earlier one for the same request is replaced.

        Raises
        ------
        OutputError
            If it cannot be written; the folder is then as it was before.
        """
        import soundfile

        name = note_name(take.request.midi).replace("#", "s")
        stem = f"{take.request.midi:03d}-{name}-{take.request.take}"
        file = f"{self._subfolder}/{stem}.{self._format}"
        audio = io.BytesIO()
        samples = np.clip(take.samples, -1.0, 1.0)
        soundfile.write(audio, samples, take.rate_hz, format=self._format.upper(), subtype="PCM_24")
        _replace(self.folder / file, audio.getvalue())
        row = self._facts | {
            "file": file,
            "kind": "note",
            "midi": str(take.request.midi),
            "take": str(take.request.take),
            "manner": take.request.manner,
            "f0_hz": "" if take.f0_hz is None else f"{take.f0_hz:.3f}",
            "onset_s": f"{take.onset_s:.4f}",
            "offset_s": f"{take.offset_s:.4f}",
            "duration_s": f"{len(take.samples) / take.rate_hz:.4f}",
            "peak_db": f"{take.peak_db:.1f}",
        }
        mine = (self._facts["instrument"], row["midi"], row["take"])
        self._rows = [other for other in self._rows if (other["instrument"], other["midi"], other["take"]) != mine]
        self._rows.append(row)
        self._write()
        return self.folder / file

    def _read(self) -> list[dict[str, str]]:
        manifest = self.folder / MANIFEST
        if self.folder.exists() and not self.folder.is_dir():
            raise DataError(f"{self.folder} is no folder; name one, or one that is yet to be made")
        if not manifest.exists():
            return []
        header, rows = read_csv(manifest)
        if missing := [column for column in COLUMNS if column not in header]:
            raise DataError(f"{manifest} was not made by this command (no column {missing[0]!r}); name another folder")
        for line, row in rows:
            if not (row["midi"].isdecimal() and row["take"].isdecimal()):
                raise DataError(f"{manifest}, line {line}: midi and take must be whole numbers; mend the line")
        # A recording that was thrown away is to be made again, and a manifest must not name what is not there.
        kept = [row for _, row in rows if row["file"] and is_file(self.folder / row["file"])]
        if len(kept) < len(rows):
            self._rows = kept
            self._write()
        return kept

    def _write(self) -> None:
        manifest = self.folder / MANIFEST
        if not self._rows:
            manifest.unlink()
            return
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(sorted(self._rows, key=lambda row: (row["instrument"], int(row["midi"]), int(row["take"]))))
        _replace(manifest, text.getvalue().encode("utf-8", "surrogateescape"))


def _replace(path: Path, content: bytes) -> None:
    """Let a file have this content at one stroke.

    Raises
    ------
    OutputError
        If it cannot be written; the old content is then left.
    """
    beside = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as part:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
        os.replace(beside, path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise output_error(path, error) from error
