"""From decisions to MIDI: what sounds, and how it is said."""
