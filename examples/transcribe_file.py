"""Transcribe a recording in a program of your own, and write the notes as MIDI.

python examples/transcribe_file.py song.wav song.mid [PRESET]
"""

import sys

from streamer import AudioFile, TrackerConfig, apply_preset, transcribe
from streamer.outputs.midifile import MidiFileSink
from streamer.units import note_name, samples_to_s


def main(recording: str, midi: str, preset: str = "default") -> None:
    sound = AudioFile(recording)
    config = apply_preset(TrackerConfig(), preset)
    transcription = transcribe(sound.blocks(), sound.rate_hz, config, [MidiFileSink(midi, sound.rate_hz)])
    for on, off in transcription.notes:
        length_s = samples_to_s(off.offset - on.onset, transcription.rate_hz)
        print(f"{samples_to_s(on.onset, transcription.rate_hz):8.3f} s  {note_name(on.note):4} {length_s:6.3f} s")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
