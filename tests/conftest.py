"""What every test may use."""

import os
import shutil
from collections.abc import Callable

import pytest


def _skip_unless_ci(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; the continuous integration must not skip this")
    pytest.skip(reason)


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
