"""The web service: the page, live streams over WebSockets, transcription over HTTP."""
