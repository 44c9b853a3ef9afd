"""The description, and a server that is what it describes, whatever is sent.

``EXAMPLES=100 python -m pytest tests/web/test_openapi.py`` sends more.
"""

import json
import os
import subprocess
import sys

from tests.web.test_access import get

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
)


def test_requests_that_are_made_of_the_description_are_answered_as_it_says(server, tmp_path):
    """What schemathesis makes of it: in and out of bounds, of every type and content type."""
    words = ["run", f"{server.url}/openapi.json", "--checks", ",".join(CHECKS), "--phases", "fuzzing"]
    words += ["--max-examples", os.environ.get("EXAMPLES", "6"), "--generation-deterministic", "--no-color"]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "Tested: 6" in done.stdout


def test_the_page_for_people_names_every_path_and_option(server):
    described = json.loads(get(server, "/openapi.json")[2])
    status, headers, body = get(server, "/docs")
    text = body.decode()
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    for path, methods in described["paths"].items():
        assert path in text
        for operation in methods.values():
            assert all(f"<code>{parameter['name']}</code>" in text for parameter in operation.get("parameters", []))
    assert "<script" not in text
    assert "<style" not in text
