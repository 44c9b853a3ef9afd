"""Whatever is played, changed and broken: nothing is left sounding or bent."""

import pytest

from tests.fuzz.bends import session


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_no_note_is_stuck_and_no_channel_bent(first):
    for seed in range(first, first + 10):
        session(seed)
