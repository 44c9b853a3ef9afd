"""Ticks of a MIDI file, and the tempos that say when they are."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import mido

from streamer.outputs.clock import Beats

TICKS_PER_BEAT = 960  # or a multiple, see `ticks_per_beat`
LONGEST_TICK_US = 1000
_LONGEST_BEAT_US = 0xFFFFFF  # three bytes
_CLOSE_S = 0.002  # a beat of the file may lie beside the clock's; what is closer is the clock's own unsteadiness
_BEATS_PER_BAR = 4


def ticks_per_beat(us_per_beat: int) -> int:
    """As many that none is longer than a millisecond.

    Parameters
    ----------
    us_per_beat : int
        Length of a beat, of the slowest where there are several.
    """
    ticks = TICKS_PER_BEAT
    while us_per_beat > ticks * LONGEST_TICK_US:
        ticks *= 2
    return ticks


@dataclass(frozen=True, slots=True)
class Tempo:
    """A tempo from a beat on.

    Attributes
    ----------
    beat : int
        Counted from the file's beginning.
    at_us : int
        When that beat is.
    us_per_beat : int
        Length of a beat from there on.
    """

    beat: int
    at_us: int
    us_per_beat: int


def tempos(beats_s: Sequence[float]) -> list[Tempo]:
    """As few tempos as keep every beat close to where it is.

    Parameters
    ----------
    beats_s : sequence of float
        Two at least, in seconds, the first one 0; the last tempo holds for all that follows.
    """
    found: list[Tempo] = []
    beat, at_us = 0, 0
    while beat < len(beats_s) - 1:
        slowest, fastest, last = float("inf"), 0.0, beat
        for k in range(beat + 1, len(beats_s)):
            away_s = beats_s[k] - at_us / 1e6
            low, high = (away_s - _CLOSE_S) / (k - beat), (away_s + _CLOSE_S) / (k - beat)
            if max(low, fastest) > min(high, slowest):
                break
            fastest, slowest, last = max(low, fastest), min(high, slowest), k
        us = min(_LONGEST_BEAT_US, max(1, round((fastest + slowest) / 2 * 1e6)))
        found.append(Tempo(beat, at_us, us))
        at_us += us * (last - beat)
        beat = last
    return found


def retimed(content: bytes, beats: Beats) -> bytes:
    """A MIDI file of one tempo with the beats of a clock instead: every message stays where it is in time.

    What was before the clock's first beat gets whole beats of its own.

    Parameters
    ----------
    content : bytes
        The file, whose first track is the tempo's alone.
    beats : Beats
        From the file's time zero on; with less than two of them nothing is changed.
    """
    if len(beats.times_s) < 2:
        return content
    times_s = [float(time_s) for time_s in beats.times_s]
    usual_s = times_s[1] - times_s[0]
    if times_s[0] < usual_s / 2:  # its first beat is a little longer
        lead, times_s = 1, times_s[1:]
        first = beats.first + 1
    else:
        lead, first = max(1, round(times_s[0] / usual_s)), beats.first
    found = tempos([*(times_s[0] * k / lead for k in range(lead)), *times_s])
    file = mido.MidiFile(file=io.BytesIO(content))
    before_us = next(message.tempo for message in file.tracks[0] if message.type == "set_tempo")
    ticks = ticks_per_beat(max(tempo.us_per_beat for tempo in found))
    made = mido.MidiFile(ticks_per_beat=ticks)
    made.tracks.append(_tempo_track(found, ticks, (lead - first) % _BEATS_PER_BAR))
    began_us = [tempo.at_us for tempo in found]
    for track in file.tracks[1:]:
        moved, now, before = mido.MidiTrack(), 0, 0
        for message in track:
            now += message.time
            at_us = now * before_us / file.ticks_per_beat
            tempo = found[bisect_right(began_us, at_us) - 1]
            tick = round(ticks * (tempo.beat + (at_us - tempo.at_us) / tempo.us_per_beat))
            moved.append(message.copy(time=tick - before))
            before = tick
        made.tracks.append(moved)
    written = io.BytesIO()
    made.save(file=written)
    return written.getvalue()


def _tempo_track(found: Sequence[Tempo], ticks: int, upbeats: int) -> mido.MidiTrack:
    """Tempos, and a first bar of so many beats that the clock's bars are bars here."""
    bars = [(0, mido.MetaMessage("time_signature", numerator=upbeats or _BEATS_PER_BAR))]
    if upbeats:
        bars.append((upbeats, mido.MetaMessage("time_signature", numerator=_BEATS_PER_BAR)))
    told = [(tempo.beat, mido.MetaMessage("set_tempo", tempo=tempo.us_per_beat)) for tempo in found]
    track, before = mido.MidiTrack(), 0
    for beat, message in sorted((*bars, *told), key=lambda event: event[0]):
        track.append(message.copy(time=(beat - before) * ticks))
        before = beat
    return track
