"""Files from anywhere: regular ones alone, and no more of them than was asked for."""

import os
import socket
import sys
from pathlib import Path

import pytest

from streamer.reading import as_text, is_file, open_file, read_at_most

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    (tmp_path / "link").symlink_to("a")
    assert read_at_most(tmp_path / "link", 5) == b"12345"
    with pytest.raises(OSError, match="it is larger than 4 bytes"):
        read_at_most(path, 4)
    assert read_at_most(Path("/proc/self/status"), 100_000)  # which says that it has no bytes


@pytest.mark.timeout(20)
def test_nothing_else_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)  # the name of a socket must be short
        listening.bind("socket")
    (tmp_path / "loop").symlink_to("loop")
    for name, reason in (
        ("pipe", "it is a pipe, not a file"),
        ("socket", "it is a socket, not a file"),
        ("/dev/zero", "it is a device, not a file"),
        (".", "it is a folder, not a file"),
        ("loop", "oo many levels"),
        ("absent", "No such file"),
        ("x" * 300, "ame too long"),
        ("nul\0", "no file can have such a name"),
    ):
        with pytest.raises(OSError, match=reason) as caught:
            open_file(tmp_path / name)
        assert caught.value.strerror
        assert not is_file(tmp_path / name)


def test_a_name_becomes_text() -> None:
    assert as_text(Path("caf\udce9/ä")) == "caf\ufffd/ä"
