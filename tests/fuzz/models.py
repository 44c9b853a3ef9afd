"""Hostile model files: ``python -m tests.fuzz.models --count 1500 --seed 0``."""

import io
import json
import random
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

from streamer.model import shipped_model
from tests.fuzz.harness import main
from tests.fuzz.mutate import mutated, special

COUNT = 1500


@cache
def arrays() -> dict[str, np.ndarray]:
    """Those of the model that comes with the package."""
    content = io.BytesIO()
    shipped = Path(__file__).parents[2] / "streamer" / "models" / "default.model"
    assert shipped_model() is not None
    content.write(shipped.read_bytes())
    content.seek(0)
    with np.load(content) as file:
        return dict(file)


def packed(members: dict[str, np.ndarray], rng: random.Random) -> bytes:
    content = io.BytesIO()
    np.savez(content, **members)
    return content.getvalue()


def odd_array(rng: random.Random) -> np.ndarray:
    shape = tuple(rng.choice((0, 1, 2, 40)) for _ in range(rng.randrange(4)))
    kind = rng.choice(("f4", "f8", "i4", "u1", "c8", "b1", "U3", "M8[s]"))
    array = np.zeros(shape, kind)
    if kind == "f4" and array.size:
        array += np.float32(rng.choice((0, 1, 1e5, -1e30, np.inf, np.nan)))
    return array


def odd_card(rng: random.Random) -> object:
    deep: object = 0
    for _ in range(rng.choice((10, 2000))):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    return rng.choice(
        (
            *(0, [], "x", None, float("inf"), 10**400, "\ud800", "\x1b[2J" * 100),
            *({str(k): k for k in range(rng.choice((10, 5000, 300_000)))}, ["x" * 1000] * 3000, deep),
        )
    )


def other_values(members: dict[str, np.ndarray], rng: random.Random) -> bytes:
    """A good archive of arrays and facts that are not."""
    members = dict(members)
    for _ in range(rng.choice((1, 1, 3))):
        name = rng.choice(sorted(members))
        match rng.randrange(5):
            case 0:
                del members[name]
            case 1:
                members[name] = odd_array(rng)
            case 2 if members[name].dtype == np.float32:
                members[name] = members[name] * np.float32(rng.choice((1e3, 1e5, 1e9, -1.0, 0.0)))
            case 3:
                members[rng.choice(("weight_9", "verifier_weight_0", "x" * 5000, "../x", "a\x1bb"))] = odd_array(rng)
            case _:
                card = json.loads(arrays()["card"].tobytes())
                card[rng.choice(sorted(card))] = odd_card(rng)
                if rng.random() < 0.3:
                    card["thresholds"] = {"right": rng.choice((10**400, 1e300, "1", None, float("nan"), [1]))}
                try:
                    text = json.dumps(card).encode()
                except RecursionError:
                    text = b"[" * 100_000
                members["card"] = np.frombuffer(text, np.uint8)
    return packed(members, rng)


def hostile_archive(members: dict[str, np.ndarray], rng: random.Random) -> bytes:
    """An archive that would take much memory or time."""
    content = io.BytesIO()
    form = rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_STORED))
    with zipfile.ZipFile(content, "w", form) as file:
        match rng.randrange(4):
            case 0:
                for k in range(rng.choice((50, 500, 30_000))):
                    file.writestr(f"{k}.npy", b"")
            case 1:
                file.writestr("card.npy", bytes(rng.choice((10**6, 8 * 10**6))))
            case 2:
                header = io.BytesIO()
                shape = rng.choice(((1 << 40, 1 << 20), (-1, -4), (0,), (), (1,) * 60, (2**62, 4)))
                facts = {"descr": rng.choice(("<f4", "|O", "<f1", "|V0", "<U9")), "fortran_order": False}
                np.lib.format.write_array_header_1_0(header, facts | {"shape": shape})
                file.writestr("weight_0.npy", header.getvalue() + bytes(rng.choice((0, 4, 100))))
            case _:
                for name, array in members.items():
                    one = io.BytesIO()
                    np.save(one, array)
                    file.writestr(f"{name}.npy", one.getvalue())
    data = content.getvalue()
    return mutated(data, rng) if rng.random() < 0.3 else data


def make(folder: Path, rng: random.Random) -> Path:
    path = folder / rng.choice(("a.model", "\udcff\udcfe.model", "a\x1b[31m\nb.model"))
    match rng.randrange(10):
        case 0:
            special(path, rng)
        case 1 | 2 | 3:
            path.write_bytes(other_values(arrays(), rng))
        case 4 | 5:
            path.write_bytes(hostile_archive(arrays(), rng))
        case _:
            path.write_bytes(mutated(packed(arrays(), rng), rng))
    return path


if __name__ == "__main__":
    main("models", make, COUNT)
