"""Audio sources: where samples come from. Each is a `streamer.audio.source.Source`."""
