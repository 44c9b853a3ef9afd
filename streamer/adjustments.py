"""Settings that are changed while somebody plays: the values in force, and how each takes effect.

No note is dropped for it: one that sounds goes on as it began, and ends by its own note-off.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from streamer.config import PRESETS, Preset
from streamer.control import Command
from streamer.errors import ConfigError
from streamer.expression.ledger import Ledger
from streamer.music.config import MusicConfig
from streamer.settings.description import Setting, settings_of
from streamer.settings.expression import Expression
from streamer.settings.live import LIVE, STEPS
from streamer.settings.music import MOST_SEMITONES
from streamer.settings.tracker import PRESET
from streamer.tracker import Tracker

_OCTAVE = 12  # semitones
_BEND = "bend"


class Adjustments:
    """Changes the settings of `streamer.settings.live.LIVE`; only the thread that runs the tracker may.

    Parameters
    ----------
    tracker : Tracker
        Whose eagerness, range and gate are changed.
    ledger : Ledger
        Whose transposition and lock are changed.
    music : MusicConfig, optional
        What that ledger was made of; by default one that transposes as it does.
    preset : str
        Name of the preset in force.
    expression : Expression, optional
        How the outputs bend.

    Attributes
    ----------
    values : mapping of str to object
        Those in force, by name; replaced with each change, so any thread may look at it.
    changed : mapping of str to object
        Those that were changed, for a file of settings; None for what is to be left to the preset.
    expression : Expression
        How the outputs bend now.
    save_asked : bool
        Whether somebody has asked for them to be kept, after all of these changes; whoever keeps them resets it.
    """

    def __init__(
        self,
        tracker: Tracker,
        ledger: Ledger,
        music: MusicConfig | None = None,
        preset: str = "default",
        expression: Expression | None = None,
    ) -> None:
        self._tracker, self._ledger = tracker, ledger
        self._music = music or MusicConfig(transpose=ledger.semitones)
        self._preset = preset
        self.expression = expression or Expression()
        self.values: Mapping[str, Any] = self._in_force()
        self.changed: Mapping[str, Any] = {}
        self.save_asked = False

    def run(self, command: Command, set_bend: Callable[[str], object] | None = None) -> str:
        """Do what ``set``, ``step`` or ``save`` asks for, and say in a line for people what holds now.

        Parameters
        ----------
        command : Command
            Within bounds, as `streamer.control.parse_command` makes it.
        set_bend : callable, optional
            Has the outputs bend in another way.
        """
        if command.verb == "save":
            self.save_asked = True
            return ""
        setting = LIVE[command.name]
        value = command.value if command.verb == "set" else self._stepped(setting, command.steps)
        try:
            if setting.name == _BEND:
                self.expression = replace(self.expression, bend=value)
                self.changed = {**self.changed, _BEND: value}
                if set_bend is not None:
                    set_bend(self.expression.mode)
            else:
                self._change(setting.name, value)
        except ConfigError as error:
            return str(error)
        self.values = self._in_force()
        return f"{setting.name} {setting.text_of(value)}{f' {setting.unit}' if setting.unit else ''}"

    def _stepped(self, setting: Setting, steps: int) -> Any:
        value = self.values[setting.name]
        if setting.kind == "choice":
            return setting.choices[(setting.choices.index(value) + steps) % len(setting.choices)]
        wanted = value + steps * STEPS[setting.name]
        low, high = setting.low, setting.high
        if setting.name == "transpose":  # no further than the octaves leave room
            octaves = _OCTAVE * self._music.octave
            low, high = -MOST_SEMITONES - octaves, MOST_SEMITONES - octaves
        wanted = wanted if low is None else max(low, wanted)
        wanted = wanted if high is None else min(high, wanted)
        return round(wanted, 6) if setting.kind == "float" else int(wanted)

    def _change(self, name: str, value: Any) -> None:
        in_music = {setting.name: field for field, setting in settings_of(MusicConfig).items()}
        if name in in_music:
            self._music = replace(self._music, **{in_music[name]: value})
            self._ledger.semitones = self._music.semitones
            self._ledger.lock = self._music.note_lock(self._tracker.config.reference_hz)
            self.changed = {**self.changed, name: value}
            return
        config = self._tracker.config
        described = settings_of(config)
        if name == PRESET.name:
            given = {f.name: getattr(PRESETS[value], f.name) for f in fields(Preset) if f.name in described}
            self._preset = value
        else:
            given = {next(field for field, setting in described.items() if setting.name == name): value}
        self._tracker.configure(replace(config, **given))
        self.changed = {**self.changed, **{described[field].name: None for field in given}, name: value}

    def _in_force(self) -> Mapping[str, Any]:
        config = self._tracker.config
        found: dict[str, Any] = {PRESET.name: self._preset, _BEND: self.expression.bend}
        for owner in (config, self._music):
            found |= {setting.name: getattr(owner, field) for field, setting in settings_of(owner).items()}
        return MappingProxyType({name: found[name] for name in LIVE})
