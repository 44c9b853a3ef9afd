"""Recordings that a model was trained on are known again by what is in them, never by where they lie."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamer.data.datasets import Recording
from streamer.data.hashes import training_hash
from streamer.data.learned import CARD_KEY, MOST, card_entry, learned_from


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    made = []
    for name in ("one", "two", "three"):
        path = tmp_path / f"{name}.wav"
        path.write_bytes(name.encode())
        made.append(Recording(path, "note", "lute", f"source {name}", "", np.array([[0.0, 1.0, 60.0]])))
    return made


def test_a_copy_under_another_name_is_known_and_what_was_held_out_is_not(
    recordings: list[Recording], tmp_path: Path
) -> None:
    card = {CARD_KEY: card_entry(recordings[:2], recordings[2:], None)}
    copy = tmp_path / "copy.wav"
    copy.write_bytes(recordings[0].path.read_bytes())
    renamed = replace(recordings[0], path=copy, source="elsewhere")
    assert learned_from(card, [renamed, recordings[2]], [renamed, recordings[2]]) == 1
    assert str(tmp_path) not in str(card)


def test_an_adapted_model_has_learned_what_it_was_made_from_learned(recordings: list[Recording]) -> None:
    start = {CARD_KEY: card_entry(recordings[:1], [], None)}
    card = {CARD_KEY: card_entry(recordings[1:2], [recordings[0], recordings[2]], start)}
    assert [learned_from(card, [one], recordings) for one in recordings] == [1, 1, 0]


def test_an_older_card_knows_its_whole_set(recordings: list[Recording]) -> None:
    card: dict[str, Any] = {"data_sha256": training_hash(recordings), "settings": {"hold_out": ["THREE"]}}
    assert learned_from(card, recordings, recordings) == 2
    assert learned_from(card, recordings[1:], recordings) == 1  # as with --limit
    assert learned_from(card, recordings[:2], recordings[:2]) == 0


@pytest.mark.parametrize("entry", [None, 3, [], {"learned": 3}, {"learned": [{}, [], None, 7]}, {"other": []}])
def test_a_card_from_anywhere_does_no_harm(recordings: list[Recording], entry: object) -> None:
    assert learned_from({CARD_KEY: entry, "settings": [], "data_sha256": 7}, recordings, recordings) == 0


def test_a_card_stays_small(recordings: list[Recording]) -> None:
    many = {CARD_KEY: {"learned": [f"{k:08x}" for k in range(3 * MOST)]}}
    assert len(card_entry(recordings, [], many)["learned"]) == MOST
