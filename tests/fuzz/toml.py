"""Hostile files of settings: ``python -m tests.fuzz.toml --count 600 --seed 0``."""

import random
from pathlib import Path

from streamer.training.settings import TRAINING, Settings, to_toml
from tests.fuzz.harness import main
from tests.fuzz.mutate import TEXT, mutated, special

COUNT = 600
VALUES = (
    *("inf", "-inf", "nan", "9" * 400, "9" * 5000, "-0", "1e400", "0x" + "f" * 300, "1979-05-27T07:32:00Z", "25:61:61"),
    *(
        '""',
        "'\\u0000'",
        '"\\u001b[31m"',
        "[]",
        "[" * 3000,
        "[[1], [2]]",
        "{}",
        "{a = {b = {c = 1}}}",
        "true",
        '"C4"',
        "1.",
    ),
    *('"' + "x" * 5000 + '"', '"""' + "\n" * 100 + '"""', "[" + "1," * 20_000 + "]", "{" * 2000),
)


def odd_line(rng: random.Random) -> str:
    name = rng.choice((*(setting.name for setting in TRAINING), "low", "high", "a4", "model", "x", "a" * 3000))
    match rng.randrange(8):
        case 0:
            return ".".join(rng.choice("abc") for _ in range(rng.choice((3, 150, 5000)))) + " = 1"
        case 1:
            return "[" + ".".join("t" * rng.choice((1, 100)) for _ in range(rng.choice((2, 190)))) + "]"
        case 2:
            return "\n".join(f"[[a{rng.choice(('', '.b'))}]]" for _ in range(rng.choice((2, 3000))))
        case _:
            return f"{name} = {rng.choice(VALUES)}"


def make(folder: Path, rng: random.Random) -> Path:
    path = folder / rng.choice(("a.toml", "\udcff.toml", "a\x1b[31m\nb.toml"))
    good = to_toml(Settings())
    match rng.randrange(10):
        case 0:
            special(path, rng)
        case 1 | 2 | 3:
            path.write_bytes(mutated(good.encode(), rng, TEXT))
        case 4:
            path.write_bytes(
                rng.choice((b"a.", b"[", b"{", b"a={", b"'", b"#", b"\n", b"a=[")) * rng.choice((9, 30_000, 200_000))
            )
        case _:
            lines = good.splitlines()
            for _ in range(rng.choice((1, 1, 2, 4))):
                at = rng.randrange(len(lines))
                name = lines[at].partition(" = ")[0]
                value = rng.choice((*VALUES, "0", "1", "1.5", "10", "0.001", "[8, 4]", "[]", '["a"]', "false"))
                lines[at] = odd_line(rng) if rng.random() < 0.3 else f"{name} = {value}"
            path.write_text("\n".join(lines), errors="surrogateescape")
    return path


if __name__ == "__main__":
    main("toml", make, COUNT)
