"""The catalogue of how the computation is done."""

from streamer.settings.description import Setting

CORE = Setting(
    name="core",
    kind="choice",
    default="auto",
    help="numpy, or native for compiled code; auto takes native where there is one.",
    choices=("auto", "numpy", "native"),
    environment=True,
)
COMPUTATION = (CORE,)
