"""Transcribe a recording in a program of your own, and write the notes as MIDI.

python examples/transcribe_file.py song.wav song.mid [PRESET]
"""

import sys

from streamer import AudioFile, StreamerError, TrackerConfig, apply_preset, track
from streamer.outputs.midifile import MidiFileSink
from streamer.units import note_name, samples_to_s


def main(recording: str, midi: str, preset: str = "default") -> None:
    sound = AudioFile(recording)
    config = apply_preset(TrackerConfig(), preset)
    transcription = track(sound.blocks(), sound.rate_hz, config, [MidiFileSink(midi, sound.rate_hz)])
    for on, off in transcription.notes:
        length_s = samples_to_s(off.offset - on.onset, transcription.rate_hz)
        print(f"{samples_to_s(on.onset, transcription.rate_hz):8.3f} s  {note_name(on.note):4} {length_s:6.3f} s")


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        print("usage: python examples/transcribe_file.py SONG.wav SONG.mid [PRESET]", file=sys.stderr)
        raise SystemExit(2)
    try:
        main(*sys.argv[1:])
    except StreamerError as error:  # one line says what was wrong, and what to do
        print(f"transcribe_file: {error}", file=sys.stderr)
        raise SystemExit(2) from None
