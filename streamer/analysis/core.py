"""Which core computes: the compiled one, or numpy, which is its readable reference and its replacement."""

import os
from typing import Any

from streamer.errors import ConfigError

VARIABLE = "STREAMER_CORE"
NATIVE, NUMPY, AUTO = "native", "numpy", "auto"
FASTEST = 2  # how far the instruction set may go: 0 the baseline, 1 up to AVX2 and FMA, 2 up to AVX-512
_GET_NATIVE = "install a wheel for this system, or a C compiler and then streamer again"

try:
    from streamer.analysis import _native  # type: ignore[attr-defined]
except ImportError as error:  # not built, or for another system
    _native = None
    _why = str(error)
else:
    _why = ""


def native() -> Any | None:
    """The compiled core as cffi gives it, or None where numpy computes.

    Raises
    ------
    ConfigError
        If the environment asks for a core that there is not.
    """
    wanted = os.environ.get(VARIABLE) or AUTO
    if wanted == NUMPY:
        return None
    if wanted not in (AUTO, NATIVE):
        raise ConfigError(f"{VARIABLE} is {wanted!r}; choose {NATIVE}, {NUMPY} or {AUTO}, or leave it unset")
    if _native is None and wanted == NATIVE:
        raise ConfigError(f"{VARIABLE} asks for the compiled core, which is not there ({_why}); {_GET_NATIVE}")
    return _native


def is_built() -> bool:
    """Whether the compiled core is there."""
    return _native is not None


def describe() -> str:
    """Which core runs, and how to get the other.

    Raises
    ------
    ConfigError
        As of `native`.
    """
    lib = native()
    if lib is not None:
        kernels = lib.ffi.string(lib.lib.streamer_kernels(FASTEST)).decode()
        return f"the compiled core ({kernels}); {VARIABLE}={NUMPY} chooses numpy"
    if _native is None:
        return f"numpy, since the compiled core is not there, which is several times faster: {_GET_NATIVE}"
    return f"numpy, as {VARIABLE} says; without it the compiled core runs, which is several times faster"
