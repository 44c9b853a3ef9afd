"""How cffi builds the compiled core: `setup.py` uses it, and so does ``python core/build_core.py`` in a checkout."""

import sys
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
SOURCES = (
    "api.c",
    "contour.c",
    "finepitch.c",
    "level.c",
    "network.c",
    "note_machine.c",
    "onset_context.c",
    "processor_base.c",
    "processor_avx2.c",
    "processor_avx512.c",
)
# Sums go in the order in which they are written, and nothing is fused but what says so: so all builds agree.
FLAGS = (
    ["/O2"]
    if sys.platform == "win32"
    else ["-O3", "-std=c99", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
)

ffibuilder = FFI()
ffibuilder.cdef((HERE / "api.h").read_text(encoding="utf-8"))
ffibuilder.set_source(
    "streamer.analysis._native",
    '#include <stddef.h>\n#include <stdint.h>\n#include "api.h"\n',
    sources=[f"core/{name}" for name in SOURCES],
    include_dirs=["core"],
    depends=[f"core/{path.relative_to(HERE).as_posix()}" for path in sorted((*HERE.rglob("*.h"), *HERE.glob("*.inc")))],
    extra_compile_args=FLAGS,
    py_limited_api=True,
    optional=True,
)
