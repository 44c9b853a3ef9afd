"""From samples to evidence: framing, spectra, features, fine pitch, networks."""
