"""The live engine: source, tracker and sinks in threads, its statistics and its screen."""
