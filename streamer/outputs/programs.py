"""Which instrument of General MIDI plays what was found."""

# General MIDI instruments, counted from 0, of the presets; what the others are played by is the DAW's choice.
PROGRAMS = {
    "guitar": 24,
    "guitar7": 24,
    "bass": 33,
    "bass5": 33,
    "ukulele": 24,
    "violin": 40,
    "cello": 42,
    "flute": 73,
    "recorder": 74,
    "clarinet": 71,
    "sax": 65,
    "soprano-sax": 64,
    "alto-sax": 65,
    "tenor-sax": 66,
    "baritone-sax": 67,
    "trumpet": 56,
    "trombone": 57,
    "brass": 56,
    "voice": 52,
    "high-voice": 52,
    "low-voice": 52,
    "whistle": 78,
    "kalimba": 108,
}
