"""How long the rest takes, from the pace so far."""

import pytest

from streamer.commands.progress import Overall
from streamer.training.settings import make_settings
from streamer.training.steps import Step, steps_of

STEPS = [Step("features", 10, 2.0), Step("learning", 4, 5.0)]


def test_what_is_left_goes_by_the_weight_of_what_was_done() -> None:
    now = [100.0]
    overall = Overall(STEPS, lambda: now[0])
    overall.report("features", 0)
    assert overall.left_s() is None
    now[0] = 105.0
    overall.report("features", 5)  # a quarter of all
    assert overall.place == "step 1 of 2"
    assert overall.left_s() == pytest.approx(15.0)
    now[0] = 107.0
    assert overall.left_s() == pytest.approx(13.0), "it runs down between reports"
    now[0] = 200.0
    assert overall.left_s() == 0.0
    overall.report("learning", 4)
    assert (overall.place, overall.done, overall.left_s()) == ("step 2 of 2", overall.total, 0.0)


def test_what_an_earlier_run_did_makes_nobody_hope() -> None:
    now = [0.0]
    overall = Overall(STEPS, lambda: now[0])
    overall.report("features", 10)  # all of it was there
    overall.report("learning", 0)
    assert overall.left_s() is None
    now[0] = 10.0
    overall.report("learning", 1)
    assert overall.left_s() == pytest.approx(30.0)


def test_steps_are_those_that_the_settings_ask_for() -> None:
    def names(**given: object) -> list[str]:
        return [step.name for step in steps_of(make_settings(given), None)]

    rounds = [f"verifier, round {turn}" for turn in range(1, 5)]
    assert names() == ["features", "learning", "analysing", *rounds]
    assert names(hold_out=["viol"])[2] == "held-out features"
    assert names(estimator="logistic", verifier_share=0.0) == ["features"]
