"""Transcribe a recording in a program of your own, and write the notes as MIDI.

python examples/transcribe_file.py song.wav song.mid [PRESET]
"""

import sys

import streamer
from streamer.units import note_name


def main(recording: str, midi: str, preset: str = "default") -> None:
    result = streamer.transcribe(recording, preset=preset)
    for note in result.notes:
        length_s = note["offset_s"] - note["onset_s"]
        print(f"{note['onset_s']:8.3f} s  {note_name(int(note['note'])):4} {length_s:6.3f} s")
    result.to_midi(midi)


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        print("usage: python examples/transcribe_file.py SONG.wav SONG.mid [PRESET]", file=sys.stderr)
        raise SystemExit(2)
    try:
        main(*sys.argv[1:])
    except streamer.StreamerError as error:  # one line says what was wrong, and what to do
        print(f"transcribe_file: {error}", file=sys.stderr)
        raise SystemExit(2) from None
