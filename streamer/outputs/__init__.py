"""Sinks: where events go. Each is a `streamer.outputs.sink.Sink`."""
