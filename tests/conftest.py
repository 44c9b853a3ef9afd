"""What every test may use."""

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Callable

import pytest
from hypothesis import settings

# A shell lets what it starts in the background ignore Ctrl-C, and so do `nohup` and some runners. It is inherited: the
# programs that tests start, and then interrupt, would wait for ever.
for _name in ("SIGINT", "SIGQUIT", "SIGHUP"):
    if hasattr(signal, _name) and signal.getsignal(getattr(signal, _name)) == signal.SIG_IGN:
        signal.signal(getattr(signal, _name), signal.default_int_handler if _name == "SIGINT" else signal.SIG_DFL)

settings.register_profile("streamer", deadline=None)  # no test asserts how long anything takes by the clock
settings.load_profile("streamer")

# Who runs the tests may have settings; neither the tests nor the programs that they start are to read them.
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="streamer-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CONFIG_HOME"], ignore_errors=True)
for _name in ("STREAMER_CONFIG", "STREAMER_PROFILE"):
    os.environ.pop(_name, None)


_SLOW = ("real", "web", "archive", "training", "recordings", "docs", "commands", "fuzz")


def _skip_unless_ci(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; the continuous integration must not skip this")
    pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: not any(f"tests/{folder}/" in item.nodeid for folder in _SLOW))


@pytest.fixture(scope="session")
def require_program() -> Callable[[str], str]:
    """Path of a program; without it the test is skipped with the reason, and fails where ``CI=true``."""

    def require(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            _skip_unless_ci(f"the program {name} is not installed")
        assert path is not None
        return path

    return require


@pytest.fixture(scope="session")
def skip_unless_ci() -> Callable[[str], None]:
    """Skip with a reason what this machine cannot do; a failure where ``CI=true``."""
    return _skip_unless_ci
