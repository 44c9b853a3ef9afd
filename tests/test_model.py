"""A model file: what was saved is what is loaded, and a file from anywhere can do no more than be refused."""

import io
import json
import os
import sys
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from streamer import reading
from streamer.analysis import features
from streamer.analysis.network import Network
from streamer.cli import main
from streamer.config import TrackerConfig
from streamer.decision import onset_context
from streamer.decision import verifier as verifier
from streamer.decision.thresholds import Thresholds
from streamer.errors import ConfigError, ModelError
from streamer.events import NoteOn
from streamer.model import MAX_BYTES, MAX_LAYERS, Model, load, shipped_model
from streamer.tracker import make_tracker
from tests.tones import melody

N = len(features.NAMES)
CASE = len(onset_context.NAMES)


def a_network(*units: int) -> Network:
    rng = np.random.default_rng(0)
    shapes = list(pairwise(units))
    weights = tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes)
    return Network(weights, tuple(rng.normal(size=shape[1]).astype(np.float32) for shape in shapes))


def a_model(hidden: int = 5) -> Model:
    scores = a_network(N, hidden, 2)
    return Model(scores, {"seed": 3}, a_network(CASE, hidden, len(onset_context.OUTPUTS)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    where = tmp_path / "some.model"
    a_model().save(where)
    return where


def rewrite(path: Path, change: Callable[[dict[str, np.ndarray]], object], *, allow_pickle: bool = False) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=allow_pickle, **arrays)


def change_card(**facts: object) -> Callable[[dict[str, np.ndarray]], object]:
    def change(arrays: dict[str, np.ndarray]) -> None:
        card = json.loads(arrays["card"].tobytes()) | facts
        arrays["card"] = np.frombuffer(json.dumps(card).encode(), np.uint8)

    return change


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as told:
        load(path)
    message = str(told.value)
    assert message
    assert "\n" not in message
    assert str(path) in message
    return message


def test_what_is_saved_is_loaded(path: Path) -> None:
    made, loaded = a_model(), load(path)
    rows = np.random.default_rng(1).normal(size=(7, N)).astype(np.float32)
    assert np.array_equal(made.scorer.log_odds(rows), loaded.scorer.log_odds(rows))
    assert made.verifier is not None
    assert loaded.verifier is not None
    cases = np.random.default_rng(1).normal(size=(7, CASE)).astype(np.float32)
    assert np.array_equal(made.verifier.log_odds(cases), loaded.verifier.log_odds(cases))
    assert loaded.card["seed"] == 3
    assert loaded.card["features"] == list(features.NAMES)


def test_a_model_may_have_no_verifier(tmp_path: Path) -> None:
    path = tmp_path / "alone.model"
    replace(a_model(), verifier=None).save(path)
    assert load(path).verifier is None


def test_a_damaged_verifier_is_refused(path: Path) -> None:
    rewrite(path, lambda arrays: arrays.pop("verifier_bias_1"))
    assert "verifier_bias_1 is missing" in refused(path)


def test_a_verifier_of_other_cases_is_refused(path: Path) -> None:
    rewrite(path, lambda arrays: arrays.update(verifier_weight_0=arrays["verifier_weight_0"][:-1]))
    assert "do not fit together" in refused(path)


def test_the_same_model_has_the_same_bytes(path: Path, tmp_path: Path) -> None:
    load(path).save(tmp_path / "again.model")
    assert (tmp_path / "again.model").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "content", [b"", b"RIFF....WAVE", b"PK\x03\x04 and no more", b"\x93NUMPY\x01\x00", b"\x80\x05."]
)
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.model"
    path.write_bytes(content)
    assert "damaged or no model" in refused(path)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "absent.model")
    assert "cannot be read" in refused(tmp_path)


def test_every_cut_and_every_flipped_byte_is_refused_or_harmless(path: Path) -> None:
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for length in rng.integers(len(whole), size=40):
        path.write_bytes(whole[:length])
        refused(path)
    for at in rng.integers(len(whole), size=200):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            loaded = load(path)
        except ModelError:
            continue
        assert all(np.array_equal(a, b) for a, b in zip(loaded.scorer.weights, a_model().scorer.weights, strict=True))


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> object:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("name", ["weight_0", "bias_1", "card", "more"])
def test_nothing_in_a_file_is_run(path: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "it-ran"
    rewrite(path, lambda arrays: arrays.update({name: np.array([Trap(target)], dtype=object)}), allow_pickle=True)
    refused(path)
    assert not target.exists()


def test_sizes_are_checked_before_memory_is_taken(path: Path) -> None:
    def add(name: str, content: bytes) -> None:
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
            file.writestr(name, content)

    header = io.BytesIO()
    huge = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 1 << 20)}
    np.lib.format.write_array_header_1_0(header, huge)
    add("weight_2.npy", header.getvalue() + bytes(100))
    refused(path)
    a_model().save(path)
    add("weight_2.npy", bytes(MAX_BYTES))  # some kilobytes on disk
    assert path.stat().st_size < 100_000
    refused(path)


def test_an_archive_that_takes_much_memory_or_time_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    for form in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(path, "a", form) as file:
            file.writestr("more.npy", bytes(1000))
        refused(path)
        path.write_bytes(whole)
    with zipfile.ZipFile(path, "a") as file:
        for k in range(1000):
            file.writestr(f"{k}.npy", b"")
    refused(path)
    path.write_bytes(whole + bytes(MAX_BYTES))
    assert "larger than 16,000,000 bytes" in refused(path)


@pytest.mark.parametrize(
    "odd",
    [{str(k): k for k in range(30_000)}, [[0] * 5000] * 5, "x" * 2_000_000, 10**400],
    ids=["keys", "items", "text", "number"],
)
def test_a_card_can_always_be_shown(path: Path, odd: object) -> None:
    rewrite(path, change_card(made_with=odd))
    if isinstance(odd, int):
        assert load(path).card["made_with"] == odd
    else:
        refused(path)
    a_model().save(path)
    rewrite(path, change_card(thresholds={"right": odd}))
    refused(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
def test_only_a_file_is_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WRITER_WITHIN_S", 0.1)
    os.mkfifo(tmp_path / "pipe.model")
    (tmp_path / "loop.model").symlink_to("loop.model")
    for name in ("pipe.model", "loop.model", "/dev/zero", "x" * 300):
        assert "cannot be read" in refused(tmp_path / name)
    with pytest.raises(ModelError, match=r"a\\x00b cannot be read: no file can have such a name"):
        load(Path("a\0b"))


@pytest.mark.skipif(sys.platform == "win32", reason="names of files are Unicode there")
def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "\udcff.model"
    a_model().save(path)
    assert make_tracker(TrackerConfig(model=str(path)), 44_100).config.model == str(path)
    with pytest.raises(ModelError, match=r"\\xfe\.model cannot be read"):
        load(tmp_path / "\udcfe.model")


def test_the_model_is_read_once(path: Path) -> None:
    shipped_model().save(path)
    played, _ = melody([57, 60], 44_100)

    def notes(*, lose: bool) -> list[str]:
        tracker = make_tracker(TrackerConfig(model=str(path)), 44_100)
        if lose:
            path.write_bytes(b"rewritten meanwhile")
        events = [*tracker.process(played[:20_000]), *tracker.gap(100), *tracker.process(played), *tracker.flush()]
        return [str(event) for event in events if isinstance(event, NoteOn)]

    assert notes(lose=False) == notes(lose=True) != []


def test_layers_whose_sums_overflow_are_refused(path: Path) -> None:
    rewrite(
        path, lambda arrays: arrays.update({name: arrays[name] + np.float32(9e5) for name in ("weight_0", "weight_1")})
    )
    load(path)
    wide = {f"weight_{k}": np.full((N if k == 0 else 200, 200), 9e5, np.float32) for k in range(4)}
    wide |= {f"bias_{k}": np.zeros(200, np.float32) for k in range(4)}
    wide |= {"weight_4": np.ones((200, 2), np.float32), "bias_4": np.zeros(2, np.float32)}
    rewrite(path, lambda arrays: arrays.update(wide))
    assert "out of all bounds" in refused(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e30])
def test_values_that_would_spoil_every_note_are_refused(path: Path, bad: float) -> None:
    rewrite(path, lambda arrays: arrays["weight_1"].__setitem__((2, 1), bad))
    assert "no numbers" in refused(path)
    a_model().save(path)
    rewrite(path, lambda arrays: arrays["bias_0"].__setitem__(0, bad))
    assert "no numbers" in refused(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.update(weight_0=np.zeros((N - 1, 5), np.float32)), "do not fit"),
        (lambda arrays: arrays.update(weight_0=np.zeros(N, np.float32)), "do not fit"),
        (lambda arrays: arrays.update(bias_0=np.zeros(4, np.float32)), "do not fit"),
        (lambda arrays: arrays.update(weight_1=np.zeros((6, 2), np.float32)), "do not fit"),
        (
            lambda arrays: arrays.update(weight_1=np.zeros((5, 3), np.float32), bias_1=np.zeros(3, np.float32)),
            "outputs",
        ),
        (lambda arrays: arrays.update(weight_0=np.zeros((N, 5))), "32-bit"),
        (lambda arrays: arrays.pop("bias_1"), "missing"),
        (lambda arrays: [arrays.pop(name) for name in list(arrays) if name != "card"], "0 layers"),
        (lambda arrays: arrays.update({f"weight_{k}": arrays["weight_0"] for k in range(MAX_LAYERS + 1)}), "layers"),
        (lambda arrays: arrays.pop("card"), "no model"),
        (lambda arrays: arrays.update(card=np.frombuffer(b"[1, 2]", np.uint8)), "no model"),
        (lambda arrays: arrays.update(card=np.frombuffer(b"[" * 1_000_000, np.uint8)), "no model"),
        (lambda arrays: arrays.update(card=np.frombuffer(b"\xff\xfe", np.uint8)), "no model"),
        (change_card(format="another"), "no model"),
        (change_card(feature_version=features.VERSION + 1), "other features"),
        (change_card(features=list(features.NAMES)[::-1]), "other features"),
        (change_card(format_version=99), "other features"),
        (change_card(outputs=["begun", "sounding"]), "other features"),
        (change_card(thresholds=[1.0]), "thresholds"),
        (change_card(thresholds=asdict(Thresholds()) | {"right": float("nan")}), "thresholds"),
        (change_card(thresholds=asdict(Thresholds()) | {"right": "2.0"}), "thresholds"),
        (change_card(thresholds=asdict(Thresholds()) | {"sum": 2.0}), "thresholds"),
    ],
)
def test_what_does_not_fit_is_told(path: Path, change: Callable[..., object], message: str) -> None:
    rewrite(path, change)
    assert message in refused(path)


def test_a_threshold_that_a_model_lacks_is_the_default(path: Path) -> None:
    rewrite(path, change_card(thresholds={"right": 2.0}))
    assert load(path).thresholds == Thresholds(right=2.0)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, captured.err


def test_the_card_is_shown(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    rewrite(
        path,
        change_card(
            licences=["github:somebody/violin: CC-BY", "[bold]x[/bold] \x1b[31mred\x1b[0m"],
            loss={"training": {"sounding": 0.0815}},
            versions={"scikit-learn": "9.9"},
        ),
    )
    status, out, _ = run(capsys, "model", "show", str(path))
    assert status == 0
    for told in (
        "some.model",
        f"{N} - 5 - 2",
        "0.0815",
        "scikit-learn 9.9",
        "github:somebody/violin: CC-BY",
        "[bold]x",
    ):
        assert told in out
    assert "\x1b[31m" not in out  # a card from anywhere tells the terminal nothing
    status, out, _ = run(capsys, "model", "show", str(path), "--json")
    assert status == 0
    assert json.loads(out)["features"] == list(features.NAMES)


def test_the_programs_own_model_is_shown_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "model", "show", "default")
    assert status == 0
    assert f"{N} - " in out


def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "song.wav"
    wrong.write_bytes(b"RIFF")
    for words in (["model", "show", str(wrong)], ["transcribe", str(wrong), "--model", str(wrong)]):
        status, out, err = run(capsys, *words)
        assert status == 2
        assert out == ""
        assert err.count("\n") == 1


def test_the_tracker_uses_the_model_that_is_named(path: Path) -> None:
    def silent_model(arrays: dict[str, np.ndarray]) -> None:
        arrays["weight_1"][:] = 0.0
        arrays["bias_1"][:] = -20.0  # never is anything a note

    rewrite(path, silent_model)
    played, _ = melody([57, 60], 44_100)
    heard = {}
    for model in ("", str(path)):
        tracker = make_tracker(TrackerConfig(model=model), 44_100)
        heard[model] = [type(event).__name__ for event in [*tracker.process(played), *tracker.flush()]]
    assert "NoteOn" in heard[""]
    assert "NoteOn" not in heard[str(path)]


def test_the_tracker_asks_for_as_much_as_the_model_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    played, _ = melody([57, 60], 44_100)
    sooner = {}
    for right in (Thresholds().right, 3.0, 50.0):
        path = tmp_path / f"{right}.model"
        replace(shipped_model(), thresholds=replace(Thresholds(), right=right)).save(path)
        events = make_tracker(TrackerConfig(model=str(path)), 44_100).process(played)
        sooner[right] = next((event.sample for event in events if isinstance(event, NoteOn)), None)
    usual, late, never = sooner.values()
    assert usual is not None
    assert late is not None
    assert usual < late
    assert never is None
    _, out, _ = run(capsys, "model", "show", str(path))
    assert "right 50; else the usual ones" in " ".join(out.split())


def test_a_model_is_for_one_detector_only(path: Path) -> None:
    with pytest.raises(ConfigError, match="yinfast"):
        TrackerConfig(model=str(path), detector="yinfast")
