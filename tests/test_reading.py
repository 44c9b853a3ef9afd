"""Files from anywhere: regular ones alone, and no more of them than was asked for."""

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from streamer import reading
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


def test_what_somebody_writes_into_a_pipe_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for most, content in ((1_000_000, b"12345" * 100_000), (10, b"1234567890a")):
        writer = threading.Thread(target=_write, args=(tmp_path / "pipe", content))
        writer.start()
        if len(content) > most:
            with pytest.raises(OSError, match="it is larger than 10 bytes"):
                read_at_most(tmp_path / "pipe", most)
        else:
            assert read_at_most(tmp_path / "pipe", most) == content
        writer.join()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@pytest.mark.timeout(20)
def test_nothing_else_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WRITER_WITHIN_S", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)  # the name of a socket must be short
        listening.bind("socket")
    (tmp_path / "loop").symlink_to("loop")
    for name, reason in (
        ("pipe", "it is a pipe into which nobody writes"),
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
