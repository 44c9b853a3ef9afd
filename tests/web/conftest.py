"""Servers that tests share."""

from collections.abc import Iterator

import pytest

from tests.web.servers import Server, serving

LIMITS = {
    "--max-idle": "2",
    "--max-clients": "20",
    "--max-duration": "30",
    "--max-body": "2M",
    "--max-json": "1M",
    "--max-requests": "100000",
}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with small limits, which tests here share; none may end it."""
    with serving(*(word for limit in LIMITS.items() for word in limit)) as running:
        yield running
