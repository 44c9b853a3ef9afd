"""Samples in, events out: no I/O, no threads, no clock.

`streamer.analysis.framing.Hopper` cuts the samples into hops, a detector makes evidence of them, and a decider makes
events of that.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from streamer.analysis.framing import Hopper
from streamer.config import TrackerConfig
from streamer.decision.decider import Decider
from streamer.decision.machines import make_machine
from streamer.decision.thresholds import USUAL
from streamer.detectors import make_detector
from streamer.detectors.base import Detector
from streamer.errors import ConfigError
from streamer.events import Event, FloatArray, Gap, sample_count
from streamer.model import Model, load, shipped_model

LIVE_HOPS = 4  # at once, while somebody plays: they are analysed in less time than three one by one
MANY_HOPS = 32  # at once, for recordings: more gains nothing, since it no longer fits into a processor's caches


class Tracker:
    """Follow one voice or instrument.

    Parameters
    ----------
    detector : Detector
        Makes evidence of hops.
    decider : Decider
        Makes events of evidence; for the same hop and rate.
    hops_at_once : int
        At most so many hops are analysed together, which costs less. The events do not depend on it; but none of them
        is decided before all these hops are analysed, so what is live takes few.
    pitch_estimates : bool
        Whether there is a `PitchEstimate` of each hop; where nobody takes them, leaving them out saves time.

    Attributes
    ----------
    config : TrackerConfig
        The settings in force, the hop resolved.
    rate_hz : int
        Sample rate of what `push` is given.
    consumed : int
        Samples so far, lost ones included.
    """

    def __init__(
        self, detector: Detector, decider: Decider, hops_at_once: int = 1, *, pitch_estimates: bool = True
    ) -> None:
        self.config = decider.config
        self.rate_hz = decider.rate_hz
        self.consumed = 0
        self._detector = detector
        self._decider = decider
        self._hops_at_once = hops_at_once
        self._pitch_estimates = pitch_estimates
        self._hopper = Hopper(self.config.hop)
        self._hops: FloatArray = np.zeros((0, self.config.hop), np.float32)
        self._deciding: Iterator[Event] = iter(())

    @property
    def a4_hz(self) -> float:
        """A4 that names are relative to: as it is set, or, where that is automatic, what is known so far."""
        return self._decider.a4_hz

    def configure(self, config: TrackerConfig) -> None:
        """Go on with another eagerness, range of notes and gate, from the next hop on; a note that sounds goes on.

        Parameters
        ----------
        config : TrackerConfig
            Settings, of which only these may differ from those in force.

        Raises
        ------
        ConfigError
            If another one differs, which takes a new tracker.
        """
        kept = {name: getattr(self.config, name) for name in ("eagerness", "low_midi", "high_midi", "gate_db")}
        if replace(config, hop=config.hop_at(self.rate_hz), **kept) != self.config:
            raise ConfigError("only eagerness, range of notes and gate can be changed while a tracker runs")
        self._decider.configure(config)
        self.config = self._decider.config

    def push(self, samples: FloatArray) -> None:
        """Take any number of samples; `events` tells what they decide.

        Parameters
        ----------
        samples : ndarray of float32, shape (n,)
            Mono, full scale +-1, newest sample last.

        Raises
        ------
        AudioFormatError
            If the array is not one-dimensional float32.
        """
        hops = self._hopper.push(samples)
        self._hops = np.concatenate([self._hops, hops]) if len(self._hops) else hops
        self.consumed += len(samples)

    def events(self) -> Iterator[Event]:
        """What the samples so far decide, in order, each event as soon as it is decided.

        Where a caller stops early, the next call goes on from there.
        """
        while True:
            for event in self._deciding:  # noqa: UP028 - `yield from` would close it with a caller who stops early
                yield event
            if not len(self._hops):
                return
            hops, self._hops = self._hops[: self._hops_at_once], self._hops[self._hops_at_once :]
            self._deciding = self._decider.events(self._detector.analyse(hops), self._pitch_estimates)

    def process(self, samples: FloatArray) -> list[Event]:
        """Take any number of samples and return what they decide: `push`, then all of `events`.

        However a recording is cut into calls, the events are the same, bit for bit.

        Parameters
        ----------
        samples : ndarray of float32, shape (n,)
            Mono, full scale +-1, newest sample last.
        """
        self.push(samples)
        return list(self.events())

    def gap(self, lost: int) -> list[Event]:
        """Samples were lost: end the open note, forget the past, and let time go on by ``lost`` samples.

        Parameters
        ----------
        lost : int
            How many.

        Raises
        ------
        AudioFormatError
            If that is no whole number, or time would go back.
        """
        lost = sample_count(lost)
        events = self.flush()
        self.consumed += lost
        self._hopper.clear()
        self._detector.reset()
        self._decider.restart(self.consumed)
        return [*events, Gap(self.consumed, lost)]

    def flush(self) -> list[Event]:
        """What was not asked for yet, and the end of the open note: the stream is over."""
        return [*self.events(), *self._decider.flush(self.consumed)]


def make_tracker(
    config: TrackerConfig,
    rate_hz: int,
    *,
    model: Model | None = None,
    hops_at_once: int = 1,
    pitch_estimates: bool = True,
) -> Tracker:
    """The tracker that a configuration describes.

    Parameters
    ----------
    config : TrackerConfig
        Settings.
    rate_hz : int
        Sample rate of what it will be given.
    model : Model or None
        For the detector ``trained``; None for the one that ``config`` names, or else the one that comes with the
        package.
    hops_at_once : int
        As of `Tracker`; `MANY_HOPS` for recordings.
    pitch_estimates : bool
        As of `Tracker`.

    Raises
    ------
    ConfigError
        If the detector is unknown or the rate out of range.
    ModelError
        If the model cannot be used.
    """
    if config.detector == "trained" and model is None:
        model = model_of(config)
    detector = make_detector(config, rate_hz, model.scorer if model else None)
    decider = make_decider(config, rate_hz, model)
    return Tracker(detector, decider, hops_at_once, pitch_estimates=pitch_estimates)


def make_decider(config: TrackerConfig, rate_hz: int, model: Model | None = None) -> Decider:
    """The decider that goes with a model; without one, or where it has no verifier, thresholds decide.

    Parameters
    ----------
    config : TrackerConfig
        Settings of the tracker.
    rate_hz : int
        Sample rate of the stream.
    model : Model or None
        Its thresholds and its verifier are used.
    """
    hop_ms = 1000.0 * config.hop_at(rate_hz) / rate_hz
    verifier, thresholds = (model.verifier, model.thresholds) if model else (None, USUAL)
    return Decider(config, rate_hz, make_machine(config, hop_ms, verifier, thresholds))


def model_of(config: TrackerConfig) -> Model:
    """The model that a configuration names, or else the one that comes with the package."""
    return load(Path(config.model)) if config.model else shipped_model()
