"""From decisions to MIDI: what sounds, and which messages say so."""
