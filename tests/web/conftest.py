"""Servers that tests share."""

from collections.abc import Iterator

import pytest

from tests.web.servers import Server, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with small limits, which tests here share; none may end it."""
    with serving("--max-idle", "3", "--max-clients", "20") as running:
        yield running
