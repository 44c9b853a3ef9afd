"""Random performances with random changes and faults: ``python -m tests.fuzz.bends --count 2000 --seed 0``.

Two ports with encoders of any kind; notes, slides, corrections and vibrato; mutes, transpositions, locks, modes of
bending and whole encoders that change while notes sound; ports that die in the middle of a message, whether it got out
or not, and come back. At the end no receiver has a note that sounds, a channel that is bent or a pedal that is down.
"""

import argparse
import random
from collections.abc import Iterator
from typing import Any

import mido

from streamer.errors import MidiError
from streamer.events import Event, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.expression.ledger import Ledger, Moved
from streamer.expression.make import make_encoder
from streamer.music.scala import nearest_key
from streamer.outputs.fanout import Fanout
from streamer.outputs.midi_apis import MIDI_APIS
from streamer.outputs.ports import PortSink
from streamer.settings.expression import Expression
from streamer.units import midi_to_hz
from tests.expression.receiver import Receiver

RATE_HZ = 48_000
HOP = 128
MODES = ("off", "trigger", "smooth", "glide")


class Cable:
    """What a port sends through; it can be cut, and then fails once or more, with the message through or not."""

    def __init__(self, rng: random.Random) -> None:
        self.receiver = Receiver()
        self.pedals: set[int] = set()
        self.cut = False
        self._rng = rng

    def send(self, message: mido.Message) -> None:
        if self.cut and self._rng.random() < 0.7:
            raise OSError("the port is gone")
        self.receiver.take(message)
        if message.is_cc(64):
            (self.pedals.add if message.value else self.pedals.discard)(message.channel)
        if self.cut:
            raise OSError("the port is gone, and nobody knows what got through")

    def close(self) -> None: ...


class _NoServer:
    watching = False

    def died(self) -> bool:
        return False

    def close(self) -> None: ...


class CablePort(PortSink):
    """A port whose driver is a `Cable`; everything else is the real one's."""

    def __init__(self, cable: Cable, **settings: Any) -> None:
        self.cable = cable
        super().__init__(**settings)

    def _open(self, api: str | None, within_s: float = 0.0) -> None:
        if self.cable.cut:
            raise MidiError("the port is gone")
        self.name = "cable"
        self._api_in_use = next(iter(MIDI_APIS.values()))
        self._watch = _NoServer()  # type: ignore[assignment]
        self._port = self.cable


def any_expression(rng: random.Random) -> Expression:
    controls = ("pressure=level", "cc11=level:20-127", "cc74=brightness", "cc1=confidence")
    mpe = rng.choice(("off", "off", "lower", "upper"))
    return Expression(
        bend=rng.choice(MODES),
        bend_range=rng.choice((0, 1, 2, 12, 48)),
        mpe=mpe,
        mpe_channels=rng.choice((1, 3, 15)),
        control=tuple(rng.sample(controls, rng.randrange(3))),
        legato=rng.random() < 0.2,
        extend=rng.choice((0.0, 0.0, 80.0)),
        min_length=rng.choice((0.0, 0.0, 150.0)),
        sustain=rng.choice((0.0, 0.0, 100.0)),
    )


def performance(rng: random.Random, hops: int) -> Iterator[Event]:
    """Events as a tracker tells them."""
    sample, note_id, sounding = 0, 0, None
    pitch, drift = 60.0, 0.0
    for _ in range(hops):
        sample += HOP
        pitch += drift + rng.gauss(0.0, 0.02)
        heard = pitch + rng.choice((0.0,) * 12 + (12.0, -12.0, 0.8))
        voiced = sounding is not None and rng.random() < 0.95
        f0_hz = midi_to_hz(heard) if voiced else None
        yield PitchEstimate(sample, sample - 600, f0_hz, rng.random(), rng.uniform(-60, -5), 0.1, 0.0, 800.0)
        chance = rng.random()
        if chance < 0.01:
            drift = rng.choice((0.0, 0.0, 0.05, -0.05))
        if sounding is None and chance < 0.1:
            pitch = rng.uniform(40.0, 80.0)
        elif sounding is not None and chance < 0.02:
            yield NoteOff(sample, sample, sounding.note, pitch, sounding.note_id)
            sounding = None
            continue
        elif sounding is not None and chance < 0.05:
            if rng.random() < 0.4:
                pitch += rng.choice((-3.0, -1.0, 1.0, 3.0))
            yield NoteOff(sample, sample, sounding.note, pitch, sounding.note_id, None, followed=True)
        elif sounding is not None and chance < 0.07:
            note_id += 1
            better = max(0, min(127, sounding.note + rng.choice((-2, -1, 1, 2))))
            corrected = NoteOn(sample, sample, better, 80, float(better), None, note_id, sounding.note_id)
            yield corrected
            yield NoteOff(sample, sample, sounding.note, pitch, sounding.note_id)
            sounding = corrected
            continue
        elif chance > 0.999:
            if sounding is not None:
                yield NoteOff(sample, sample, sounding.note, pitch, sounding.note_id)
            sounding = None
            sample += 4800
            yield Gap(sample, 4800)
            continue
        else:
            continue
        note_id += 1
        pitch = min(100.0, max(30.0, pitch))
        sounding = NoteOn(sample, sample, round(pitch), rng.randrange(1, 128), pitch, None, note_id)
        yield sounding
    if sounding is not None:
        yield NoteOff(sample, sample, sounding.note, pitch, sounding.note_id, released=True)


def session(seed: int) -> None:
    """One performance; raises `AssertionError` where something is left at a receiver."""
    rng = random.Random(seed)
    cables = [Cable(rng), Cable(rng)]
    ports = [CablePort(cable) for cable in cables]
    for port in ports:
        port.use(make_encoder(any_expression(rng), RATE_HZ, rng.randrange(16)))
    fanout = Fanout(ports, [], lambda _: None)
    away: list[CablePort] = []
    ledger = Ledger()
    now = 0
    for event in performance(rng, rng.randrange(50, 800)):
        now = event.sample
        if (sent := ledger.apply(event)) is not None:
            fanout.send(sent)
        if rng.random() < 0.02:
            _disturb(rng, ledger, fanout, ports, now)
        away = [port for port in ports if port not in fanout._sinks]
        for port in away:
            if rng.random() < 0.02:
                _come_back(port, fanout)
    for off in ledger.release(now):
        fanout.send(off)
    for port in ports:
        if port.cable.cut:
            port.close()
            _come_back(port, fanout)
        port.close()
        receiver = port.cable.receiver
        assert receiver.held == [], f"seed {seed}: notes {receiver.held} are stuck"
        assert not any(receiver.bends), f"seed {seed}: bends {receiver.bends} are left"
        assert not port.cable.pedals, f"seed {seed}: pedals {port.cable.pedals} are down"


def _disturb(rng: random.Random, ledger: Ledger, fanout: Fanout, ports: list[CablePort], now: int) -> None:
    port = rng.choice(ports)
    match rng.randrange(7):
        case 0:
            ledger.muted = not ledger.muted
            for off in ledger.release(now):
                fanout.send(off)
        case 1:
            ledger.semitones = rng.randrange(-70, 70)
        case 2:
            ledger.lock = rng.choice(
                (
                    None,
                    lambda note, _: Moved(note - note % 2, -(note % 2)),
                    lambda note, _: Moved(note, 0) if note % 3 else None,
                    nearest_key({key: 60.0 + (key - 60) / 2 for key in range(128)}),
                )
            )
        case 3:
            fanout.set_bend(rng.choice(MODES))
        case 4:
            port.use(make_encoder(any_expression(rng), RATE_HZ, rng.randrange(16)))
        case 5:
            port.cable.cut = True
        case 6:
            fanout.panic()


def _come_back(port: CablePort, fanout: Fanout) -> None:
    port.cable.cut = False
    port.reopen()
    if port not in fanout._sinks:
        fanout._away = [away for away in fanout._away if away.sink is not port]
        fanout._sinks = [port, *fanout._sinks]


def main() -> None:
    """Play as many sessions as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for seed in range(asked.seed, asked.seed + asked.count):
        session(seed)
    print(f"{asked.count} sessions: no note is stuck, no channel bent, no pedal down")


if __name__ == "__main__":
    main()
