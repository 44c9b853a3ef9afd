from dataclasses import asdict

import pytest

from streamer.decision.thresholds import USUAL, Thresholds, thresholds_of


def test_what_is_written_is_read():
    made = Thresholds(begin=30.0, right=2.5)
    assert thresholds_of(asdict(made)) == made


def test_what_is_missing_has_its_default():
    assert thresholds_of({"begin": 30}) == Thresholds(begin=30.0)
    assert thresholds_of({}) == USUAL


@pytest.mark.parametrize("wrong", [{"sum": 1.0}, {"begin": "30"}, {"begin": True}, {"begin": float("nan")}, [], None])
def test_what_is_no_threshold_is_refused(wrong):
    with pytest.raises(ValueError, match="threshold"):
        thresholds_of(wrong)
