"""What the interpreter itself must not do while music is played."""

import contextlib
import gc
import sys
from collections.abc import Iterator

# A thread that wants the interpreter asks for it after this time. At Python's own 5 ms, a screenful of work in any
# other thread makes the tracker miss several hops.
SWITCH_INTERVAL_S = 0.0005


@contextlib.contextmanager
def real_time() -> Iterator[None]:
    """Switch threads quickly, and collect no garbage but by `collect_garbage`."""
    interval_s, collects = sys.getswitchinterval(), gc.isenabled()
    gc.collect()
    gc.freeze()  # all that was imported: it need not be looked through again
    gc.disable()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(interval_s)
        gc.unfreeze()
        if collects:
            gc.enable()


def collect_garbage() -> None:
    """Collect garbage; for moments in which nothing sounds."""
    gc.collect()
