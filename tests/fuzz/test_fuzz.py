"""A few of the cases of each fuzzer, and that the fuzzers see what they are to see."""

import random
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("limits of memory and pipes with names are POSIX", allow_module_level=True)

from tests.fuzz import datasets, models, sounds, toml
from tests.fuzz.harness import Make, fuzz


@pytest.mark.parametrize(
    ("target", "make", "count"),
    [
        ("models", models.make, 40),
        ("toml", toml.make, 60),
        ("datasets", datasets.make, 15),
        ("sounds", sounds.make, 40),
    ],
)
def test_hostile_files_are_used_or_refused(target: str, make: Make, count: int) -> None:
    figures = fuzz(target, make, count, seed=1)
    assert not figures.faults
    assert figures.outcomes["refused"] > count / 4
    assert figures.outcomes["used"] + figures.outcomes["refused"] == count


def test_the_same_seed_makes_the_same_files(tmp_path: Path) -> None:
    made = []
    for name in ("one", "other"):
        folder = tmp_path / name
        for k in range(20):
            (folder / str(k)).mkdir(parents=True)
            toml.make(folder / str(k), random.Random(k))
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        made.append([(path.relative_to(folder), path.stat().st_size) for path in files])
    assert made[0] == made[1] != []
