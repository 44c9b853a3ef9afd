"""What a run over many recordings does with each: transcribe it."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from streamer import __version__
from streamer.archive.places import content_hash
from streamer.archive.work import Converted
from streamer.errors import ModelError
from streamer.model import SHIPPED
from streamer.recordings.kinds import output_paths
from streamer.recordings.one import Options, each_channel, transcribe_file


@dataclass(frozen=True, slots=True)
class Transcribe:
    """A `streamer.archive.work.Convert`.

    Attributes
    ----------
    options : Options
        How recordings are transcribed.
    kinds : tuple of str
        What is written of each.
    split_channels : bool
        Whether each channel is transcribed by itself.
    """

    options: Options
    kinds: tuple[str, ...]
    split_channels: bool = False

    def __call__(self, source: Path, folder: Path, stem: str) -> Converted:
        """Transcribe one recording. See `Convert`.

        Parameters
        ----------
        source : Path
            The recording.
        folder : Path
            Where to.
        stem : str
            What the outputs are called, without their suffixes.
        """
        found = [
            transcribe_file(source, output_paths(folder, Path(f"{stem}{mark}"), self.kinds), options)
            for mark, options in self._parts(source)
        ]
        broken = found[0].broken
        warning = (
            f"it breaks off after {broken.at_s:.3f} s ({broken.reason}); what came before is done" if broken else ""
        )
        return Converted(found[0].duration_s, sum(part.notes for part in found), warning)

    def _parts(self, source: Path) -> list[tuple[str, Options]]:
        """What is made of it: what the names of its outputs have after their stem, and how."""
        if not self.split_channels:
            return [("", self.options)]
        return each_channel(source, self.options)

    @property
    def made_by(self) -> str:
        """Equal for two that make the same of the same recording, and different for others."""
        options = replace(
            self.options, config=replace(self.options.config, model=""), form=replace(self.options.form, title="")
        )
        facts: dict[str, Any] = {"version": __version__, "kinds": self.kinds, "model": self.model[1]}
        facts["split_channels"] = self.split_channels
        text = json.dumps(facts | {"options": asdict(options)}, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def model(self) -> tuple[str, str]:
        """Absolute path of the model, empty for the one that comes with the package, and its SHA-256.

        Raises
        ------
        ModelError
            If it cannot be read.
        """
        named = self.options.config.model
        with as_file(files("streamer") / "models" / SHIPPED) as shipped:
            path = Path(named).absolute() if named else shipped
            try:
                return str(path) if named else "", content_hash(path)
            except OSError as error:
                raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
