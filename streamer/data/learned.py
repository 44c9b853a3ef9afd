"""Which recordings a model was trained on, as far as its card allows one to tell.

A card holds the first digits of the hash of each audio file: enough to recognise a recording, wherever it lies and
whatever it is called, and nothing from which it could be made again.
"""

from collections.abc import Sequence
from typing import Any

from streamer.data.datasets import Recording, file_hash
from streamer.data.hashes import training_hash

CARD_KEY = "audio_sha256"
MOST = 4000  # of each list in a card; of more, those with the smallest hashes, which is a fair sample
_DIGITS = 8
_LEARNED, _HELD_OUT = "learned", "held_out"


def is_from(recording: Recording, word: str) -> bool:
    """Whether a word is part of the name of its source or its instrument, as ``--hold-out`` asks.

    Parameters
    ----------
    recording : Recording
        Any.
    word : str
        Capitals do not matter.
    """
    return word.lower() in recording.source.lower() or word.lower() in recording.instrument.lower()


def card_entry(
    learned: Sequence[Recording], held_out: Sequence[Recording], start: dict[str, Any] | None
) -> dict[str, list[str]]:
    """What the card of a new model holds, so that `learned_from` knows its recordings again.

    Parameters
    ----------
    learned, held_out : sequence of Recording
        What it was trained on, and what was held back.
    start : dict or None
        The card of the model it was adapted from, whose recordings it has learned from, too.

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    known = {_mark(recording) for recording in learned} | _listed(start or {})
    held = {_mark(recording) for recording in held_out} - known
    return {_LEARNED: sorted(known)[:MOST], _HELD_OUT: sorted(held)[:MOST]}


def learned_from(card: dict[str, Any], recordings: Sequence[Recording], whole: Sequence[Recording]) -> int:
    """How many of some recordings a model was trained on.

    A card without hashes of single recordings, as older ones are, only tells whether the whole set is the same.

    Parameters
    ----------
    card : dict
        Of the model; may come from anywhere.
    recordings : sequence of Recording
        Those that are counted.
    whole : sequence of Recording
        The set that they are taken from.

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    if CARD_KEY in card:
        known = _listed(card)
        return sum(_mark(recording) in known for recording in recordings)
    if card.get("data_sha256") != training_hash(whole):
        return 0
    settings = card.get("settings")
    words = settings.get("hold_out") if isinstance(settings, dict) else None
    held = [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
    return sum(not any(is_from(recording, word) for word in held) for recording in recordings)


def _mark(recording: Recording) -> str:
    return file_hash(recording.path)[:_DIGITS]


def _listed(card: dict[str, Any]) -> set[str]:
    entry = card.get(CARD_KEY)
    learned = entry.get(_LEARNED) if isinstance(entry, dict) else None
    return {mark for mark in learned if isinstance(mark, str)} if isinstance(learned, list) else set()
