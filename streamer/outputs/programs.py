"""Which instrument of General MIDI plays what was found."""

# General MIDI instruments, counted from 0, of the presets; what the others are played by is the DAW's choice.
PROGRAMS = {
    "guitar": 24,
    "bass": 33,
    "voice": 52,
    "violin": 40,
    "cello": 42,
    "flute": 73,
    "sax": 65,
    "brass": 56,
    "whistle": 78,
}
