"""Recordings as files: which are meant, what is made of one, and under which names."""
