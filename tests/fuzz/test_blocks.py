"""A short draw of the adversarial blocks."""

import pytest

from tests.fuzz.blocks import run


@pytest.mark.parametrize("seed", [1, 2])
def test_adversarial_blocks_raise_nothing_and_give_no_ghost_notes(seed: int) -> None:
    assert list(run(range(10), seed)) == []
