"""Which settings can be changed while somebody plays, and by how much a key changes each."""

from streamer.settings.description import Setting, settings_of
from streamer.settings.expression import Expression
from streamer.settings.music import LOCK, OCTAVE, SCALE, TRANSPOSE
from streamer.settings.tracker import BY_NAME

# A number is changed by the step, and stays within its range; of names, the next one is taken.
STEPS: dict[str, float] = {
    "eagerness": 0.1,
    "gate": 3.0,
    "low": 1.0,
    "high": 1.0,
    "preset": 1.0,
    "transpose": 1.0,
    "octave": 1.0,
    "lock": 1.0,
    "bend": 1.0,
}
LIVE: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        *(BY_NAME[name] for name in ("preset", "eagerness", "low", "high", "gate")),
        SCALE,
        LOCK,
        TRANSPOSE,
        OCTAVE,
        settings_of(Expression)["bend"],
    )
}
