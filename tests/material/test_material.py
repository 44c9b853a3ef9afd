"""Material to learn from: the same for the same seed, and labelled as it sounds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamer.data.datasets import Recording, read_manifest
from streamer.data.phrase import Phrase, cut, write_set
from streamer.errors import DataError, OutputError
from streamer.material import augment, soundfont
from streamer.material.assemble import PLAIN, Variety, assemble, group_notes
from streamer.material.nonmusic import MAKERS, nonmusic
from streamer.material.plans import STYLE_NAMES, STYLES
from streamer.material.singing import sing
from streamer.material.speech import speech
from streamer.material.synthesis import additive, draw_timbre, plucked_string, synthesise
from streamer.units import midi_to_hz

RATE_HZ = 22_050
ONSET_S = 0.05
PITCHES = range(50, 74)


def write_note(path: Path, midi: float, decay_s: float) -> Recording:
    time_s = np.arange(round(2.0 * RATE_HZ)) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * k * midi_to_hz(midi) * time_s) / k for k in (1, 2, 3)) * np.exp(-time_s / decay_s)
    soundfile.write(path, np.concatenate([np.zeros(round(ONSET_S * RATE_HZ)), 0.3 * wave]), RATE_HZ)
    offset_s = min(ONSET_S + 2.0, ONSET_S + decay_s * np.log(50.0))
    notes = np.array([[ONSET_S, offset_s, midi]])
    return Recording(path, "note", "lute" if decay_s < 2 else "pipe", "here", "CC0", notes)


@pytest.fixture(scope="module")
def lute(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    folder = tmp_path_factory.mktemp("lute")
    return [write_note(folder / f"{midi}.wav", midi + 0.1, 0.5) for midi in PITCHES]


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    folder = tmp_path_factory.mktemp("pipe")
    return [write_note(folder / f"{midi}.wav", midi, 1000.0) for midi in PITCHES]


def make(recordings: list[Recording], style: str, seed: int = 0, variety: Variety = PLAIN) -> Phrase:
    return assemble(recordings, style, np.random.default_rng(seed), RATE_HZ, 8.0, variety)


def measured_midi(phrase: Phrase, note: np.ndarray) -> float:
    """Pitch by the spectrum's peak near the label, whatever else the label may be wrong about."""
    begin, end = (round(at_s * phrase.rate_hz) for at_s in note[:2])
    part = phrase.samples[begin:end].astype(float)
    size = 1 << 19
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), size))
    hz = np.fft.rfftfreq(size, 1.0 / phrase.rate_hz)
    f0_hz = midi_to_hz(note[2])
    near = (hz > 0.96 * f0_hz) & (hz < 1.04 * f0_hz)
    return float(69 + 12 * np.log2(hz[near][spectrum[near].argmax()] / 440.0))


def mean_midi(phrase: Phrase, note: np.ndarray) -> float:
    """The same for a pitch that swings: where the spectrum's weight near the label lies."""
    begin, end = (round(at_s * phrase.rate_hz) for at_s in note[:2])
    part = phrase.samples[begin:end].astype(float)
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 19)) ** 2
    hz = np.fft.rfftfreq(1 << 19, 1.0 / phrase.rate_hz)
    near = np.abs(12 * np.log2(np.maximum(hz, 1.0) / midi_to_hz(note[2]))) < 2.5
    return float(np.average(69 + 12 * np.log2(hz[near] / 440.0), weights=power[near]))


def level_db(phrase: Phrase, begin_s: float, end_s: float) -> float:
    part = phrase.samples[round(begin_s * phrase.rate_hz) : round(end_s * phrase.rate_hz)].astype(float)
    return float(10 * np.log10(np.mean(part**2) + 1e-12))


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_a_seed_decides_everything_and_notes_never_overlap(style: str, lute: list[Recording]) -> None:
    first, again, other = (make(lute, style, seed, Variety()) for seed in (1, 1, 2))
    assert np.array_equal(first.samples, again.samples)
    assert np.array_equal(first.notes, again.notes)
    assert not np.array_equal(first.samples, other.samples)
    assert first.samples.dtype == np.float32
    assert np.abs(first.samples).max() <= 1.0
    assert len(first.notes) >= 3
    assert (first.notes[:, 1] > first.notes[:, 0]).all()
    assert (first.notes[1:, 0] >= first.notes[:-1, 1] - 1e-9).all()
    assert (first.style, first.instrument, first.source, first.licence) == (style, "lute", "here", "CC0")


@pytest.mark.parametrize("style", ["slow", "leaps", "repeat", "dynamics"])
def test_the_sound_begins_at_the_label(style: str, lute: list[Recording]) -> None:
    phrase = make(lute, style, 3)
    free = [k for k in range(len(phrase.notes)) if k == 0 or phrase.notes[k, 0] - phrase.notes[k - 1, 1] > 0.02]
    assert len(free) >= 3
    for onset_s in phrase.notes[free, 0]:
        assert level_db(phrase, onset_s, onset_s + 0.01) > level_db(phrase, onset_s - 0.01, onset_s) + 12


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 44_100, 48_000])
def test_the_pitch_is_the_label_however_shifted(rate_hz: int, lute: list[Recording]) -> None:
    few = lute[::6]
    phrase = assemble(few, "slow", np.random.default_rng(5), rate_hz, 8.0, Variety(floor_db=(-90.0, -80.0)))
    assert phrase.rate_hz == rate_hz
    assert len({round(midi) for midi in phrase.notes[:, 2]} - {recording.notes[0, 2] for recording in few}) >= 2
    for note in phrase.notes:
        assert measured_midi(phrase, note) == pytest.approx(note[2], abs=0.05)


def test_what_is_blown_slides_into_the_pitch_of_its_label(lute: list[Recording], pipe: list[Recording]) -> None:
    always = Variety(tuning_cents=0.0, shift_semitones=0, sliding=1.0)

    def off(recordings: list[Recording], variety: Variety, begin_s: float, end_s: float) -> np.ndarray:
        phrase = make(recordings, "slow", 3, variety)
        long = [note for note in phrase.notes if note[1] - note[0] > 0.5]
        assert len(long) > 4
        return np.array(
            [abs(measured_midi(phrase, np.array([n[0] + begin_s, n[0] + end_s, n[2]])) - n[2]) for n in long]
        )

    assert off(pipe, always, 0.3, 0.5).max() < 0.02
    assert off(pipe, always, 0.0, 0.04).max() > 0.25
    assert off(pipe, PLAIN, 0.0, 0.04).max() < 0.1
    assert off(lute, always, 0.0, 0.04).max() < 0.1


def test_a_note_is_over_when_its_recording_has_decayed(lute: list[Recording]) -> None:
    quick = [write_note(lute[0].path.parent / f"quick{k}.wav", 60 + k, 0.05) for k in range(5)]
    phrase = make(quick, "slow")
    assert phrase.notes[:, 1] - phrase.notes[:, 0] == pytest.approx(0.05 * np.log(50.0), abs=0.02)


def test_styles_are_what_they_are_called(lute: list[Recording], pipe: list[Recording]) -> None:
    fast = np.diff(make(lute, "fast16").notes[:, 0])
    assert np.mean((fast > 0.083) & (fast < 0.126)) > 0.6
    steps = np.abs(np.diff(make(lute, "leaps").notes[:, 2]))
    steps = steps[steps > 0.01]  # any note may be sounded again
    assert np.mean((steps > 4.5) & (steps < 19.5)) > 0.7
    assert np.mean(np.abs(np.diff(make(lute, "repeat").notes[:, 2])) < 0.01) > 0.5
    legato = make(pipe, "legato").notes
    assert np.mean(legato[1:, 0] - legato[:-1, 1] < 1e-6) > 0.7
    phrase = make(lute, "dynamics")
    loud = [level_db(phrase, onset_s, onset_s + 0.03) for onset_s in phrase.notes[:, 0]]
    assert max(loud) - min(loud) > 15


def test_a_ringing_note_is_heard_under_the_next(lute: list[Recording]) -> None:
    phrase = make(lute, "ringing", 1)
    heard = []
    for (_, _, before), (onset_s, offset_s, midi) in zip(phrase.notes, phrase.notes[1:], strict=False):
        if abs(before - midi) > 2 and abs(abs(before - midi) - 12) > 2:
            part = phrase.samples[round(onset_s * RATE_HZ) : round(min(offset_s, onset_s + 0.1) * RATE_HZ)]
            phase = 2j * np.pi * midi_to_hz(before) / RATE_HZ * np.arange(len(part))
            heard.append(20 * np.log10(np.abs(np.mean(part * np.hanning(len(part)) * np.exp(phase)))))
    assert np.median(heard) > -50
    assert "ringing" in STYLES


def test_ringing_takes_what_decays_by_itself(lute: list[Recording], pipe: list[Recording]) -> None:
    assert [bank.decays for bank in group_notes(lute + pipe)] == [True, False]
    assert {make(lute + pipe, "ringing", seed).instrument for seed in range(6)} == {"lute"}
    assert {make(lute + pipe, "slow", seed).instrument for seed in range(6)} == {"lute", "pipe"}


def test_what_cannot_be_assembled_is_told(lute: list[Recording]) -> None:
    with pytest.raises(DataError, match="there is no style 'waltz'; choose from fast16"):
        make(lute, "waltz")
    with pytest.raises(DataError, match="no recording of kind 'note'"):
        make([], "slow")
    late = Recording(lute[0].path, "note", "", "", "", np.array([[5.0, 6.0, 60.0]]))
    with pytest.raises(DataError, match="ends before its note begins, at 5 s"):
        make([late], "slow")


def test_a_recording_is_cut_between_its_notes(tmp_path: Path) -> None:
    time_s = np.arange(10 * RATE_HZ) / RATE_HZ
    soundfile.write(tmp_path / "a.flac", 0.1 * np.sin(2 * np.pi * 440 * time_s), RATE_HZ)
    notes = np.array([[0.5, 1.5, 60.0], [1.5, 2.9, 61.0], [3.5, 6.0, 62.0], [6.5, 9.0, 63.0]])
    recording = Recording(tmp_path / "a.flac", "phrase", "voice", "here", "MIT", notes)
    phrases = cut(recording, 3.0)
    assert sum(len(phrase.samples) for phrase in phrases) == len(time_s)
    found, start_s = [], 0.0
    for phrase in phrases:
        found += (phrase.notes + np.array([start_s, start_s, 0.0])).tolist()
        start_s += phrase.duration_s
    assert np.allclose(found, notes, atol=1 / RATE_HZ)
    assert len(phrases) == 3


def test_a_written_set_reads_back(tmp_path: Path, lute: list[Recording]) -> None:
    made = [("one_slow", make(lute, "slow")), ("two_hiss", nonmusic("hiss", np.random.default_rng(0), RATE_HZ, 1.0))]
    assert write_set(tmp_path / "set", made) == 2
    read = read_manifest(tmp_path / "set")
    for (name, phrase), recording in zip(made, read, strict=True):
        assert recording.path.stem == name
        assert (recording.kind, recording.style, recording.licence) == (phrase.kind, phrase.style, phrase.licence)
        assert np.allclose(recording.notes, phrase.notes, atol=1e-4)
        assert np.allclose(recording.load()[0], phrase.samples, atol=1e-4)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write the data set"):
        write_set(tmp_path / "file", made)


def test_conditions_leave_the_labels_true(lute: list[Recording]) -> None:
    phrase = make(lute, "slow", 4)
    always = augment.Conditions(
        room=1, tilt=1, hum=0, noise=0, gate=0, clip=0, torn=0, gain_db=(0, 0), room_ratio_db=(15, 15)
    )
    changed = augment.apply(phrase, np.random.default_rng(0), always)
    assert changed.notes is phrase.notes
    assert changed.samples.shape == phrase.samples.shape
    before, after = (np.abs(p.samples) / np.abs(p.samples).max() > 0.05 for p in (phrase, changed))
    assert abs(int(before.argmax()) - int(after.argmax())) < 0.002 * RATE_HZ
    for note in changed.notes:
        assert measured_midi(changed, note) == pytest.approx(note[2], abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_a_gate_turns_down_the_pauses_and_leaves_the_notes(seed: int) -> None:
    tone = np.zeros(2 * RATE_HZ, np.float32)
    tone[RATE_HZ // 2 : RATE_HZ] = 0.3 * np.sin(2 * np.pi * 440.0 * np.arange(RATE_HZ - RATE_HZ // 2) / RATE_HZ)
    rng = np.random.default_rng(seed)
    tone += np.float32(1e-3) * rng.standard_normal(len(tone)).astype(np.float32)
    out = augment.gated(tone.astype(np.float64), RATE_HZ, np.array([[0.5, 1.0, 69.0]]), 20.0, 40.0, rng)
    inside = slice(int(0.513 * RATE_HZ), int(0.995 * RATE_HZ))
    assert np.allclose(out[inside], tone[inside], atol=1e-7)
    for pause in (slice(0, int(0.495 * RATE_HZ)), slice(int(1.32 * RATE_HZ), None)):
        assert np.allclose(out[pause], 0.01 * tone[pause], atol=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_all_conditions_at_once_stay_within_full_scale(seed: int, lute: list[Recording]) -> None:
    everything = augment.Conditions(room=1, tilt=1, hum=1, noise=1, babble=1, gate=1, clip=1, torn=1)
    babble = nonmusic("fricatives", np.random.default_rng(9), RATE_HZ, 3.0).samples.astype(float)
    first, again = (
        augment.apply(make(lute, "slow"), np.random.default_rng(seed), everything, babble) for _ in range(2)
    )
    assert np.array_equal(first.samples, again.samples)
    assert np.isfinite(first.samples).all()
    assert np.abs(first.samples).max() <= 1.0


@pytest.mark.parametrize("style", MAKERS)
def test_nonmusic_has_sound_and_no_notes(style: str) -> None:
    first, again = (nonmusic(style, np.random.default_rng(6), 44_100, 4.0) for _ in range(2))
    assert np.array_equal(first.samples, again.samples)
    assert first.samples.shape == (4 * 44_100,)
    assert np.isfinite(first.samples).all()
    assert np.abs(first.samples).max() <= 1.0
    assert first.notes.shape == (0, 3)
    assert (np.abs(first.samples).max() > 1e-3) == (style != "silence")


@pytest.mark.parametrize("midi", [21.0, 33.3, 60.0, 84.7, 108.0])
def test_computed_notes_are_in_tune(midi: float) -> None:
    rng = np.random.default_rng(7)
    timbre = replace(draw_timbre(np.random.default_rng(2)), vibrato_cents=0.0)
    for samples in (additive(midi, 44_100, 44_100, timbre, rng), plucked_string(midi, 44_100, 44_100, rng)):
        whole = Phrase(samples.astype(np.float32), 44_100, np.zeros((0, 3)), "", "", "", "synthetic", "")
        assert measured_midi(whole, np.array([0.0, 1.0, midi])) == pytest.approx(midi, abs=0.06)


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_computed_phrases_keep_to_their_range(style: str) -> None:
    phrase = synthesise(style, np.random.default_rng(3), RATE_HZ, 5.0, 60, 72)
    assert np.array_equal(phrase.samples, synthesise(style, np.random.default_rng(3), RATE_HZ, 5.0, 60, 72).samples)
    assert ((phrase.notes[:, 2] >= 59.5) & (phrase.notes[:, 2] <= 72.5)).all()
    assert (phrase.notes[1:, 0] >= phrase.notes[:-1, 1] - 1e-9).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_computed_singer_sings_the_labels(seed: int) -> None:
    phrase = sing(np.random.default_rng(seed), RATE_HZ, 6.0)
    assert np.array_equal(phrase.samples, sing(np.random.default_rng(seed), RATE_HZ, 6.0).samples)
    assert len(phrase.samples) == 6 * RATE_HZ
    assert np.abs(phrase.samples).max() <= 1.0
    assert len(phrase.notes) > 3
    assert (phrase.notes[:, 0] < phrase.notes[:, 1]).all()
    assert (phrase.notes[:-1, 1] <= phrase.notes[1:, 0]).all()
    assert phrase.notes[-1, 1] < 6.0
    steady = [
        np.array([onset + 0.1, offset - 0.06, midi]) for onset, offset, midi in phrase.notes if offset > onset + 0.3
    ]
    for note in steady:
        assert mean_midi(phrase, note) == pytest.approx(note[2], abs=0.7)


def test_a_vowel_brings_the_upper_harmonics() -> None:
    rises_db = []
    for seed in range(12):
        phrase = sing(np.random.default_rng(seed), RATE_HZ, 6.0)
        for onset_s, offset_s, _ in phrase.notes:
            before, after = (
                _above_db(phrase, at_s, 1500.0) for at_s in (onset_s - 0.02, min(onset_s + 0.06, offset_s))
            )
            rises_db.append(after - before)
    assert np.median(rises_db) > 6.0


def _above_db(phrase: Phrase, until_s: float, low_hz: float) -> float:
    part = phrase.samples[round((until_s - 0.02) * phrase.rate_hz) : round(until_s * phrase.rate_hz)].astype(float)
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
    return float(10.0 * np.log10(power[np.fft.rfftfreq(len(part), 1.0 / phrase.rate_hz) > low_hz].sum() + 1e-9))


def test_a_soundfont_plays_its_labels(
    require_program: Callable[[str], str], skip_unless_ci: Callable[[str], None]
) -> None:
    require_program("fluidsynth")
    if not soundfont.is_available():
        skip_unless_ci(f"{soundfont.SOUNDFONT} is not installed")
    phrase = soundfont.render(73, np.random.default_rng(1), 44_100, 5.0)
    assert (phrase.kind, phrase.instrument) == ("rendered", "gm_flute")
    longest = phrase.notes[np.argsort(phrase.notes[:, 0] - phrase.notes[:, 1])[:3]]
    for note in longest:
        assert measured_midi(phrase, note) == pytest.approx(note[2], abs=0.2)
    assert level_db(phrase, 0.0, phrase.notes[0, 0]) < level_db(phrase, *phrase.notes[0, :2]) - 30


def test_speech_is_no_music(require_program: Callable[[str], str]) -> None:
    require_program("espeak-ng")
    first, again = (speech(np.random.default_rng(2), RATE_HZ, 4.0) for _ in range(2))
    assert np.array_equal(first.samples, again.samples)
    assert (first.kind, len(first.notes), first.duration_s) == ("nonmusic", 0, 4.0)
    assert level_db(first, 0.3, 4.0) > -45


def test_without_the_programs_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DataError, match="espeak-ng is not installed; install it"):
        speech(np.random.default_rng(0))
    with pytest.raises(DataError, match="install fluidsynth and fluid-soundfont-gm"):
        soundfont.render(73, np.random.default_rng(0), duration_s=2.0)
