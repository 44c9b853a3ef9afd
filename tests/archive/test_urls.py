"""Recordings and outputs at URLs: an S3 server as source and target gives what folders give."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamer.archive.places import OutputFolder, as_given, find, is_url, safe_target
from streamer.errors import DataError

RATE_HZ = 16_000
pytest.importorskip("s3fs")
moto = pytest.importorskip("moto.server")


def melody(seed):
    time_s = np.arange(RATE_HZ) / RATE_HZ
    return 0.3 * np.sin(2 * np.pi * 220.0 * 2 ** (seed / 12.0) * time_s) * np.exp(-3.0 * time_s)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """Files of an S3 server; programs that a test starts find it, too."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        import s3fs

        files = s3fs.S3FileSystem(skip_instance_cache=True)
        files.mkdir("music")
        yield files
    server.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, bucket):
    """The same recordings in a folder and in the bucket."""
    folder = tmp_path_factory.mktemp("in")
    for number, name in enumerate(("a.wav", "b/a.flac", "b/what is ? this#.wav")):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, melody(number), RATE_HZ)
        bucket.put_file(str(path), f"music/in/{name}")
    (folder / "bad.wav").write_bytes(b"bad")
    bucket.pipe_file("music/in/bad.wav", b"bad")
    return folder


def streamer(*words, cwd, status):
    done = subprocess.run(
        [sys.executable, "-m", "streamer", *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    return done.stderr


def test_s3_gives_what_a_folder_gives(folder, bucket, tmp_path):
    to = ("--to", "mid,csv", "--jobs", "1", "--manifest")
    streamer("transcribe", folder, "-o", tmp_path / "out", *to, tmp_path / "one.sqlite", cwd=tmp_path, status=1)
    words = ("transcribe", "s3://music/in", "-o", "s3://music/out", *to, tmp_path / "two.sqlite")
    told = streamer(*words, cwd=tmp_path, status=1)
    assert "s3://music/in/bad.wav cannot be read as audio" in told
    assert "4 files: 3 done, 1 failed" in told
    here = {str(path.relative_to(tmp_path / "out")): path.read_bytes() for path in (tmp_path / "out").rglob("*.*")}
    there = {path.removeprefix("music/out/"): bucket.cat_file(path) for path in bucket.find("music/out")}
    assert len(there) == 6
    assert there == here
    assert "3 done (3 of them before)" in streamer(*words, cwd=tmp_path, status=1)


def test_a_store_that_cannot_be_listed_is_told(bucket):
    troubles = []
    assert list(find(["s3://there-is-none/*.wav"], "", troubles.append)) == []
    assert list(find(["nonsense://host/a"], "", troubles.append)) == []
    assert "nonsense://" in troubles[-1]


def test_a_file_url_is_a_path(folder, tmp_path):
    found = list(find([f"file://{folder}"], f"file://{tmp_path}", print))
    assert sorted(below for _, below in found) == ["a.wav", "b/a.flac", "b/what is ? this#.wav", "bad.wav"]
    assert all(os.path.isabs(path) for path, _ in found)
    assert OutputFolder(f"file://{tmp_path}").place == str(tmp_path)


@pytest.mark.parametrize("url", ["s3://bucket/key", "gs://b/k.wav", "file:///tmp/a"])
def test_a_url_survives_being_a_path(url):
    assert as_given(Path(url)).replace("file:/t", "file:///t") == url or url.startswith("file")
    assert is_url(as_given(Path(url))) == (not url.startswith("file"))


@pytest.mark.parametrize(
    ("below", "safe"),
    [("a/b", ("a", "b")), ("../../etc/x", ("_/_/etc", "x")), ("/x", ("", "x")), ("", ("", "_")), ("a/..", ("a", "_"))],
)
def test_outputs_stay_in_their_folder(below, safe):
    assert safe_target(below) == safe


def test_an_unknown_protocol_is_one_line():
    with pytest.raises(DataError, match="nonsense://"):
        list(OutputFolder("nonsense://host/a").put([], ""))
