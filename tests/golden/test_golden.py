"""The notes of the golden recordings are those that are kept beside them."""

import pytest

from tests.golden.golden import Recording, recordings

RECORDINGS = recordings()


def test_there_are_a_dozen_of_several_kinds_and_rates() -> None:
    assert len(RECORDINGS) >= 12
    assert any(not recording.notes for recording in RECORDINGS)  # noise, in which nothing is a note
    assert all(recording.licence and recording.source for recording in RECORDINGS)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.file)
def test_the_notes_are_those_that_are_kept(recording: Recording) -> None:
    found, limits = recording.track(), recording.tolerance
    assert [note["note"] for note in found] == [note["note"] for note in recording.notes]
    for now, then in zip(found, recording.notes, strict=True):
        for name in ("onset", "offset", "emit"):
            assert 1000.0 * abs(now[f"{name}_s"] - then[f"{name}_s"]) <= limits[f"{name}_ms"], (name, now, then)
        assert 100.0 * abs(now["midi"] - then["midi"]) <= limits["cents"], (now, then)
        assert abs(now["velocity"] - then["velocity"]) <= limits["velocity"], (now, then)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.file)
def test_many_hops_at_once_give_the_same_to_the_bit(recording: Recording) -> None:
    assert recording.track(hops_at_once=16) == recording.track()
