"""Which MIDI ports and OSC addresses notes go to as they are played."""

from dataclasses import dataclass

from streamer.settings.description import described
from streamer.settings.io import OUTPUT

_BY_NAME = {setting.name: setting for setting in OUTPUT}


@dataclass(frozen=True, slots=True)
class Outlets:
    """What is wanted. Each field carries its description.

    Attributes
    ----------
    port, virtual, midi_api : str or None
        As `PortSink` takes them.
    outputs, osc : tuple of str
        As `streamer.music.output.parse_output` reads them.
    osc_in : str
        Port or address at which OSC is obeyed; empty for none.
    midi_channel : int
        1 to 16.
    no_midi : bool
        Whether no port is opened.
    """

    port: str | None = described(_BY_NAME["port"])
    virtual: str | None = described(_BY_NAME["virtual"])
    outputs: tuple[str, ...] = described(_BY_NAME["outputs"])
    osc: tuple[str, ...] = described(_BY_NAME["osc"])
    osc_in: str = described(_BY_NAME["osc_in"])
    midi_api: str | None = described(_BY_NAME["midi_api"])
    midi_channel: int = described(_BY_NAME["midi_channel"])
    no_midi: bool = described(_BY_NAME["no_midi"])

    @property
    def named(self) -> list[str]:
        """The flags by which MIDI ports were asked for."""
        flags = {
            "--port": self.port,
            "--virtual": self.virtual,
            "--midi-api": self.midi_api,
            "--output": self.outputs,
        }
        return [flag for flag, value in flags.items() if value]
